internal import Datasets
internal import Distributed
internal import HDF5
internal import Statistics
internal import Support
internal import Training
internal import VAE

extension TrainedModel {
    /// The batches that rows are from. Collective; throws ``SharedFailure``.
    ///
    /// - Parameter path: of a column in the data's files, as of labels.
    func openBatches(_ path: String, _ data: String, _ options: DataOptions) throws -> RowValues {
        var own = options
        own.labels = path
        let source = try open(data, own)
        return try world.together {
            guard let batches = source.labels else { throw Failure(.badData, "--batches \(path): \(source.name) has none") }
            return batches
        }
    }

    /// The batches of some rows, all of which have one. Collective; throws ``SharedFailure``.
    ///
    /// - Parameters:
    ///   - labels: nil where rows have none.
    ///   - path: what the batches are called.
    func readBatches(_ values: RowValues, labels: RowValues?, _ set: RowSet, _ path: String) throws -> RowBatches {
        let rows = set.rows(0..<set.count)
        return try world.together {
            let (found, labelled): (RowLabels?, RowLabels?)
            do throws(HDF5Error) {
                found = try RowLabels(values, rows)
                labelled = try labels.flatMap { values throws(HDF5Error) in try RowLabels(values, rows) }
            } catch {
                throw Failure(error)
            }
            guard let batches = found else {
                throw Failure(.badData, "--batches \(path) are numbers, but batches are text or whole numbers")
            }
            let missing = batches.classes.firstIndex(of: "").map { none in batches.indices.count { $0 == none } } ?? 0
            guard missing == 0 else {
                throw Failure(
                    .badData, "--batches \(path): \(missing) of \(rows.count) rows have no batch: leave them out by --rows")
            }
            guard batches.classes.count < rows.count else {
                throw Failure(.badData, "--batches \(path): every row has a batch of its own")
            }
            return RowBatches(batches: batches, labels: labelled.flatMap { $0.classes.count < rows.count ? $0 : nil })
        }
    }

    /// What batches and labels say of the codes of some rows. Collective.
    func judge(_ codes: Codebook, _ rows: RowBatches, into report: inout EvaluationReport) throws {
        let batches = rows.batches
        report.batches = batches.classes.count
        guard batches.classes.count > 1 else {
            return note("all rows are from the batch \(batches.classes[0]): no figures of batches")
        }
        let judged = LabelledCodes(
            latentSize: codes.latentSize, values: codes.values,
            labels: rows.labels?.indices ?? [Int](repeating: 0, count: codes.count), classes: rows.labels?.classes ?? [""])
        let mixing = try BatchMixing(
            judged, batches: batches.indices, batchCount: batches.classes.count, world: world, pool: pool)
        (report.batchMixing, report.batchSilhouette) = (mixing.mixing, mixing.batchSilhouette)
        (report.labelSilhouette, report.labelSeparation) = (mixing.labelSilhouette, mixing.separation)
        report.graphConnectivity = mixing.graphConnectivity
    }
}

/// The batches of some rows, and their labels, where those tell rows together.
struct RowBatches {
    let batches: RowLabels
    let labels: RowLabels?
}

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

    /// What batches and labels say of the codes of some rows. Collective.
    ///
    /// - Parameter labels: nil where rows have none.
    func judge(
        _ codes: Codebook, batches: RowValues, labels: RowValues?, _ set: RowSet, _ wanted: EvaluationOptions,
        into report: inout EvaluationReport
    ) throws {
        let rows = set.rows(0..<set.count)
        let (found, labelled) = try world.together {
            do throws(HDF5Error) {
                return (
                    try RowLabels(batches, rows), try labels.flatMap { values throws(HDF5Error) in try RowLabels(values, rows) }
                )
            } catch {
                throw Failure(error)
            }
        }
        let mixed = try world.together { () throws(Failure) in
            guard let mixed = found else {
                throw Failure(.badData, "--batches \(wanted.batches) are numbers, but batches are text or whole numbers")
            }
            let missing = mixed.classes.firstIndex(of: "").map { none in mixed.indices.count { $0 == none } } ?? 0
            guard missing == 0 else {
                throw Failure(
                    .badData,
                    "--batches \(wanted.batches): \(missing) of \(rows.count) rows have no batch: leave them out by --rows")
            }
            guard mixed.classes.count < rows.count else {
                throw Failure(.badData, "--batches \(wanted.batches): every row has a batch of its own")
            }
            return mixed
        }
        report.batches = mixed.classes.count
        guard mixed.classes.count > 1 else {
            return note("all rows are from the batch \(mixed.classes[0]): no figures of batches")
        }
        let known = labelled.flatMap { $0.classes.count < rows.count ? $0 : nil }
        let judged = LabelledCodes(
            latentSize: codes.latentSize, values: codes.values, labels: known?.indices ?? [Int](repeating: 0, count: codes.count),
            classes: known?.classes ?? [""])
        let mixing = try BatchMixing(
            judged, batches: mixed.indices, batchCount: mixed.classes.count, world: world, pool: pool)
        (report.batchMixing, report.batchSilhouette) = (mixing.mixing, mixing.batchSilhouette)
        (report.labelSilhouette, report.labelSeparation) = (mixing.labelSilhouette, mixing.separation)
        report.graphConnectivity = mixing.graphConnectivity
    }
}

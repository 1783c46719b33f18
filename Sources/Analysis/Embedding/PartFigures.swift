internal import Datasets
internal import HDF5
internal import Support
internal import Training
internal import VAE

/// Sums of the figures of rows that are embedded, by what they were used for; each row counts by its weight. Used by root alone.
final class PartFigures {
    private var sums: [Part: LossSums] = [:]

    /// Adds rows of a source, by their numbers in its selection. Throws ``Failure``.
    func add(_ codes: Codes, _ item: EmbeddedSource, _ numbers: Range<Int>) throws {
        let rows = item.source.selection.rows(numbers)
        let weights: [Double]
        do throws(HDF5Error) {
            weights = try item.source.weights?.doubles(rows) ?? [Double](repeating: 1, count: rows.count)
        } catch {
            throw Failure(error)
        }
        for (index, row) in rows.enumerated() {
            let weight = weights[index]
            sums[item.part(Int(row)), default: LossSums()] += LossSums(
                reconstruction: weight * Double(codes.reconstruction.pointer[index]),
                kl: weight * Double(codes.kl.pointer[index]),
                weight: weight, rowCount: 1)
        }
    }

    /// nil where no row is of the part.
    func evaluation(_ part: Part) -> Evaluation? { sums[part].map { Evaluation($0) } }
}

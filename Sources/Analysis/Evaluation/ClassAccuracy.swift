internal import Datasets
internal import HDF5
internal import Support
internal import Training
internal import VAE

/// How many rows a model of classes tells rightly, among those whose label is one of its classes.
final class ClassAccuracy: RowFigures {
    var width: Int { classes.count }
    private let classes: [String]
    private let source: DataSource
    private let applied: AppliedModel
    private var right = 0
    private var labelled = 0

    init(_ classes: [String], _ source: DataSource, _ applied: AppliedModel) {
        (self.classes, self.source, self.applied) = (classes, source, applied)
    }

    func write(_ evaluated: EvaluatedBatch, into column: UnsafeMutablePointer<Float>) {
        applied[evaluated.worker].classify(
            evaluated.mean, rowCount: evaluated.batch.rowCount, applied.parameters, into: column)
    }

    func add(_ column: UnsafePointer<Float>, rows: Range<Int>) throws {
        guard let labels = source.labels else { return }
        let texts: [String]
        do throws(HDF5Error) { texts = try labels.strings(source.selection.rows(rows)) } catch { throw Failure(error) }
        for (index, text) in texts.enumerated() where classes.contains(text) {
            labelled += 1
            right += text == classes[Self.largest(column + index * classes.count, classes.count)] ? 1 : 0
        }
    }

    func fill(_ report: inout EvaluationReport) {
        if labelled > 0 { (report.classAccuracy, report.classifiedRows) = (Double(right) / Double(labelled), labelled) }
    }

    /// The place of the largest of some values, of equal ones the first.
    static func largest(_ values: UnsafePointer<Float>, _ count: Int) -> Int {
        (1..<count).reduce(0) { values[$1] > values[$0] ? $1 : $0 }
    }
}

internal import Datasets
internal import Foundation
internal import HDF5
internal import Pages
internal import Statistics
internal import Training

/// Scores of rows that are normal or not, by their labels, and how well each tells them apart.
struct Anomalies {
    private let scores: [(name: String, values: [Float])]
    private let isAnomaly: [Bool]
    private let source: String

    private static let mostRows = 100_000
    private static let piece = 1 << 14

    /// Of a file of scores, all rows; or of a run's embeddings, those that it was not trained on. nil where there are none.
    ///
    /// - Parameter normal: the labels of normal rows, by commas.
    init?(_ run: RunFolder, normal: String) {
        let normal = normal.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
        let sets: [(String, [(String, String, Float)], String?, String)] = [
            (run.scores, AnomalyScore.allCases.map { ($0.rawValue, "/score/\($0.rawValue)", 1) }, nil, "scores.h5"),
            (
                run.embeddings, [("reconstruction", "/reconstruction_error", 1), ("elbo", "/elbo", -1)], "/split",
                "the rows that were not trained on"
            ),
        ]
        guard !normal.isEmpty else { return nil }
        for (path, columns, split, name) in sets where FileManager.default.fileExists(atPath: path) {
            guard let read = try? Self.read(path, columns, split: split, normal: normal) else { continue }
            (scores, isAnomaly) = read
            source = name + Self.trained(path)
            return
        }
        return nil
    }

    /// What is to be said of scores of rows that were trained on.
    private static func trained(_ path: String) -> String {
        guard case .integer(let rows)? = try? File.open(path).attribute("trained_rows"), rows > 0 else { return "" }
        return ", of which \(rows) were trained on, so that new rows are told apart less well"
    }

    /// nil without labels. Rows evenly over the file where they are very many.
    private static func read(
        _ path: String, _ columns: [(name: String, path: String, sign: Float)], split: String?, normal: [String]
    ) throws(HDF5Error) -> ([(name: String, values: [Float])], [Bool])? {
        let file = try File.open(path)
        var datasets: [(name: String, sign: Float, dataset: Dataset)] = []
        for column in columns where try file.item(column.path) == .dataset {
            datasets.append((column.name, column.sign, try file.dataset(column.path)))
        }
        guard let count = datasets.first?.dataset.rowCount, let labels = try RowValues(file, "/label", count: count) else {
            return nil
        }
        let parts = split == nil ? nil : try file.dataset(split!)
        var scores = datasets.map { (name: $0.name, values: [Float]()) }
        var names: [String] = []
        let blocks = (count + piece - 1) / piece
        let step = max(1, (count + mostRows - 1) / mostRows)
        for block in stride(from: 0, to: blocks, by: step) {
            let rows = block * piece..<min((block + 1) * piece, count)
            let used = try parts?.read(UInt8.self, rows: rows).map { $0 != Part.train.rawValue }
            let texts = try labels.strings(rows.map(Int64.init))
            // A row without a label is neither normal nor an anomaly.
            let kept = rows.indices.filter { (used?[$0 - rows.lowerBound] ?? true) && !texts[$0 - rows.lowerBound].isEmpty }
            names += kept.map { texts[$0 - rows.lowerBound] }
            for (index, column) in datasets.enumerated() {
                let values = try column.dataset.read(Float.self, rows: rows)
                scores[index].values += kept.map { column.sign * values[$0 - rows.lowerBound] }
            }
        }
        let classes = LabelClasses(names)
        let normal = normal.reduce(into: Set<String>()) { $0.formUnion(classes.matches($1)) }
        return (scores, names.map { !normal.contains($0) })
    }

    /// Adds the curves; nothing where all rows are of one kind.
    func add(to page: inout HTMLPage) {
        var shown: [(name: String, values: [Float], area: Double)] = []
        for score in scores {
            func values(anomalous: Bool) -> [Float] {
                zip(score.values, isAnomaly).filter { $0.1 == anomalous }.map(\.0).sorted()
            }
            guard let ranking = Ranking(values(anomalous: true), against: values(anomalous: false)) else { return }
            shown.append((score.name, score.values, ranking.areaUnderROC))
        }
        let count = isAnomaly.count { $0 }
        page.section(
            "Anomalies",
            note: "How well the scores tell \(count) anomalies from \(isAnomaly.count - count) normal rows: \(source).",
            ROCChart.html(shown, isAnomaly))
    }
}

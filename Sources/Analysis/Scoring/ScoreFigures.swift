internal import Datasets
internal import Statistics

/// The scores of labelled rows, to tell how well each score finds those that are not normal. Used by root alone.
struct LabelledScores {
    private let normal: Set<String>
    private(set) var rowsWithoutLabel = 0
    /// By score, the values of the rows that have a label, in the order they came in.
    private var values: [[Float]] = []
    /// Each row's label, by its place among the names, which are in the order they were first seen.
    private var labels: [UInt32] = []
    private var names: [String] = []
    /// The rows with each label that the model was trained on.
    private var trained: [Int] = []
    private var places: [String: UInt32] = [:]

    /// - Parameter normal: the labels of normal rows.
    init(normal: Set<String>) { self.normal = normal }

    /// Adds some rows: their labels, whether the model was trained on them, and for each score their values.
    mutating func add(_ labels: [String], _ isTrained: [Bool], _ columns: [UnsafeMutablePointer<Float>]) {
        if values.isEmpty { values = columns.map { _ in [] } }
        for (row, label) in labels.enumerated() {
            if label.isEmpty {
                rowsWithoutLabel += 1
                continue
            }
            for (index, column) in columns.enumerated() { values[index].append(column[row]) }
            let place = places[label] ?? UInt32(names.count)
            if Int(place) == names.count {
                places[label] = place
                names.append(label)
                trained.append(0)
            }
            self.labels.append(place)
            if isTrained[row] { trained[Int(place)] += 1 }
        }
    }

    /// Fills in how well the scores tell normal rows from all others, and from each class of the others.
    ///
    /// - Returns: what there is to be said of figures that cannot be given; nil if all could.
    func fill(_ report: inout ScoreReport, _ scores: [AnomalyScore]) -> String? {
        if rowsWithoutLabel > 0 { report.rowsWithoutLabel = rowsWithoutLabel }
        let isNormal = names.map { normal.contains($0) }
        var counts = [Int](repeating: 0, count: names.count)
        for label in labels { counts[Int(label)] += 1 }
        let anomalous = names.indices.filter { !isNormal[$0] }.sorted { LabelClasses.precedes(names[$0], names[$1]) }
        let count = anomalous.reduce(0) { $0 + counts[$1] }
        report.anomalies = count
        report.normalRows = labels.count - count
        report.trainedNormalRows = names.indices.reduce(0) { $0 + (isNormal[$1] ? trained[$1] : 0) }
        if count == 0 || count == labels.count {
            return "all rows are \(count == 0 ? "normal" : "anomalies"): no AUC and average precision, which need both kinds"
        }
        var all = ScoreReport.Figures()
        var classes = anomalous.map { ScoreReport.Class(label: names[$0], rows: counts[$0], figures: ScoreReport.Figures()) }
        var complaint: String?
        for (score, values) in zip(scores, values) {
            if values.contains(where: \.isNaN) {
                complaint = "some rows have no \(score.rawValue) that is a number: no AUC and average precision of it"
                continue
            }
            // The values of each class in ascending order: sorted once, all figures come from them.
            var parts = [[Float]](repeating: [], count: names.count)
            for (label, count) in counts.enumerated() { parts[label].reserveCapacity(count) }
            for (label, value) in zip(labels, values) { parts[Int(label)].append(value) }
            let others = names.indices.filter { isNormal[$0] }.flatMap { parts[$0] }.sorted()
            all.add(score, Ranking(anomalous.flatMap { parts[$0] }.sorted(), against: others))
            for (place, label) in anomalous.enumerated() {
                classes[place].figures.add(score, Ranking(parts[label].sorted(), against: others))
            }
        }
        report.areaUnderRoc = all.areaUnderRoc
        report.averagePrecision = all.averagePrecision
        report.classes = classes
        return complaint
    }
}

extension ScoreReport.Figures {
    fileprivate mutating func add(_ score: AnomalyScore, _ ranking: Ranking?) {
        guard let ranking else { return }
        areaUnderRoc[score.rawValue] = ranking.areaUnderROC
        averagePrecision[score.rawValue] = ranking.averagePrecision
    }
}

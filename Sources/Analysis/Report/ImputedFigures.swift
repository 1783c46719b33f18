internal import Datasets
internal import Foundation
internal import Pages
internal import Support

/// What was filled in, feature by feature and row by row, for a page: values that were there beside those that the model put in place of others.
final class ImputedFigures: ImputedOutput {
    private let source: DataSource
    /// `[features]` each.
    private var seen: [FeatureFigures.Sums]
    private var filled: [FeatureFigures.Sums]
    /// By the number of values that a row lacks, how many rows there are.
    private var rowsByMissing: [Int: Int] = [:]
    /// Rows that lack most, and how much.
    private var emptiest: [(row: Int64, missing: Int)] = []

    private let hasDraws: Bool

    private static let mostShown = 15

    /// - Parameter hasDraws: whether values were also drawn.
    init(_ source: DataSource, hasDraws: Bool) {
        (self.source, self.hasDraws) = (source, hasDraws)
        seen = [FeatureFigures.Sums](repeating: FeatureFigures.Sums(), count: source.features)
        filled = seen
    }

    func write(_ rows: FilledRows) throws {
        for (index, number) in rows.numbers.enumerated() {
            var missing = 0
            for i in seen.indices {
                let place = index * seen.count + i
                if rows.wasMissing[place] == 0 {
                    seen[i].add(rows.values[place])
                } else {
                    filled[i].add(rows.values[place])
                    missing += 1
                }
            }
            rowsByMissing[missing, default: 0] += 1
            guard missing > (emptiest.count < Self.mostShown ? 0 : emptiest.last!.missing) else { continue }
            emptiest.insert((number, missing), at: emptiest.firstIndex { $0.missing < missing } ?? emptiest.count)
            if emptiest.count > Self.mostShown { emptiest.removeLast() }
        }
    }

    func finish() throws {}

    /// Throws ``Failure``.
    func add(to page: inout HTMLPage) throws {
        let rows = rowsByMissing.values.reduce(0, +)
        let (missing, whole) = (filled.reduce(0) { $0 + $1.count }, rowsByMissing[0] ?? 0)
        let share = missing / Double(max(1, rows * seen.count))
        page.section(
            "What was missing",
            HTMLPage.figures([
                (String(format: "%.0f", missing), "values were filled in"),
                (String(format: "%.2f%%", 100 * share), "of all values"),
                ("\(rows - whole) of \(rows)", "rows lacked some"),
                ("\(filled.count { $0.count > 0 }) of \(seen.count)", "features lacked some"),
            ]))
        if rowsByMissing.count > 1 { addRows(to: &page) }
        addFeatures(to: &page)
        try addEmptiest(to: &page)
    }

    /// How many rows lack how much, in at most 40 bars.
    private func addRows(to page: inout HTMLPage) {
        let most = rowsByMissing.keys.max()!
        let width = most / 40 + 1
        var counts = [Double](repeating: 0, count: most / width + 1)
        for (missing, rows) in rowsByMissing { counts[missing / width] += Double(rows) }
        let middle = Double(width - 1) / 2
        var chart = Chart(
            x: -0.6 * Double(width)...Double(counts.count * width) - 0.4, y: 0...counts.max()! * 1.05, height: 220, wholeX: true)
        for (bar, count) in counts.enumerated() {
            chart.bar(Double(bar * width) + middle, count, width: Double(width), colour: Palette.colours[0])
        }
        page.section(
            "Missing values by row",
            chart.svg(
                xTitle: "missing values of a row", yTitle: "rows",
                alt:
                    "Histogram of the missing values of a row: \(rowsByMissing[0] ?? 0) rows lack none, the most that a row lacks is \(most)."
            ))
    }

    private func addFeatures(to page: inout HTMLPage) {
        let order = filled.indices.filter { filled[$0].count > 0 }.sorted { (-filled[$0].count, $0) < (-filled[$1].count, $1) }
        func figures(_ sums: FeatureFigures.Sums) -> [String] {
            sums.count == 0 ? ["", ""] : [sums.mean, sums.variance.squareRoot()].map { HTMLPage.number($0) }
        }
        page.section(
            "Features",
            note:
                "Values that were there, and those that were filled in, in the data's units\(order.count > Self.mostShown ? "; the features that lacked most" : ""). "
                + "Means that are filled in differ less from each other than values do: \(hasDraws ? "/draws has" : "--draws gives") values that differ as much.",
            HTMLPage.table(
                head: ["feature", "missing", "mean", "standard deviation", "mean filled in", "standard deviation filled in"],
                rows: order.prefix(Self.mostShown).map { feature in
                    [source.featureNames?[feature] ?? "feature \(feature)", String(format: "%.0f", filled[feature].count)]
                        + figures(seen[feature]) + figures(filled[feature])
                }))
    }

    private func addEmptiest(to page: inout HTMLPage) throws {
        let names = try RowNames(source, emptiest.map(\.row))
        page.section(
            "Rows that lacked most",
            HTMLPage.table(
                head: ["row"] + names.head + ["missing"],
                rows: emptiest.map { ["\($0.row)"] + names.cells($0.row) + ["\($0.missing) of \(seen.count)"] }))
    }
}

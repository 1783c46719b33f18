internal import Datasets
internal import Foundation
internal import Pages
internal import Support

/// The page about the scores of some data: how they are distributed, what is above thresholds, how well they find anomalies, and the rows
/// with the highest. Made by root alone.
struct ScorePage {
    let report: ScoreReport
    let scores: [AnomalyScore]
    let sample: ScoreSample
    let thresholds: ScoreThresholds?
    /// The labels of normal rows; nil where it was not asked how well scores find others.
    let normal: Set<String>?
    let source: DataSource

    /// The rows that are labelled, as far as they were sampled.
    private var labelled: [(place: Int, isAnomaly: Bool)] { normal.map { sample.labelled(normal: $0) } ?? [] }

    /// Throws ``Failure``.
    func add(to page: inout HTMLPage) throws {
        var figures = [("\(report.rows)", "rows"), ("\(report.fittedRows)", "rows that scores are fitted to")]
        if let anomalies = report.anomalies, let normal = report.normalRows {
            figures += [("\(anomalies)", "anomalies by their labels"), ("\(normal)", "normal rows")]
        }
        let warning =
            report.trainedRows > 0
            ? "\(report.trainedRows) of the rows were trained on; their scores are lower than those of new rows." : ""
        page.section("Rows", note: warning, HTMLPage.figures(figures.map { (value: $0.0, name: $0.1) }))
        addRanking(to: &page)
        addHistograms(to: &page)
        addThresholds(to: &page)
        try addHighest(to: &page)
    }

    /// ROC curves, areas, and the same for each label.
    private func addRanking(to page: inout HTMLPage) {
        guard let areas = report.areaUnderRoc, let precisions = report.averagePrecision else { return }
        let labelled = labelled
        let shown = scores.enumerated().compactMap { index, score in
            areas[score.rawValue].map { area in
                (name: score.rawValue, values: labelled.map { sample.values[index][$0.place] }, area: area)
            }
        }
        guard !shown.isEmpty, labelled.contains(where: \.isAnomaly), labelled.contains(where: { !$0.isAnomaly }) else { return }
        func text(_ value: Double?) -> String { value.map { String(format: "%.4f", $0) } ?? "" }
        page.section(
            "How well the scores find anomalies",
            note: "AUC is the area under the ROC curve; both figures are 1 at best, of all labelled rows.",
            ROCChart.html(shown, labelled.map(\.isAnomaly))
                + HTMLPage.table(
                    head: ["score", "AUC", "average precision"],
                    rows: scores.map { [$0.rawValue, text(areas[$0.rawValue]), text(precisions[$0.rawValue])] }))
        guard let classes = report.classes, classes.count > 1 else { return }
        page.section(
            "By label", note: "AUC of the anomalies with each label against all normal rows.",
            HTMLPage.table(
                head: ["label", "rows"] + scores.map(\.rawValue),
                rows: classes.prefix(40).map { item in
                    [item.label, "\(item.rows)"] + scores.map { text(item.figures.areaUnderRoc[$0.rawValue]) }
                }))
    }

    private func addHistograms(to page: inout HTMLPage) {
        let labelled = labelled
        var kinds = [(name: "all rows", places: Array(sample.values.first?.indices ?? 0..<0))]
        if !labelled.isEmpty {
            kinds = [
                ("normal", labelled.filter { !$0.isAnomaly }.map(\.place)),
                ("anomalies", labelled.filter(\.isAnomaly).map(\.place)),
            ].filter { !$0.1.isEmpty }
        }
        let charts = scores.enumerated().compactMap { index, score in
            Self.histogram(
                score, kinds.map { kind in (kind.name, kind.places.map { sample.values[index][$0] }) },
                thresholds?.values[index] ?? [],
                thresholds?.quantiles ?? [])
        }
        page.section(
            "Distribution of the scores",
            note: "Share of the rows of each kind; those that are further off are in the last bar."
                + (thresholds == nil ? "" : " Lines are thresholds, named by the share of normal rows below them."),
            HTMLPage.multiples(charts)
                + (kinds.count > 1 ? HTMLPage.legend(zip(kinds, Palette.colours).map { (name: $0.name, colour: $1) }) : ""))
    }

    private static let bins = 40

    /// Shares of the rows of each kind, as steps; nil without scores.
    private static func histogram(
        _ score: AnomalyScore, _ kinds: [(name: String, values: [Float])], _ thresholds: [Float], _ quantiles: [Double]
    ) -> String? {
        func finite(_ values: [Float]) -> [Double] { values.filter(\.isFinite).map(Double.init).sorted() }
        let usual = finite(kinds[0].values)
        guard let low = finite(kinds.flatMap(\.values)).first, !usual.isEmpty else { return nil }
        // As far again above the first kind's highest hundredth as that is above its median: anomalies may be a thousand times as far.
        let (median, last) = (usual[(usual.count - 1) / 2], usual[Int(0.99 * Double(usual.count - 1))])
        let top = max(2 * last - median, thresholds.filter(\.isFinite).map { 1.05 * Double($0) }.max() ?? -.infinity)
        let high = top > low ? top : low + 1
        let width = (high - low) / Double(bins)
        let shares = kinds.map { _, values in
            var counts = [Double](repeating: 0, count: bins)
            for value in values where value.isFinite {
                counts[min(bins - 1, Int((Double(min(value, Float(high))) - low) / width))] += 1
            }
            return counts.map { $0 / Double(max(values.count, 1)) }
        }
        var chart = Chart(x: low...high, y: 0...max(shares.flatMap { $0 }.max()! * 1.05, 1e-3), height: 300)
        for (share, colour) in zip(shares, Palette.colours) {
            var steps: [(Double, Double)] = []
            for (bin, value) in share.enumerated() {
                steps += [(low + Double(bin) * width, value), (low + Double(bin + 1) * width, value)]
            }
            chart.line(steps, colour: colour)
        }
        for (place, (threshold, quantile)) in zip(thresholds, quantiles).enumerated() where threshold.isFinite {
            chart.rule(Double(threshold), String(format: "%g", quantile), line: place)
        }
        let words = kinds.map { kind in
            let own = kind.values.filter(\.isFinite).sorted()
            return own.isEmpty ? "no \(kind.name)" : String(format: "%@: median %.4g", kind.name, own[(own.count - 1) / 2])
        }
        return chart.svg(
            xTitle: "\(score.rawValue)\(score.units == "1" ? "" : ", \(score.units)")", yTitle: "share",
            alt: "Histogram of \(score.rawValue). \(words.joined(separator: "; ")).")
    }

    private func addThresholds(to page: inout HTMLPage) {
        guard let thresholds, let above = report.rowsAbove else { return }
        let rows = scores.enumerated().flatMap { index, score in
            thresholds.quantiles.indices.map { place in
                [
                    score.rawValue, String(format: "%g", thresholds.quantiles[place]),
                    String(format: "%.6g", thresholds.values[index][place]),
                    "\(above[score.rawValue]?[place] ?? 0)",
                ]
            }
        }
        page.section(
            "Thresholds",
            note:
                "Quantiles of the scores of \(thresholds.rowCount) \(thresholds.origin), and the rows of \(report.rows) that are above.",
            HTMLPage.table(head: ["score", "quantile", "threshold", "rows above"], rows: rows))
    }

    /// The rows with the highest of the score that finds anomalies best, or of the first that counts all of a row.
    private func addHighest(to page: inout HTMLPage) throws {
        let best = report.areaUnderRoc.flatMap { areas in scores.max { (areas[$0.rawValue] ?? 0) < (areas[$1.rawValue] ?? 0) } }
        guard let score = best ?? (scores.contains(.elbo) ? .elbo : scores.first), let place = scores.firstIndex(of: score) else {
            return
        }
        let rows = sample.highest[place]
        let names = try RowNames(source, rows.map(\.number), labels: true)
        page.section(
            "Highest scores", note: "The rows with the highest \(score.rawValue), \(score.meaning).",
            HTMLPage.table(
                head: ["row"] + names.head + scores.map(\.rawValue),
                rows: rows.map { row in
                    ["\(row.number)"] + names.cells(row.number) + row.scores.map { HTMLPage.number(Double($0)) }
                }))
    }
}

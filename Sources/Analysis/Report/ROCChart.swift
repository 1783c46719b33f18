internal import Foundation
internal import Pages

/// Receiver operating characteristics: how well scores tell anomalies from normal rows.
enum ROCChart {
    /// - Parameters:
    ///   - scores: of each its name, its values by row, and the area under its curve.
    ///   - isAnomaly: of each row.
    static func html(_ scores: [(name: String, values: [Float], area: Double)], _ isAnomaly: [Bool]) -> String {
        var chart = Chart(x: 0...1, y: 0...1, height: 420)
        chart.line([(0, 0), (1, 1)], colour: Palette.other)
        var entries: [(name: String, colour: String)] = []
        for (score, colour) in zip(scores, Palette.colours) {
            chart.line(curve(score.values, isAnomaly), colour: colour)
            entries.append((String(format: "%@, AUC %.4f", score.name, score.area), colour))
        }
        let names = entries.map(\.name).joined(separator: "; ")
        return chart.svg(
            xTitle: "share of normal rows above the threshold", yTitle: "share of anomalies",
            alt: "ROC curves of \(entries.count) scores: \(names). The line is that of chance.") + HTMLPage.legend(entries)
    }

    /// A point for each threshold, or some hundred of them.
    private static func curve(_ scores: [Float], _ isPositive: [Bool]) -> [(Double, Double)] {
        let order = scores.indices.sorted { (scores[$0], $1) > (scores[$1], $0) }
        let positives = Double(isPositive.count { $0 })
        let negatives = Double(scores.count) - positives
        var points = [(0.0, 0.0)]
        var (found, passed) = (0.0, 0.0)
        for (place, row) in order.enumerated() {
            if isPositive[row] { found += 1 } else { passed += 1 }
            // Rows with one score are found all at once.
            if place + 1 < order.count, scores[order[place + 1]] == scores[row] { continue }
            let point = (passed / negatives, found / positives)
            let isFar = abs(point.0 - points.last!.0) + abs(point.1 - points.last!.1) > 0.005
            if isFar || place + 1 == order.count { points.append(point) }
        }
        return points
    }
}

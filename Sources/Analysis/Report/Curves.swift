internal import Foundation
internal import Pages
internal import Training

/// What a run's `metrics.csv` shows, by epoch. What is the same in all epochs is left out.
struct Curves {
    private let table: EpochTable
    private let beta: Double

    /// - Parameter beta: the weight of the KL term in the figure by which the best model is chosen.
    init?(_ path: String, beta: Double) {
        guard let table = EpochTable(path, most: EpochTable.shown), !table.rows.isEmpty else { return nil }
        self.table = table
        self.beta = beta
    }

    /// - Parameter bestStep: that of the best model.
    func add(to page: inout HTMLPage, bestStep: Int) {
        let best = table.rows.last { $0["step"] == Double(bestStep) }
        var losses = [("training loss", table.curve("train_loss"))]
        let validation = table.curve("validation_elbo", factor: -1)
        if !validation.isEmpty { losses.append(("validation, -ELBO", validation)) }
        let chart = Self.chart(losses, best: best?["epoch"], yTitle: "nats per row", what: "Loss by epoch")
        let (head, rows) = figures(best)
        page.section(
            "Loss", note: "Lower is better. The training loss is the mean over each epoch, while the model still changed.",
            (chart ?? "") + HTMLPage.table(head: head, rows: rows))
        let speeds = table.curve("samples_per_second")
        let isFast = (speeds.map(\.1).max() ?? 0) >= 10_000
        // A line that is level says nothing, but how fast it went does.
        let courses: [(points: [(Double, Double)], title: String, isShown: Bool)] = [
            (table.curve("learning_rate"), "learning rate", false), (table.curve("beta"), "KL weight", false),
            (isFast ? speeds.map { ($0.0, $0.1 / 1000) } : speeds, isFast ? "thousand rows/s" : "rows/s", true),
        ]
        let charts = courses.compactMap { points, title, isShown in
            isShown || Set(points.map(\.1)).count > 1
                ? Self.chart([("", points)], fromZero: true, yTitle: title, what: "By epoch: \(title)") : nil
        }
        if charts.isEmpty { return }
        page.section(
            "Course of the training",
            note: "At the end of each epoch; rows that all ranks together trained on, per second.", HTMLPage.multiples(charts))
    }

    /// Lines by epoch; nil where there are less than two points to draw.
    private static func chart(
        _ lines: [(name: String, points: [(Double, Double)])], best: Double? = nil, fromZero: Bool = false, yTitle: String,
        what: String
    ) -> String? {
        let all = lines.flatMap(\.points)
        guard let low = all.map(\.1).min(), let high = all.map(\.1).max(), Set(all.map(\.0)).count > 1 else { return nil }
        let epochs = all.map(\.0)
        let margin = 0.04 * (high - low)
        let y = fromZero && low >= 0 ? 0...max(high * 1.05, .leastNormalMagnitude) : low - margin...high + margin
        var chart = Chart(x: epochs.min()!...epochs.max()!, y: y, height: fromZero ? 200 : 280, wholeX: true)
        for (index, line) in lines.enumerated() { chart.line(line.points, colour: Palette.colours[index]) }
        var alt = "\(what)."
        for line in lines where !line.points.isEmpty {
            let (first, last) = (line.points.first!, line.points.last!)
            alt += String(
                format: " %@ goes from %.6g in epoch %.0f to %.6g in epoch %.0f, lowest %.6g, highest %.6g.",
                line.name.isEmpty ? yTitle : line.name, first.1, first.0, last.1, last.0, line.points.map(\.1).min()!,
                line.points.map(\.1).max()!)
        }
        if let best {
            chart.rule(best, String(format: "best, epoch %.0f", best))
            for (index, line) in lines.enumerated() {
                for point in line.points where point.0 == best { chart.dot(point, colour: Palette.colours[index], radius: 4) }
            }
            alt += String(format: " The best model is that of epoch %.0f.", best)
        }
        let svg = chart.svg(xTitle: "epoch", yTitle: yTitle, alt: alt)
        let names = lines.enumerated().filter { !$1.name.isEmpty }.map { (name: $1.name, colour: Palette.colours[$0]) }
        return names.isEmpty ? svg : svg + HTMLPage.legend(names)
    }

    /// Those of the best and the last epoch. - Parameter shown: the line of the model that is shown.
    private func figures(_ shown: EpochTable.Row?) -> (head: [String], rows: [[String]]) {
        let named = [
            ("epoch", "epoch"), ("step", "step"), ("train_loss", "training loss"), ("validation_elbo", "validation ELBO"),
            ("validation_reconstruction", "reconstruction"), ("validation_kl", "KL"),
        ].filter { column, _ in table.rows.contains { $0[column] != nil } }
        func figure(_ row: EpochTable.Row) -> Double {
            guard let reconstruction = row["validation_reconstruction"], let kl = row["validation_kl"]
            else { return row["train_loss"] ?? .infinity }
            return reconstruction + beta * kl
        }
        let (best, last) = (shown ?? table.rows.min { figure($0) < figure($1) }!, table.rows.last!)
        let lines =
            best["step"] == last["step"] ? [("best epoch, the last", best)] : [("best epoch", best), ("last epoch", last)]
        let rows = lines.map { name, row in
            [name]
                + named.map { column, _ in
                    row[column].map { Int(exactly: $0).map(String.init) ?? String(format: "%.3f", $0) } ?? ""
                }
        }
        return ([""] + named.map(\.1), rows)
    }
}

internal import Foundation
internal import Training

/// What a run's `metrics.csv` shows, by epoch.
struct Curves {
    private let table: EpochTable
    private let beta: Double

    /// - Parameter beta: the weight of the KL term in the figure by which the best model is chosen.
    init?(_ path: String, beta: Double) {
        guard let table = EpochTable(path, most: EpochTable.shown), !table.rows.isEmpty else { return nil }
        self.table = table
        self.beta = beta
    }

    func add(to page: inout HTMLPage) {
        var losses = [("training loss", table.curve("train_loss"))]
        let validation = table.curve("validation_elbo", factor: -1)
        if !validation.isEmpty { losses.append(("validation, -ELBO", validation)) }
        if let chart = Self.chart(losses, yTitle: "nats per row", title: "loss by epoch") {
            page.section("Loss", chart + HTMLPage.table(head: lastFigures.head, rows: lastFigures.rows))
        }
        let rates = table.curve("learning_rate")
        if let chart = Self.chart([("", rates)], fromZero: true, yTitle: "learning rate", title: "learning rate by epoch") {
            page.section("Learning rate", note: "At the end of each epoch.", chart)
        }
        let betas = table.curve("beta")
        if Set(betas.map(\.1)).count > 1,
            let chart = Self.chart([("", betas)], fromZero: true, yTitle: "beta", title: "beta by epoch")
        {
            page.section("Weight of the KL term", note: "At the end of each epoch.", chart)
        }
        let speeds = table.curve("samples_per_second")
        let isFast = (speeds.map(\.1).max() ?? 0) >= 10_000
        if let chart = Self.chart(
            [("", isFast ? speeds.map { ($0.0, $0.1 / 1000) } : speeds)], fromZero: true,
            yTitle: isFast ? "thousand rows/s" : "rows/s", title: "throughput by epoch")
        {
            page.section("Throughput", note: "Rows that all ranks together trained on, per second.", chart)
        }
    }

    /// Lines by epoch; nil where there is nothing to draw.
    private static func chart(
        _ lines: [(name: String, points: [(Double, Double)])], fromZero: Bool = false, yTitle: String, title: String
    ) -> String? {
        let all = lines.flatMap(\.points)
        guard let low = all.map(\.1).min(), let high = all.map(\.1).max() else { return nil }
        let epochs = all.map(\.0)
        let y = fromZero && low >= 0 ? 0...max(high * 1.05, .leastNormalMagnitude) : low...high
        var chart = Chart(x: epochs.min()!...epochs.max()!, y: y, height: fromZero ? 200 : 280)
        for (index, line) in lines.enumerated() { chart.line(line.points, colour: Chart.colours[index]) }
        let svg = chart.svg(xTitle: "epoch", yTitle: yTitle, title: title, wholeX: true)
        let names = lines.enumerated().filter { !$1.name.isEmpty }.map { (name: $1.name, colour: Chart.colours[$0]) }
        return names.isEmpty ? svg : svg + Chart.legend(names)
    }

    /// Those of the best and the last epoch.
    private var lastFigures: (head: [String], rows: [[String]]) {
        let named = [
            ("epoch", "epoch"), ("step", "step"), ("train_loss", "training loss"), ("validation_elbo", "validation ELBO"),
            ("validation_reconstruction", "reconstruction"), ("validation_kl", "KL"),
        ].filter { column, _ in table.rows.contains { $0[column] != nil } }
        func figure(_ row: EpochTable.Row) -> Double {
            guard let reconstruction = row["validation_reconstruction"], let kl = row["validation_kl"]
            else { return row["train_loss"] ?? .infinity }
            return reconstruction + beta * kl
        }
        let best = table.rows.min { figure($0) < figure($1) }!
        let rows = [("best epoch", best), ("last epoch", table.rows.last!)].map { name, row in
            [name]
                + named.map { column, _ in
                    row[column].map { Int(exactly: $0).map(String.init) ?? String(format: "%.3f", $0) } ?? ""
                }
        }
        return ([""] + named.map(\.1), rows)
    }
}

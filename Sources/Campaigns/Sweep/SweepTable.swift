internal import Foundation
internal import Support

/// The figures of a sweep's runs, and their means over folds and seeds: as CSV, and as text for a terminal.
struct SweepTable {
    /// A run, or several that only differ in fold and seed.
    struct Row {
        /// In the order of the axes that are shown.
        let values: [String]
        let results: [SweepResult]

        var done: [SweepResult.Figures] { results.filter { $0.status == .done }.compactMap(\.figures) }

        func mean(_ figure: (SweepResult.Figures) -> Double) -> Double? {
            let figures = done
            return figures.isEmpty ? nil : figures.reduce(0) { $0 + figure($1) } / Double(figures.count)
        }

        /// The standard error of the mean ELBO: sample standard deviation by the root of the number of runs; nil for one run.
        var standardError: Double? {
            let elbos = done.map(\.elbo)
            guard elbos.count > 1, let mean = mean(\.elbo) else { return nil }
            let squares = elbos.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
            return (squares / Double(elbos.count - 1) / Double(elbos.count)).squareRoot()
        }
    }

    let axes: [SweepAxis]
    let runs: [Row]

    /// - Parameter results: one for each of the grid's points.
    init(_ grid: SweepGrid, _ results: [SweepResult]) {
        axes = grid.axes
        runs = zip(grid.points, results).map { Row(values: $0.values, results: [$1]) }
    }

    var hasRepeats: Bool { axes.contains(where: \.isRepeat) }

    /// Runs that only differ in fold and seed, in one row.
    var means: [Row] {
        let shown = axes.indices.filter { !axes[$0].isRepeat }
        var order: [[String]] = []
        var groups: [[String]: [SweepResult]] = [:]
        for run in runs {
            let values = shown.map { run.values[$0] }
            if groups[values] == nil { order.append(values) }
            groups[values, default: []] += run.results
        }
        return order.map { Row(values: $0, results: groups[$0]!) }
    }

    private var meanKeys: [String] { axes.filter { !$0.isRepeat }.map(\.key) }

    /// The place of the row with the highest ELBO, of those whose runs are all done; nil if there is none.
    static func best(_ rows: [Row]) -> Int? {
        rows.indices.filter { rows[$0].done.count == rows[$0].results.count }
            .max { rows[$0].mean(\.elbo)! < rows[$1].mean(\.elbo)! }
    }

    /// The place among ``means`` of the smallest `latent` that is as good as the best by the ``OneStandardErrorRule``, all other keys being the best
    /// one's; nil without folds or seeds, for a sweep over other keys, and where no row is best.
    var smallestLatent: Int? {
        let (rows, keys) = (means, meanKeys)
        guard let axis = keys.firstIndex(of: "latent"), let best = Self.best(rows), let error = rows[best].standardError else {
            return nil
        }
        func others(_ row: Int) -> [String] { keys.indices.filter { $0 != axis }.map { rows[row].values[$0] } }
        let alike = rows.indices.filter { rows[$0].done.count == rows[$0].results.count && others($0) == others(best) }
        let candidates = alike.map { (size: Int(rows[$0].values[axis]) ?? .max, mean: rows[$0].mean(\.elbo)!) }
        return OneStandardErrorRule.smallest(candidates, error: error).map { alike[$0] }
    }

    /// What is said of each of ``means``: that it is the best, or the smallest that is as good; empty for all others.
    var remarks: [String] {
        let best = means.count > 1 ? Self.best(means) : nil
        let smallest = means.count > 1 ? smallestLatent : nil
        return means.indices.map { row in
            let remarks = [row == best ? "best" : nil, row == smallest ? "smallest latent within one standard error" : nil]
            return remarks.compactMap(\.self).joined(separator: ", ")
        }
    }

    /// `sweep.csv`: a line a run. What is not known is empty.
    var csv: String {
        let names = [
            "epochs", "steps", "best_step", "validation_elbo", "validation_reconstruction", "validation_kl", "train_loss",
            "training_seconds", "status", "reason",
        ]
        return Self.csv(
            [axes.map(\.key) + names]
                + runs.map { run in
                    let result = run.results[0]
                    let figures = result.figures
                    return run.values + ["\(result.epochs)", "\(result.steps)", "\(result.bestStep)"]
                        + [figures?.elbo, figures?.reconstruction, figures?.kl, figures?.trainLoss].map {
                            $0.map { "\($0)" } ?? ""
                        }
                        + [result.seconds.map { String(format: "%.3f", $0) } ?? "", result.status.rawValue, result.reason]
                })
    }

    /// `sweep-means.csv`: a line for runs that only differ in fold and seed, with means over those that are done.
    var meansCSV: String {
        let names = [
            "runs", "done", "validation_elbo", "validation_elbo_standard_error", "validation_reconstruction", "validation_kl",
            "train_loss", "remark",
        ]
        return Self.csv(
            [meanKeys + names]
                + zip(means, remarks).map { row, remark in
                    row.values + ["\(row.results.count)", "\(row.done.count)"]
                        + [
                            row.mean(\.elbo), row.standardError, row.mean(\.reconstruction), row.mean(\.kl),
                            row.mean(\.trainLoss),
                        ]
                        .map { $0.map { "\($0)" } ?? "" } + [remark]
                })
    }

    /// For a terminal; the best is marked.
    var text: String {
        let best = Self.best(runs)
        var tables = [
            Self.aligned(
                [axes.map(\.key) + ["epochs", "validation elbo", "reconstruction", "kl", "train loss", "seconds", "status"]]
                    + runs.enumerated().map { index, run in
                        let (result, figures) = (run.results[0], run.results[0].figures)
                        return run.values + ["\(result.epochs)"]
                            + [figures?.elbo, figures?.reconstruction, figures?.kl, figures?.trainLoss].map { Self.number($0) }
                            + [
                                result.seconds.map { String(format: $0 < 10 ? "%.3f" : "%.1f", $0) } ?? "-",
                                result.status.rawValue + (index == best && !hasRepeats ? ", best" : ""),
                            ]
                    })
        ]
        if hasRepeats {
            tables.append(
                Self.aligned(
                    [
                        meanKeys + [
                            "runs done", "mean validation elbo", "standard error", "reconstruction", "kl", "train loss", "",
                        ]
                    ]
                        + zip(means, remarks).map { row, remark in
                            row.values + ["\(row.done.count) of \(row.results.count)"]
                                + [
                                    row.mean(\.elbo), row.standardError, row.mean(\.reconstruction), row.mean(\.kl),
                                    row.mean(\.trainLoss),
                                ]
                                .map { Self.number($0) } + [remark]
                        }))
        }
        return tables.joined(separator: "\n\n")
    }

    private static func number(_ value: Double?) -> String { value.map { String(format: "%.3f", $0) } ?? "-" }

    private static func csv(_ lines: [[String]]) -> String { lines.map { $0.csvLine + "\n" }.joined() }

    /// Columns, each as wide as its widest field, to the right but for the last.
    private static func aligned(_ lines: [[String]]) -> String {
        let widths = lines[0].indices.map { column in lines.map { $0[column].count }.max()! }
        return lines.map { fields in
            let padded = zip(fields, widths).dropLast().map { $0.padded(to: -$1) } + [fields.last!]
            let line = padded.joined(separator: "  ")
            return String(line.reversed().drop { $0 == " " }.reversed())
        }.joined(separator: "\n")
    }
}

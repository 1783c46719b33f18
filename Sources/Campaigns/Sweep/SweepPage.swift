internal import Foundation
internal import Pages
internal import Support

/// `sweep.html`: the page about a sweep, written with its tables.
struct SweepPage {
    let table: SweepTable
    let folder: String

    private static let mostRows = 300

    var html: String {
        let done = table.runs.count { !$0.done.isEmpty }
        var page = HTMLPage(
            title: "Sweep \(FilePath.name(of: FilePath.absolute(folder)))",
            subtitle: table.axes.map {
                "\($0.key)=\($0.values.joined(separator: $0.values.contains { $0.contains(",") } ? ";" : ","))"
            }
            .joined(separator: " · "))
        let rows = table.hasRepeats ? table.means : table.runs
        let keys = table.axes.filter { !$0.isRepeat }.map(\.key)
        var figures = [(value: "\(done) of \(table.runs.count)", name: "runs are done")]
        // Folds and seeds alone have no best one.
        if let best = SweepTable.best(rows), let elbo = rows[best].mean(\.elbo) {
            if rows.count > 1 {
                figures.append(
                    (zip(keys, rows[best].values).map { "\($0)=\($1)" }.joined(separator: ", "), "the best of \(rows.count)"))
            }
            let error = rows[best].standardError.map { String(format: " ± %.3f", $0) } ?? ""
            figures.append(
                (String(format: "%.3f", elbo) + error, "validation ELBO\(rows.count > 1 ? " of the best" : ""), nats per row"))
        }
        if let smallest = table.smallestLatent, smallest != SweepTable.best(rows) {
            figures.append(
                (
                    zip(keys, rows[smallest].values).map { "\($0)=\($1)" }.joined(separator: ", "),
                    "the smallest latent within one standard error of the best"
                ))
        }
        page.section("What came out", HTMLPage.figures(figures))
        let plot = SweepPlot(table)
        if let chart = plot.chart {
            page.section(
                "Validation ELBO",
                note: table.hasRepeats
                    ? "Higher is better. Each run is a dot; bars are standard errors of the means over folds and seeds."
                    : "Higher is better.",
                chart + (plot.legend.isEmpty ? "" : HTMLPage.legend(plot.legend)))
        }
        if table.hasRepeats {
            page.section(
                "Means over folds and seeds", note: "Nats per row.", HTMLPage.table(head: keys + Self.meanHead, rows: means))
        }
        page.section(
            "Runs",
            note: "Nats per row, of the step with the best figure. Each run has a folder with a page of its own."
                + (table.runs.count > Self.mostRows ? " sweep.csv has all of them." : ""),
            HTMLPage.table(head: table.axes.map(\.key) + Self.runHead, rows: runs))
        page.section("How it was made", HTMLPage.table(CommandProvenance.rows))
        return page.html
    }

    private static let meanHead = ["runs done", "ELBO", "standard error", "reconstruction", "KL", "training loss", ""]
    private static let runHead = ["epochs", "ELBO", "reconstruction", "KL", "training loss", "duration, s", "status"]

    private static func number(_ value: Double?) -> String { value.map { String(format: "%.3f", $0) } ?? "" }

    private var means: [[String]] {
        zip(table.means, table.remarks).prefix(Self.mostRows).map { row, remark in
            row.values + ["\(row.done.count) of \(row.results.count)"]
                + [row.mean(\.elbo), row.standardError, row.mean(\.reconstruction), row.mean(\.kl), row.mean(\.trainLoss)].map(
                    Self.number)
                + [remark]
        }
    }

    private var runs: [[String]] {
        let best = table.hasRepeats || table.runs.count < 2 ? nil : SweepTable.best(table.runs)
        return table.runs.prefix(Self.mostRows).enumerated().map { index, run in
            let (result, figures) = (run.results[0], run.results[0].figures)
            let status = [result.status.rawValue, index == best ? "best" : nil, result.reason.isEmpty ? nil : result.reason]
            return run.values + ["\(result.epochs)"]
                + [figures?.elbo, figures?.reconstruction, figures?.kl, figures?.trainLoss].map(Self.number)
                + [
                    result.seconds.map { String(format: $0 < 10 ? "%.3f" : "%.1f", $0) } ?? "",
                    status.compactMap(\.self).joined(separator: ", "),
                ]
        }
    }
}

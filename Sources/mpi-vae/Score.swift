internal import Analysis
internal import ArgumentParser
internal import Distributed
internal import Foundation
internal import Support
internal import Training

struct Score: ModelCommand {
    static let configuration = CommandConfiguration(
        abstract: "Write how unlike the training rows each row is: anomaly scores.",
        discussion: """
            reconstruction, elbo, squared_error, mahalanobis (of the codes), sap and nap (hidden activations, RaPP), iw (importance-weighted -log p(x)): \
            the higher, the less normal. With --normal also the area under the ROC curve and the average precision of each, for all \
            anomalies and for those of each label. With --quantile thresholds, and which rows are above. docs/evaluation.md defines \
            all of them.
            """)

    @OptionGroup var flags: ModelFlags
    @Option(help: "Data whose rows are normal; the training rows of the run if none is given.") var fitData: String?
    @Option(parsing: .upToNextOption, help: "The labels of normal rows, by commas, as 0,1: all others are anomalies.")
    var normal: [String] = []
    @Option(help: "Samples per row for the score iw, say 50: each takes as long as a decoder's pass; 0 for none.") var samples = 0
    @Option(
        parsing: .upToNextOption,
        help: "Shares of the run's validation rows, by commas, as 0.9,0.99, above whose scores rows are marked.")
    var quantile: [String] = []
    @Option(help: "The HDF5 file to write.", transform: FilePath.expandingHome) var output = "scores.h5"
    @Option(
        help: "A CSV file to write besides: id, label, scores, and with --quantile how many thresholds each is above.",
        transform: FilePath.expandingHome)
    var csv = ""
    @Flag(help: "In CSV, put an apostrophe before ids and labels that spreadsheets would take for formulas.") var csvSafe = false
    @Option(
        help: "An HTML page about the scores to write besides: distributions, thresholds, ROC curves, the highest rows.",
        transform: FilePath.expandingHome)
    var report = ""
    @Flag(help: "Replace the outputs if they are there.") var force = false
    @Flag(help: "Write JSON.") var json = false

    func validate() throws {
        if samples < 0 || samples > 1 << 24 { throw ValidationError("--samples must be at least 0, and at most \(1 << 24)") }
        if fitData?.isEmpty == true { throw ValidationError("--fit-data is empty, but must name data: file.h5[:/path]") }
        if try quantiles().count > 100 { throw ValidationError("--quantile takes at most 100 numbers") }
        if !normal.isEmpty, normal.flatMap(listed).isEmpty { throw ValidationError("--normal is empty, but must name labels") }
    }

    /// Throws ``ValidationError``.
    private func quantiles() throws -> [Double] {
        try quantile.flatMap { $0.isEmpty ? [""] : listed($0) }.map { text in
            guard let value = Double(text), value > 0, value <= 1 else {
                throw ValidationError("--quantile is '\(text)', but must be above 0 and at most 1")
            }
            return value
        }
    }

    func run(world: World) throws -> Int32 {
        var options = ScoreOptions()
        options.fitData = fitData ?? ""
        options.normal = normal.flatMap(listed)
        options.samples = samples
        options.quantiles = try quantiles()
        options.output = output
        options.csv = csv
        options.csvSafe = csvSafe
        options.report = report
        options.force = force
        let report = try flags.model(world).score(
            flags.data, flags.dataOptions.options, options)
        guard world.isRoot else { return 0 }
        if json {
            print(try jsonText(report))
            return 0
        }
        print("rows            \(report.rows), fitted to \(report.fittedRows)")
        if let anomalies = report.anomalies { print("anomalies       \(anomalies)") }
        if let unlabelled = report.rowsWithoutLabel { print("without label   \(unlabelled)") }
        for line in Self.figures(report) + Self.thresholds(report) { print(line) }
        if let warning = report.trainedOn { print(warning) }
        print("wrote \([output, csv, self.report].filter { !$0.isEmpty }.joined(separator: ", "))")
        return 0
    }

    private static func column(_ text: String) -> String {
        text.padded(to: max(16, text.count + 1))
    }

    /// How well the scores find all anomalies, and those of each label.
    private static func figures(_ report: ScoreReport) -> [String] {
        var lines: [String] = []
        for score in AnomalyScore.allCases {
            guard let area = report.areaUnderRoc?[score.rawValue], let precision = report.averagePrecision?[score.rawValue] else {
                continue
            }
            lines.append(
                column(score.rawValue) + String(format: "AUC %.4f  average precision %.4f", area, precision))
            guard let classes = report.classes, classes.count > 1 else { continue }
            for item in classes {
                let figures = item.figures
                guard let area = figures.areaUnderRoc[score.rawValue], let precision = figures.averagePrecision[score.rawValue]
                else { continue }
                lines.append(
                    column("  \(item.label)") + String(format: "AUC %.4f  average precision %.4f", area, precision)
                        + "  of \(item.rows) rows")
            }
        }
        return lines
    }

    /// The thresholds and how many rows are above them.
    private static func thresholds(_ report: ScoreReport) -> [String] {
        guard let quantiles = report.quantiles, let thresholds = report.thresholds, let above = report.rowsAbove,
            let rows = report.thresholdRows, let origin = report.thresholdsOf
        else { return [] }
        var lines = ["thresholds      quantiles of \(rows) \(origin)"]
        for score in AnomalyScore.allCases {
            guard let values = thresholds[score.rawValue], let counts = above[score.rawValue] else { continue }
            for (place, quantile) in quantiles.enumerated() {
                lines.append(
                    column(score.rawValue) + String(format: "%g: %g, %ld rows above", quantile, values[place], counts[place]))
            }
        }
        return lines
    }
}

internal import ArgumentParser
internal import Distributed
internal import Foundation
internal import Training

struct Score: RankedCommand {
    static let configuration = CommandConfiguration(
        abstract: "Write how unlike the training rows each row is: five anomaly scores.",
        discussion: """
            reconstruction, elbo, mahalanobis (of the codes), sap and nap (hidden activations, RaPP): the higher, the less normal. With
            --normal also the area under the ROC curve and the average precision of each. docs/evaluation.md defines all of them.
            """)

    @OptionGroup var flags: ModelFlags
    @Option(help: "Data whose rows are normal; the training rows of the run if none is given.") var fitData = ""
    @Option(parsing: .upToNextOption, help: "The labels of normal rows: all others are anomalies.") var normal: [String] = []
    @Option(help: "The HDF5 file to write.") var output = "scores.h5"
    @Flag(help: "Replace the output if it is there.") var force = false
    @Flag(help: "Write JSON.") var json = false

    func run(world: World) throws -> Int32 {
        var options = ScoreOptions()
        options.fitData = fitData
        options.normal = normal
        options.output = output
        options.force = force
        let report = try flags.model(world).score(
            flags.data, flags.dataOptions.options, checkpoint: flags.checkpoint, options)
        guard world.isRoot else { return 0 }
        if json {
            print(try reportJSON(report))
            return 0
        }
        print("rows            \(report.rows), fitted to \(report.fittedRows)")
        if let anomalies = report.anomalies { print("anomalies       \(anomalies)") }
        for score in AnomalyScore.allCases {
            guard let area = report.areaUnderRoc?[score.rawValue], let precision = report.averagePrecision?[score.rawValue] else {
                continue
            }
            let name = score.rawValue.padding(toLength: 16, withPad: " ", startingAt: 0)
            print(name + String(format: "AUC %.4f  average precision %.4f", area, precision))
        }
        print("wrote \(output)")
        return 0
    }
}

/// A report as one line of JSON.
func reportJSON(_ report: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    encoder.keyEncodingStrategy = .convertToSnakeCase
    return String(decoding: try encoder.encode(report), as: UTF8.self)
}

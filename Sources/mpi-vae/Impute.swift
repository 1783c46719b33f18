internal import Analysis
internal import ArgumentParser
internal import Distributed
internal import Support
internal import Training

struct Impute: ModelCommand {
    static let configuration = CommandConfiguration(
        abstract: "Fill in missing values, with a model that was trained with --nan mask.",
        discussion: """
            Missing are values that are not numbers (NaN), or whose --mask is 0. Writes /data with the model's means in their place, and \
            /imputed, 1 where they are; with --draws also /draws [rows, draws, ...], each a likely whole row. All other values stay.
            """)

    @OptionGroup var flags: ModelFlags
    @Option(help: "Multiple imputations: rows to draw for each.") var draws = 0
    @Option(help: "Samples of the posterior that draws are chosen from, by importance; of --objective iwae the means, too.")
    var samples = 1000
    @Option(help: "The file to write; imputed.h5, or imputed.csv.", transform: FilePath.expandingHome) var output: String?
    @Option(
        help:
            "What kind of file: h5, or csv with id, label, all values, and how many of a row were missing. By the name of the output if none is given."
    )
    var format: ImputedFormat?
    @Flag(
        help: "With --format csv: ids and labels that begin like formulas of spreadsheets (= + - @) get an apostrophe in front.")
    var csvSafe = false
    @Option(help: "An HTML page about what was filled in to write besides.", transform: FilePath.expandingHome) var report = ""
    @Flag(help: "Replace the outputs if they are there.") var force = false

    func validate() throws {
        if draws < 0 || draws > 10_000 { throw ValidationError("--draws must be in 0...10000") }
        if samples < 1 || samples > 1 << 24 { throw ValidationError("--samples must be at least 1") }
    }

    func run(world: World) throws -> Int32 {
        var options = ImputeOptions()
        options.draws = draws
        options.samples = samples
        let output = output ?? "imputed.\((format ?? .h5).rawValue)"
        options.output = output
        options.isCSV = try world.together { [format] in try ImputeOptions.isCSV(output, wanted: format.map { $0 == .csv }) }
        options.csvSafe = csvSafe
        options.report = report
        options.force = force
        let counts = try flags.model(world).impute(flags.data, flags.dataOptions.options, options)
        if world.isRoot, output != "-" {
            print(
                "filled \(counts.missing) of \(counts.all) values, wrote \([output, report].filter { !$0.isEmpty }.joined(separator: ", "))"
            )
        }
        return 0
    }
}

/// The kinds of files that filled data are written to.
enum ImputedFormat: String, ExpressibleByArgument, CaseIterable {
    case h5, csv
}

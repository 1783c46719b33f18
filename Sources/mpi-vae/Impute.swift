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
    @Option(help: "The HDF5 file to write.", transform: FilePath.expandingHome) var output = "imputed.h5"
    @Flag(help: "Replace the output if it is there.") var force = false

    func validate() throws {
        if draws < 0 || draws > 10_000 { throw ValidationError("--draws must be in 0...10000") }
        if samples < 1 || samples > 1 << 24 { throw ValidationError("--samples must be at least 1") }
    }

    func run(world: World) throws -> Int32 {
        var options = ImputeOptions()
        options.draws = draws
        options.samples = samples
        options.output = output
        options.force = force
        let counts = try flags.model(world).impute(flags.data, flags.dataOptions.options, options)
        if world.isRoot { print("filled \(counts.missing) of \(counts.all) values, wrote \(output)") }
        return 0
    }
}

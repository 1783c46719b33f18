internal import ArgumentParser
internal import Distributed
internal import Foundation
internal import Logging
internal import Training

/// What is used of data files, as `train` has it.
struct DataFlags: ParsableArguments {
    @Option(help: .key("labels")) var labels = ""
    @Option(help: .key("mask")) var mask = ""
    @Option(help: .key("weights")) var weights = ""
    @Option(help: .key("rows")) var rows = ""
    @Option(help: .key("packed-bits")) var packedBits = 0

    var options: DataOptions {
        var options = DataOptions()
        options.labels = labels
        options.mask = mask
        options.weights = weights
        options.rows = rows
        options.packedBits = packedBits
        return options
    }

    func validate() throws {
        if packedBits < 0 { throw ValidationError("--packed-bits must be at least 0") }
    }
}

struct Embed: RankedCommand {
    static let configuration = CommandConfiguration(
        abstract: "Write the latent codes of all rows of a data set to an HDF5 file.")

    @Option(help: "A checkpoint, or the folder of a run, whose best one is taken.") var checkpoint: String
    @Option(help: "The data, file.h5[:/path].") var data: String
    @OptionGroup var dataOptions: DataFlags
    @Option(help: "The file to write.") var output = "embeddings.h5"
    @Option(help: "Threads per rank; 0 for the processors that the rank was given.") var threads = 0

    func validate() throws {
        if threads < 0 { throw ValidationError("--threads must be at least 0") }
    }

    func run(world: World) throws -> Int32 {
        try TrainedModel(checkpoint, world: world, threads: threads, log: Logger(label: "model")).embed(
            data, dataOptions.options, to: output)
        if world.isRoot { print("wrote \(output)") }
        return 0
    }
}

struct Evaluate: RankedCommand {
    static let configuration = CommandConfiguration(
        abstract: "Tell how well a model describes a data set: ELBO, reconstruction and KL, in nats per row.")

    @Option(help: "A checkpoint, or the folder of a run, whose best one is taken.") var checkpoint: String
    @Option(help: "The data, file.h5[:/path].") var data: String
    @OptionGroup var dataOptions: DataFlags
    @Flag(help: "Write JSON.") var json = false
    @Option(help: "Threads per rank; 0 for the processors that the rank was given.") var threads = 0

    func validate() throws {
        if threads < 0 { throw ValidationError("--threads must be at least 0") }
    }

    func run(world: World) throws -> Int32 {
        let figures = try TrainedModel(checkpoint, world: world, threads: threads, log: Logger(label: "model")).evaluate(
            data, dataOptions.options)
        guard world.isRoot else { return 0 }
        if json {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys]
            print(String(decoding: try encoder.encode(figures), as: UTF8.self))
        } else {
            print("rows            \(figures.rows)")
            print(String(format: "elbo            %.4f nats per row", figures.elbo))
            print(String(format: "reconstruction  %.4f", figures.reconstruction))
            print(String(format: "kl              %.4f", figures.kl))
        }
        return 0
    }
}

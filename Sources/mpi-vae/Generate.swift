internal import Analysis
internal import ArgumentParser
internal import Datasets
internal import Distributed
internal import Foundation
internal import Logging
internal import Support
internal import Training

struct Reconstruct: RankedCommand, SpeakingCommand {
    static let configuration = CommandConfiguration(
        abstract: "Write what a model takes each row for; of noisy rows a denoising model gives clean ones.",
        discussion: "docs/generating.md says which steps of the preparation are undone.")

    @OptionGroup var trained: CheckpointFlags
    @Option(help: "The data, file.h5[:/path].") var data: String?
    @Option(help: "In place of data: a file of codes, as embed --dtype writes it.", transform: FilePath.expandingHome) var codes:
        String?
    @OptionGroup var dataOptions: DataFlags
    @Option(help: "The HDF5 file to write.", transform: FilePath.expandingHome) var output = "reconstructions.h5"
    @Option(help: "The same rows without noise, file.h5[:/path], to tell how much nearer to them the model comes.") var clean = ""
    @Option(
        help: "A PNG or JPEG file to write the first images to, each beside its reconstruction.",
        transform: FilePath.expandingHome)
    var grid = ""
    @Option(
        name: .customLong("as"),
        help:
            "Decode all rows with another condition, NAME=VALUE as batch=b1, or 'batch=*' for the mean over all categories; once for each, their own if none is given."
    )
    var conditions: [String] = []
    @Option(help: "Normalised values of counts: rows of this sum, say 10000, without zeros of other origins (zinb).")
    var library: Float?
    @Flag(help: "Replace the outputs if they are there.") var force = false

    var speech: SpeechFlags { trained.speech }

    func validate() throws {
        if let library, !(library > 0 && library <= 1e9) { throw ValidationError("--library must be above 0, at most 1e9") }
        if data == nil, codes == nil { throw ValidationError("Missing expected argument '--data <data>', or '--codes <codes>'") }
        if data == "" { throw ValidationError.emptyData }
        guard codes != nil else { return }
        var allowed = DataOptions()
        allowed.rows = dataOptions.rows
        guard data == nil, dataOptions.options == allowed else {
            throw ValidationError("--codes stands in place of --data, and takes of its options --rows alone")
        }
    }

    func run(world: World) throws -> Int32 {
        var options = ReconstructionOptions()
        options.output = output
        options.clean = clean
        options.grid = grid
        options.conditions = conditions
        options.library = library
        options.force = force
        let model = try trained.model(world)
        let report =
            if let codes {
                try model.reconstruct(codes: codes, rows: dataOptions.rows, options)
            } else {
                try model.reconstruct(data!, dataOptions.options, options)
            }
        guard world.isRoot else { return 0 }
        if let input = report.inputPSNR, let output = report.outputPSNR {
            print(String(format: "psnr %.2f dB of the input, %.2f dB of the output, gain %.2f dB", input, output, output - input))
        }
        print("wrote \(output), \(report.rows) rows")
        if !grid.isEmpty { print("wrote \(grid)") }
        return 0
    }
}

struct Generate: RankedCommand, SpeakingCommand {
    static let configuration = CommandConfiguration(
        abstract: "Write rows that a model makes up: samples, traversals of latents, ways between rows.",
        discussion: """
            mpi-vae generate --checkpoint runs/first --count 64 --grid samples.png
            mpi-vae generate --checkpoint runs/first --from mixture --data data.h5
            mpi-vae generate --checkpoint runs/first --traverse --grid latents.png
            mpi-vae generate --checkpoint runs/first --interpolate 3,17 --data data.h5 --spherical
            mpi-vae generate --checkpoint runs/first --label 7 --data data.h5
            """)

    /// What samples are drawn from.
    enum Density: String, CaseIterable, ExpressibleByArgument {
        case prior, mixture
    }

    @Option(help: .checkpoint, transform: FilePath.expandingHome) var checkpoint: String
    @Option(help: "The data, file.h5[:/path], of all but samples of the prior.") var data: String?
    @OptionGroup var dataOptions: DataFlags
    @Option(help: "Threads per rank; 0 for the processors that the rank was given.") var threads = 0
    @OptionGroup var speech: SpeechFlags
    @Option(help: "The HDF5 file to write.", transform: FilePath.expandingHome) var output = "samples.h5"
    @Option(help: "A PNG or JPEG file to write the first images to.", transform: FilePath.expandingHome) var grid = ""
    @Flag(help: "Replace the outputs if they are there.") var force = false
    @Option(help: "Rows to make up.") var count = 64
    @Option(help: "Seed of the codes; that of the training if none is given.") var seed: UInt64?
    @Option(help: "What codes are drawn from: prior, or a mixture of normal distributions fitted to the data's codes.")
    var from = Density.prior
    @Option(help: "Components of the mixture.") var components = 10
    @Option(help: "Covariances of the mixture: \(GenerationOptions.Covariance.allCases.map(\.rawValue).joined(separator: ", ")).")
    var covariance = "full"
    @Option(help: "The most rows that the mixture is fitted to, drawn by the seed; 0 for all.") var fitRows = 10_000
    @Flag(help: "Change one latent after the other, from -3 to 3 around the mean code.") var traverse = false
    @Option(help: "The latents to traverse, from 0, as 0,3,5; all if none is given.") var latents = ""
    @Option(help: "Go from the code of one row to that of another, as 3,17.") var interpolate: String?
    @Flag(help: "Interpolate on an arc around the origin, not on a line.") var spherical = false
    @Option(help: "Steps of traversals and interpolations, with both ends.") var steps = 11
    @Option(help: "Draw codes as those of the rows with this label.") var label: String?
    @Option(
        name: .customLong("as"),
        help: "What the rows are conditioned on, NAME=VALUE as batch=b1; once for each of the model's conditions.")
    var conditions: [String] = []
    @Option(help: "The sum of a made-up row of counts, for the likelihoods of counts.") var library = GenerationOptions().library

    func validate() throws {
        try checkThreads(threads)
        if checkpoint.isEmpty { throw ValidationError.emptyCheckpoint }
        if data?.isEmpty == true { throw ValidationError.emptyData }
        if count < 1 || count > 1 << 40 { throw ValidationError("--count must be at least 1") }
        if steps < 2 || steps > 1 << 20 { throw ValidationError("--steps must be at least 2") }
        if !(library > 0 && library <= 1e9) { throw ValidationError("--library must be above 0, at most 1e9") }
        if components < 1 || components > 1000 { throw ValidationError("--components must be 1 to 1000") }
        if fitRows != 0, fitRows < 2 { throw ValidationError("--fit-rows must be 0 or at least 2") }
        if let seed, seed >= 1 << 63 { throw ValidationError("--seed must be below 2^63") }
        let origins = [from == .mixture, traverse, interpolate != nil, label != nil]
        if origins.count(where: { $0 }) > 1 {
            throw ValidationError("--from mixture, --traverse, --interpolate and --label are different ways: give one")
        }
        _ = try origin()
    }

    /// Throws ``ValidationError``.
    private func origin() throws -> GenerationOptions.Origin {
        if let label { return .label(label) }
        if traverse { return .traversal(latents: try Self.numbers(latents, "--latents")) }
        if !latents.isEmpty { throw ValidationError("--latents is for --traverse") }
        if let interpolate {
            let rows = try Self.numbers(interpolate, "--interpolate")
            guard rows.count == 2 else { throw ValidationError("--interpolate must be two rows, as 3,17") }
            return .interpolation(from: rows[0], to: rows[1], spherical: spherical)
        }
        guard from == .mixture else { return .prior }
        guard let covariance = GenerationOptions.Covariance(rawValue: covariance) else {
            throw ValidationError("--covariance must be diagonal or full")
        }
        return .mixture(components: components, covariance: covariance, fitRows: fitRows)
    }

    private static func numbers(_ text: String, _ option: String) throws -> [Int] {
        try listed(text).map {
            guard let number = Int($0), number >= 0 else {
                throw ValidationError("\(option) must be numbers from 0 with commas, but has '\($0)'")
            }
            return number
        }
    }

    func run(world: World) throws -> Int32 {
        var options = GenerationOptions()
        options.origin = try origin()
        options.count = count
        options.steps = steps
        options.library = library
        options.seed = seed
        options.data = data
        options.dataOptions = dataOptions.options
        options.output = output
        options.grid = grid
        options.conditions = conditions
        options.force = force
        let model = try TrainedModel(checkpoint, world: world, threads: threads, log: Logger(label: "model"))
        let written = try model.generate(options)
        guard world.isRoot else { return 0 }
        print("wrote \(output), \(written) rows")
        if !grid.isEmpty { print("wrote \(grid)") }
        return 0
    }
}

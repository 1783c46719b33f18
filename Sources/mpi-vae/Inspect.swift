internal import Analysis
internal import ArgumentParser
internal import Support
internal import Training

struct Inspect: ReadingCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show what an HDF5 file holds: data, checkpoints, embeddings.")

    @Argument(help: "The file; or the folder of a run, whose best checkpoint is shown.", transform: FilePath.expandingHome)
    var file: String
    @Flag(help: "Write JSON.") var json = false

    func run() throws {
        let inspection = try Inspection(file)
        print(json ? try inspection.json() : inspection.text())
        let problems = inspection.problems
        guard let first = problems.first else { return }
        throw Failure(.badData, "\(file): \(first)\(problems.count > 1 ? ", and \(problems.count - 1) more" : "")")
    }
}

struct Config: ReadingCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show all keys of the configuration with their values, as a TOML file to begin with.",
        discussion: """
            mpi-vae config > run.toml
            mpi-vae config --model denoising --latent 8 > run.toml

            Values are the program's defaults, or those of the model's preset, or what is given here by --config, --set and flags. Neither \
            mpi-vae.toml of the current folder nor environment variables are looked at.
            """)

    @OptionGroup var source: ConfigurationOptions

    func run() throws {
        print(try source.read(onlyGiven: true).documentedTOML(), terminator: "")
    }
}

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
        abstract: "Show all keys of the configuration with their defaults, as a TOML file to begin with.")

    func run() throws {
        var section = ""
        for key in ConfigurationKey.all {
            if key.section != section {
                print("\(section.isEmpty ? "" : "\n")[\(key.section)]")
                section = key.section
            }
            // Nothing is not data, so there is no default to write.
            print("# \(key.help)\n\(key.name == "data" ? "# " : "")\(key.name) = \(key.toml(Configuration()))")
        }
    }
}

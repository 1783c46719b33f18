internal import ArgumentParser
internal import Distributed
internal import Foundation
internal import Logging
internal import Training

/// Where a configuration comes from: a file, `--set`, and a flag for every key.
struct ConfigurationOptions: ParsableArguments {
    @Option(help: "TOML file with the configuration (see `mpi-vae config`).") var config: String?
    @Option(name: .customLong("set"), help: "Set any key: section.key=value. May be repeated.") var assignments: [String] = []
    @OptionGroup(title: "Configuration keys") var flags: ConfigurationFlags

    private var ownFile: String? { FileManager.default.fileExists(atPath: "mpi-vae.toml") ? "mpi-vae.toml" : nil }

    /// The configuration as this process reads it, and with further values by key.
    func read(adding values: [String: String] = [:]) throws -> Configuration {
        try Configuration.load(
            file: config ?? ownFile, environment: ProcessInfo.processInfo.environment,
            flags: flags.values.merging(values) { $1 }, assignments: assignments)
    }

    /// The configuration, the same on all ranks: one rank reads, so a file that changes under way does no harm. Collective.
    func load(world: World, log: Logger) throws -> Configuration {
        var text = ""
        try world.onRoot {
            if config == nil, ownFile != nil { log.notice("configuration: mpi-vae.toml of this folder") }
            text = try read().resolvedTOML()
        }
        text = String(decoding: try world.communicator.broadcast(Array(text.utf8)), as: UTF8.self)
        return try Configuration(toml: text, name: "configuration")
    }
}

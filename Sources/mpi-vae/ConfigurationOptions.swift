internal import ArgumentParser
internal import Distributed
internal import Foundation
internal import Logging
internal import Support
internal import Training

/// Where a configuration comes from: a file, `--set`, and a flag for every key.
struct ConfigurationOptions: ParsableArguments {
    @Option(help: "TOML file with the configuration (see `mpi-vae config`).", transform: FilePath.expandingHome)
    var config: String?
    @Option(name: .customLong("set"), help: "Set any key: key=value or section.key=value. May be repeated.")
    var assignments: [String] = []
    @OptionGroup var flags: ConfigurationFlags

    private static let folderFile = "mpi-vae.toml"

    /// The file of the current folder, which counts by itself; not where others could have written it.
    private var ownFile: String? {
        FilePath.exists(Self.folderFile) && FileOwner.isOursAlone(Self.folderFile) ? Self.folderFile : nil
    }

    /// The configuration as this process reads it.
    ///
    /// - Parameters:
    ///   - values: further values by key.
    ///   - onlyGiven: whether the folder's file and environment variables are left out.
    func read(adding values: [String: String] = [:], onlyGiven: Bool = false) throws -> Configuration {
        if let several = ConfigurationKey.severalValues(flags.values) {
            throw Failure(
                .configuration,
                "--\(several.key) is '\(several.value)', but takes one value: `mpi-vae sweep` trains them all by --grid "
                    + "\(several.key)=\(several.value)")
        }
        return try Configuration.load(
            file: config ?? (onlyGiven ? nil : ownFile), environment: onlyGiven ? [:] : ProcessInfo.processInfo.environment,
            flags: flags.values.merging(values) { $1 }, assignments: assignments)
    }

    /// The configuration, the same on all ranks: one rank reads, so a file that changes under way does no harm. Collective.
    ///
    /// - Parameter writes: whether a run is to be written by it, which must not replace the file.
    func load(world: World, log: Logger, writes: Bool = false) throws -> Configuration {
        var text = ""
        try world.onRoot {
            if config == nil, FilePath.exists(Self.folderFile) {
                if ownFile != nil {
                    log.notice("configuration: mpi-vae.toml of this folder")
                } else {
                    log.warning(
                        "mpi-vae.toml of this folder is not taken, for others own it or may write it; if it is right, give it by --config"
                    )
                }
            }
            let configuration = try read()
            if writes, let config { try configuration.checkKeeps(file: config) }
            text = configuration.resolvedTOML()
        }
        text = String(decoding: try world.communicator.broadcast(Array(text.utf8)), as: UTF8.self)
        return try Configuration(toml: text, name: "configuration")
    }
}

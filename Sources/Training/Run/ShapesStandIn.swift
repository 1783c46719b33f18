internal import Datasets
internal import Distributed
internal import Foundation
internal import Logging

extension GeneratedShapes {
    /// For what is to write nothing: lets `body` open the shapes in a temporary file where no data are given, on this node's ranks.
    /// Collective.
    static func standingIn<Result>(
        _ configuration: Configuration, world: World, log: Logger, _ body: (Configuration) throws -> Result
    ) throws -> Result {
        if !configuration.data.data.isEmpty { return try body(configuration) }
        var configuration = configuration
        let path = try world.broadcastFromRoot {
            log.notice("no --data: generated shapes")
            let path = "\(FileManager.default.temporaryDirectory.path)/mpi-vae-shapes-\(getpid()).h5"
            try write(to: path)
            return path
        }
        defer { if world.isRoot { unlink(path) } }
        configuration.data.takeShapes(path)
        return try body(configuration)
    }
}

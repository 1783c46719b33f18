package import Datasets
internal import Distributed
internal import Foundation
package import Logging

extension GeneratedShapes {
    /// Has the shapes in a file, for training without data: writes them where they are not there yet. Throws ``Failure``.
    ///
    /// - Returns: whether they were written.
    package static func provide(_ path: String, log: Logger) throws -> Bool {
        let isMissing = !FileManager.default.fileExists(atPath: path)
        if isMissing { try write(to: path) }
        log.notice("no --data: training on generated shapes in \(path)")
        return isMissing
    }

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

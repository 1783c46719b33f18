package import Datasets
internal import Distributed
internal import Foundation
internal import HDF5
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

    /// For what is to write nothing: lets `body` open the shapes in memory where no data are given, each rank its own. Collective.
    static func standingIn<Result>(
        _ configuration: Configuration, world: World, log: Logger, _ body: (Configuration) throws -> Result
    ) throws -> Result {
        if !configuration.data.data.isEmpty { return try body(configuration) }
        var configuration = configuration
        if world.isRoot { log.notice("no --data: generated shapes") }
        let file = try world.together { MemoryFile("shapes", try image("shapes")) }
        configuration.data.takeShapes(file.path)
        return try withExtendedLifetime(file) { try body(configuration) }
    }
}

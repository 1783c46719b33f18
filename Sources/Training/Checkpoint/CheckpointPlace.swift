internal import Foundation
internal import Support

/// What a path means that is given for a checkpoint: the file that it is, the folder of a run, or the `checkpoints` in it.
package struct CheckpointPlace {
    private enum Kind {
        case file
        case run
        case checkpoints
    }

    package let path: String
    /// The folder of the run that it belongs to; nil where there is none.
    package let run: RunFolder?
    private let kind: Kind

    package init(_ path: String) {
        let end = path.lastIndex { $0 != "/" }
        let path = end.map { String(path[...$0]) } ?? path
        self.path = path
        guard Self.isFolder(path) else {
            kind = .file
            let folder = Self.parent(of: path)
            run = [folder, Self.parent(of: folder)].map { RunFolder(path: $0) }.first(where: Self.isRun)
            return
        }
        let own = RunFolder(path: path)
        if Self.isFolder(own.checkpoints) || FileManager.default.fileExists(atPath: own.best) {
            (kind, run) = (.run, own)
        } else if RunFolder.checkpointPaths(in: path).isEmpty {
            // Let it be said of a run that it holds no checkpoint.
            (kind, run) = (.run, Self.isRun(own) ? own : nil)
        } else {
            let parent = RunFolder(path: Self.parent(of: path))
            (kind, run) = (.checkpoints, Self.isRun(parent) ? parent : nil)
        }
    }

    /// The model to apply: of the best checkpoint of a run, of the newest of its `checkpoints`. Throws ``Failure``.
    package func checkpoint() throws -> Checkpoint {
        switch kind {
        case .file: return try Checkpoint.read(path, .model)
        case .run: return try RunFolder(path: path).bestCheckpoint()
        case .checkpoints:
            if let newest = try RunFolder.newestCheckpoint(in: path, .model, warn: { _ in }) { return newest }
            throw Self.noCheckpoint(path)
        }
    }

    /// The checkpoint to go on from: the newest, also of a run. `warn` is told of those that are not whole. Throws ``Failure``.
    package func newest(warn: (String) -> Void) throws -> Checkpoint {
        let folder: String
        switch kind {
        case .file: return try Checkpoint.read(path)
        case .run: folder = RunFolder(path: path).checkpoints
        case .checkpoints: folder = path
        }
        if let newest = try RunFolder.newestCheckpoint(in: folder, warn: warn) { return newest }
        throw Self.noCheckpoint(path)
    }

    /// The file of ``checkpoint()``, as far as names tell. Throws ``Failure`` (66).
    package func file() throws -> String {
        switch kind {
        case .file: return path
        case .run:
            let run = RunFolder(path: path)
            if FileManager.default.fileExists(atPath: run.best) { return run.best }
            if let newest = run.checkpointPaths().first { return newest }
            throw Self.noCheckpoint(path)
        case .checkpoints: return RunFolder.checkpointPaths(in: path)[0]
        }
    }

    static func noCheckpoint(_ path: String) -> Failure {
        Failure(.inputMissing, "\(path) holds no checkpoint: is it the folder of a run?")
    }

    private static func isFolder(_ path: String) -> Bool {
        var isFolder: ObjCBool = false
        return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && isFolder.boolValue
    }

    private static func isRun(_ folder: RunFolder) -> Bool {
        FileManager.default.fileExists(atPath: folder.configuration) && isFolder(folder.checkpoints)
    }

    /// The folder that a path lies in, by its text.
    static func parent(of path: String) -> String {
        let parts = path.split(separator: "/")
        guard let last = parts.last, last != ".", last != ".." else { return path.isEmpty ? ".." : "\(path)/.." }
        if parts.count == 1 { return path.hasPrefix("/") ? "/" : "." }
        return (path.hasPrefix("/") ? "/" : "") + parts.dropLast().joined(separator: "/")
    }
}

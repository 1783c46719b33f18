internal import Foundation
internal import HDF5
internal import Support

/// The folder of a run: where its files lie, and which checkpoints are kept. Used by root alone.
package struct RunFolder {
    package let path: String

    package init(path: String) {
        self.path = path
    }

    package var checkpoints: String { "\(path)/checkpoints" }
    package var best: String { "\(path)/best.h5" }
    package var embeddings: String { "\(path)/embeddings.h5" }
    package var metrics: String { "\(path)/metrics.csv" }
    package var metricObjects: String { "\(path)/metrics.jsonl" }
    package var ranks: String { "\(path)/ranks.csv" }
    package var report: String { "\(path)/report.html" }
    package var encoder: String { "\(path)/encoder.onnx" }
    package var decoder: String { "\(path)/decoder.onnx" }
    package var latentFeatures: String { "\(path)/latent-features.csv" }
    package var summary: String { "\(path)/summary.json" }
    package var scores: String { "\(path)/scores.h5" }
    package var loadings: String { "\(path)/loadings.csv" }
    package var topics: String { "\(path)/topics.csv" }
    package var configuration: String { "\(path)/config.toml" }
    /// The text of the configuration; nil where there is none that a run could have written. Links are followed.
    package var configurationText: String? { PlainFile.text(configuration, most: Self.mostText, mayBeLink: true) }
    /// More than any configuration or summary has, in bytes.
    package static let mostText = 1 << 24
    /// Why a run of a sweep failed; gone when it is tried again.
    package var failure: String { "\(path)/failure.txt" }
    package var shapes: String { "\(path)/shapes.h5" }
    /// Asks the run to save and stop; made by anybody.
    var stop: String { "\(path)/STOP" }

    /// Makes the folder and finds out whether it can be written to, before any work is done. Throws ``Failure`` (73).
    ///
    /// - Returns: what is to be taken back where the start fails.
    package func create() throws -> MadeFolders {
        let made = MadeFolders(missingOf: checkpoints)
        do {
            try AtomicFile.createFolder(checkpoints)
            try AtomicFile.write([], to: "\(checkpoints)/.probe")
            unlink("\(checkpoints)/.probe")
        } catch {
            made.removeEmpty()
            throw Failure(.cannotCreate, "cannot write into the folder \(path): \(error); choose another with --output")
        }
        return made
    }

    /// Throws ``Failure`` (73) where ``create()`` or the lock would, as far as can be told without writing.
    func checkIsWritable(host: String) throws {
        var place = path
        // The folder, or the one that it would be made in.
        while access(place, F_OK) != 0, place != "/", place != "." { place = CheckpointPlace.parent(of: place) }
        guard access(place, W_OK | X_OK) == 0 else {
            throw Failure(
                .cannotCreate,
                "cannot write into the folder \(path): \(place): \(String(cString: strerror(errno)).lowercased()); choose another with "
                    + "--output")
        }
        try RunLock.checkIsFree(folder: path, host: host)
    }

    /// Why no run may begin in the folder: something lies there, and nothing of it is a run's, so that what a run writes could replace what is
    /// others'. nil for a folder that is new, empty or of a run.
    var refusalOfForeignFolder: Failure? {
        // A folder under the name of one of its files cannot be replaced, which is told when that file is to be written.
        let names = ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted().filter {
            !ownFiles.contains($0) || !FilePath.isFolder("\(path)/\($0)")
        }
        guard let first = names.first, !isMarked else { return nil }
        return Failure(
            .cannotCreate,
            "\(path) is not the folder of a run, but holds \(first)\(names.count > 1 ? " and more" : ""): choose another with --output"
        )
    }

    /// The names of a run's files, but for its checkpoints.
    private var ownFiles: [String] {
        [
            best, embeddings, metrics, metricObjects, ranks, report, latentFeatures, summary, scores, loadings, topics,
            configuration, failure, encoder, decoder, shapes,
        ]
        .map(FilePath.name)
    }

    /// What only runs have in their folder, and whoever asks one to stop.
    private static let marks = ["checkpoints", "lock", "failure.txt", "STOP"]

    /// Whether the folder has any of them.
    package var isMarked: Bool {
        ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).contains(where: Self.marks.contains)
    }

    package var hasCheckpoints: Bool { FilePath.exists(checkpoints) }

    /// Removes what writers that were killed left of a run's own files. Only for who holds the lock of the folder.
    func removeUnfinished() {
        for folder in [path, checkpoints] {
            for name in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [] {
                guard let final = TemporaryName.finalName(of: name) else { continue }
                let isOwn = folder == path ? ownFiles.contains(final) : final == ".probe" || Self.step(ofPath: final) != nil
                if isOwn { TemporaryName.remove("\(folder)/\(name)") }
            }
        }
    }

    /// The checkpoints, newest first.
    package func checkpointPaths() -> [String] { Self.checkpointPaths(in: checkpoints) }

    /// The checkpoints that lie in a folder, newest first.
    package static func checkpointPaths(in folder: String) -> [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.filter { $0.hasPrefix("step-") && $0.hasSuffix(".h5") }.sorted(by: >).map { "\(folder)/\($0)" }
    }

    /// Writes a checkpoint, and then removes those before it beyond `keep`, but for multiples of `keepEvery`. Throws ``Failure``.
    func save(_ bytes: [UInt8], step: Int, keep: Int, keepEvery: Int) throws {
        try write(bytes, to: checkpointPath(step: step))
        // Later ones could not be read, or the run would have gone on from there: they must not count for the good ones.
        let older = checkpointPaths().filter { Self.step(ofPath: $0).map { $0 <= step } ?? false }
        for old in older.dropFirst(keep) where keepEvery == 0 || Self.step(ofPath: old)! % keepEvery != 0 {
            unlink(old)
            FaultPoint.pruned.reach(FilePath.name(of: old))
        }
    }

    package func checkpointPath(step: Int) -> String {
        let digits = String(step)
        return "\(checkpoints)/step-" + String(repeating: "0", count: max(0, 10 - digits.count)) + digits + ".h5"
    }

    private static func step(ofPath path: String) -> Int? {
        let name = FilePath.name(of: path)
        guard name.hasPrefix("step-"), name.hasSuffix(".h5") else { return nil }
        return Int(name.dropFirst("step-".count).dropLast(".h5".count))
    }

    /// Writes a file whole. Throws ``Failure``.
    package func write(_ bytes: some Collection<UInt8>, to path: String) throws {
        do {
            try AtomicFile.write(bytes, to: path)
        } catch {
            throw Failure(error)
        }
    }

    /// The newest checkpoint that is whole; `warn` is told of those that are not. nil if there are none at all.
    package func newestCheckpoint(_ content: Checkpoint.Content = .all, warn: (String) -> Void) throws -> Checkpoint? {
        try Self.newestCheckpoint(in: checkpoints, content, warn: warn)
    }

    /// The same of the checkpoints that lie in a folder.
    package static func newestCheckpoint(
        in folder: String, _ content: Checkpoint.Content = .all, warn: (String) -> Void
    ) throws -> Checkpoint? {
        let paths = checkpointPaths(in: folder)
        for path in paths {
            do {
                return try Checkpoint.read(path, content)
            } catch let failure as Failure where failure.code == .badData {
                warn("skipping a checkpoint: \(failure.message)")
            }
        }
        if let first = paths.first {
            throw Failure(
                .badData,
                "none of the \(paths.count) checkpoints in \(folder) can be used, the newest is \(first): "
                    + "start again with another --output")
        }
        return nil
    }

    /// The model with the best figure, or else the newest that is whole, without moments. Throws ``Failure``.
    func bestCheckpoint() throws -> Checkpoint {
        do {
            return try Checkpoint.read(best, .model)
        } catch let failure as Failure where [.badData, .inputMissing].contains(failure.code) {
            // The newest one, then.
        }
        if let newest = try newestCheckpoint(.model, warn: { _ in }) { return newest }
        throw CheckpointPlace.noCheckpoint(path)
    }
}

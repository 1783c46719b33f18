internal import Foundation
internal import Support

extension RunFolder {
    /// What a run's folder holds of the training itself; results of other commands may lie there too.
    package var trainingFiles: [String] {
        [best, configuration, metrics, metricObjects, ranks, shapes, "\(path)/lock"] + checkpointPaths()
    }

    /// Throws ``Failure`` (73) if a run in this folder would replace a file that it reads.
    ///
    /// - Parameter data: the data files.
    package func check(reading data: [String]) throws {
        let written =
            [best, configuration, metrics, metricObjects, ranks, embeddings, report, loadings, topics, encoder, decoder]
            + checkpointPaths()
        let identities = Set(written.map { FileIdentity($0) })
        guard let file = data.first(where: { identities.contains(FileIdentity($0)) }) else { return }
        throw Failure(.cannotCreate, "\(file) is read, and would be replaced by the run in \(path): give another --output")
    }
}

extension Configuration {
    /// Throws ``Failure`` (73) if a run would replace the file that its configuration was read from, which its user wrote. One that a run
    /// wrote is written anew by every start.
    public func checkKeeps(file: String) throws {
        let folder = RunFolder(path: run.output)
        guard FileIdentity(file) == FileIdentity(folder.configuration), folder.checkpointPaths().isEmpty else { return }
        let text = FileManager.default.contents(atPath: file).map { String(decoding: $0, as: UTF8.self) } ?? ""
        if let same = try? Configuration(toml: text, name: file), text.hasPrefix(same.resolvedTOML()) { return }
        throw Failure(
            .cannotCreate,
            "--config \(file) would be replaced by the run's own config.toml: keep it under another name, or give another --output"
        )
    }
}

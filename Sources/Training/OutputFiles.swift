internal import Foundation
internal import Support

/// The files that a command is asked to write: none may be there already, unless it is to be replaced, and none may be one that the
/// command reads, whatever name leads to it.
struct OutputFiles {
    /// A file, the flag that names it, and what it may be written as; without formats its name may end in anything.
    struct File {
        let flag: String
        let path: String
        let formats: [FileFormat]

        init(_ flag: String, _ path: String, _ formats: [FileFormat] = [.hdf5]) {
            (self.flag, self.path, self.formats) = (flag, path, formats)
        }

        /// None where the path is empty, for files that need not be written.
        static func optional(_ flag: String, _ path: String, _ formats: [FileFormat] = [.hdf5]) -> [File] {
            path.isEmpty ? [] : [File(flag, path, formats)]
        }
    }

    private let outputs: [File]
    private let force: Bool

    /// - Parameter force: whether files that are there are replaced.
    init(_ outputs: [File], force: Bool) {
        self.outputs = outputs
        self.force = force
    }

    /// Throws ``Failure``: 64 for a name that says what cannot be written, 73 for an output that is an input, is written twice, or is
    /// there and not to be replaced.
    ///
    /// - Parameters:
    ///   - data: what is read of data, as `--data` has it.
    ///   - files: other files that are read.
    func check(data: [String] = [], files: [String] = []) throws {
        var inputs: [FileIdentity: String] = [:]
        for file in data.flatMap(DataSpecification.possibleFiles) + files { inputs[FileIdentity(file)] = file }
        var written: [FileIdentity: String] = [:]
        for output in outputs {
            let (flag, path) = (output.flag, output.path)
            if !output.formats.isEmpty { _ = try FileFormat.of(path, flag: flag, among: output.formats) }
            if path == Self.standardOutput { continue }
            let identity = FileIdentity(path)
            if let input = inputs[identity] {
                let same = input == path ? "" : ", which is the same file as \(input)"
                throw Failure(
                    .cannotCreate, "\(flag) \(path)\(same): is read by this command, and is not replaced: give another name")
            }
            if let other = written.updateValue(flag, forKey: identity) {
                throw Failure(.cannotCreate, "\(other) and \(flag) are the same file, \(path): give another name to one")
            }
            if FilePath.isFolder(path) {
                throw Failure(.cannotCreate, "\(flag) \(path) is a folder: give the name of a file, in it for example")
            }
            if !force, FilePath.exists(path) {
                throw Failure(.cannotCreate, "\(path) is there already: give another \(flag), or --force to replace it")
            }
        }
    }

    /// The path that means standard output.
    static let standardOutput = "-"
}

extension RunFolder {
    /// What a run's folder holds of the training itself; results of other commands may lie there too.
    var trainingFiles: [String] { [best, configuration, metrics, ranks, shapes, "\(path)/lock"] + checkpointPaths() }

    /// Throws ``Failure`` (73) if a run in this folder would replace a file that it reads.
    ///
    /// - Parameter data: the data files.
    func check(reading data: [String]) throws {
        let written = [best, configuration, metrics, ranks, embeddings, report] + checkpointPaths()
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

internal import HDF5
internal import Support

/// The files that a command is asked to write: none may be there already, unless it is to be replaced, and none may be one that the
/// command reads, whatever name leads to it.
package struct OutputFiles {
    /// A file, the flag that names it, and what it may be written as; without formats its name may end in anything.
    package struct File {
        package let flag: String
        package let path: String
        package let formats: [FileFormat]

        package init(_ flag: String, _ path: String, _ formats: [FileFormat] = [.hdf5]) {
            (self.flag, self.path, self.formats) = (flag, path, formats)
        }

        /// None where the path is empty, for files that need not be written.
        package static func optional(_ flag: String, _ path: String, _ formats: [FileFormat] = [.hdf5]) -> [File] {
            path.isEmpty ? [] : [File(flag, path, formats)]
        }
    }

    private let outputs: [File]
    private let force: Bool

    /// - Parameter force: whether files that are there are replaced.
    package init(_ outputs: [File], force: Bool) {
        self.outputs = outputs
        self.force = force
    }

    /// Throws ``Failure``: 64 for a name that says what cannot be written, 73 for an output that is an input, is written twice, or is
    /// there and not to be replaced.
    ///
    /// - Parameters:
    ///   - data: what is read of data, as `--data` has it.
    ///   - files: other files that are read.
    package func check(data: [String] = [], files: [String] = []) throws {
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
    package static let standardOutput = "-"
}

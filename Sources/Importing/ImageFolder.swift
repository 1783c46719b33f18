internal import Foundation
internal import Support

/// The PNG and JPEG files in a folder and the folders in it, by their names; names that begin with a dot are passed over.
struct ImageFolder {
    let folder: String
    /// Relative to the folder, sorted by their bytes.
    private(set) var paths: [String] = []
    /// How many files have other names.
    private(set) var otherCount = 0

    /// A folder that was entered, whatever the way to it.
    private struct Identity: Hashable {
        let device: UInt64
        let number: UInt64
    }

    /// Throws ``Failure`` (65, 66, 77) unless there are images.
    init(_ folder: String) throws {
        self.folder = folder
        var entered: Set<Identity> = []
        try enter("", above: [], &entered)
        if paths.isEmpty {
            throw Failure(.badData, "\(folder): has no PNG or JPEG files (.png, .jpg, .jpeg); other files: \(otherCount)")
        }
        paths.sort { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    /// The folder of each image if all lie exactly one folder deep.
    var labels: [String]? {
        let parts = paths.map { $0.split(separator: "/") }
        return parts.allSatisfy { $0.count == 2 } ? parts.map { String($0[0]) } : nil
    }

    /// Whether any image lies in a folder of this one.
    var hasFolders: Bool { paths.contains { $0.contains("/") } }

    func path(_ relative: String) -> String { folder.hasSuffix("/") ? folder + relative : "\(folder)/\(relative)" }

    /// - Parameters:
    ///   - above: the folders that this one was reached through.
    ///   - entered: those that were entered, each once: links from folder to folder make any number of ways.
    private mutating func enter(_ relative: String, above: Set<Identity>, _ entered: inout Set<Identity>) throws {
        let path = relative.isEmpty ? folder : self.path(relative)
        var status = stat()
        guard stat(path, &status) == 0, let handle = opendir(path) else {
            switch errno {
            case EACCES, EPERM: throw Failure(.noPermission, "\(path): may not be read (permission denied)")
            case ENOTDIR: throw Failure(.inputMissing, "\(path): is a file, not a folder")
            default: throw Failure(.inputMissing, "\(path): \(String(cString: strerror(errno)).lowercased())")
            }
        }
        defer { closedir(handle) }
        let identity = Identity(device: UInt64(status.st_dev), number: UInt64(status.st_ino))
        if above.contains(identity) { throw Failure(.badData, "\(path): is a link to a folder that it lies in: remove the link") }
        guard entered.insert(identity).inserted else {
            throw Failure(.badData, "\(path): is a link to a folder that is among the others: remove the link")
        }
        while let entry = readdir(handle) {
            let (name, type) = try Self.read(entry, in: path)
            if name == "." || name == ".." { continue }
            let inside = relative.isEmpty ? name : "\(relative)/\(name)"
            if name.hasPrefix(".") {
                otherCount += 1
            } else if isFolder(inside, type) {
                try enter(inside, above: above.union([identity]), &entered)
            } else if ["png", "jpg", "jpeg"].contains(FilePath.fileExtension(of: name)) {
                paths.append(inside)
            } else {
                otherCount += 1
            }
        }
    }

    private func isFolder(_ relative: String, _ type: UInt8) -> Bool {
        if type != UInt8(DT_LNK), type != UInt8(DT_UNKNOWN) { return type == UInt8(DT_DIR) }
        var status = stat()
        return stat(path(relative), &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    private static func read(_ entry: UnsafeMutablePointer<dirent>, in folder: String) throws -> (name: String, type: UInt8) {
        // The entry may be shorter than the struct, so its name is read where it lies.
        let place = UnsafeRawPointer(entry) + MemoryLayout<dirent>.offset(of: \.d_name)!
        let bytes = place.assumingMemoryBound(to: CChar.self)
        guard let name = String(validatingCString: bytes) else {
            throw Failure(.badData, "\(folder)/\(String(cString: bytes)): its name is not UTF-8: rename it")
        }
        return (name, entry.pointee.d_type)
    }
}

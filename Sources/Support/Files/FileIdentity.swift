internal import Glibc

/// What two paths have in common that mean one file: device and inode of what is there, also by way of links; of what is not there yet,
/// those of its folder, and its name.
public struct FileIdentity: Hashable, Sendable {
    private let device: UInt
    private let inode: UInt
    private let name: String

    public init(_ path: String) {
        if let numbers = Self.numbers(path) {
            (device, inode, name) = (numbers.device, numbers.inode, "")
            return
        }
        let folder = FilePath.folder(of: path)
        if let numbers = Self.numbers(folder.isEmpty ? "." : folder) {
            (device, inode, name) = (numbers.device, numbers.inode, FilePath.name(of: path))
        } else {
            (device, inode, name) = (0, 0, FilePath.absolute(path))
        }
    }

    private static func numbers(_ path: String) -> (device: UInt, inode: UInt)? {
        var status = stat()
        return stat(path, &status) == 0 ? (UInt(status.st_dev), UInt(status.st_ino)) : nil
    }
}

internal import CHDF5
internal import Foundation
internal import Support

/// A file that could not be written.
public struct FileError: Error, Sendable, CustomStringConvertible {
    public let path: String
    /// What was tried, for example "create".
    public let action: String
    /// The system's error number.
    public let errorNumber: Int32

    /// Whether the place is at fault (no permission, read-only, no folder) rather than the writing (full disk, broken disk).
    public var isPlaceUnwritable: Bool {
        [EACCES, EPERM, EROFS, ENOENT, ENOTDIR, EISDIR, ELOOP].contains(errorNumber)
    }

    public var description: String {
        "cannot \(action) \(path): \(String(cString: strerror(errorNumber)).lowercased())"
    }
}

/// A file that appears under its name all at once, complete, or not at all.
///
/// It is written beside its place under a temporary name, brought to disk (fsync), and only then given its name (rename, fsync of
/// the folder). Whatever had the name before stays whole until that moment.
public final class AtomicFile {
    /// The name it will have, and the one it has until then.
    public let path: String
    public let temporaryPath: String
    private let folder: String
    private var isPublished = false

    /// Chooses a temporary name in the folder of `path`; creates nothing yet.
    public init(_ path: String) {
        self.path = path
        folder = FilePath.folder(of: path)
        // Names may be as long as a file system takes them, but this one is longer.
        let name = String(decoding: FilePath.name(of: path).utf8.prefix(200), as: UTF8.self)
        let random = UInt32.random(in: 0 ... .max)
        let temporary = ".\(name).tmp.\(getpid()).\(String(random, radix: 16))"
        temporaryPath = folder.isEmpty ? temporary : folder == "/" ? "/\(temporary)" : "\(folder)/\(temporary)"
    }

    /// An unpublished file leaves nothing behind.
    deinit { if !isPublished { unlink(temporaryPath) } }

    /// Whether a name is one of those that files have until they are complete.
    public static func isTemporary(_ name: String) -> Bool {
        name.hasPrefix(".") && name.split(separator: ".").suffix(3).first == "tmp"
    }

    /// Makes a folder and those it lies in, as far as they are missing. Throws ``FileError``.
    public static func createFolder(_ path: String) throws(FileError) {
        var made = path.hasPrefix("/") ? "/" : ""
        for part in path.split(separator: "/") {
            made += part + "/"
            if mkdir(made, 0o777) == 0 { continue }
            let number = errno
            if number == EEXIST || access(made, F_OK) == 0 { continue }
            throw FileError(path: made, action: "create the folder", errorNumber: number)
        }
    }

    /// Writes bytes to `path`, all at once or not at all. Throws ``FileError``.
    public static func write(_ bytes: some Collection<UInt8>, to path: String) throws(FileError) {
        let file = AtomicFile(path)
        try file.fill(Array(bytes))
        try file.publish()
    }

    /// Makes the temporary file, or finds it, and takes hold of room for `byteCount` bytes on the disk.
    ///
    /// The HDF5 library does not survive a full disk (1.10.8 crashes when it closes), so it must not meet one. Throws ``FileError``.
    public func reserve(_ byteCount: Int) throws(FileError) {
        let descriptor = open(temporaryPath, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0o644)
        if descriptor < 0 { throw failure("create") }
        defer { close(descriptor) }
        if chdf5_reserve(descriptor, Int64(byteCount)) == 0 { return }
        guard [EOPNOTSUPP, ENOSYS].contains(errno) else { throw failure("find \(byteCount >> 20) MiB of room for") }
        // A file system that cannot promise room can at least say how much there is.
        var status = statvfs()
        if fstatvfs(descriptor, &status) == 0, Int(status.f_bavail) * Int(status.f_frsize) < byteCount {
            errno = ENOSPC
            throw failure("find \(byteCount >> 20) MiB of room for")
        }
    }

    /// Makes the temporary file a copy of another one, and takes hold of room for `byteCount` bytes more. Throws ``FileError``.
    ///
    /// - Parameter progress: called after each piece.
    func fill(fromFile source: String, thenReserving byteCount: Int, progress: () -> Void) throws(FileError) {
        let input = open(source, O_RDONLY | O_CLOEXEC)
        if input < 0 { throw FileError(path: source, action: "open", errorNumber: errno) }
        defer { close(input) }
        var status = stat()
        if fstat(input, &status) != 0 { throw FileError(path: source, action: "read", errorNumber: errno) }
        try reserve(Int(status.st_size) + byteCount)
        let output = open(temporaryPath, O_WRONLY | O_NOFOLLOW | O_CLOEXEC)
        if output < 0 { throw failure("open") }
        defer { close(output) }
        let piece = UnsafeMutableRawPointer.allocate(byteCount: 1 << 20, alignment: 64)
        defer { piece.deallocate() }
        while true {
            let count = read(input, piece, 1 << 20)
            if count < 0, errno == EINTR { continue }
            if count < 0 { throw FileError(path: source, action: "read", errorNumber: errno) }
            if count == 0 { return }
            var written = 0
            while written < count {
                let some = Foundation.write(output, piece + written, count - written)
                if some < 0, errno == EINTR { continue }
                if some <= 0 { throw failure("write") }
                written += some
            }
            progress()
        }
    }

    private func fill(_ bytes: [UInt8]) throws(FileError) {
        // O_EXCL and O_NOFOLLOW: nobody can have planted a link under the name.
        let descriptor = open(temporaryPath, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o644)
        if descriptor < 0 { throw failure("create") }
        defer { close(descriptor) }
        FaultPoint.opened.reach(name)
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress! + written, $0.count - written) }
            if count < 0, errno == EINTR { continue }
            if count <= 0 { throw failure("write") }
            written += count
        }
        FaultPoint.written.reach(name)
        if fsync(descriptor) != 0 { throw failure("write") }
        // Read from the disk where the system lets go of its copy, and compared before the file gets its name.
        posix_fadvise(descriptor, 0, 0, POSIX_FADV_DONTNEED)
        var piece = [UInt8](repeating: 0, count: min(1 << 20, max(bytes.count, 1)))
        var compared = 0
        while compared < bytes.count {
            let count = pread(descriptor, &piece, piece.count, off_t(compared))
            if count < 0, errno == EINTR { continue }
            let isSame = count > 0 && bytes.withUnsafeBytes { memcmp($0.baseAddress! + compared, piece, count) == 0 }
            guard isSame else {
                if count >= 0 { errno = EIO }
                throw failure("read back")
            }
            compared += count
        }
        FaultPoint.synced.reach(name)
    }

    /// Brings the temporary file to disk and gives it its name. Throws ``FileError``.
    public func publish() throws(FileError) {
        let descriptor = open(temporaryPath, O_RDWR | O_NOFOLLOW | O_CLOEXEC)
        if descriptor < 0 { throw failure("open") }
        // Gives back what was reserved beyond the end.
        var status = stat()
        if fstat(descriptor, &status) != 0 || ftruncate(descriptor, status.st_size) != 0 || fsync(descriptor) != 0 {
            let error = failure("write")
            close(descriptor)
            throw error
        }
        if close(descriptor) != 0 { throw failure("write") }
        if rename(temporaryPath, path) != 0 { throw failure("create") }
        isPublished = true
        FaultPoint.renamed.reach(name)
        // So that the name survives a power cut too; not all file systems allow it, and none loses the file for it.
        let folderDescriptor = open(folder.isEmpty ? "." : folder, O_RDONLY | O_CLOEXEC)
        if folderDescriptor >= 0 {
            fsync(folderDescriptor)
            close(folderDescriptor)
        }
    }

    private var name: String { FilePath.name(of: path) }

    private func failure(_ action: String) -> FileError {
        FileError(path: path, action: action, errorNumber: errno)
    }
}

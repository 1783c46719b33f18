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

    package init(path: String, action: String, errorNumber: Int32) {
        (self.path, self.action, self.errorNumber) = (path, action, errorNumber)
    }

    /// Whether the place is at fault (no permission, read-only, no folder, something in the way) rather than the writing (full disk, broken disk).
    public var isPlaceUnwritable: Bool {
        [EACCES, EPERM, EROFS, ENOENT, ENOTDIR, EISDIR, EEXIST, ELOOP].contains(errorNumber)
    }

    public var description: String {
        "cannot \(action) \(path): \(String(cString: strerror(errorNumber)).lowercased())"
    }
}

/// A file that appears under its name all at once, complete, or not at all.
///
/// It is written in a ``PrivateFolder`` beside its place, brought to disk (fsync), and only then given its name (rename, fsync of
/// the folder). Whatever had the name before stays whole until that moment, and is replaced, also where it is a link.
public final class AtomicFile {
    /// The name it will have.
    public let path: String
    /// The file, for reading and writing, once it was made by ``reserve(_:)``; -1 before.
    public private(set) var descriptor: Int32 = -1
    private let folder: String
    private let name: String
    private var place: PrivateFolder?
    /// Of the file that this one is a copy of.
    private var original: stat?

    /// Creates nothing yet.
    public init(_ path: String) {
        self.path = path
        folder = FilePath.folder(of: path)
        name = FilePath.name(of: path)
    }

    /// An unpublished file leaves nothing behind.
    deinit {
        if descriptor >= 0 { close(descriptor) }
        place?.remove()
    }

    /// A path by which this process can open the file, whatever others do to the names on the way to it.
    var libraryPath: String { place?.libraryPath ?? path }

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

    /// The same, and gives a descriptor of the file, which appends to it whatever is put under its name later. Throws ``FileError``.
    public static func writeToAppend(_ bytes: some Collection<UInt8>, to path: String) throws(FileError) -> Int32 {
        let file = AtomicFile(path)
        try file.fill(Array(bytes))
        try file.publish()
        let descriptor = fcntl(file.descriptor, F_DUPFD_CLOEXEC, 0)
        guard descriptor >= 0, fcntl(descriptor, F_SETFL, O_APPEND) == 0 else { throw file.failure("open") }
        return descriptor
    }

    /// Makes the file where there is none yet.
    private func make() throws(FileError) {
        if descriptor >= 0 { return }
        guard let place = PrivateFolder(in: folder, for: name) else { throw failure("create") }
        self.place = place
        descriptor = place.makeFile()
        if descriptor < 0 { throw failure("create") }
    }

    /// Makes the file, or finds it, and takes hold of room for `byteCount` bytes on the disk.
    ///
    /// The HDF5 library does not survive a full disk (1.10.8 crashes when it closes), so it must not meet one. Throws ``FileError``.
    public func reserve(_ byteCount: Int) throws(FileError) {
        try make()
        if chdf5_reserve(descriptor, Int64(byteCount)) == 0 { return }
        guard [EOPNOTSUPP, ENOSYS].contains(errno) else { throw failure("find \(byteCount >> 20) MiB of room for") }
        // A file system that cannot promise room can at least say how much there is.
        var status = statvfs()
        if fstatvfs(descriptor, &status) == 0, Int(status.f_bavail) * Int(status.f_frsize) < byteCount {
            errno = ENOSPC
            throw failure("find \(byteCount >> 20) MiB of room for")
        }
    }

    /// Makes the file a copy of another one, and takes hold of room for `byteCount` bytes more. Throws ``FileError``.
    ///
    /// - Parameter progress: called after each piece.
    func fill(fromFile source: String, thenReserving byteCount: Int, progress: () -> Void) throws(FileError) {
        let input = open(source, O_RDONLY | O_CLOEXEC)
        if input < 0 { throw FileError(path: source, action: "open", errorNumber: errno) }
        defer { close(input) }
        var status = stat()
        if fstat(input, &status) != 0 { throw FileError(path: source, action: "read", errorNumber: errno) }
        original = status
        try reserve(Int(status.st_size) + byteCount)
        let piece = UnsafeMutableRawPointer.allocate(byteCount: 1 << 20, alignment: 64)
        defer { piece.deallocate() }
        while true {
            let count = read(input, piece, 1 << 20)
            if count < 0, errno == EINTR { continue }
            if count < 0 { throw FileError(path: source, action: "read", errorNumber: errno) }
            if count == 0 { return }
            try write(UnsafeRawBufferPointer(start: piece, count: count))
            progress()
        }
    }

    /// Writes bytes behind those that were written. Throws ``FileError``.
    public func write(_ bytes: UnsafeRawBufferPointer) throws(FileError) {
        var written = 0
        while written < bytes.count {
            let count = Foundation.write(descriptor, bytes.baseAddress! + written, bytes.count - written)
            if count < 0, errno == EINTR { continue }
            if count <= 0 { throw failure("write") }
            written += count
        }
    }

    func fill(_ bytes: [UInt8]) throws(FileError) {
        try make()
        FaultPoint.opened.reach(name)
        let written = bytes.withUnsafeBytes { bytes in Result { () throws(FileError) in try write(bytes) } }
        try written.get()
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

    /// Brings the file to disk and gives it its name. Throws ``FileError``.
    public func publish() throws(FileError) {
        try make()
        // Gives back what was reserved beyond the end.
        var status = stat()
        if fstat(descriptor, &status) != 0 || ftruncate(descriptor, status.st_size) != 0 { throw failure("write") }
        guard let place, setPermissions(replacing: place.status(beside: name)) else { throw failure("write") }
        if fsync(descriptor) != 0 { throw failure("write") }
        if !place.publish(descriptor, as: name) { throw failure("create") }
        FaultPoint.renamed.reach(name)
        // So that the name survives a power cut too; not all file systems allow it, and none loses the file for it.
        let folderDescriptor = open(folder.isEmpty ? "." : folder, O_RDONLY | O_CLOEXEC)
        if folderDescriptor >= 0 {
            fsync(folderDescriptor)
            close(folderDescriptor)
        }
    }

    /// The umask, which can only be read by setting it, so once: threads write at the same time.
    private static let mask: mode_t = {
        let mask = umask(0o077)
        umask(mask)
        return mask
    }()

    /// Gives a new file the permissions that files have here (0644 less umask), and one that replaces a file of ours those of that file. A
    /// file of others, or one that has several names, can only take permissions away.
    private func setPermissions(replacing old: stat?) -> Bool {
        var mode = 0o644 & ~Self.mask
        if let old, old.st_mode & S_IFMT == S_IFREG {
            let isOurs = old.st_uid == geteuid() && old.st_nlink == 1
            mode = isOurs ? old.st_mode & 0o777 : mode & (old.st_mode | 0o600)
            var status = stat()
            if fstat(descriptor, &status) == 0, status.st_gid != old.st_gid, fchown(descriptor, .max, old.st_gid) != 0 {
                // What one group may do is not given to another.
                mode &= ~0o070
            }
        }
        if let original { mode &= Self.permissions(ofCopiesOf: original, group: ownGroup) }
        return fchmod(descriptor, mode) == 0
    }

    private var ownGroup: gid_t {
        var status = stat()
        return fstat(descriptor, &status) == 0 ? status.st_gid : .max
    }

    /// The most that a copy may have: nobody can read it who could not read the original, to which a link of somebody else may have led. To
    /// another group people are others.
    private static func permissions(ofCopiesOf original: stat, group: gid_t) -> mode_t {
        let mode = original.st_mode & 0o777 | 0o600
        return original.st_gid == group ? mode : mode & ~0o070 | (mode & 0o007) << 3
    }

    private func failure(_ action: String) -> FileError {
        FileError(path: path, action: action, errorNumber: errno)
    }
}

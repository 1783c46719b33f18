internal import CHDF5
internal import Foundation

/// An HDF5 file; threads take turns.
public final class File {
    /// The file's name, for messages.
    public let path: String
    let handle: Handle
    /// Where the bytes of a file in memory are when it is closed.
    private let memory: UnsafeMutablePointer<chdf5_image>?

    private init(_ path: String, _ handle: Handle, memory: UnsafeMutablePointer<chdf5_image>? = nil) {
        self.path = path
        self.handle = handle
        self.memory = memory
    }

    deinit {
        guard let memory else { return }
        // The library writes to the bytes until then.
        if handle.isOpen { _ = handle.close() }
        free(memory.pointee.bytes)
        memory.deallocate()
    }

    /// Opens a file for reading; other readers do not disturb, and file systems without locks neither.
    public static func open(_ path: String) throws(HDF5Error) -> File {
        Library.lock()
        defer { Library.unlock() }
        Library.prepare
        if let image = MemoryFile.image(path) { return try open(image: image, name: path) }
        // The library says only "unable to open file"; the system knows more.
        var status = stat()
        if stat(path, &status) != 0 {
            let denied = errno == EACCES
            throw HDF5Error(denied ? .noPermission : .missingFile, file: path, String(cString: strerror(errno)).lowercased())
        }
        if status.st_mode & S_IFMT == S_IFDIR { throw HDF5Error(.notHDF5, file: path, "is a folder, not an HDF5 file") }
        if status.st_mode & S_IFMT != S_IFREG { throw HDF5Error(.notHDF5, file: path, "is not a regular file") }
        if access(path, R_OK) != 0 { throw HDF5Error(.noPermission, file: path, "may not be read (permission denied)") }
        // Of too many open files, say, the library knows as little.
        let descriptor = Foundation.open(path, O_RDONLY | O_CLOEXEC)
        if descriptor < 0 {
            let number = errno
            let advice = number == EMFILE ? " (ulimit -n allows more)" : ""
            throw HDF5Error(.system, file: path, "cannot be opened: \(String(cString: strerror(number)).lowercased())\(advice)")
        }
        Foundation.close(descriptor)
        let known = H5Fis_hdf5(path)
        if known <= 0 {
            _ = takeErrorFrames()
            // Of what is being written not even the first bytes need be there.
            if isLockedByWriter(path) { throw HDF5Error(.inputOutput, file: path, HDF5Error.inUse) }
            throw HDF5Error(.notHDF5, file: path, "is not an HDF5 file (or is cut short before its first byte of data)")
        }
        let access = try accessProperties(path)
        chdf5_ignore_disabled_locks(access.id)
        let id = H5Fopen(path, chdf5_read_only(), access.id)
        return File(path, try Handle(id, file: path, "cannot be opened: damaged or incomplete"))
    }

    /// Whether another process holds the lock that those take who write HDF5 files.
    private static func isLockedByWriter(_ path: String) -> Bool {
        let descriptor = Foundation.open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return false }
        defer { Foundation.close(descriptor) }
        return flock(descriptor, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK
    }

    /// Creates a file in memory, whose bytes ``closeInMemory()`` gives.
    ///
    /// - Parameter name: for messages.
    public static func inMemory(_ name: String) throws(HDF5Error) -> File {
        Library.lock()
        defer { Library.unlock() }
        Library.prepare
        let access = try accessProperties(name)
        let memory = UnsafeMutablePointer<chdf5_image>.allocate(capacity: 1)
        memory.initialize(to: chdf5_image())
        chdf5_create_in_memory(access.id, memory)
        let creation = try creationProperties(name)
        let id = H5Fcreate(name, chdf5_truncate(), creation.id, access.id)
        return File(name, try Handle(id, file: name, "cannot be created in memory"), memory: memory)
    }

    /// Creates a file on disk, which has no name yet, with room for `byteCount` bytes, which must be more than it will have.
    ///
    /// Throws ``HDF5Error`` or ``FileError``.
    public static func create(_ file: AtomicFile, byteCount: Int) throws -> File {
        Library.lock()
        defer { Library.unlock() }
        Library.prepare
        try file.reserve(byteCount)
        let path = file.libraryPath
        let access = try accessProperties(path)
        let creation = try creationProperties(path)
        let id = H5Fcreate(path, chdf5_truncate(), creation.id, access.id)
        let created = File(file.path, try Handle(id, file: file.path, "cannot be created"))
        // The library emptied the file, and its room with it.
        try file.reserve(byteCount)
        return created
    }

    /// Makes a copy of a file on disk, which has no name yet, to add to it, with room for `byteCount` bytes more.
    ///
    /// - Parameter progress: called every now and then while the file is copied.
    /// - Throws: ``HDF5Error`` or ``FileError``.
    public static func copy(_ source: String, to file: AtomicFile, byteCount: Int, progress: () -> Void) throws -> File {
        try file.fill(fromFile: source, thenReserving: byteCount, progress: progress)
        Library.lock()
        defer { Library.unlock() }
        Library.prepare
        let access = try accessProperties(file.libraryPath)
        chdf5_ignore_disabled_locks(access.id)
        let id = H5Fopen(file.libraryPath, chdf5_read_write(), access.id)
        return File(
            file.path, try Handle(id, file: source, "cannot be added to a copy of: damaged, or open for writing elsewhere"))
    }

    /// Opens the bytes of a file for reading.
    ///
    /// - Parameter name: for messages.
    public static func open(image: [UInt8], name: String) throws(HDF5Error) -> File {
        Library.lock()
        defer { Library.unlock() }
        Library.prepare
        let access = try accessProperties(name)
        H5Pset_fapl_core(access.id, 1 << 20, false)
        var image = image
        if H5Pset_file_image(access.id, &image, image.count) < 0 {
            throw HDF5Error(.inputOutput, file: name, "cannot be opened in memory", frames: takeErrorFrames())
        }
        let id = H5Fopen(name, chdf5_read_only(), access.id)
        return File(name, try Handle(id, file: name, "cannot be opened: damaged or incomplete"))
    }

    /// Closes a file in memory and gives its bytes.
    public func closeInMemory() throws(HDF5Error) -> [UInt8] {
        Library.lock()
        defer { Library.unlock() }
        guard let memory else { preconditionFailure("not a file in memory") }
        guard handle.close(), memory.pointee.bytes != nil else { throw failure(nil, "cannot be completed in memory") }
        return Array(UnsafeBufferPointer(start: memory.pointee.bytes, count: Int(chdf5_image_size(memory))))
    }

    /// Writes everything out and closes; a full disk may show only here.
    public func close() throws(HDF5Error) {
        Library.lock()
        defer { Library.unlock() }
        let flushed = H5Fflush(handle.id, H5F_SCOPE_GLOBAL) >= 0
        if !handle.close() || !flushed { throw failure(nil, "cannot be written completely") }
    }

    func failure(_ object: String?, _ reason: String) -> HDF5Error {
        HDF5Error(.inputOutput, file: path, object: object, reason, frames: takeErrorFrames())
    }

    /// Without the times of the root group, so that the same content gives the same bytes.
    private static func creationProperties(_ path: String) throws(HDF5Error) -> Handle {
        let properties = try Handle(H5Pcreate(chdf5_file_create()), file: path, "no properties")
        H5Pset_obj_track_times(properties.id, false)
        return properties
    }

    /// File format of HDF5 1.10: its metadata carry checksums.
    private static func accessProperties(_ path: String) throws(HDF5Error) -> Handle {
        let access = try Handle(H5Pcreate(chdf5_file_access()), file: path, "no properties")
        H5Pset_libver_bounds(access.id, H5F_LIBVER_V110, H5F_LIBVER_V110)
        // Closing the file closes what is open in it, so that it is complete then.
        H5Pset_fclose_degree(access.id, H5F_CLOSE_STRONG)
        return access
    }
}

internal import CLibzip
internal import Foundation
internal import Support

/// A zip file that is read.
final class ZipArchive {
    /// A file in the archive.
    struct Member {
        let name: String
        /// As the archive claims it, but never more than the stored bytes can hold.
        let size: Int
        fileprivate let index: UInt64
    }

    let path: String
    /// In the archive's order.
    private(set) var members: [Member] = []
    private let handle: OpaquePointer

    /// Throws ``Failure`` (65, 66, 77).
    init(_ path: String) throws {
        self.path = path
        var status = stat()
        guard stat(path, &status) == 0 else {
            let denied = errno == EACCES
            throw Failure(denied ? .noPermission : .inputMissing, "\(path): \(String(cString: strerror(errno)).lowercased())")
        }
        guard status.st_mode & S_IFMT == S_IFREG else { throw Failure(.inputMissing, "\(path): is not a file") }
        var code: Int32 = 0
        guard let handle = zip_open(path, ZIP_RDONLY, &code) else {
            if access(path, R_OK) != 0 { throw Failure(.noPermission, "\(path): may not be read (permission denied)") }
            var error = zip_error_t()
            zip_error_init_with_code(&error, code)
            defer { zip_error_fini(&error) }
            throw Failure(
                .badData, "\(path): not a zip file, or damaged: \(String(cString: zip_error_strerror(&error)).lowercased())")
        }
        self.handle = handle
        for index in 0..<UInt64(max(zip_get_num_entries(handle, 0), 0)) {
            var entry = zip_stat_t()
            zip_stat_init(&entry)
            let known = UInt64(ZIP_STAT_NAME | ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE | ZIP_STAT_COMP_METHOD)
            guard zip_stat_index(handle, index, 0, &entry) == 0, entry.valid & known == known, let name = entry.name else {
                throw Failure(.badData, "\(path): damaged: its list of contents cannot be read")
            }
            let isStored = entry.comp_method == ZIP_CM_STORE
            guard entry.comp_size <= UInt64(status.st_size),
                entry.size <= entry.comp_size * UInt64(isStored ? 1 : mostDeflation) + 64
            else {
                throw Failure(
                    .badData, "\(path): claims \(entry.size) bytes for \(String(cString: name)) in \(entry.comp_size): damaged")
            }
            members.append(Member(name: String(cString: name), size: Int(entry.size), index: index))
        }
    }

    deinit { zip_discard(handle) }

    /// Opens a file in the archive; messages call it `name`. Throws ``Failure`` (65).
    func open(_ member: Member, as name: String) throws -> any ByteStream {
        guard let file = zip_fopen_index(handle, member.index, 0) else {
            throw Failure(.badData, "\(path):\(name): \(String(cString: zip_strerror(handle)).lowercased()): write the file anew")
        }
        return ZipStream(self, file, path: "\(path):\(name)", size: member.size)
    }
}

/// A file in an archive, read from its start to its end.
private final class ZipStream: ByteStream {
    let path: String
    let mostBytes: Int
    private(set) var offset = 0
    private let file: OpaquePointer
    /// Must outlive the file.
    private let archive: ZipArchive

    init(_ archive: ZipArchive, _ file: OpaquePointer, path: String, size: Int) {
        self.archive = archive
        self.file = file
        self.path = path
        mostBytes = size
    }

    deinit { zip_fclose(file) }

    func read(upTo count: Int) throws -> [UInt8] {
        let bytes = try [UInt8](unsafeUninitializedCapacity: count) { buffer, done in
            while done < count {
                let got = try read(into: buffer.baseAddress! + done, count - done)
                if got == 0 { break }
                done += got
            }
        }
        offset += bytes.count
        // The library compares the checksum when it finds the end.
        if offset == mostBytes {
            var more: UInt8 = 0
            if try read(into: &more, 1) > 0 { throw damage("holds more than it claims") }
        }
        return bytes
    }

    private func read(into buffer: UnsafeMutablePointer<UInt8>, _ count: Int) throws -> Int {
        let got = zip_fread(file, buffer, UInt64(count))
        if got < 0 { throw damage(String(cString: zip_file_strerror(file)).lowercased()) }
        return Int(got)
    }

    private func damage(_ reason: String) -> Failure { Failure(.badData, "\(path): damaged: \(reason)") }
}

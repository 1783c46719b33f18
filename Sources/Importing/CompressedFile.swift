internal import CZlib
internal import Foundation
internal import Support

/// A file that is read from its start to its end, gzipped or not.
final class CompressedFile: ByteStream {
    let path: String
    private let handle: gzFile
    private(set) var offset = 0

    /// Throws ``Failure`` (66, 77).
    init(_ path: String) throws {
        self.path = path
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
            throw Failure(.inputMissing, "\(path): no such file")
        }
        if isFolder.boolValue { throw Failure(.inputMissing, "\(path): is a folder, not a file") }
        guard let handle = gzopen(path, "rb") else {
            throw Failure(.noPermission, "\(path): \(String(cString: strerror(errno)).lowercased())")
        }
        gzbuffer(handle, 1 << 17)
        self.handle = handle
    }

    deinit { gzclose(handle) }

    /// Throws ``Failure`` (66) for pipes and the like, which cannot be read twice.
    static func requireRegular(_ path: String) throws {
        var status = stat()
        if stat(path, &status) == 0, ![S_IFREG, S_IFDIR].contains(status.st_mode & S_IFMT) {
            throw Failure(.inputMissing, "\(path): is not a regular file, but is to be read more than once")
        }
    }

    /// The size on disk; 0 for a pipe.
    private(set) lazy var storedSize = {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG ? Int(status.st_size) : 0
    }()

    /// How many bytes on disk were read.
    var storedOffset: Int { max(Int(gzoffset(handle)), 0) }

    var mostBytes: Int {
        if storedSize == 0 { return .max }
        return gzdirect(handle) == 1 ? storedSize : storedSize * mostDeflation
    }

    func read(upTo count: Int) throws -> [UInt8] {
        try [UInt8](unsafeUninitializedCapacity: count) { buffer, done in
            while done < count {
                let got = gzread(handle, buffer.baseAddress! + done, UInt32(min(count - done, 1 << 30)))
                if got < 0 { throw Failure(.badData, "\(path): damaged: its compression cannot be undone") }
                if got == 0 { break }
                done += Int(got)
            }
            offset += done
        }
    }

    /// The next line without its end; nil at the end of the file. Throws ``Failure`` for lines beyond 64 MiB.
    func readLine() throws -> [UInt8]? {
        var line: [UInt8] = []
        while true {
            let byte = gzgetc(handle)
            if byte < 0 {
                var status: Int32 = 0
                _ = gzerror(handle, &status)
                if status < 0 { throw Failure(.badData, "\(path): damaged: its compression cannot be undone") }
                return line.isEmpty ? nil : line
            }
            if byte == 10 { return line }
            if byte != 13 { line.append(UInt8(byte)) }
            if line.count > 64 << 20 { throw Failure(.badData, "\(path): a line of more than 64 MiB: not a table") }
        }
    }
}

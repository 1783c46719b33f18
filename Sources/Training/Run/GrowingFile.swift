internal import Foundation
internal import HDF5
internal import Support

/// A file of lines that grows during a run. Written by root alone.
///
/// It stays open: under its name others may put a link during the run.
final class GrowingFile {
    private let path: String
    private var descriptor: Int32

    /// Writes the file's first lines.
    init(_ path: String, lines: [String]) throws {
        self.path = path
        descriptor = try Self.publish(Array((lines.joined(separator: "\n") + (lines.isEmpty ? "" : "\n")).utf8), path)
    }

    deinit { close(descriptor) }

    /// Adds lines, in one write. Throws ``Failure``.
    func append(_ lines: [String]) throws {
        let text = Array(lines.map { $0 + "\n" }.joined().utf8)
        guard isInPlace else {
            // Somebody removed or replaced it: it is made anew, whole.
            let all = try content() + text
            close(descriptor)
            descriptor = -1
            descriptor = try Self.publish(all, path)
            return
        }
        var written = 0
        while written < text.count {
            let count = text.withUnsafeBytes { write(descriptor, $0.baseAddress! + written, $0.count - written) }
            if count < 0, errno == EINTR { continue }
            if count <= 0 { throw failure("append to") }
            written += count
        }
    }

    /// Whether what has the name now is the file that is open.
    private var isInPlace: Bool {
        var (held, named) = (stat(), stat())
        return fstat(descriptor, &held) == 0 && lstat(path, &named) == 0 && held.st_dev == named.st_dev
            && held.st_ino == named.st_ino
    }

    private func content() throws -> [UInt8] {
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = pread(descriptor, &piece, piece.count, off_t(bytes.count))
            if count < 0, errno == EINTR { continue }
            if count < 0 { throw failure("read") }
            if count == 0 { return bytes }
            bytes += piece[..<count]
        }
    }

    private static func publish(_ bytes: [UInt8], _ path: String) throws -> Int32 {
        do throws(FileError) { return try AtomicFile.writeToAppend(bytes, to: path) } catch { throw Failure(error) }
    }

    private func failure(_ action: String) -> Failure {
        Failure(.inputOutput, "cannot \(action) \(path): \(String(cString: strerror(errno)).lowercased())")
    }
}

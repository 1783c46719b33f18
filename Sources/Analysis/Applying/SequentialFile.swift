internal import Datasets
internal import Foundation
internal import HDF5
internal import Support

/// A file that is written from its beginning to its end, and appears when it is complete; or standard output. Throws ``Failure``.
final class SequentialFile {
    /// nil for standard output.
    private let published: AtomicFile?
    private let name: String
    private let descriptor: Int32
    private var buffer: [UInt8] = []

    /// - Parameter byteCount: the bytes that it will have at least; there must be room for them.
    init(_ path: String, byteCount: Int) throws {
        if path == OutputFiles.standardOutput {
            (published, name, descriptor) = (nil, "standard output", STDOUT_FILENO)
            return
        }
        name = path
        let published = AtomicFile(path)
        self.published = published
        do {
            try published.reserve(byteCount)
        } catch {
            throw Failure(error)
        }
        descriptor = published.descriptor
    }

    func write(_ bytes: some Collection<UInt8>) throws {
        buffer.append(contentsOf: bytes)
        if buffer.count >= 1 << 20 { try flush() }
    }

    func write(_ bytes: UnsafeRawBufferPointer) throws {
        try flush()
        try put(bytes)
    }

    private func flush() throws {
        if isTerminal { buffer = Array(String(decoding: buffer, as: UTF8.self).withoutControls.utf8) }
        try buffer.withUnsafeBytes { try put($0) }
        buffer.removeAll(keepingCapacity: true)
    }

    /// A terminal gets text that does not control it.
    private lazy var isTerminal = published == nil && isatty(descriptor) == 1

    private func put(_ bytes: UnsafeRawBufferPointer) throws {
        var written = 0
        while written < bytes.count {
            let count = Foundation.write(descriptor, bytes.baseAddress! + written, bytes.count - written)
            if count < 0, errno == EINTR { continue }
            if count <= 0 { throw Self.failure(name, "write") }
            written += count
        }
    }

    /// Closes the file and gives it its name.
    func finish() throws {
        try flush()
        guard let published else { return }
        do {
            try published.publish()
        } catch {
            throw Failure(error)
        }
    }

    private static func failure(_ path: String, _ action: String) -> Failure {
        Failure(.inputOutput, "cannot \(action) \(path): \(String(cString: strerror(errno)).lowercased())")
    }
}

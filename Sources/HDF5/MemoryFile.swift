/// Bytes that ``File/open(_:)`` finds under a path while this object lives, in this process alone, for what can only be opened by a path.
public final class MemoryFile {
    nonisolated(unsafe) private static var images: [String: [UInt8]] = [:]

    public let path: String

    /// - Parameter name: for messages; nothing can lie at the path that is made of it.
    public init(_ name: String, _ bytes: [UInt8]) {
        path = "/dev/null/\(name)"
        Library.lock()
        defer { Library.unlock() }
        Self.images[path] = bytes
    }

    deinit {
        Library.lock()
        defer { Library.unlock() }
        Self.images[path] = nil
    }

    /// Called by who has the library's lock.
    static func image(_ path: String) -> [UInt8]? { images[path] }
}

internal import Foundation

/// Files in a folder that others may have made, or may write to: a name there may stand for a pipe, for any number of bytes, or for a file that
/// its reader alone may see.
public enum PlainFile {
    /// The bytes of a regular file; nil for anything else, and for one of more than `most` bytes.
    ///
    /// - Parameter mayBeLink: whether a link is followed. What is shown to others again must not come by one.
    public static func bytes(_ path: String, most: Int, mayBeLink: Bool) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | (mayBeLink ? 0 : O_NOFOLLOW))
        if descriptor < 0 { return nil }
        let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_size <= most else { return nil }
        if status.st_size == 0 { return [] }
        return (try? handle.read(upToCount: Int(status.st_size))).map { Array($0) }
    }

    /// The same as text; what is no UTF-8 in it is replaced.
    public static func text(_ path: String, most: Int, mayBeLink: Bool) -> String? {
        bytes(path, most: most, mayBeLink: mayBeLink).map { String(decoding: $0, as: UTF8.self) }
    }
}

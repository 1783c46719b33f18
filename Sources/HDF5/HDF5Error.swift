internal import CHDF5

/// What the HDF5 library or a file did not allow.
public struct HDF5Error: Error, Sendable, CustomStringConvertible {
    public enum Kind: Sendable {
        case missingFile
        case noPermission
        /// The system gives no access just now: too many open files, a network file system that is gone.
        case system
        case notHDF5
        case missingObject
        /// External or virtual storage, links into other files: refused, see ``File/dataset(_:)``.
        case refused
        /// A type or a shape that the caller cannot use.
        case unsuitable
        /// The library could not read or write: damage, a full disk, a missing filter.
        case inputOutput
    }

    public let kind: Kind
    /// The file, and the object in it.
    public let file: String
    public let object: String?
    public let reason: String
    /// The library's own error stack, innermost frame first.
    public let frames: [String]

    public init(_ kind: Kind, file: String, object: String? = nil, _ reason: String, frames: [String] = []) {
        self.kind = kind
        self.file = file
        self.object = object
        self.reason = Self.explanation(of: frames) ?? reason
        self.frames = frames
    }

    /// What some errors of the library mean, which are nobody's damage; nil for others.
    private static func explanation(of frames: [String]) -> String? {
        func says(_ words: String...) -> Bool { frames.contains { frame in words.contains { frame.contains($0) } } }
        if says("unable to lock file") { return inUse }
        if says("consistency flags", "already open for write") {
            return
                "is open for writing in another process, or was not closed by one that has ended: wait until it is closed; if nobody "
                + "writes to it, `h5clear -s FILE` says so in it"
        }
        if says("truncated file") {
            return "cannot be opened: damaged or incomplete: shorter than it says, copied in part or still being written"
        }
        if frames.contains(where: {
            $0.contains("version") && ["bad", "wrong", "unknown", "unsupported"].contains(where: $0.contains)
        }) {
            return
                "is damaged, or was written for a newer version of HDF5 than \(hdf5Version()), with which this program reads: there "
                + "`h5repack --low=0 --high=2 OLD NEW` rewrites it"
        }
        return nil
    }

    static let inUse = "is open in another process, which writes to it: wait until it is closed there, or read a copy"

    /// One line: where, what, and the library's innermost word on it.
    public var description: String {
        let place = object.map { "\(file):\($0)" } ?? file
        guard let cause = frames.first else { return "\(place): \(reason)" }
        return "\(place): \(reason) (HDF5: \(cause))"
    }
}

/// The frames of the library's error stack, which is emptied.
func takeErrorFrames() -> [String] {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 4096) { text in
        chdf5_error_frames(text.baseAddress!)
        return String(cString: text.baseAddress!).split(separator: "\n").map(String.init)
    }
}

/// An `hid_t` with one owner, closed when it goes.
final class Handle {
    let id: hid_t
    private(set) var isOpen = true

    /// Throws what the library said if `id` is negative.
    init(_ id: hid_t, file: String, object: String? = nil, _ reason: String) throws(HDF5Error) {
        if id < 0 { throw HDF5Error(.inputOutput, file: file, object: object, reason, frames: takeErrorFrames()) }
        self.id = id
    }

    /// Closes now, for callers that must know whether it went well.
    func close() -> Bool {
        Library.lock()
        defer { Library.unlock() }
        isOpen = false
        return H5Idec_ref(id) >= 0
    }

    deinit { if isOpen { _ = close() } }
}

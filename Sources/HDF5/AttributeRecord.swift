internal import Foundation

/// What attributes of files are, found out by one process for others that open the same files: a text is taken from a file once, however
/// many ranks there are, and all of them see the same.
public final class AttributeRecord {
    private enum Use {
        case written
        case played
    }

    /// By file, object and name; nil for what is not there, or of no type that is read.
    private var values: [String: AttributeValue?]

    /// Looked at with the library's lock.
    nonisolated(unsafe) private static var current: (record: AttributeRecord, use: Use)?

    public init() { values = [:] }

    /// - Parameter bytes: what ``encoded()`` gave in another process.
    public init(_ bytes: [UInt8]) throws {
        let decoder = JSONDecoder()
        decoder.nonConformingFloatDecodingStrategy = .convertFromString(
            positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        values = try decoder.decode([String: AttributeValue?].self, from: Data(bytes))
    }

    public func encoded() throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        return Array(try encoder.encode(values))
    }

    /// Notes what `body` reads of attributes.
    public func recording<Result>(_ body: () throws -> Result) rethrows -> Result { try during(.written, body) }

    /// Gives `body` what was noted, and reads nothing of attributes. Throws ``HDF5Error`` where it asks for what nobody asked for before.
    public func playing<Result>(_ body: () throws -> Result) rethrows -> Result { try during(.played, body) }

    private func during<Result>(_ use: Use, _ body: () throws -> Result) rethrows -> Result {
        Self.set((self, use))
        defer { Self.set(nil) }
        return try body()
    }

    private static func set(_ use: (AttributeRecord, Use)?) {
        Library.lock()
        defer { Library.unlock() }
        current = use
    }

    /// What is known of an attribute; nil where it is to be read.
    ///
    /// - Parameter name: that of the attribute; with a question mark behind it, whether it is there.
    static func known(_ name: String, of object: String, in file: File) throws(HDF5Error) -> AttributeValue?? {
        guard let current, current.use == .played else { return nil }
        if let known = current.record.values[key(name, object, file)] { return .some(known) }
        throw HDF5Error(
            .unsuitable, file: file.path, object: object, "attribute \(name) is not what the first rank found: the file changed")
    }

    static func note(_ value: AttributeValue?, _ name: String, of object: String, in file: File) {
        guard let current, current.use == .written else { return }
        current.record.values.updateValue(value, forKey: key(name, object, file))
    }

    private static func key(_ name: String, _ object: String, _ file: File) -> String { "\(file.path)\0\(object)\0\(name)" }
}

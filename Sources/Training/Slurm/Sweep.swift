/// The values of one key of the configuration, a job for each.
public struct Sweep: Sendable {
    public let key: String
    public let values: [String]

    /// Reads `key=value,value`.
    ///
    /// - Throws: ``Failure`` (64) for an unknown key, or values that cannot name the folders of their runs.
    public init(_ text: String) throws {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2 else {
            throw Failure(.usage, "--array is '\(text)', but must be KEY=VALUE,VALUE, for example latent=8,16,32")
        }
        (key, values) = (parts[0], parts[1].split(separator: ",", omittingEmptySubsequences: false).map(String.init))
        let names = ConfigurationKey.all.map(\.name)
        guard names.contains(key) else {
            throw Failure(.usage, "--array: unknown key '\(key)': nearest is '\(nearestNames(to: key, among: names)[0])'")
        }
        guard !["output", "resume"].contains(key) else {
            throw Failure(.usage, "--array: '\(key)' cannot be swept: each job has a folder of its own, and goes on in it")
        }
        for value in values {
            let isName = value.utf8.contains { $0 != UInt8(ascii: ".") } && value.utf8.allSatisfy { $0.namesFolders }
            guard isName else {
                throw Failure(
                    .usage, "--array: the value '\(value)' cannot name a folder: letters, digits, and ._+- are allowed")
            }
            guard values.count(where: { $0 == value }) == 1 else {
                throw Failure(.usage, "--array: the value \(value) is there twice: two jobs would write one folder")
            }
        }
    }
}

extension UInt8 {
    fileprivate var namesFolders: Bool {
        switch self {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        default: "._+-".utf8.contains(self)
        }
    }
}

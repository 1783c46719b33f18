internal import Datasets
internal import VAE

/// A key of the configuration. It is declared once, beside the property that it sets, whose initial value is its default:
/// see ``Configuration/Model``. All else follows: its flag and variable, what is refused and why, helps, and what files and checkpoints hold.
public struct ConfigurationKey: Sendable {
    public private(set) var section = ""
    public let name: String
    /// What values it takes.
    public let kind: ValueKind
    public let help: String
    public let identity: Identity
    /// The property's value as ``ValueKind/read(_:)`` gives it.
    private let value: @Sendable (Configuration) -> String
    private let assign: @Sendable (inout Configuration, String) -> Void

    /// What a key has to do with the bits of a result, and so with checkpoints.
    public enum Identity: Sendable, Equatable {
        /// Nothing: it may be another at every start, and is not in checkpoints.
        case none
        /// They depend on it: it is kept in checkpoints, and must stay what it was.
        case decides
        /// The same, but where it is left at its default, the checkpoint fills it.
        case decidesIfGiven
        /// How far a run goes depends on it: it is kept in checkpoints, but may be another when the run goes on.
        case extends
        /// They depend on what it names in the files: it is kept in checkpoints, but what counts is the content (``DataIdentity``).
        case names
    }
}

extension ConfigurationKey {
    /// All keys, by section, in the order in which they are written.
    public static let all =
        Configuration.Data.keys + Configuration.Preparation.keys + Configuration.Model.keys + Configuration.Objective.keys
        + Configuration.Optimizer.keys + Configuration.Training.keys + Configuration.Run.keys

    /// The keys that are kept in checkpoints.
    package static let kept = all.filter { $0.identity != .none }

    private static let byName = Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0) })

    /// The key of a name, as `latent`; nil if there is none.
    public static func named(_ name: String) -> ConfigurationKey? { byName[name] }

    /// The environment variable of the key.
    public var environmentName: String {
        "MPI_VAE_" + name.uppercased().replacing("-", with: "_")
    }

    /// What it means, and what is allowed.
    var documentation: String { kind.isText ? help : "\(help) (\(kind))" }

    /// The value as TOML.
    public func toml(_ configuration: Configuration) -> String { kind.toml(value(configuration)) }

    /// The default as TOML.
    public var defaultTOML: String { toml(Configuration()) }

    /// Sets the key from text; throws a message that says what is allowed.
    package func set(_ configuration: inout Configuration, _ text: String) throws(ValueKind.Unsuitable) {
        assign(&configuration, try kind.read(text))
    }
}

/// Declarations: a function for each type that a property may have.
extension ConfigurationKey {
    package typealias Path<Value> = any WritableKeyPath<Configuration, Value> & Sendable

    package static func section(_ name: String, _ keys: ConfigurationKey...) -> [ConfigurationKey] {
        keys.map { key in
            var key = key
            key.section = name
            return key
        }
    }

    package static func text(_ name: String, _ path: Path<String>, _ identity: Identity, _ help: String) -> ConfigurationKey {
        plain(name, path, .text, identity, help)
    }

    /// A text that is not empty where one is given.
    package static func file(_ name: String, _ path: Path<String>, _ identity: Identity, _ help: String) -> ConfigurationKey {
        plain(name, path, .file, identity, help)
    }

    static func choice<Value: RawRepresentable<String> & CaseIterable & Sendable>(
        _ name: String, _ path: Path<Value>, _ identity: Identity, _ help: String
    ) -> ConfigurationKey {
        ConfigurationKey(
            name: name, kind: .choice(Value.allCases.map(\.rawValue)), help: help, identity: identity,
            value: { $0[keyPath: path].rawValue }, assign: { $0[keyPath: path] = Value(rawValue: $1)! })
    }

    package static func truth(_ name: String, _ path: Path<Bool>, _ identity: Identity, _ help: String) -> ConfigurationKey {
        plain(name, path, .truth, identity, help)
    }

    package static func integer<Value: FixedWidthInteger & Sendable>(
        _ name: String, _ path: Path<Value>, _ range: ClosedRange<Int>, _ identity: Identity, _ help: String
    ) -> ConfigurationKey {
        plain(name, path, .integer(range), identity, help)
    }

    package static func integer(
        _ name: String, _ path: Path<Int>, from minimum: Int, _ identity: Identity, _ help: String
    ) -> ConfigurationKey {
        plain(name, path, .integer(minimum...ValueKind.most.integer), identity, help)
    }

    package static func number(
        _ name: String, _ path: Path<Double>, _ bounds: [ValueKind.Bound], _ identity: Identity, _ help: String
    ) -> ConfigurationKey {
        plain(name, path, .number(bounds), identity, help)
    }

    static func sizes(_ name: String, _ path: Path<[Int]>, _ identity: Identity, _ help: String) -> ConfigurationKey {
        ConfigurationKey(
            name: name, kind: .sizes, help: help, identity: identity,
            value: { $0[keyPath: path].map(String.init).joined(separator: ",") },
            assign: { $0[keyPath: path] = $1.split(separator: ",").map { Int($0)! } })
    }

    static func blocks(
        _ name: String, _ path: Path<String>, or words: [String] = [], _ identity: Identity, _ help: String
    ) -> ConfigurationKey {
        plain(name, path, .blocks(or: words), identity, help)
    }

    static func columns(_ name: String, _ path: Path<String>, _ identity: Identity, _ help: String) -> ConfigurationKey {
        plain(name, path, .columns, identity, help)
    }

    /// Seconds; nil for `auto`.
    package static func seconds(_ name: String, _ path: Path<Int?>, _ identity: Identity, _ help: String) -> ConfigurationKey {
        ConfigurationKey(
            name: name, kind: .seconds, help: help, identity: identity,
            value: { $0[keyPath: path].map { "\($0)" } ?? "auto" }, assign: { $0[keyPath: path] = Int($1) })
    }

    /// Bytes; 0 for `auto`.
    package static func bytes(_ name: String, _ path: Path<Int>, _ identity: Identity, _ help: String) -> ConfigurationKey {
        plain(name, path, .bytes, identity, help)
    }

    /// A property whose type is written as it is read.
    private static func plain<Value: LosslessStringConvertible & Sendable>(
        _ name: String, _ path: Path<Value>, _ kind: ValueKind, _ identity: Identity, _ help: String
    ) -> ConfigurationKey {
        ConfigurationKey(
            name: name, kind: kind, help: help, identity: identity, value: { $0[keyPath: path].description },
            assign: { $0[keyPath: path] = Value($1)! })
    }
}

internal import ArgumentParser
internal import Training

/// A flag for every key of the configuration, made of the keys. Values stay texts, which are checked where the file's are, so that a value
/// is wrong in one way.
struct ConfigurationFlags: ParsableArguments {
    /// Those that were given, by key.
    private(set) var values: [String: String] = [:]

    init() {}

    init(from decoder: any Decoder) throws {
        let flags = try decoder.container(keyedBy: Name.self)
        for key in ConfigurationKey.all {
            let name = Name(stringValue: key.name)
            values[key.name] =
                key.kind == .truth
                ? try flags.decode(Flag<Bool?>.self, forKey: name).wrappedValue.map { "\($0)" }
                : try flags.decode(Option<String?>.self, forKey: name).wrappedValue
        }
    }

    private struct Name: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }

        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }
}

/// The parser looks for flags among the properties that the mirror of a new value shows.
extension ConfigurationFlags: CustomReflectable {
    var customMirror: Mirror {
        Mirror(self, children: ConfigurationKey.all.map { (label: $0.name, value: Self.flag($0)) })
    }

    private static func flag(_ key: ConfigurationKey) -> Any {
        let (name, help) = (NameSpecification.customLong(key.name), ArgumentHelp.key(key.name))
        if key.kind == .truth { return Flag<Bool?>(name: name, inversion: .prefixedNo, help: help) }
        return Option<String?>(name: name, help: help)
    }
}

extension ArgumentHelp {
    /// What a key means, what is allowed, and its default.
    static func key(_ name: String) -> ArgumentHelp {
        guard let key = ConfigurationKey.named(name) else { preconditionFailure("no key \(name)") }
        return ArgumentHelp("\(key.help) (\(key.kind.isText ? "" : "\(key.kind); ")default: \(key.defaultTOML))")
    }
}

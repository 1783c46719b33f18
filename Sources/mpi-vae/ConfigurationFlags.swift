internal import ArgumentParser
internal import Training

/// A flag for every key of the configuration, made of the keys, section by section. Values stay texts, which are checked where the file's are,
/// so that a value is wrong in one way.
struct ConfigurationFlags: ParsableArguments {
    @OptionGroup(title: "Data") private var data: SectionFlags<DataKeys>
    @OptionGroup(title: "Model") private var model: SectionFlags<ModelKeys>
    @OptionGroup(title: "Training") private var training: SectionFlags<TrainingKeys>
    @OptionGroup(title: "Optimizer") private var optimizer: SectionFlags<OptimizerKeys>
    @OptionGroup(title: "Objective") private var objective: SectionFlags<ObjectiveKeys>
    @OptionGroup(title: "Run") private var run: SectionFlags<RunKeys>
    @OptionGroup(title: "Preparation of the data") private var preparation: SectionFlags<PreparationKeys>

    /// Those that were given, by key.
    var values: [String: String] {
        [
            data.values, model.values, training.values, optimizer.values, objective.values, run.values, preparation.values,
        ].reduce(into: [:]) { $0.merge($1) { $1 } }
    }
}

/// A section of the configuration.
protocol KeySection {
    static var name: String { get }
}

enum DataKeys: KeySection { static let name = "data" }
enum PreparationKeys: KeySection { static let name = "preparation" }
enum ModelKeys: KeySection { static let name = "model" }
enum ObjectiveKeys: KeySection { static let name = "objective" }
enum OptimizerKeys: KeySection { static let name = "optimizer" }
enum TrainingKeys: KeySection { static let name = "training" }
enum RunKeys: KeySection { static let name = "run" }

/// The flags of a section's keys.
private struct SectionFlags<Section: KeySection>: ParsableArguments {
    /// Those that were given, by key.
    private(set) var values: [String: String] = [:]

    private static var keys: [ConfigurationKey] { ConfigurationKey.all.filter { $0.section == Section.name } }

    init() {}

    init(from decoder: any Decoder) throws {
        let flags = try decoder.container(keyedBy: Name.self)
        for key in Self.keys {
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
extension SectionFlags: CustomReflectable {
    var customMirror: Mirror {
        Mirror(self, children: Self.keys.map { (label: $0.name, value: Self.flag($0)) })
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
        let isEmpty = ["\"\"", "[]"].contains(key.defaultTOML)
        let facts = [key.kind.isText ? nil : "\(key.kind)", isEmpty ? nil : "default: \(key.defaultTOML)"].compactMap(\.self)
        return ArgumentHelp("\(key.help)\(facts.isEmpty ? "" : " (\(facts.joined(separator: "; ")))")")
    }
}

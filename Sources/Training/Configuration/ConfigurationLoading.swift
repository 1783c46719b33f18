internal import Distributed
internal import Foundation
internal import Support
internal import TOMLKit
internal import VAE

/// Layers of the configuration: defaults, file, environment, flags; the later ones win.
extension Configuration {
    /// Reads the configuration.
    ///
    /// - Parameters:
    ///   - file: a TOML file; nil for none.
    ///   - environment: variables `MPI_VAE_<KEY>`.
    ///   - flags: values by key name.
    ///   - assignments: `section.key=value`.
    /// - Throws: ``Failure`` (78, or 66 for a missing file) that says where the value came from.
    public static func load(
        file: String?, environment: [String: String], flags: [String: String], assignments: [String]
    ) throws -> Configuration {
        var configuration = Configuration()
        if let file { try configuration.apply(file: file) }
        try configuration.apply(environment: environment)
        for assignment in assignments { try configuration.apply(assignment: assignment) }
        for key in ConfigurationKey.all {
            if let value = flags[key.name] { try configuration.apply(key, value, from: "--\(key.name)") }
        }
        configuration.run.output = FilePath.expandingHome(configuration.run.output)
        configuration.run.resume = FilePath.expandingHome(configuration.run.resume)
        try configuration.validate()
        return configuration
    }

    /// Reads what ``resolvedTOML`` or ``identityTOML`` wrote.
    public init(toml: String, name: String) throws {
        try apply(toml: toml, name: name)
    }

    private mutating func apply(file: String) throws {
        guard let data = FileManager.default.contents(atPath: file) else {
            throw Failure(.inputMissing, "\(file): the configuration file cannot be read: is the name right?")
        }
        guard data.count < 1 << 20, let text = String(data: data, encoding: .utf8) else {
            throw Failure(.configuration, "\(file): not a configuration file: larger than 1 MiB, or not UTF-8 text")
        }
        try apply(toml: text, name: file)
    }

    private mutating func apply(toml text: String, name: String) throws {
        if let line = lineTheTOMLLibraryFails(text) {
            throw Failure(
                .configuration,
                "\(name):\(line): not valid TOML: sections are [name], values numbers, truth values, \"strings\" or [lists]")
        }
        let table: TOMLTable
        do {
            table = try TOMLTable(string: text)
        } catch {
            throw Failure(.configuration, "\(name): not valid TOML: \("\(error)".replacing("\n", with: " "))")
        }
        let sections = Set(ConfigurationKey.all.map(\.section)).sorted()
        for section in table.keys where section != RunRecord.section {
            let line = Self.line(of: section, in: nil, text)
            guard sections.contains(section), let keys = table[section]?.table else {
                let owner = ConfigurationKey.all.first { $0.name == section }.map { "\(section) belongs into [\($0.section)]" }
                let nearest = nearestName(to: section, among: sections).map { "nearest is [\($0)]" }
                throw Failure(
                    .configuration,
                    "\(name):\(line): unknown section '\(section)': "
                        + (owner ?? nearest ?? Self.keyHint(section) ?? "there are [\(sections.joined(separator: "], ["))]"))
            }
            for key in keys.keys {
                let place = "\(name):\(Self.line(of: key, in: section, text))"
                guard let known = ConfigurationKey.all.first(where: { $0.name == key && $0.section == section }) else {
                    throw Self.unknownKey(key, in: section, place: place)
                }
                try apply(known, Self.text(keys[key]!), from: "\(place): \(key)")
            }
        }
    }

    private mutating func apply(environment: [String: String]) throws {
        // What others read: the build, the kernels, and our tests.
        let others = ["MPI_VAE_MPI_PC", "MPI_VAE_HDF5_PC", "MPI_VAE_ISA"]
        for (name, value) in environment.sorted(by: { $0.key < $1.key }) where name.hasPrefix("MPI_VAE_") {
            if others.contains(name) || name.hasPrefix("MPI_VAE_TEST_") { continue }
            guard let key = ConfigurationKey.all.first(where: { $0.environmentName == name }) else {
                let keys = ConfigurationKey.all
                let hint = GuessedNames.hint(for: String(name.dropFirst("MPI_VAE_".count)), among: keys.map(\.name)) { known in
                    keys.first { $0.name == known }!.environmentName
                }
                throw Failure(
                    .configuration,
                    "environment: unknown variable \(name): \(hint ?? "`mpi-vae config` shows all keys, from which they have their names")"
                )
            }
            try apply(key, value, from: "environment: \(name)")
        }
    }

    private mutating func apply(assignment: String) throws {
        let parts = assignment.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].isEmpty else {
            throw Failure(.configuration, "--set \(assignment): must be section.key=value, or key=value, for example latent=10")
        }
        let key = try ConfigurationKey.named(String(parts[0]), place: "--set \(assignment)")
        try apply(key, String(parts[1]), from: "--set \(parts[0])")
    }

    private mutating func apply(_ key: ConfigurationKey, _ text: String, from place: String) throws {
        do {
            try key.set(&self, text)
        } catch {
            throw Failure(.configuration, "\(place) \(error.message)")
        }
    }

    /// - Parameter section: nil where none was given.
    fileprivate static func unknownKey(_ key: String, in section: String?, place: String) -> Failure {
        if let section, let other = ConfigurationKey.all.first(where: { $0.name == key }) {
            return Failure(.configuration, "\(place): '\(key)' belongs into section [\(other.section)], not [\(section)]")
        }
        let hint = keyHint(key) ?? "`mpi-vae config` shows all keys"
        return Failure(.configuration, "\(place): unknown key '\(key)'\(section.map { " in [\($0)]" } ?? ""): \(hint)")
    }

    /// What to say of a key that there is not.
    private static func keyHint(_ name: String) -> String? {
        GuessedNames.hint(for: name, among: ConfigurationKey.all.map(\.name)) { known in
            "'\(known)' in [\(ConfigurationKey.all.first { $0.name == known }!.section)]"
        }
    }

    /// What holds between keys.
    private func validate() throws {
        if data.validationFraction + data.testFraction >= 1 {
            throw Failure(.configuration, "validation-fraction and test-fraction leave no rows to train on")
        }
        if !data.validationData.isEmpty, data.validationFraction > 0 {
            throw Failure(.configuration, "validation-data and validation-fraction cannot both be given: leave one out")
        }
        if !data.testData.isEmpty, data.testFraction > 0 {
            throw Failure(.configuration, "test-data and test-fraction cannot both be given: leave one out")
        }
        guard data.folds != 1, data.folds <= 10_000 else {
            throw Failure(.configuration, "folds is \(data.folds), but must be 2 to 10000, or 0 for none")
        }
        if data.fold > data.folds {
            throw Failure(.configuration, "fold is \(data.fold), but folds is \(data.folds): give a fold of 1 to --folds K")
        }
        if data.folds > 0, data.validationFraction > 0 || !data.validationData.isEmpty {
            throw Failure(.configuration, "folds are validated on, so leave out validation-data and validation-fraction")
        }
        let p = preparation
        let staysInUnit = (p.transform == .none && p.librarySize == 0 && p.scale == .none) || p.scale == .minMax
        if model.likelihood.support != nil, !staysInUnit, p.binarize != .fixed {
            throw Failure(
                .configuration,
                "the likelihood \(model.likelihood.rawValue) needs values in 0...1, which this preparation leaves: give --scale min-max, "
                    + "or --likelihood gaussian")
        }
        if p.binarize == .dynamic, !staysInUnit {
            throw Failure(.configuration, "binarize dynamic takes values for probabilities: give --scale min-max")
        }
        if !data.options.mask.isEmpty, p.missing == .error {
            throw Failure(
                .configuration, "a mask tells which values are missing: give --nan mask, or --nan drop to leave their rows out")
        }
        if let corruption, corruption.kind != .gaussian, corruption.level > 1 {
            throw Failure(
                .configuration,
                "corruption-level is \(model.corruptionLevel), but for \(corruption.kind.rawValue) it is a share of the values: at most 1"
            )
        }
        if training.wire != .fp32, run.reduction == .allreduce {
            throw Failure(.configuration, "wire \(training.wire.rawValue) is for reduction ordered: MPI sums in fp32")
        }
        if run.output.isEmpty { throw Failure(.configuration, "output is empty, but must name a folder") }
        if run.output == OutputFiles.standardOutput {
            throw Failure(.configuration, "output is -, but must name a folder: ./- for one of that name")
        }
    }

    /// A TOML value as the text that a flag would have.
    private static func text(_ value: any TOMLValueConvertible) -> String {
        if let string = value.string { return string }
        if let array = value.array { return array.isEmpty ? "[]" : array.map { text($0) }.joined(separator: ",") }
        return value.debugDescription
    }

    /// The line of a key or of a section's header, for messages; TOMLKit does not tell.
    private static func line(of key: String, in section: String?, _ text: String) -> Int {
        var current: String?
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let trimmed = line.trimmingCharacters(in: .whitespaces)
            if trimmed.hasPrefix("[") { current = trimmed.trimmingCharacters(in: CharacterSet(charactersIn: "[] \r")) }
            let name = trimmed.split(separator: "=")[safe: 0]?.trimmingCharacters(in: CharacterSet(charactersIn: " \t\"'"))
            let found = section == nil ? current == key || name == key : current == section && name == key
            if found { return index + 1 }
        }
        return 1
    }

    /// All keys, as TOML that gives the same configuration.
    public func resolvedTOML() -> String { toml(ConfigurationKey.all) }

    /// The keys that determine the result, bit for bit; no files, threads, or anything else of this one run.
    public func identityTOML() -> String {
        // Labels do where they select rows.
        toml(ConfigurationKey.kept.filter { $0.name != "labels" || !data.options.onlyLabels.isEmpty })
    }

    /// The names of the keys that ``identityTOML`` of this version or an older one wrote.
    static func names(inTOML text: String) -> Set<String> {
        Set(text.split(separator: "\n").compactMap { line in line.firstRange(of: " = ").map { String(line[..<$0.lowerBound]) } })
    }

    private func toml(_ keys: [ConfigurationKey]) -> String {
        var text = ""
        var section = ""
        for key in keys where key.name != "data" || !data.data.isEmpty {
            if key.section != section {
                text += "\(text.isEmpty ? "" : "\n")[\(key.section)]\n"
                section = key.section
            }
            text += "\(key.name) = \(key.toml(self))\n"
        }
        return text
    }
}

extension ConfigurationKey {
    /// The key of a name, `latent` or `model.latent`.
    ///
    /// - Parameter place: where the name stands, for messages.
    /// - Throws: ``Failure`` (78) that says which one may be meant.
    static func named(_ name: String, place: String) throws -> ConfigurationKey {
        let path = name.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let section = path.count == 2 ? path[0] : nil
        guard let key = all.first(where: { $0.name == path.last! && (section == nil || $0.section == section) }) else {
            throw Configuration.unknownKey(path.last!, in: section, place: place)
        }
        return key
    }

    /// The first key, among values by key, that was given several values with commas between them, though it takes one; nil if none was.
    public static func severalValues(_ values: [String: String]) -> (key: String, value: String)? {
        for key in all {
            guard let value = values[key.name], value.contains(","), value != "," else { continue }
            var scratch = Configuration()
            let isOne = (try? key.set(&scratch, value)) != nil
            let parts = value.split(separator: value.contains(";") ? ";" : ",")
            if !isOne, parts.count > 1, parts.allSatisfy({ (try? key.set(&scratch, String($0))) != nil }) {
                return (key.name, value)
            }
        }
        return nil
    }
}

extension Collection {
    fileprivate subscript(safe index: Index) -> Element? { indices.contains(index) ? self[index] : nil }
}

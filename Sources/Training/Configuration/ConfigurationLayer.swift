internal import Foundation
internal import Support
internal import TOMLKit

/// What one source gives of a configuration: values of keys as text, and where each of them stands.
package struct ConfigurationLayer {
    package struct Value {
        package let key: ConfigurationKey
        package let text: String
        /// For messages: what is wrong with the value follows.
        package let place: String
    }

    package private(set) var values: [Value] = []

    /// What is given of a key; nil if nothing is.
    package func text(of name: String) -> String? { values.last { $0.key.name == name }?.text }
}

extension ConfigurationLayer {
    /// - Parameter flags: values by key.
    init(flags: [String: String]) {
        for key in ConfigurationKey.all {
            if let text = flags[key.name] { values.append(Value(key: key, text: text, place: "--\(key.name)")) }
        }
    }

    /// - Parameter assignments: `key=value` or `section.key=value`, as `--set` has them.
    init(assignments: [String]) throws {
        for assignment in assignments {
            let parts = assignment.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 2, !parts[0].isEmpty else {
                throw Failure(
                    .configuration, "--set \(assignment): must be section.key=value, or key=value, for example latent=10")
            }
            let key = try ConfigurationKey.named(parts[0], place: "--set \(assignment)")
            values.append(Value(key: key, text: parts[1], place: "--set \(parts[0])"))
        }
    }

    init(environment: [String: String]) throws {
        // What others read: the build, the kernels, and our tests.
        let others = ["MPI_VAE_MPI_PC", "MPI_VAE_HDF5_PC", "MPI_VAE_ISA"]
        for (name, text) in environment.sorted(by: { $0.key < $1.key }) where name.hasPrefix("MPI_VAE_") {
            if others.contains(name) || name.hasPrefix("MPI_VAE_TEST_") { continue }
            guard let key = ConfigurationKey.all.first(where: { $0.environmentName == name }) else {
                let hint = GuessedNames.hint(
                    for: String(name.dropFirst("MPI_VAE_".count)), among: ConfigurationKey.all.map(\.name)
                ) { ConfigurationKey.named($0)!.environmentName }
                throw Failure(
                    .configuration,
                    "environment: unknown variable \(name): \(hint ?? "`mpi-vae config` shows all keys, from which they have their names")"
                )
            }
            values.append(Value(key: key, text: text, place: "environment: \(name)"))
        }
    }

    /// - Parameter file: a TOML file, of a user or `config.toml` of a run.
    init(file: String) throws {
        guard let data = FileManager.default.contents(atPath: file) else {
            throw Failure(.inputMissing, "\(file): the configuration file cannot be read: is the name right?")
        }
        guard data.count < 1 << 20, let text = String(data: data, encoding: .utf8) else {
            throw Failure(.configuration, "\(file): not a configuration file: larger than 1 MiB, or not UTF-8 text")
        }
        try self.init(toml: text, name: file, isOfRun: false)
    }

    /// - Parameters:
    ///   - name: what the text is, for messages.
    ///   - isOfRun: whether a run wrote it; else it is seen by a section that only runs write.
    init(toml text: String, name: String, isOfRun: Bool) throws {
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
        let places = TOMLPlaces(text)
        let sections = Set(ConfigurationKey.all.map(\.section)).sorted()
        for section in table.keys where section != RunRecord.section {
            guard sections.contains(section), let keys = table[section]?.table else {
                let line = places.line(of: section)
                let owner = ConfigurationKey.named(section).map { "\(section) belongs into [\($0.section)]" }
                let nearest = nearestName(to: section, among: sections).map { "nearest is [\($0)]" }
                throw Failure(
                    .configuration,
                    "\(name):\(line): unknown section '\(section)': "
                        + (owner ?? nearest ?? ConfigurationKey.hint(section)
                            ?? "there are [\(sections.joined(separator: "], ["))]"))
            }
            for key in keys.keys {
                let place = "\(name):\(places.line(of: key, in: section))"
                guard let known = ConfigurationKey.named(key), known.section == section else {
                    throw ConfigurationKey.unknown(key, in: section, place: place)
                }
                values.append(Value(key: known, text: Self.text(keys[key]!, of: known), place: "\(place): \(key)"))
            }
        }
        if isOfRun || table[RunRecord.section] != nil { readAsWritten() }
    }

    /// Gives the text of a run its old meaning. Before there were presets, a model denoising was corrupted by gaussian noise where it had no
    /// corruption; since then there is none without.
    private mutating func readAsWritten() {
        guard text(of: "model") == Preset.denoising.rawValue, [nil, "none"].contains(text(of: "corruption")) else { return }
        values.append(Value(key: .named("corruption")!, text: "gaussian", place: "corruption"))
    }

    /// A TOML value as the text that a flag would have.
    private static func text(_ value: any TOMLValueConvertible, of key: ConfigurationKey) -> String {
        if let string = value.string { return string }
        if let array = value.array {
            return array.isEmpty ? "[]" : array.map { text($0, of: key) }.joined(separator: key.kind == .columns ? ";" : ",")
        }
        return value.debugDescription
    }
}

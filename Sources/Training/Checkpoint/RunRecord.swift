internal import Datasets
internal import Foundation
internal import Support
internal import TOMLKit

/// What the `config.toml` of a run's folder says: the configuration as it was used, and where its data lay.
///
/// The paths of data are there as they were given, and once more as absolute ones in a section of their own, by which the run's data are
/// found from any folder. Who takes the file for `--config` means the paths as they were given, so that they can be edited.
package struct RunRecord {
    package static let section = "origin"

    /// Which data a run has: keys of the configuration.
    private static let keys: [(name: String, path: any WritableKeyPath<Configuration, String> & Sendable)] = [
        ("data", \.data.data), ("validation-data", \.data.validationData), ("test-data", \.data.testData),
    ]

    /// The file, for messages.
    package var file: String { folder.configuration }
    private let folder: RunFolder
    package let configuration: Configuration
    /// By key, the paths from any folder; empty for what older versions wrote.
    private let absolute: [String: String]

    /// What `config.toml` of a run holds. Throws ``Failure`` for a pattern of files that nothing fits any more.
    package static func text(_ configuration: Configuration) throws -> String {
        var text = configuration.resolvedTOML()
        text +=
            "\n# Where the data lie, for whoever looks for them from another folder; --config goes by the paths above.\n[\(section)]\n"
        for (name, path) in keys where !configuration[keyPath: path].isEmpty {
            text += "\(name) = \(quoted(try DataSpecification(configuration[keyPath: path]).absolute))\n"
        }
        let from = configuration.training.from
        if !from.isEmpty { text += "from = \(quoted(FilePath.absolute(from)))\n" }
        return text
    }

    /// Throws ``Failure`` (78) for a text that is no configuration.
    package init(_ text: String, of folder: RunFolder) throws {
        self.folder = folder
        configuration = try Configuration(toml: text, name: folder.configuration)
        let origin = try? TOMLTable(string: text)[Self.section]?.table
        absolute = (Self.keys.map(\.name) + ["from"]).reduce(into: [:]) { $0[$1] = origin?[$1]?.string }
    }

    /// That of a folder; nil where it holds none. Throws ``Failure`` (78).
    package init?(of folder: RunFolder) throws {
        guard let text = folder.configurationText else { return nil }
        try self.init(text, of: folder)
    }

    /// Whether the run began with the trained parameters that a path names.
    func beginsWith(_ path: String) -> Bool {
        path == configuration.training.from || FilePath.absolute(path) == absolute["from"]
    }

    /// Where the data that are trained on lie now, seen from here; nil where they are not to be found.
    package var trainingData: String? { place("data", configuration.data.data) }

    /// The configuration with the paths that its data have now, seen from here; data to test on that are gone are left out.
    ///
    /// - Parameter others: by key, the paths of data that are to take their place; those that are empty do not.
    /// - Throws: ``Failure`` (66) that names the run for others that are gone.
    package func located(replacing others: [String: String] = [:]) throws -> Configuration {
        var configuration = configuration
        for (name, path) in Self.keys {
            if let other = others[name], !other.isEmpty {
                configuration[keyPath: path] = other
                continue
            }
            let given = configuration[keyPath: path]
            if given.isEmpty { continue }
            guard let there = place(name, given) ?? (name == "test-data" ? "" : nil) else {
                let known = absolute[name].flatMap { $0 == given ? nil : " (\($0))" } ?? ""
                throw Failure(.inputMissing, "\(file): \(name) \(given)\(known) is not there any more")
            }
            configuration[keyPath: path] = there
        }
        let from = configuration.training.from
        configuration.training.from =
            others["from"].flatMap { $0.isEmpty ? nil : $0 }
            ?? absolute["from"].flatMap { FilePath.exists($0) ? $0 : nil } ?? from
        return configuration
    }

    /// Where data lay, or else where their path as it was given leads.
    private func place(_ name: String, _ given: String) -> String? {
        // The generated shapes lie in the folder itself, wherever that has gone.
        let own = given == Self.shapes(RunFolder(path: configuration.run.output)) ? Self.shapes(folder) : nil
        return [absolute[name], given, own].compactMap(\.self).first(where: Self.isThere)
    }

    private static func shapes(_ folder: RunFolder) -> String { "\(folder.shapes):/data" }

    private static func isThere(_ data: String) -> Bool {
        guard let items = try? DataSpecification(data).items else { return false }
        return items.allSatisfy { FileManager.default.fileExists(atPath: $0.file) }
    }
}

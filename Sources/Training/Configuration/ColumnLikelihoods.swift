internal import Datasets
internal import Support
internal import VAE

/// What the key `likelihoods` says: `gaussian variance=feature: 0:10; poisson: visits; categorical 5: site`, a likelihood with settings of its own for
/// columns by their names or places.
package struct ColumnLikelihoods: Sendable {
    private struct Item: Sendable {
        let likelihood: LikelihoodName
        /// The numbers of categories that were said; nil for those that the rows have.
        let categories: Int?
        /// By the keys of the configuration, which count where nothing is said here.
        let settings: [(key: String, value: String)]
        let columns: String
    }

    private let items: [Item]

    /// The keys that an item can have values of its own of.
    private static let keys = ["likelihood-scale", "variance", "dispersion", "degrees"]
    /// The most categories of a column.
    package static let mostCategories = 1 << 12

    /// Takes a text apart; throws what is wrong with it.
    package init(_ text: String) throws(ValueKind.Unsuitable) {
        var items: [Item] = []
        for part in text.split(separator: ";") where !part.allSatisfy(\.isWhitespace) { items.append(try Self.item(part)) }
        self.items = items
    }

    private static func item(_ text: Substring) throws(ValueKind.Unsuitable) -> Item {
        let sides = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map {
            $0.split(whereSeparator: \.isWhitespace).map(String.init)
        }
        let shown = sides.map { $0.joined(separator: " ") }.joined(separator: ": ")
        func unsuitable(_ reason: String) -> ValueKind.Unsuitable { ValueKind.Unsuitable("has '\(shown)': \(reason)") }
        guard sides.count == 2, let name = sides[0].first, !sides[1].isEmpty else {
            throw unsuitable("give LIKELIHOOD: COLUMNS, as 'gaussian: 0:10' or 'categorical: sex,site', several by semicolons")
        }
        guard let likelihood = LikelihoodName(rawValue: name) else {
            let hint = nearestName(to: name, among: LikelihoodName.names).map { " (nearest: \($0))" } ?? ""
            throw unsuitable("the likelihood must be one of \(LikelihoodName.names.joined(separator: ", "))\(hint)")
        }
        var categories: Int?
        var settings: [(String, String)] = []
        for word in sides[0].dropFirst() {
            let pair = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            if pair.count == 1 {
                guard likelihood.isOfCategories, let count = Int(word), (2...mostCategories).contains(count) else {
                    throw unsuitable(
                        likelihood.isOfCategories
                            ? "'\(word)' must be a number of categories, 2 to \(mostCategories)"
                            : "'\(word)' must be KEY=VALUE, of \(keys.joined(separator: ", "))")
                }
                categories = count
                continue
            }
            guard keys.contains(pair[0]) else { throw unsuitable("'\(pair[0])' is none of \(keys.joined(separator: ", "))") }
            do {
                var scratch = Configuration()
                try ConfigurationKey.named(pair[0])!.set(&scratch, pair[1])
            } catch {
                throw unsuitable("\(pair[0]) \(error.message)")
            }
            settings.append((pair[0], pair[1]))
        }
        return Item(
            likelihood: likelihood, categories: categories, settings: settings, columns: sides[1].joined(separator: " "))
    }

    /// Each item as it is told.
    var texts: [String] {
        items.map { item in
            let words =
                [item.likelihood.rawValue] + (item.categories.map { ["\($0)"] } ?? [])
                + item.settings.map { "\($0.key)=\($0.value)" }
            return "\(words.joined(separator: " ")): \(item.columns)"
        }
    }

    /// The likelihoods with their settings.
    func made(_ model: Configuration.Model) -> [(name: LikelihoodName, settings: LikelihoodSettings)] {
        items.map { ($0.likelihood, settings(of: $0, model)) }
    }

    private func settings(of item: Item, _ model: Configuration.Model) -> LikelihoodSettings {
        var scratch = Configuration()
        scratch.model = model
        // They were read before.
        for (key, value) in item.settings { try! ConfigurationKey.named(key)!.set(&scratch, value) }
        var settings = scratch.model.likelihoodSettings
        // Of a table's columns nothing is a share of anything.
        settings.means = .rates
        return settings
    }

    /// The parts of rows, each column in exactly one.
    ///
    /// - Parameters:
    ///   - origin: whose columns they are, for messages.
    ///   - names: of the columns; nil where they have none.
    ///   - known: the categories of each column, as they were counted; 0 where nobody knows; empty for none.
    /// - Throws: ``Failure`` (78) for columns that there are not, that are missing, or in two parts.
    func parts(
        _ model: Configuration.Model, of origin: String, count: Int, names: [String]?, known: [Int]
    ) throws(Failure) -> TableParts {
        var owners = [Int?](repeating: nil, count: count)
        var doubled: [Int] = []
        var parts: [TableParts.Part] = []
        for (number, item) in items.enumerated() {
            let columns = try FeatureColumns.places(item.columns, of: origin, count: count, names: names, option: "likelihoods")
            guard !columns.isEmpty else {
                throw Failure(.configuration, "\(origin): likelihoods: '\(texts[number])' has none of the \(count) columns")
            }
            for column in columns {
                if owners[column] != nil { doubled.append(column) }
                owners[column] = number
            }
            var categories: [Int?] = []
            for column in columns where item.likelihood.isOfCategories {
                categories.append(item.categories ?? (known.isEmpty || known[column] == 0 ? nil : known[column]))
            }
            parts.append(
                TableParts.Part(
                    text: texts[number], likelihood: item.likelihood, settings: settings(of: item, model), columns: columns,
                    categories: categories))
        }
        let missing = owners.indices.filter { owners[$0] == nil }
        for (columns, what) in [(missing, "in no part"), (doubled, "in several parts")] where !columns.isEmpty {
            let some = columns.prefix(10).map { names?[$0] ?? "\($0)" }.joined(separator: ", ")
            let rest = columns.count > 10 ? ", ... (\(columns.count) in all)" : ""
            throw Failure(
                .configuration,
                "\(origin): likelihoods: \(columns.count == 1 ? "the column" : "the columns") \(some)\(rest) "
                    + "\(columns.count == 1 ? "is" : "are") \(what): give each column once")
        }
        return TableParts(parts: parts, names: names)
    }
}

package import Datasets
package import Support
package import VAE

/// The columns of a table by the likelihoods that they have.
package struct TableParts: Sendable {
    package struct Part: Sendable {
        /// As users say it: "categorical: sex,site".
        package let text: String
        let likelihood: LikelihoodName
        let settings: LikelihoodSettings
        /// In ascending order.
        package let columns: [Int]
        /// Of each column where the likelihood is of categories; nil where they have not been counted.
        var categories: [Int?]

        /// Whether the columns make up a distribution together.
        package var isCoupled: Bool { columns.count > 1 && categories.isEmpty && likelihood.make(settings).couplesColumns }
    }

    package private(set) var parts: [Part]
    package let names: [String]?

    init(parts: [Part], names: [String]?) { (self.parts, self.names) = (parts, names) }

    package var columnCount: Int { parts.reduce(0) { $0 + $1.columns.count } }

    /// The columns whose categories are still to be counted.
    var openColumns: [Int] {
        parts.flatMap { part in zip(part.columns, part.categories).filter { $1 == nil }.map(\.0) }
    }

    /// Takes the largest category of each of the ``openColumns``.
    mutating func take(largest: [Double]) {
        var rest = largest[...]
        for index in parts.indices {
            for place in parts[index].categories.indices where parts[index].categories[place] == nil {
                // One that is always the same could still be another.
                parts[index].categories[place] = max(2, Int(rest.popFirst()!) + 1)
            }
        }
    }

    /// Of each column, for checkpoints; 0 for columns of other likelihoods.
    var categories: [Int] {
        var categories = [Int](repeating: 0, count: columnCount)
        for part in parts { for (column, count) in zip(part.columns, part.categories) { categories[column] = count ?? 0 } }
        return categories
    }

    /// What models are made of; of columns that were not counted as if they had two categories.
    package var columns: [ColumnPart] {
        parts.map { ColumnPart($0.likelihood, $0.settings, columns: $0.columns, categories: $0.categories.map { $0 ?? 2 }) }
    }

    /// A column's name, or its number.
    package func name(_ column: Int) -> String { names?[column] ?? "\(column)" }

    /// What the columns' values may be, and which of them are scaled: numbers, and with `min-max` what must lie in 0...1.
    package func rules(_ preparation: PreparationSettings) -> ColumnRules {
        var supports = [ValueSupport?](repeating: nil, count: columnCount)
        for part in parts {
            let support = part.likelihood.make(part.settings).support
            for (place, column) in part.columns.enumerated() {
                supports[column] = part.categories.isEmpty ? support : self.support(column, part, part.categories[place])
            }
        }
        return ColumnRules(supports) { support in
            guard let support else { return true }
            return support.isUnit && preparation.scale == .minMax
        }
    }

    private func support(_ column: Int, _ part: Part, _ categories: Int?) -> ValueSupport {
        let last = (categories ?? ColumnLikelihoods.mostCategories) - 1
        return ValueSupport(
            range: 0...Double(last), isWhole: true,
            reason: "the column \(name(column)) has categories, whole numbers of 0 to \(last)"
                + (categories == nil
                    ? ": number them so, or give it another likelihood"
                    : ", by the training rows or as was said: say how many there are by '\(part.likelihood.rawValue) N: \(name(column))'")
        )
    }
}

extension ValueSupport {
    /// Whether it is of all numbers in 0...1.
    var isUnit: Bool { !isWhole && range.upperBound <= 1 }
}

extension Configuration {
    /// What rows are described by, for messages.
    var likelihoodText: String { model.likelihoods.isEmpty ? model.likelihood.rawValue : model.likelihoods }

    /// What the key `likelihoods` says; nil where all columns have one likelihood.
    var columnLikelihoods: ColumnLikelihoods? {
        // It was read before.
        model.likelihoods.isEmpty ? nil : try! ColumnLikelihoods(model.likelihoods)
    }

    /// The parts of rows of a shape; nil where all columns have one likelihood.
    ///
    /// - Parameters:
    ///   - origin: whose rows they are, for messages.
    ///   - known: the categories of each column, as they were counted; 0 where nobody knows; empty for none.
    /// - Throws: ``Failure`` (78) for lists that do not fit.
    package func tableParts(
        of origin: String, rowShape: [Int], names: [String]?, known: [Int] = []
    ) throws(Failure) -> TableParts? {
        guard let likelihoods = columnLikelihoods else { return nil }
        guard rowShape.count == 1 else {
            throw Failure(
                .configuration,
                "\(origin) has rows of shape \(rowShape), but likelihoods is for tables, rows of columns: leave it out")
        }
        return try likelihoods.parts(
            model, of: origin, count: rowShape[0], names: names, known: known.count == rowShape[0] ? known : [])
    }
}

extension Configuration {
    /// What does not go with likelihoods of columns. Throws ``Failure`` (78).
    func validateColumns() throws(Failure) {
        if model.likelihoods.isEmpty { return }
        let others: [(isGiven: Bool, key: String, reason: String)] = [
            (model.likelihood != .bernoulli, "likelihood \(model.likelihood.rawValue)", "it is for all columns"),
            (model.categories != 0, "categories", "say it of a part, as 'categorical 5: site'"),
            (
                !isPlain, "network \(model.network.rawValue), and lists of blocks,",
                "a table goes through dense layers (--network mlp)"
            ),
            (preparation.librarySize != 0, "library-size", "columns of several kinds have no sum"),
            (preparation.binarize != .none, "binarize", "it is for all columns"),
            (model.corruption != .none, "corruption \(model.corruption.rawValue)", "categories have no noise to add"),
        ]
        for other in others where other.isGiven {
            throw Failure(.configuration, "\(other.key) does not go with likelihoods: \(other.reason): leave one of them out")
        }
    }
}

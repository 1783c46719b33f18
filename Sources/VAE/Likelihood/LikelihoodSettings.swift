/// What the likelihoods that have settings are told; each heeds its own.
public struct LikelihoodSettings: Sendable, Equatable {
    /// The standard deviation of `gaussian` with a fixed variance, the scale of others that have one; above 0.
    public var scale: Float
    public var variance: Variance
    public var dispersion: Dispersion
    public var means: Means
    /// Of freedom, of Student's t distribution; above 0.
    public var degrees: Float
    /// The columns of each block of indicators, or the grades; 2 at least.
    public var categories: Int
    /// The distributions of each mixture; 1 at least.
    public var components: Int

    public init(
        scale: Float = 1, variance: Variance = .fixed, dispersion: Dispersion = .gene, means: Means = .shares, degrees: Float = 4,
        categories: Int = 2, components: Int = 1
    ) {
        (self.scale, self.variance, self.dispersion, self.means) = (scale, variance, dispersion, means)
        (self.degrees, self.categories, self.components) = (degrees, categories, components)
    }

    /// Where the variance of the likelihood `gaussian`, or of the logarithms of `log-normal`, or the square of the scale of `student-t`, is from.
    public enum Variance: String, Sendable, CaseIterable {
        /// The square of ``scale``.
        case fixed
        /// One parameter for all features.
        case shared
        /// A parameter for each feature.
        case feature
        /// The decoder gives one for each value.
        case value
    }

    /// What the means of counts are.
    public enum Means: String, Sendable {
        /// Shares of the row's sum: of one kind of thing that was counted by columns, as reads by genes.
        case shares
        /// Each column's own, exp(o): of columns that count what they will.
        case rates
    }

    /// Where the dispersions of negative binomial counts are from.
    public enum Dispersion: String, Sendable, CaseIterable {
        /// A parameter for each feature (a gene, say).
        case gene
        /// A parameter for each feature and condition of the rows (a gene in a batch, say): logarithms are those of a row's conditions, added up.
        case geneBatch = "gene-batch"
        /// The decoder gives one for each value (of every cell, say).
        case cell
    }
}

/// What a likelihood wants for each feature and takes from parameters in place of the decoder, the same for all rows or for those of a condition: a
/// head behind the decoder's.
public struct SharedHead: Sendable, Equatable {
    static let dispersionName = "log-dispersion"

    /// Of the parameter: `log-dispersion`, say.
    let name: String
    /// Whether it is W^T c for a row's conditions c, with a parameter W `[conditions, features]`.
    var isOfConditions = false
    /// Whether one number is all features'.
    var isOne = false
    var start = Start.zero
    /// The features that it is of; nil for all of a row.
    var features: Int?

    /// What the parameter begins with.
    enum Start: Sendable {
        case zero
        /// Standard normal numbers.
        case normal
    }
}

/// The same as a ``RowLibrary``, in operators.
public struct LibraryValues: Sendable {
    /// `[1]`
    package let sum: OperatorGraph.Value
    /// `[features]`, 1 for values that are there; nil for all.
    package let mask: OperatorGraph.Value?

    package init(sum: OperatorGraph.Value, mask: OperatorGraph.Value? = nil) { (self.sum, self.mask) = (sum, mask) }
}

/// The sums of rows' counts, which means of counts are shares of. All other likelihoods' means do not depend on them.
public enum RowLibrary {
    /// Those of rows `[rows, features]`; by the mask, 1 for values that are there, missing values get what the others let expect.
    case ofRows(UnsafePointer<Float>, mask: UnsafePointer<Float>?)
    /// The same for all rows.
    case given(Float)
    /// The same for all rows, of counts without zeros of another origin than their means: normalised values, which add up to it.
    case normalized(Float)
    /// One for each row.
    case each(UnsafePointer<Float>)

    /// Those of a batch.
    public static func ofRows(_ batch: Batch) -> RowLibrary { .ofRows(batch.input, mask: batch.mask) }

    /// For rows that nobody has seen: a usual sum that single cells' counts are scaled to.
    public static let usual: Float = 10_000

    /// The same from a row on.
    func dropping(rows: Int, features: Int) -> RowLibrary {
        switch self {
        case .ofRows(let x, let mask): .ofRows(x + rows * features, mask: mask.map { $0 + rows * features })
        case .given, .normalized: self
        case .each(let sums): .each(sums + rows)
        }
    }
}

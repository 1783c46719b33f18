public import Support

/// Some columns of rows, and the likelihood that they have of their own.
public struct ColumnPart: Sendable, Equatable {
    public let likelihood: LikelihoodName
    public let settings: LikelihoodSettings
    /// In ascending order.
    public let columns: [Int]
    /// Of each of these columns its categories, where its values are the numbers of categories, 0 to K - 1; else empty.
    public let categories: [Int]

    /// - Precondition: there are columns, and as many numbers of categories, 2 or more, where the likelihood is of such.
    public init(_ likelihood: LikelihoodName, _ settings: LikelihoodSettings, columns: [Int], categories: [Int] = []) {
        precondition(!columns.isEmpty && categories.count == (likelihood.isOfCategories ? columns.count : 0))
        precondition(categories.allSatisfy { $0 >= 2 })
        self.likelihood = likelihood
        self.settings = settings
        self.columns = columns
        self.categories = categories
    }

    /// What the columns' values may be, whatever their categories; nil for all numbers.
    public var support: ValueSupport? { likelihood.make(settings).support }
}

extension LikelihoodName {
    public static let categorical = LikelihoodName(known: "categorical")

    /// Whether in a table a column of it holds the numbers of categories.
    public var isOfCategories: Bool { self == .categorical || self == .ordinal }

    /// Whether it sees a category as indicators.
    var takesIndicators: Bool { self == .categorical }
}

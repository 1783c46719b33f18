package import Support

/// What holds for the columns of rows where it is not the same for all: which values they may have, and which of them are transformed and scaled.
package struct ColumnRules: Sendable {
    /// Columns that follow each other.
    package struct Stretch: Sendable {
        package var columns: Range<Int>
        /// What values they may have as they come; nil for all numbers.
        let support: ValueSupport?
        /// Whether they are transformed, scaled and cut like rows of numbers; all others stay as they are.
        let isPrepared: Bool
    }

    let stretches: [Stretch]
    /// Those that are prepared.
    package let prepared: [Range<Int>]

    /// - Parameters:
    ///   - supports: of each column.
    ///   - isPrepared: whether columns of such a support are transformed, scaled and cut.
    package init(_ supports: [ValueSupport?], isPrepared: (ValueSupport?) -> Bool) {
        stretches = supports.enumerated().reduce(into: []) { stretches, column in
            let (index, support) = column
            if let last = stretches.last, last.support == support {
                stretches[stretches.count - 1].columns = last.columns.lowerBound..<index + 1
            } else {
                stretches.append(Stretch(columns: index..<index + 1, support: support, isPrepared: isPrepared(support)))
            }
        }
        prepared = stretches.filter(\.isPrepared).map(\.columns)
    }
}

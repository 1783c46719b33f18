internal import Training

/// What each column of a table gives to the reconstruction, added up row after row.
struct TableSums {
    private let parts: TableParts
    private var sums: [Double]
    private var counts: [Int]

    init(_ parts: TableParts) {
        self.parts = parts
        sums = [Double](repeating: 0, count: parts.columnCount)
        counts = [Int](repeating: 0, count: parts.columnCount)
    }

    /// - Parameter losses: of a row's columns, not a number where a value is missing.
    mutating func add(_ losses: UnsafePointer<Float>) {
        for column in sums.indices where !losses[column].isNaN {
            sums[column] += Double(losses[column])
            counts[column] += 1
        }
    }

    func losses(rows: Int) -> [PartLoss] {
        parts.parts.map { part in
            var loss = PartLoss(name: part.text, loss: part.columns.reduce(0) { $0 + sums[$1] } / Double(max(rows, 1)))
            if !part.isCoupled {
                loss.columns = part.columns.map { column in
                    PartLoss.ColumnLoss(
                        name: parts.name(column), loss: sums[column] / Double(max(counts[column], 1)), values: counts[column])
                }
            }
            return loss
        }
    }
}

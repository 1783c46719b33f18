internal import Datasets
internal import HDF5
internal import Support

/// The scores of some rows, evenly over all, and the rows with the highest ones: what a page shows of them. Used by root alone.
struct ScoreSample {
    /// A row with its scores.
    struct Row {
        let number: Int64
        let scores: [Float]
    }

    /// By score, and the labels of the same rows, empty texts where there are none.
    private(set) var values: [[Float]]
    private(set) var labels: [String] = []
    /// By score the rows with the highest, the highest first.
    private(set) var highest: [[Row]]
    private let step: Int

    private static let mostRows = 100_000
    private static let mostHighest = 15

    init(scores: Int, rows: Int) {
        values = [[Float]](repeating: [], count: scores)
        highest = [[Row]](repeating: [], count: scores)
        step = max(1, (rows + Self.mostRows - 1) / Self.mostRows)
    }

    /// Adds rows in order. Throws ``Failure``.
    ///
    /// - Parameters:
    ///   - columns: of each score.
    ///   - rows: their numbers among all.
    ///   - numbers: in the data.
    mutating func add(
        _ columns: [UnsafeMutablePointer<Float>], _ rows: Range<Int>, _ numbers: [Int64], _ source: DataSource
    ) throws {
        let some = rows.filter { $0 % step == 0 }.map { $0 - rows.lowerBound }
        for (score, column) in columns.enumerated() {
            values[score] += some.map { column[$0] }
            for row in 0..<rows.count where !column[row].isNaN {
                let least = highest[score].count < Self.mostHighest ? -Float.infinity : highest[score].last!.scores[score]
                guard column[row] > least || highest[score].count < Self.mostHighest else { continue }
                let place = highest[score].firstIndex { $0.scores[score] < column[row] } ?? highest[score].count
                highest[score].insert(Row(number: numbers[row], scores: columns.map { $0[row] }), at: place)
                if highest[score].count > Self.mostHighest { highest[score].removeLast() }
            }
        }
        guard let column = source.labels else { return }
        do throws(HDF5Error) {
            labels += try column.strings(some.map { numbers[$0] })
        } catch {
            throw Failure(error)
        }
    }

    /// The places of the sampled rows that have a label, and whether each has another one than normal rows.
    func labelled(normal: Set<String>) -> [(place: Int, isAnomaly: Bool)] {
        labels.indices.filter { !labels[$0].isEmpty }.map { ($0, !normal.contains(labels[$0])) }
    }
}

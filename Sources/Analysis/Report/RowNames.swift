internal import Datasets
internal import HDF5
internal import Support

/// What a few rows are called, for tables: their ids, unless these are the rows' numbers, and their labels.
struct RowNames {
    private var columns: [(name: String, values: [Int64: String])] = []

    /// Throws ``Failure``. - Parameter numbers: of the rows, in any order.
    init(_ source: DataSource, _ numbers: [Int64], labels: Bool = false) throws {
        let numbers = numbers.sorted()
        for (name, values) in [("id", source.ids), ("label", labels ? source.labels : nil)] {
            guard let values else { continue }
            do throws(HDF5Error) {
                let texts = try values.strings(numbers)
                if name == "id", texts == numbers.map(String.init) { continue }
                columns.append((name, Dictionary(uniqueKeysWithValues: zip(numbers, texts))))
            } catch {
                throw Failure(error)
            }
        }
    }

    var head: [String] { columns.map(\.name) }

    /// Those of a row, below ``head``.
    func cells(_ row: Int64) -> [String] { columns.map { $0.values[row] ?? "" } }
}

internal import HDF5
internal import Support

/// Rows some of whose values are missing by a mask of the same shape: where it is 0, there is no number (NaN).
final class MaskedRows: Rows {
    private let values: any Rows
    private let mask: DenseRows
    let format = NumberFormat.float32

    var stored: NumberFormat { values.isWide ? .float64 : .float32 }
    var name: String { values.name }
    var type: String { "\(values.type) with a mask" }
    var rowCount: Int { values.rowCount }
    var rowShape: [Int] { values.rowShape }
    var chunkRows: Int { max(values.chunkRows, mask.chunkRows) }

    /// Throws ``Failure`` for a mask of another shape.
    init(_ values: any Rows, mask: DenseRows) throws {
        guard mask.rowCount == values.rowCount, mask.features == values.features else {
            throw Failure(
                .badData,
                "\(mask.name) has the shape \([mask.rowCount] + mask.rowShape), but the mask of \(values.name) must have "
                    + "\([values.rowCount] + values.rowShape), one value for each")
        }
        self.values = values
        self.mask = mask
    }

    func makeReader(_ format: NumberFormat) throws -> any RowReader {
        format == .float64
            ? Reader<Double>(try values.makeReader(.float64), try mask.makeReader(.float32), features: features)
            : Reader<Float>(try values.makeReader(.float32), try mask.makeReader(.float32), features: features)
    }

    func advice() -> String? { values.advice() ?? mask.advice() }

    private final class Reader<Number: DecodedNumber>: RowReader {
        private let values: any RowReader
        private let mask: any RowReader
        private let features: Int
        private static var step: Int { 64 }
        private let seen: UnsafeMutablePointer<Float>

        init(_ values: any RowReader, _ mask: any RowReader, features: Int) {
            self.values = values
            self.mask = mask
            self.features = features
            seen = .allocate(capacity: Self.step * features)
        }

        deinit { seen.deallocate() }

        var memoryBytes: Int { values.memoryBytes + mask.memoryBytes + Self.step * features * 4 }

        // Called by its protocol, and slow where it does not know its type.
        @specialized(where Number == Float)
        @specialized(where Number == Double)
        func read(_ rows: Range<Int>, into destination: UnsafeMutableRawPointer) throws {
            try values.read(rows, into: destination)
            let numbers = destination.bindMemory(to: Number.self, capacity: rows.count * features)
            for first in stride(from: rows.lowerBound, to: rows.upperBound, by: Self.step) {
                let some = first..<min(first + Self.step, rows.upperBound)
                try mask.read(some, into: seen)
                let target = numbers + (first - rows.lowerBound) * features
                for index in 0..<some.count * features where seen[index] == 0 { target[index] = .nan }
            }
        }
    }
}

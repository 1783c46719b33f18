package import HDF5
internal import Support

/// Contact maps as DeepDriveMD and mdlearn write them: a list of whole numbers a frame, first the rows of all contacts, then their
/// columns. A row of data is the whole map, `[size, size]` of 0 and 1.
package final class ContactMapRows: Rows {
    package let name: String
    package let rowShape: [Int]
    package let format = NumberFormat.bit
    private let dataset: Dataset
    private let size: Int

    package var type: String { "contacts" }
    package var rowCount: Int { dataset.rowCount }

    /// nil if the data set holds no lists of whole numbers.
    ///
    /// - Parameter size: rows and columns of a map; 0 for one more than the largest index in the file.
    /// - Throws: ``Failure`` or ``HDF5Error``.
    package init?(_ file: File, _ path: String, size: Int) throws {
        let dataset = try file.dataset(path)
        guard dataset.holdsLists, dataset.shape.count == 1 else { return nil }
        self.dataset = dataset
        name = "\(file.path):\(path)"
        if dataset.rowCount > 0 { try dataset.checkStorage() }
        var size = size
        if size == 0 {
            for first in stride(from: 0, to: dataset.rowCount, by: 1024) {
                for list in try dataset.readLists(rows: first..<min(first + 1024, dataset.rowCount)) {
                    let largest = Int(list.max() ?? -1)
                    guard largest < Self.largestSize else { throw Self.tooLarge(name, "the index \(largest)") }
                    size = max(size, largest + 1)
                }
            }
        }
        guard size <= Self.largestSize else { throw Self.tooLarge(name, "\(size) residues") }
        self.size = size
        rowShape = [size, size]
    }

    private static let largestSize = 8192

    private static func tooLarge(_ name: String, _ what: String) -> Failure {
        Failure(.badData, "\(name) has contacts of \(what): maps of at most \(largestSize) x \(largestSize) are possible")
    }

    package func makeReader(_ format: NumberFormat) throws -> any RowReader { Reader(self, format) }

    private final class Reader: RowReader {
        private let maps: ContactMapRows
        private let format: NumberFormat
        let memoryBytes = 1 << 20

        init(_ maps: ContactMapRows, _ format: NumberFormat) {
            self.maps = maps
            self.format = format
        }

        func read(_ rows: Range<Int>, into destination: UnsafeMutableRawPointer) throws {
            let rowBytes = format.byteCount(maps.size * maps.size)
            destination.initializeMemory(as: UInt8.self, repeating: 0, count: rows.count * rowBytes)
            for first in stride(from: rows.lowerBound, to: rows.upperBound, by: 256) {
                let some = first..<min(first + 256, rows.upperBound)
                for (row, list) in zip(some, try maps.dataset.readLists(rows: some)) {
                    try mark(list, row: row, in: destination + (row - rows.lowerBound) * rowBytes)
                }
            }
        }

        private func mark(_ list: [Int64], row: Int, in map: UnsafeMutableRawPointer) throws {
            guard list.count % 2 == 0 else {
                throw Failure(
                    .badData,
                    "\(maps.name): row \(row) has \(list.count) numbers, but contacts are pairs: first all rows, then as many columns"
                )
            }
            let count = list.count / 2
            for contact in 0..<count {
                let (i, j) = (list[contact], list[count + contact])
                guard i >= 0, j >= 0, i < Int64(maps.size), j < Int64(maps.size) else {
                    throw Failure(
                        .badData,
                        "\(maps.name): row \(row) has the contact (\(i), \(j)) outside a map of \(maps.size) x \(maps.size)")
                }
                let place = Int(i) * maps.size + Int(j)
                switch format {
                case .bit: map.assumingMemoryBound(to: UInt8.self)[place / 8] |= 0x80 >> UInt8(place % 8)
                case .float64: map.assumingMemoryBound(to: Double.self)[place] = 1
                default: map.assumingMemoryBound(to: Float.self)[place] = 1
                }
            }
        }
    }
}

internal import CKernels
package import HDF5
internal import Support

/// Rows of a data set, of any number of dimensions.
package final class DenseRows: Rows {
    package let dataset: Dataset
    package let name: String
    package let format: NumberFormat
    package let stored: NumberFormat
    package let rowShape: [Int]

    package var type: String { dataset.type.description }
    package var rowCount: Int { dataset.rowCount }

    /// - Parameter bits: the numbers of a row that are packed eight a byte; 0 if they are not packed.
    /// - Throws: ``Failure`` or ``HDF5Error`` for what cannot be rows of numbers, or is not there.
    init(_ file: File, _ path: String, bits: Int = 0) throws {
        let dataset = try file.dataset(path)
        let type = dataset.type
        let name = "\(file.path):\(path)"
        guard type.isNumeric else { throw Failure(.badData, "\(name) holds \(type), but must hold numbers") }
        if dataset.rowCount > 0, dataset.rowSize > 0 { try dataset.checkStorage() }
        self.dataset = dataset
        self.name = name
        if bits > 0 {
            let shape = Array(dataset.shape.dropFirst())
            guard type.elementClass == .unsigned, type.size == 1, shape == [(bits + 7) / 8] else {
                throw Failure(
                    .badData,
                    "\(name) has rows of \(shape) \(type), but \(bits) packed bits need [\((bits + 7) / 8)] uint8 (numpy.packbits)"
                )
            }
            format = .bit
            stored = .bit
            rowShape = [bits]
            return
        }
        rowShape = Array(dataset.shape.dropFirst())
        stored = Self.format(of: type)
        // Small numbers stay as they are, for they are kept in memory.
        format = stored.byteCount(1) <= 2 ? stored : .float32
    }

    /// The format of a type; of unsigned bytes, pixels; of what only the library can convert, floats.
    package static func format(of type: ElementType) -> NumberFormat {
        if !type.isStandard { return type.size > 2 ? .float64 : .float32 }
        return switch (type.elementClass, type.size) {
        case (.unsigned, 1): .pixel
        case (.unsigned, 2): .uint16
        case (.unsigned, 4): .uint32
        case (.unsigned, _): .uint64
        case (.signed, 1): .int8
        case (.signed, 2): .int16
        case (.signed, 4): .int32
        case (.signed, _): .int64
        case (_, 2): .float16
        case (_, 4): .float32
        default: .float64
        }
    }

    package var chunkRows: Int { dataset.filters.isEmpty ? 1 : dataset.chunkShape?[0] ?? 1 }

    package func makeReader(_ format: NumberFormat) throws -> any RowReader {
        if format == stored, format == .bit || dataset.type.isStandard { return StoredReader(self) }
        return format == .float64 ? DecodedReader<Double>(self) : DecodedReader<Float>(self)
    }

    package func advice() -> String? { chunkAdvice(dataset, file: dataset.filePath).map { "is stored so that \($0)" } }

    /// Reads rows as they are stored.
    private final class StoredReader: RowReader {
        private let numbers: NumberReader

        init(_ rows: DenseRows) { numbers = NumberReader(rows.dataset) }

        var memoryBytes: Int { numbers.memoryBytes }

        func read(_ rows: Range<Int>, into destination: UnsafeMutableRawPointer) throws {
            try numbers.read(rows, into: destination)
        }
    }

    /// Reads rows as floats.
    private final class DecodedReader<Number: DecodedNumber>: RowReader {
        private let numbers: NumberReader
        private let rowSize: Int
        /// Of rows that are packed bits, and where some are read before they become floats.
        private let packed: RowFormat?
        private let piece: UnsafeMutableRawPointer?
        private static var step: Int { 256 }

        init(_ rows: DenseRows) {
            numbers = NumberReader(rows.dataset)
            rowSize = rows.features
            packed = rows.stored == .bit ? RowFormat(numbers: .bit, features: rows.features) : nil
            piece = packed.map { .allocate(byteCount: Self.step * $0.rowBytes, alignment: 64) }
        }

        deinit { piece?.deallocate() }

        var memoryBytes: Int { numbers.memoryBytes + (packed.map { Self.step * $0.rowBytes } ?? 0) }

        func read(_ rows: Range<Int>, into destination: UnsafeMutableRawPointer) throws {
            let values = destination.bindMemory(to: Number.self, capacity: rows.count * rowSize)
            guard let packed, let piece else { return try numbers.read(rows, decodedInto: values) }
            for first in stride(from: rows.lowerBound, to: rows.upperBound, by: Self.step) {
                let some = first..<min(first + Self.step, rows.upperBound)
                try numbers.read(some, into: piece)
                for row in some {
                    packed.decode(piece + (row - first) * packed.rowBytes, into: values + (row - rows.lowerBound) * rowSize)
                }
            }
        }
    }
}

/// Reads the numbers of one data set for one thread: by ``ChunkReader`` where that can, else by the library.
final class NumberReader {
    let dataset: Dataset
    private let chunks: ChunkReader?
    /// The type of the numbers; nil for one that only the library can convert.
    private let format: NumberFormat?

    /// - Parameter bytesAreCounts: whether unsigned bytes are numbers, not pixels.
    init(_ dataset: Dataset, bytesAreCounts: Bool = false) {
        self.dataset = dataset
        chunks = ChunkReader(dataset)
        let format = dataset.type.isStandard ? DenseRows.format(of: dataset.type) : nil
        self.format = format == .pixel && bytesAreCounts ? .uint8 : format
    }

    var memoryBytes: Int { chunks?.memoryBytes ?? 0 }

    /// Rows as they are stored, in this machine's order of bytes.
    func read(_ rows: Range<Int>, into destination: UnsafeMutableRawPointer) throws(HDF5Error) {
        guard let chunks else { return try dataset.readStored(rows: rows, into: destination) }
        let size = dataset.type.size
        try chunks.read(rows: rows) { numbers, place, count in
            (destination + place * size).copyMemory(from: numbers, byteCount: count * size)
        }
    }

    /// Rows as floats.
    func read<Number: DecodedNumber>(
        _ rows: Range<Int>, decodedInto destination: UnsafeMutablePointer<Number>
    ) throws(HDF5Error) {
        guard let format else { return try dataset.read(rows: rows, into: destination) }
        if let chunks {
            try chunks.read(rows: rows) { numbers, place, count in
                Number.decode(numbers, format, into: destination + place, count: count)
            }
            return
        }
        // In pieces, so that little memory is needed besides.
        let rowBytes = max(dataset.rowSize * dataset.type.size, 1)
        let step = min(max(1, (1 << 20) / rowBytes), max(rows.count, 1))
        let memory = UnsafeMutableRawPointer.allocate(byteCount: step * rowBytes, alignment: 64)
        defer { memory.deallocate() }
        var first = rows.lowerBound
        while first < rows.upperBound {
            let piece = first..<min(first + step, rows.upperBound)
            try dataset.readStored(rows: piece, into: memory)
            Number.decode(
                memory, format, into: destination + (first - rows.lowerBound) * dataset.rowSize,
                count: piece.count * dataset.rowSize)
            first = piece.upperBound
        }
    }
}

internal import CKernels
internal import HDF5

/// Rows of a data set, of any number of dimensions.
final class DenseRows: Rows {
    let dataset: Dataset
    let name: String
    let format: NumberFormat
    let stored: NumberFormat
    let rowShape: [Int]

    var type: String { dataset.type.description }
    var rowCount: Int { dataset.rowCount }

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
        stored = type.isStandard ? Self.format(of: type) : .float32
        // Small numbers stay as they are, for they are kept in memory.
        format = stored.byteCount(1) <= 2 ? stored : .float32
    }

    /// The format of a standard type; of unsigned bytes, pixels.
    static func format(of type: ElementType) -> NumberFormat {
        switch (type.elementClass, type.size) {
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

    var chunkRows: Int { dataset.filters.isEmpty ? 1 : dataset.chunkShape?[0] ?? 1 }

    func makeReader(_ format: NumberFormat) throws -> any RowReader {
        stored == .bit && format == .float32 ? BitReader(self) : Reader(self, format)
    }

    func advice() -> String? { chunkAdvice(dataset, file: dataset.filePath).map { "is stored so that \($0)" } }

    /// Reads rows that are packed bits, as floats.
    private final class BitReader: RowReader {
        private let numbers: NumberReader
        private let packed: RowFormat
        private static let step = 256
        private let piece: UnsafeMutableRawPointer

        init(_ rows: DenseRows) {
            numbers = NumberReader(rows.dataset)
            packed = RowFormat(numbers: .bit, features: rows.features)
            piece = .allocate(byteCount: Self.step * packed.rowBytes, alignment: 64)
        }

        deinit { piece.deallocate() }

        var memoryBytes: Int { numbers.memoryBytes + Self.step * packed.rowBytes }

        func read(_ rows: Range<Int>, into destination: UnsafeMutableRawPointer) throws {
            let values = destination.bindMemory(to: Float.self, capacity: rows.count * packed.features)
            for first in stride(from: rows.lowerBound, to: rows.upperBound, by: Self.step) {
                let some = first..<min(first + Self.step, rows.upperBound)
                try numbers.read(some, into: piece)
                for row in some {
                    packed.decode(
                        piece + (row - first) * packed.rowBytes, into: values + (row - rows.lowerBound) * packed.features)
                }
            }
        }
    }

    private final class Reader: RowReader {
        private let numbers: NumberReader
        private let rowSize: Int
        /// The type in the file, if numbers must become floats.
        private let converted: kernel_number?
        private let isStandard: Bool

        init(_ rows: DenseRows, _ format: NumberFormat) {
            numbers = NumberReader(rows.dataset)
            rowSize = rows.dataset.rowSize
            isStandard = rows.dataset.type.isStandard
            converted = format == rows.stored ? nil : rows.stored.kernel
        }

        var memoryBytes: Int { numbers.memoryBytes }

        func read(_ rows: Range<Int>, into destination: UnsafeMutableRawPointer) throws {
            if let converted, isStandard {
                try numbers.readFloats(
                    rows, converted, into: destination.bindMemory(to: Float.self, capacity: rows.count * rowSize))
            } else if isStandard {
                try numbers.read(rows, into: destination)
            } else {
                try numbers.dataset.read(
                    rows: rows, into: destination.bindMemory(to: Float.self, capacity: rows.count * rowSize))
            }
        }
    }
}

/// Reads the numbers of one data set for one thread: by ``ChunkReader`` where that can, else by the library.
final class NumberReader {
    let dataset: Dataset
    private let chunks: ChunkReader?

    init(_ dataset: Dataset) {
        self.dataset = dataset
        chunks = ChunkReader(dataset)
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

    /// Rows as floats, of numbers of a standard type.
    func readFloats(
        _ rows: Range<Int>, _ type: kernel_number, into destination: UnsafeMutablePointer<Float>
    ) throws(HDF5Error) {
        if let chunks {
            try chunks.read(rows: rows) { numbers, place, count in
                kernel_to_float(destination + place, numbers, type, count)
            }
            return
        }
        // In pieces, so that little memory is needed besides.
        let rowBytes = max(dataset.rowSize * dataset.type.size, 1)
        let step = max(1, (1 << 20) / rowBytes)
        let memory = UnsafeMutableRawPointer.allocate(byteCount: step * rowBytes, alignment: 64)
        defer { memory.deallocate() }
        var first = rows.lowerBound
        while first < rows.upperBound {
            let piece = first..<min(first + step, rows.upperBound)
            try dataset.readStored(rows: piece, into: memory)
            kernel_to_float(
                destination + (first - rows.lowerBound) * dataset.rowSize, memory, type, piece.count * dataset.rowSize)
            first = piece.upperBound
        }
    }
}

internal import HDF5

/// What the values of a data set of numbers are like, as far as they were read.
struct ValueScan: Codable {
    /// Of the finite values; nil if there are none.
    var minimum: Double?
    var maximum: Double?
    var nanCount = 0
    var infiniteCount = 0
    /// The place in the data set of the first value that is not finite.
    var firstBad: [Int]?
    /// False if only samples were read.
    var isWhole = true

    /// The memory that a piece takes.
    static let pieceBytes = 16 << 20
    /// Chunks are decoded whole, which may take three times their size.
    static let largestChunk = 48 << 20

    /// Reads a whole data set, or, if it is larger than `wholeBytes`, 16 pieces from all over it. Throws ``HDF5Error``.
    ///
    /// - Parameter progress: is called after each piece.
    init(_ dataset: Dataset, wholeBytes: Int = .max, progress: () -> Void) throws(HDF5Error) {
        isWhole = dataset.byteCount <= wholeBytes
        let pieceBytes = isWhole ? Self.pieceBytes : 1 << 20
        switch (dataset.type.elementClass, dataset.type.size) {
        case (.signed, 1): try readIntegers(Int8.self, dataset, pieceBytes, progress)
        case (.signed, 2): try readIntegers(Int16.self, dataset, pieceBytes, progress)
        case (.signed, 3...4): try readIntegers(Int32.self, dataset, pieceBytes, progress)
        case (.signed, _): try readIntegers(Int64.self, dataset, pieceBytes, progress)
        case (.unsigned, 1): try readIntegers(UInt8.self, dataset, pieceBytes, progress)
        case (.unsigned, 2): try readIntegers(UInt16.self, dataset, pieceBytes, progress)
        case (.unsigned, 3...4): try readIntegers(UInt32.self, dataset, pieceBytes, progress)
        case (.unsigned, _): try readIntegers(UInt64.self, dataset, pieceBytes, progress)
        case (.float, 1...4): try readFloats(Float.self, dataset, pieceBytes, progress)
        case (.float, _): try readFloats(Double.self, dataset, pieceBytes, progress)
        default: break
        }
    }

    private mutating func readIntegers<Number: HDF5Number & FixedWidthInteger>(
        _: Number.Type, _ dataset: Dataset, _ pieceBytes: Int, _ progress: () -> Void
    ) throws(HDF5Error) {
        var (low, high) = (Number.max, Number.min)
        try read(Number.self, dataset, pieceBytes, progress) { values, _ in
            for value in values {
                low = min(low, value)
                high = max(high, value)
            }
        }
        if low <= high { (minimum, maximum) = (Double(low), Double(high)) }
    }

    private mutating func readFloats<Number: HDF5Number & BinaryFloatingPoint>(
        _: Number.Type, _ dataset: Dataset, _ pieceBytes: Int, _ progress: () -> Void
    ) throws(HDF5Error) {
        var (low, high) = (Number.infinity, -Number.infinity)
        var bad = (nan: 0, infinite: 0, first: [Int]?.none)
        try read(Number.self, dataset, pieceBytes, progress) { values, piece in
            for (index, value) in values.enumerated() {
                if value - value == 0 {
                    low = min(low, value)
                    high = max(high, value)
                } else {
                    if value.isNaN { bad.nan += 1 } else { bad.infinite += 1 }
                    bad.first = bad.first ?? piece.place(of: index)
                }
            }
        }
        if low <= high { (minimum, maximum) = (Double(low), Double(high)) }
        (nanCount, infiniteCount, firstBad) = bad
    }

    private func read<Number: HDF5Number>(
        _: Number.Type, _ dataset: Dataset, _ pieceBytes: Int, _ progress: () -> Void,
        _ body: (UnsafeBufferPointer<Number>, Pieces.Piece) -> Void
    ) throws(HDF5Error) {
        if dataset.shape.contains(0) { return }
        let limit = pieceBytes / MemoryLayout<Number>.stride
        let pieces = dataset.pieces(limit: limit)
        let buffer = UnsafeMutablePointer<Number>.allocate(capacity: limit)
        defer { buffer.deallocate() }
        let samples = isWhole ? pieces.count : min(16, pieces.count)
        for sample in 0..<samples {
            let piece = pieces[samples > 1 ? sample * (pieces.count - 1) / (samples - 1) : 0]
            try dataset.read(piece, into: buffer)
            body(UnsafeBufferPointer(start: buffer, count: piece.count), piece)
            progress()
        }
    }
}

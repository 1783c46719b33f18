internal import CHDF5
internal import CKernels

/// Reads a chunked data set without HDF5's own decoding, so that several threads, each with a reader of its own, decode at once.
///
/// See ``ChunkDecoder``. All chunks that a row lies in are kept until another row needs others.
public final class ChunkReader {
    private let dataset: Dataset
    private let decoder: ChunkDecoder
    private let chunk: [Int]
    private let chunkBytes: Int
    /// The chunks that lie side by side in a row, by dimension.
    private let grid: [Int]
    /// The chunks that lie side by side, decoded.
    private let band: UnsafeMutableRawPointer
    /// Which chunks, counted along the rows, `band` holds.
    private var bandIndex = -1

    /// The largest memory that decoded chunks side by side may take, in bytes.
    public static let largestBand = 256 << 20

    /// nil if the library must decode: another layout, another filter, a type that no processor has, or chunks too large.
    public init?(_ dataset: Dataset) {
        guard let chunk = dataset.chunkShape, dataset.type.isStandard else { return nil }
        let grid = zip(dataset.shape, chunk).dropFirst().map { ($0 + $1 - 1) / $1 }
        let bandBytes = (chunk + grid).reduce(Double(dataset.type.size)) { $0 * Double($1) }
        guard chunk.allSatisfy({ $0 > 0 }), bandBytes <= Double(Self.largestBand),
            let decoder = ChunkDecoder(dataset)
        else { return nil }
        self.dataset = dataset
        self.decoder = decoder
        self.chunk = chunk
        self.grid = grid
        chunkBytes = chunk.reduce(dataset.type.size, *)
        band = .allocate(byteCount: max(Int(bandBytes), 64), alignment: 64)
    }

    deinit { band.deallocate() }

    /// The bytes of memory that the reader holds.
    public var memoryBytes: Int { decoder.memoryBytes + grid.reduce(chunkBytes, *) }

    /// Gives the numbers of some rows in this machine's order of bytes, run after run.
    ///
    /// - Parameter take: gets numbers, the place of the first of them in `rows` as one array, and how many they are.
    public func read(
        rows: Range<Int>, _ take: (_ numbers: UnsafeRawPointer, _ place: Int, _ count: Int) -> Void
    ) throws(HDF5Error) {
        precondition(rows.lowerBound >= 0 && rows.upperBound <= dataset.rowCount, "rows outside the data set")
        var first = rows.lowerBound
        while first < rows.upperBound {
            let index = first / chunk[0]
            let end = min(rows.upperBound, (index + 1) * chunk[0])
            if index != bandIndex { try decodeBand(index) }
            for place in 0..<grid.reduce(1, *) {
                copy(first..<end, ofChunk: place, offset: (first - rows.lowerBound) * dataset.rowSize, take)
            }
            first = end
        }
    }

    /// Where a chunk of a band begins, in every dimension.
    private func start(ofChunk place: Int, band index: Int) -> [Int] {
        var start = [Int](repeating: 0, count: chunk.count)
        start[0] = index * chunk[0]
        var rest = place
        for dimension in stride(from: chunk.count - 1, to: 0, by: -1) {
            start[dimension] = rest % grid[dimension - 1] * chunk[dimension]
            rest /= grid[dimension - 1]
        }
        return start
    }

    /// Hands out what a chunk of the band has of some rows.
    private func copy(
        _ rows: Range<Int>, ofChunk place: Int, offset: Int,
        _ take: (_ numbers: UnsafeRawPointer, _ place: Int, _ count: Int) -> Void
    ) {
        let size = dataset.type.size
        let source = band + place * chunkBytes + (rows.lowerBound - bandIndex * chunk[0]) * (chunkBytes / chunk[0])
        let shape = dataset.shape
        if grid.allSatisfy({ $0 == 1 }), Array(chunk.dropFirst()) == Array(shape.dropFirst()) {
            return take(source, offset, rows.count * dataset.rowSize)
        }
        // Runs along the last dimension, for every index of the dimensions before it.
        let start = start(ofChunk: place, band: bandIndex)
        let last = shape.count - 1
        let run = min(chunk[last], shape[last] - start[last])
        var index = [Int](repeating: 0, count: shape.count)
        let limits = shape.indices.map { $0 == 0 ? rows.count : min(chunk[$0], shape[$0] - start[$0]) }
        while true {
            var (from, to) = (0, 0)
            for dimension in 0...last {
                from = from * chunk[dimension] + index[dimension]
                to = to * shape[dimension] + index[dimension] + (dimension == 0 ? 0 : start[dimension])
            }
            take(source + from * size, offset + to, run)
            var dimension = last - 1
            while dimension >= 0 {
                index[dimension] += 1
                if index[dimension] < limits[dimension] { break }
                index[dimension] = 0
                dimension -= 1
            }
            if dimension < 0 { return }
        }
    }

    private func decodeBand(_ index: Int) throws(HDF5Error) {
        bandIndex = -1
        for place in 0..<grid.reduce(1, *) {
            try decode(start(ofChunk: place, band: index), into: band + place * chunkBytes)
        }
        bandIndex = index
    }

    private func decode(_ start: [Int], into target: UnsafeMutableRawPointer) throws(HDF5Error) {
        guard let bytes = try decoder.decode(start) else { return try fill(target) }
        target.copyMemory(from: bytes, byteCount: chunkBytes)
        if dataset.type.isBigEndian { kernel_swap_bytes(target, dataset.type.size, chunkBytes / dataset.type.size) }
    }

    /// What stands where nothing was written.
    private func fill(_ target: UnsafeMutableRawPointer) throws(HDF5Error) {
        Library.lock()
        defer { Library.unlock() }
        let size = dataset.type.size
        let type = try Handle(
            H5Dget_type(dataset.handle.id), file: dataset.file.path, object: dataset.path, "has no type")
        let native = try Handle(
            H5Tget_native_type(type.id, H5T_DIR_ASCEND), file: dataset.file.path, object: dataset.path, "has no type")
        let properties = try Handle(
            H5Dget_create_plist(dataset.handle.id), file: dataset.file.path, object: dataset.path, "has no properties")
        target.initializeMemory(as: UInt8.self, repeating: 0, count: chunkBytes)
        guard H5Pget_fill_value(properties.id, native.id, target) >= 0 else {
            throw dataset.file.failure(dataset.path, "has no value for what was never written")
        }
        for place in stride(from: size, to: chunkBytes, by: size) { (target + place).copyMemory(from: target, byteCount: size) }
    }
}

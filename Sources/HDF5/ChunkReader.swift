internal import CDeflate
internal import CHDF5
internal import CKernels
internal import Foundation

/// Reads a chunked data set without HDF5's own decoding, so that several threads, each with a reader of its own, decode at once.
///
/// Only the compressed bytes come from the library, in turn (H5Dread_chunk); gzip (by libdeflate), shuffle and fletcher32 are undone
/// here. All chunks that a row lies in are kept until another row needs others.
public final class ChunkReader {
    private enum Filter {
        case deflate
        case shuffle
        case fletcher32
    }

    private let dataset: Dataset
    /// In the order in which they were applied.
    private let filters: [Filter]
    private let chunk: [Int]
    private let chunkBytes: Int
    /// The chunks that lie side by side in a row, by dimension.
    private let grid: [Int]
    private let decompressor: OpaquePointer
    /// Two buffers that filters work between, and the chunks that lie side by side, decoded.
    private let work: [UnsafeMutableRawPointer]
    private let workBytes: Int
    private let band: UnsafeMutableRawPointer
    /// Which chunks, counted along the rows, `band` holds.
    private var bandIndex = -1

    /// The largest memory that decoded chunks side by side may take, in bytes.
    public static let largestBand = 256 << 20

    /// nil if the library must decode: another layout, another filter, a type that no processor has, or chunks too large.
    public init?(_ dataset: Dataset) {
        guard let chunk = dataset.chunkShape, dataset.type.isStandard, let filters = Self.filters(of: dataset) else { return nil }
        let grid = zip(dataset.shape, chunk).dropFirst().map { ($0 + $1 - 1) / $1 }
        let bandBytes = (chunk + grid).reduce(Double(dataset.type.size)) { $0 * Double($1) }
        guard chunk.allSatisfy({ $0 > 0 }), bandBytes <= Double(Self.largestBand) else { return nil }
        self.dataset = dataset
        self.filters = filters
        self.chunk = chunk
        self.grid = grid
        chunkBytes = chunk.reduce(dataset.type.size, *)
        // Gzip makes noise longer by a little, checksums take 4 bytes.
        workBytes = chunkBytes + chunkBytes / 64 + 1024
        work = [0, 1].map { [workBytes] _ in .allocate(byteCount: workBytes, alignment: 64) }
        band = .allocate(byteCount: max(Int(bandBytes), 64), alignment: 64)
        decompressor = libdeflate_alloc_decompressor()
    }

    deinit {
        for buffer in work { buffer.deallocate() }
        band.deallocate()
        libdeflate_free_decompressor(decompressor)
    }

    /// The bytes of memory that the reader holds.
    public var memoryBytes: Int { 2 * workBytes + grid.reduce(chunkBytes, *) }

    private static func filters(of dataset: Dataset) -> [Filter]? {
        Library.lock()
        defer { Library.unlock() }
        let properties = H5Dget_create_plist(dataset.handle.id)
        defer { H5Idec_ref(properties) }
        var filters: [Filter] = []
        for index in 0..<max(H5Pget_nfilters(properties), 0) {
            var flags: UInt32 = 0
            var count = 0
            var configuration: UInt32 = 0
            switch H5Pget_filter2(properties, UInt32(index), &flags, &count, nil, 0, nil, &configuration) {
            case H5Z_FILTER_DEFLATE: filters.append(.deflate)
            case H5Z_FILTER_SHUFFLE: filters.append(.shuffle)
            case H5Z_FILTER_FLETCHER32: filters.append(.fletcher32)
            default: return nil
            }
        }
        return filters
    }

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
        guard let (stored, skipped) = try readRaw(start) else { return try fill(target) }
        var (bytes, count) = (0, stored)
        for (number, filter) in filters.enumerated().reversed() where skipped & (1 << UInt32(number)) == 0 {
            guard let decoded = undo(filter, work[bytes], count, into: work[1 - bytes]) else { throw damaged(start) }
            count = decoded
            // A checksum leaves the bytes where they are.
            if filter != .fletcher32 { bytes = 1 - bytes }
        }
        guard count == chunkBytes else { throw damaged(start) }
        target.copyMemory(from: work[bytes], byteCount: count)
        if dataset.type.isBigEndian { kernel_swap_bytes(target, dataset.type.size, count / dataset.type.size) }
    }

    /// The stored bytes of a chunk, in the first buffer, and the filters it was stored without; nil if it was never written.
    private func readRaw(_ start: [Int]) throws(HDF5Error) -> (count: Int, skipped: UInt32)? {
        Library.lock()
        defer { Library.unlock() }
        let offset = start.map(hsize_t.init)
        var size: hsize_t = 0
        guard H5Dget_chunk_storage_size(dataset.handle.id, offset, &size) >= 0 else {
            let failure = dataset.file.failure(dataset.path, "has a damaged index of chunks")
            // HDF5 1.10 has no other way to say that a chunk was never written.
            if failure.frames.contains(where: { $0.contains("not allocated") }) { return nil }
            throw failure
        }
        if size == 0 { return nil }
        guard size <= workBytes else { throw damaged(start) }
        var skipped: UInt32 = 0
        guard H5Dread_chunk(dataset.handle.id, chdf5_default(), offset, &skipped, work[0]) >= 0 else {
            throw dataset.file.failure(dataset.path, "cannot be read at row \(start[0])")
        }
        return (Int(size), skipped)
    }

    /// Undoes one filter; the number of bytes that it leaves, or nil for damage.
    private func undo(
        _ filter: Filter, _ source: UnsafeMutableRawPointer, _ count: Int, into target: UnsafeMutableRawPointer
    ) -> Int? {
        switch filter {
        case .deflate:
            var produced = 0
            let result = libdeflate_zlib_decompress(decompressor, source, count, target, workBytes, &produced)
            return result == LIBDEFLATE_SUCCESS ? produced : nil
        case .shuffle:
            kernel_unshuffle(
                target.assumingMemoryBound(to: UInt8.self), source.assumingMemoryBound(to: UInt8.self), dataset.type.size, count)
            return count
        case .fletcher32:
            guard count >= 4 else { return nil }
            let expected = UInt32(littleEndian: (source + (count - 4)).loadUnaligned(as: UInt32.self))
            return kernel_fletcher32(source.assumingMemoryBound(to: UInt8.self), count - 4) == expected ? count - 4 : nil
        }
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

    private func damaged(_ start: [Int]) -> HDF5Error {
        HDF5Error(
            .inputOutput, file: dataset.file.path, object: dataset.path,
            "is damaged: the chunk at row \(start[0]) does not match its checksum or cannot be decompressed")
    }
}

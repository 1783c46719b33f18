internal import CDeflate
internal import CHDF5
internal import CKernels
internal import Foundation

/// Decodes chunks of a data set one by one, for one thread.
///
/// Only the compressed bytes come from the library, in turn (H5Dread_chunk); gzip (by libdeflate), shuffle and fletcher32 are undone here. A
/// chunk that is then not as long as it should be is damaged.
final class ChunkDecoder {
    private enum Filter {
        case deflate
        case shuffle
        case fletcher32
    }

    private let dataset: Dataset
    /// In the order in which they were applied.
    private let filters: [Filter]
    private let chunkBytes: Int
    /// Whether the index is asked how long chunks are. The library takes the length of those without filters for granted, and writes as many bytes as
    /// the index says; it goes through all of them to find one.
    private let looksThemUp: Bool
    private let decompressor: OpaquePointer
    /// Two buffers that filters work between.
    private let work: [UnsafeMutableRawPointer]
    private let workBytes: Int

    /// The bytes of memory that it holds.
    var memoryBytes: Int { 2 * workBytes }

    /// nil for data in one piece, and where a filter is another one.
    init?(_ dataset: Dataset) {
        guard let chunkBytes = dataset.chunkBytes, let filters = Self.filters(of: dataset) else { return nil }
        self.dataset = dataset
        self.filters = filters
        self.chunkBytes = chunkBytes
        looksThemUp = filters.isEmpty && dataset.chunkCount <= 1024
        // Gzip makes noise longer by a little, checksums take 4 bytes.
        workBytes = chunkBytes + chunkBytes / 64 + 1024
        work = [0, 1].map { [workBytes] _ in .allocate(byteCount: workBytes, alignment: 64) }
        decompressor = libdeflate_alloc_decompressor()
    }

    deinit {
        for buffer in work { buffer.deallocate() }
        libdeflate_free_decompressor(decompressor)
    }

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

    /// The bytes of a chunk, in the file's order, until the next call; nil if it was never written.
    ///
    /// - Parameter start: where it begins, in every dimension.
    func decode(_ start: [Int]) throws(HDF5Error) -> UnsafeRawPointer? {
        guard let (stored, skipped) = try readRaw(start) else { return nil }
        var (bytes, count) = (0, stored)
        for (number, filter) in filters.enumerated().reversed() where skipped & (1 << UInt32(number)) == 0 {
            guard let decoded = undo(filter, work[bytes], count, into: work[1 - bytes]) else { throw damaged(start) }
            count = decoded
            // A checksum leaves the bytes where they are.
            if filter != .fletcher32 { bytes = 1 - bytes }
        }
        guard count == chunkBytes else { throw damaged(start) }
        return UnsafeRawPointer(work[bytes])
    }

    /// The stored bytes of a chunk, in the first buffer, and the filters it was stored without; nil if it was never written.
    private func readRaw(_ start: [Int]) throws(HDF5Error) -> (count: Int, skipped: UInt32)? {
        Library.lock()
        defer { Library.unlock() }
        let offset = start.map(hsize_t.init)
        guard let size = try storedBytes(offset), size > 0 else { return nil }
        guard filters.isEmpty ? size == chunkBytes : size <= workBytes else { throw damaged(start) }
        var skipped: UInt32 = 0
        guard H5Dread_chunk(dataset.handle.id, chdf5_default(), offset, &skipped, work[0]) >= 0 else {
            throw dataset.file.failure(dataset.path, "cannot be read at row \(start[0])")
        }
        return (size, skipped)
    }

    /// The bytes that a chunk takes in the file; nil if it was never written.
    private func storedBytes(_ offset: [hsize_t]) throws(HDF5Error) -> Int? {
        var size: hsize_t = 0
        if looksThemUp {
            var (mask, address) = (UInt32(0), haddr_t(0))
            guard H5Dget_chunk_info_by_coord(dataset.handle.id, offset, &mask, &address, &size) >= 0 else {
                throw dataset.file.failure(dataset.path, "has a damaged index of chunks")
            }
        } else if H5Dget_chunk_storage_size(dataset.handle.id, offset, &size) < 0 {
            let failure = dataset.file.failure(dataset.path, "has a damaged index of chunks")
            // HDF5 1.10 has no other way to say that a chunk was never written.
            if failure.frames.contains(where: { $0.contains("not allocated") }) { return nil }
            throw failure
        }
        return Int(size)
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

    private func damaged(_ start: [Int]) -> HDF5Error {
        HDF5Error(
            .inputOutput, file: dataset.file.path, object: dataset.path,
            "is damaged: the chunk at row \(start[0]) does not match its checksum, has another length, or cannot be decompressed")
    }
}

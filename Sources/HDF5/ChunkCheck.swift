internal import CHDF5

/// Chunks that are not as long as they should be, which the library does not notice.
extension Dataset {
    /// Throws unless the chunks that rows lie in are as long as they should be, once their filters are undone. To be asked before the library
    /// reads them: HDF5 (seen in 1.10) takes their length for granted, and reads and writes memory behind shorter ones.
    ///
    /// Chunks of filters that are not known here, and of texts and lists of any length, are not looked at. Each is looked at once.
    func checkChunks(of rows: Range<Int>) throws(HDF5Error) {
        guard let chunkShape, let chunkBytes, !rows.isEmpty, chunkShape.allSatisfy({ $0 > 0 }), hasFixedSize else { return }
        let bands = rows.lowerBound / chunkShape[0]...(rows.upperBound - 1) / chunkShape[0]
        guard !bands.allSatisfy(checkedBands.contains) else { return }
        guard chunkBytes <= Self.largestChunk else { return try checkFilters() }
        // Which goes through all chunks.
        if checkedBands.isEmpty { try checkWholeChunks(storageSize) }
        guard let decoder = ChunkDecoder(self) else { return }
        let grid = zip(shape, chunkShape).dropFirst().map { ($0 + $1 - 1) / $1 }
        for band in bands where !checkedBands.contains(band) {
            for number in 0..<grid.reduce(1, *) {
                var (start, rest) = ([band * chunkShape[0]], number)
                for (dimension, count) in grid.enumerated() {
                    start.append(rest % count * chunkShape[dimension + 1])
                    rest /= count
                }
                _ = try decoder.decode(start)
            }
            checkedBands.insert(band)
        }
    }

    /// The chunks that the shape takes.
    var chunkCount: Int { zip(shape, chunkShape ?? shape).reduce(1) { $0 * (($1.0 + $1.1 - 1) / max($1.1, 1)) } }

    /// Throws if chunks that no filter made are not all as long as they should be, together: what is cheap to find out of any number of them.
    func checkWholeChunks(_ storedBytes: Int) throws(HDF5Error) {
        guard let chunkBytes, chunkBytes > 0, filters.isEmpty, hasFixedSize, storedBytes % chunkBytes != 0 else { return }
        throw HDF5Error(
            .inputOutput, file: file.path, object: path,
            "is damaged: chunks of \(chunkBytes) bytes cannot take \(storedBytes) bytes together")
    }

    /// Whether elements are stored in their place, and not elsewhere in the file.
    private var hasFixedSize: Bool {
        guard let type = try? Handle(H5Dget_type(handle.id), file: file.path, object: path, "has no type") else { return false }
        return Self.hasFixedSize(type.id)
    }

    private static func hasFixedSize(_ type: hid_t) -> Bool {
        switch H5Tget_class(type) {
        case H5T_INTEGER, H5T_FLOAT, H5T_ENUM, H5T_BITFIELD: true
        case H5T_STRING: H5Tis_variable_str(type) == 0
        case H5T_COMPOUND:
            (0..<max(H5Tget_nmembers(type), 0)).allSatisfy { index in
                let member = H5Tget_member_type(type, UInt32(index))
                defer { H5Idec_ref(member) }
                return hasFixedSize(member)
            }
        default: false
        }
    }
}

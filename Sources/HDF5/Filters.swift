internal import CHDF5

/// What is known of the filters that data sets name, and which of them the library has.
extension Dataset {
    /// A filter is applied to whole chunks, which must fit into memory: no data set needs larger ones.
    static let largestChunk = 256 << 20

    /// The bytes of a chunk when it is in memory; nil if the data are in one piece.
    public var chunkBytes: Int? { chunkShape.map { $0.reduce(type.size, *) } }

    /// Whether damage of the data would be noticed: by fletcher32, or by gzip, which has a checksum of its own.
    public var hasChecksum: Bool {
        Library.lock()
        defer { Library.unlock() }
        let identifiers = filterIdentifiers
        return identifiers.contains(H5Z_FILTER_FLETCHER32) || identifiers.contains(H5Z_FILTER_DEFLATE)
    }

    /// Throws if the data set claims more than the whole file can hold; gives the size of the file.
    ///
    /// To be asked first: to look for the chunks of 2^50 rows takes the library hours.
    @discardableResult
    public func checkClaim() throws(HDF5Error) -> Int {
        Library.lock()
        defer { Library.unlock() }
        try checkClaim(of: file.size, "a file")
        return file.size
    }

    /// Throws if that many bytes cannot hold what the data set claims: gzip shrinks by 1000 at most.
    func checkClaim(of storedBytes: Int, _ place: String) throws(HDF5Error) {
        guard Double(byteCount) > Double(storedBytes) * 1100 + 1e6 else { return }
        throw HDF5Error(
            .unsuitable, file: file.path, object: path,
            "claims \(byteCount / 1_000_000) MB in \(place) of \(storedBytes) bytes: most of it was never written")
    }

    /// Throws if chunks are too large, or made by a filter that the library does not have.
    func checkFilters() throws(HDF5Error) {
        if let chunkBytes, chunkBytes > Self.largestChunk {
            throw HDF5Error(
                .unsuitable, file: file.path, object: path,
                "has chunks of \(chunkBytes >> 20) MiB; at most \(Self.largestChunk >> 20) MiB are read: "
                    + "rewrite it with smaller ones, e.g. h5repack -l CHUNK=\(Self.chunkAdvice(shape, size: type.size)) OLD.h5 NEW.h5"
            )
        }
        for (filter, name) in zip(filterIdentifiers, filters) where H5Zfilter_avail(filter) <= 0 {
            let known = Self.foreignFilters[filter]
            // The library gives a number to a filter that has no name.
            let shown = known?.name ?? (name == "filter \(filter)" ? "something unknown" : "'\(name)'")
            let advice =
                known?.package.map { "rewrite it by h5repack -f GZIP=4 OLD.h5 NEW.h5, with the Debian package \($0)" }
                ?? "rewrite it with gzip where it was written"
            throw HDF5Error(
                .unsuitable, file: file.path, object: path,
                "is compressed with \(shown) (filter \(filter)), which mpi-vae does not read: \(advice)")
        }
    }

    private var filterIdentifiers: [H5Z_filter_t] {
        let properties = H5Dget_create_plist(handle.id)
        defer { H5Idec_ref(properties) }
        return (0..<max(H5Pget_nfilters(properties), 0)).map { index in
            var (flags, count, configuration) = (UInt32(0), 0, UInt32(0))
            return H5Pget_filter2(properties, UInt32(index), &flags, &count, nil, 0, nil, &configuration)
        }
    }

    /// Chunks of whole rows, about a quarter of a megabyte, as h5repack takes them.
    private static func chunkAdvice(_ shape: [Int], size: Int) -> String {
        let rowBytes = max(shape.dropFirst().reduce(size, *), 1)
        let chunk = [min(max(shape.first ?? 1, 1), max(1, (1 << 18) / rowBytes))] + shape.dropFirst().map { min($0, 1 << 18) }
        return chunk.map(String.init).joined(separator: "x")
    }

    /// Registered filters that files in the wild have, and the package of Debian 12 that has the plug-in.
    private static let foreignFilters: [H5Z_filter_t: (name: String, package: String?)] = [
        H5Z_FILTER_SZIP: ("szip", nil),
        307: ("bzip2", "hdf5-filter-plugin"),
        32000: ("lzf", "hdf5-plugin-lzf"),
        32001: ("blosc", "hdf5-filter-plugin-blosc-serial"),
        32004: ("lz4", "hdf5-filter-plugin"),
        32008: ("bitshuffle", nil),
        32013: ("zfp", "hdf5-filter-plugin-zfp-serial"),
        32015: ("zstd", nil),
        32026: ("blosc2", nil),
    ]
}

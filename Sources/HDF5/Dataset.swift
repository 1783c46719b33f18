internal import CHDF5

/// A data set: an array of numbers or strings, rows first.
public final class Dataset {
    public let path: String
    public let type: ElementType
    /// Empty for a scalar.
    public let shape: [Int]
    /// The shape of a chunk; nil if the data are in one piece.
    public let chunkShape: [Int]?
    /// See ``checkChunks(of:)``: chunks along the rows.
    var checkedBands = Set<Int>()
    let file: File
    let handle: Handle

    /// The file that the data set lies in.
    public var filePath: String { file.path }

    /// The rows of the first dimension.
    public var rowCount: Int { shape.first ?? 1 }
    /// The elements of a row.
    public var rowSize: Int { shape.dropFirst().reduce(1, *) }

    init(file: File, path: String) throws(HDF5Error) {
        self.file = file
        self.path = path
        let handle = try Handle(
            H5Dopen2(file.handle.id, path, chdf5_default()), file: file.path, object: path, "cannot be opened")
        let properties = try Handle(H5Dget_create_plist(handle.id), file: file.path, object: path, "has no properties")
        if H5Pget_layout(properties.id) == H5D_VIRTUAL {
            throw HDF5Error(.refused, file: file.path, object: path, "is a virtual data set over other files, which is refused")
        }
        if H5Pget_external_count(properties.id) > 0 {
            throw HDF5Error(.refused, file: file.path, object: path, "keeps its data in other files, which is refused")
        }
        let type = try Handle(H5Dget_type(handle.id), file: file.path, object: path, "has no type")
        let space = try Handle(H5Dget_space(handle.id), file: file.path, object: path, "has no shape")
        let rank = Int(max(H5Sget_simple_extent_ndims(space.id), 0))
        var dimensions = [hsize_t](repeating: 0, count: max(rank, 1))
        H5Sget_simple_extent_dims(space.id, &dimensions, nil)
        self.handle = handle
        self.type = ElementType(type.id)
        // So that no product of dimensions and sizes overflows.
        guard dimensions.prefix(rank).reduce(Double(self.type.size), { $0 * Double(max($1, 1)) }) < 0x1p60 else {
            throw HDF5Error(.unsuitable, file: file.path, object: path, "claims an impossible size")
        }
        guard self.type.elementClass != .string || self.type.size <= 1 << 16 else {
            throw HDF5Error(
                .unsuitable, file: file.path, object: path, "has strings of \(self.type.size) bytes each: at most 65536 are read")
        }
        // Neither a number nor an array: nothing.
        let isEmpty = H5Sget_simple_extent_type(space.id) == H5S_NULL
        shape = isEmpty ? [0] : dimensions.prefix(rank).map(Int.init)
        if H5Pget_layout(properties.id) == H5D_CHUNKED {
            var chunk = [hsize_t](repeating: 0, count: max(rank, 1))
            H5Pget_chunk(properties.id, Int32(rank), &chunk)
            chunkShape = chunk.prefix(rank).map(Int.init)
        } else {
            chunkShape = nil
        }
    }

    /// The bytes of all elements as they are in the file's type.
    public var byteCount: Int { shape.reduce(type.size, *) }

    /// The bytes that the data take in the file.
    public var storageSize: Int {
        Library.lock()
        defer { Library.unlock() }
        return Int(H5Dget_storage_size(handle.id))
    }

    /// The names of the filters on the data, in order.
    public var filters: [String] {
        Library.lock()
        defer { Library.unlock() }
        let properties = H5Dget_create_plist(handle.id)
        defer { H5Idec_ref(properties) }
        return (0..<max(H5Pget_nfilters(properties), 0)).map { index in
            var flags: UInt32 = 0
            var count = 0
            var configuration: UInt32 = 0
            var name = [CChar](repeating: 0, count: 64)
            let filter = H5Pget_filter2(properties, UInt32(index), &flags, &count, nil, 64, &name, &configuration)
            let text = String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            return text.isEmpty ? "filter \(filter)" : text
        }
    }

    /// Throws unless the data set holds what it claims to: nothing was left unwritten, and no filter is missing.
    ///
    /// A few bytes of a file can claim any number of rows; this is found out before memory is taken for them.
    public func checkStorage() throws(HDF5Error) {
        Library.lock()
        defer { Library.unlock() }
        let fileSize = try checkClaim()
        try checkFilters()
        let storageSize = storageSize
        if byteCount > 0, storageSize == 0 {
            throw HDF5Error(.unsuitable, file: file.path, object: path, "was never written: it has a shape but no data")
        }
        if storageSize < 0 || storageSize > fileSize {
            throw HDF5Error(
                .inputOutput, file: file.path, object: path, "is damaged: it claims more bytes than the file has")
        }
        try checkClaim(of: storageSize, "storage")
        try checkWholeChunks(storageSize)
    }

    /// Reads rows into memory, converting to `Number`.
    ///
    /// - Parameters:
    ///   - rows: rows of the first dimension.
    ///   - destination: room for `rows.count * rowSize` numbers.
    public func read<Number: HDF5Number>(
        rows: Range<Int>, into destination: UnsafeMutablePointer<Number>
    ) throws(HDF5Error) {
        Library.lock()
        defer { Library.unlock() }
        try checkChunks(of: rows)
        try transfer(rows: rows, "cannot be read: damaged, or compressed in a way this library does not know") {
            H5Dread(handle.id, Number.nativeTypeID, $0, $1, chdf5_default(), destination)
        }
    }

    /// Reads rows of a standard type as they are stored, but in this machine's order of bytes.
    public func readStored(rows: Range<Int>, into destination: UnsafeMutableRawPointer) throws(HDF5Error) {
        Library.lock()
        defer { Library.unlock() }
        let type = try Handle(H5Dget_type(handle.id), file: file.path, object: path, "has no type")
        let inMemory = try Handle(H5Tcopy(type.id), file: file.path, object: path, "has no type")
        if self.type.size > 1 { H5Tset_order(inMemory.id, H5T_ORDER_LE) }
        try checkChunks(of: rows)
        try transfer(rows: rows, "cannot be read: damaged, or compressed in a way this library does not know") {
            H5Dread(handle.id, inMemory.id, $0, $1, chdf5_default(), destination)
        }
    }

    /// Reads rows as `Number`s.
    public func read<Number: HDF5Number>(_: Number.Type, rows: Range<Int>? = nil) throws(HDF5Error) -> [Number] {
        Library.lock()
        defer { Library.unlock() }
        let rows = rows ?? 0..<rowCount
        let count = rows.count * rowSize
        let numbers = UnsafeMutablePointer<Number>.allocate(capacity: max(count, 1))
        defer { numbers.deallocate() }
        try read(rows: rows, into: numbers)
        return Array(UnsafeBufferPointer(start: numbers, count: count))
    }

    /// Writes rows, converting from `Number`.
    public func write<Number: HDF5Number>(_ numbers: UnsafePointer<Number>, rows: Range<Int>) throws(HDF5Error) {
        Library.lock()
        defer { Library.unlock() }
        try transfer(rows: rows, "cannot be written") {
            H5Dwrite(handle.id, Number.nativeTypeID, $0, $1, chdf5_default(), numbers)
        }
    }

    /// Selects rows in the file and as many elements in memory, and calls `body(memory space, file space)`.
    func transfer(
        rows: Range<Int>, _ reason: String, _ body: (hid_t, hid_t) -> herr_t
    ) throws(HDF5Error) {
        precondition(rows.lowerBound >= 0 && rows.upperBound <= rowCount, "rows outside the data set")
        if rows.isEmpty || rowSize == 0 { return }
        if shape.isEmpty {
            if body(chdf5_all(), chdf5_all()) < 0 { throw file.failure(path, reason) }
            return
        }
        let space = try Handle(H5Dget_space(handle.id), file: file.path, object: path, "has no shape")
        let start = [hsize_t(rows.lowerBound)] + shape.dropFirst().map { _ in 0 }
        let count = [hsize_t(rows.count)] + shape.dropFirst().map(hsize_t.init)
        H5Sselect_hyperslab(space.id, H5S_SELECT_SET, start, nil, count, nil)
        let memory = try Handle(
            H5Screate_simple(Int32(count.count), count, nil), file: file.path, object: path, "has no shape")
        if body(memory.id, space.id) < 0 { throw file.failure(path, reason) }
    }
}

/// Lists: elements that are themselves as many whole numbers as they like.
extension Dataset {
    /// Whether every element is a list of whole numbers.
    public var holdsLists: Bool {
        Library.lock()
        defer { Library.unlock() }
        guard let type = try? Handle(H5Dget_type(handle.id), file: file.path, object: path, "has no type"),
            H5Tget_class(type.id) == H5T_VLEN,
            let element = try? Handle(H5Tget_super(type.id), file: file.path, object: path, "has no type")
        else { return false }
        return H5Tget_class(element.id) == H5T_INTEGER
    }

    /// Reads the lists of some rows of a one-dimensional data set.
    public func readLists(rows: Range<Int>) throws(HDF5Error) -> [[Int64]] {
        precondition(shape.count == 1)
        Library.lock()
        defer { Library.unlock() }
        if rows.isEmpty { return [] }
        let type = try Handle(H5Tvlen_create(chdf5_native_int64()), file: file.path, object: path, "no type of lists")
        var lists = [hvl_t](repeating: hvl_t(), count: rows.count)
        try transfer(rows: rows, "cannot be read: damaged") {
            H5Dread(handle.id, type.id, $0, $1, chdf5_default(), &lists)
        }
        var count = hsize_t(rows.count)
        let space = try Handle(H5Screate_simple(1, &count, nil), file: file.path, object: path, "has no shape")
        defer { H5Dvlen_reclaim(type.id, space.id, chdf5_default(), &lists) }
        return lists.map { list in
            guard let numbers = list.p else { return [] }
            return Array(UnsafeBufferPointer(start: numbers.assumingMemoryBound(to: Int64.self), count: list.len))
        }
    }
}

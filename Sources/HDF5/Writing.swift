internal import CHDF5

/// Making data sets: chunked, with checksums (fletcher32), without times.
extension File {
    /// Makes a data set for `shape` numbers; rows are written later.
    ///
    /// - Parameter compressed: shuffle and gzip; for what is not noise.
    public func createDataset<Number: HDF5Number>(
        _ path: String, _: Number.Type, shape: [Int], compressed: Bool = false
    ) throws(HDF5Error) -> Dataset {
        Library.lock()
        defer { Library.unlock() }
        return try createDataset(
            path, typeID: Number.nativeTypeID, size: MemoryLayout<Number>.size, shape: shape, compressed: compressed)
    }

    /// Writes an array of numbers.
    public func write<Number: HDF5Number>(
        _ numbers: UnsafePointer<Number>, shape: [Int], to path: String, compressed: Bool = false
    ) throws(HDF5Error) {
        Library.lock()
        defer { Library.unlock() }
        let dataset = try createDataset(path, Number.self, shape: shape, compressed: compressed)
        try dataset.write(numbers, rows: 0..<dataset.rowCount)
    }

    /// Makes a data set of UTF-8 strings of variable length.
    public func createStrings(_ path: String, count: Int) throws(HDF5Error) -> Dataset {
        Library.lock()
        defer { Library.unlock() }
        let type = try stringType(path)
        return try createDataset(path, typeID: type.id, size: 16, shape: [count], compressed: false, checksum: false)
    }

    /// Makes a data set of truth values, as h5py writes them.
    public func createBooleans(_ path: String, count: Int) throws(HDF5Error) -> Dataset {
        Library.lock()
        defer { Library.unlock() }
        let type = try truthType(path)
        return try createDataset(path, typeID: type.id, size: 1, shape: [count], compressed: true)
    }

    private func createDataset(
        _ path: String, typeID: hid_t, size: Int, shape: [Int], compressed: Bool, checksum: Bool = true
    ) throws(HDF5Error) -> Dataset {
        if let slash = path.lastIndex(of: "/"), slash != path.startIndex { try createGroup(String(path[..<slash])) }
        let properties = try Handle(H5Pcreate(chdf5_dataset_create()), file: self.path, object: path, "no properties")
        H5Pset_obj_track_times(properties.id, false)
        let rowBytes = max(shape.dropFirst().reduce(size, *), 1)
        if shape.reduce(1, *) > 0, !shape.isEmpty {
            // At most a quarter of a megabyte: fits the default chunk cache of readers. A power of two, as the blocks that rows are
            // read in for training are: a chunk then lies in one block.
            let rows = max(1, (1 << 18) / rowBytes)
            let chunk = [min(shape[0], 1 << (Int.bitWidth - 1 - rows.leadingZeroBitCount))] + shape.dropFirst()
            H5Pset_chunk(properties.id, Int32(shape.count), chunk.map(hsize_t.init))
            if compressed {
                H5Pset_shuffle(properties.id)
                H5Pset_deflate(properties.id, 4)
            }
            // Not for strings, which lie elsewhere in the file.
            if checksum { H5Pset_fletcher32(properties.id) }
        }
        let dimensions = shape.map(hsize_t.init)
        let space = try Handle(
            H5Screate_simple(Int32(shape.count), dimensions, nil), file: self.path, object: path, "impossible shape")
        let id = H5Dcreate2(
            handle.id, path, typeID, space.id, chdf5_default(), properties.id, chdf5_default())
        _ = try Handle(id, file: self.path, object: path, "cannot be created")
        return try Dataset(file: self, path: path)
    }

    /// An enumeration of FALSE and TRUE.
    func truthType(_ path: String) throws(HDF5Error) -> Handle {
        let type = try Handle(H5Tenum_create(chdf5_native_int8()), file: self.path, object: path, "no type of truth values")
        for (name, value) in [("FALSE", 0), ("TRUE", 1)] as [(String, Int8)] {
            var number = value
            H5Tenum_insert(type.id, name, &number)
        }
        return type
    }

    func stringType(_ path: String) throws(HDF5Error) -> Handle {
        let type = try Handle(H5Tcopy(chdf5_c_string()), file: self.path, object: path, "no string type")
        H5Tset_size(type.id, chdf5_variable())
        H5Tset_cset(type.id, H5T_CSET_UTF8)
        return type
    }
}

extension Dataset {
    /// Writes truth values to rows of a data set of such.
    public func write(_ values: [Bool], rows: Range<Int>) throws(HDF5Error) {
        Library.lock()
        defer { Library.unlock() }
        precondition(values.count == rows.count && shape.count == 1)
        let type = try file.truthType(path)
        let numbers = values.map { Int8($0 ? 1 : 0) }
        try transfer(rows: rows, "cannot be written") { H5Dwrite(handle.id, type.id, $0, $1, chdf5_default(), numbers) }
    }

    /// Writes strings to rows.
    public func write(_ strings: [String], rows: Range<Int>) throws(HDF5Error) {
        Library.lock()
        defer { Library.unlock() }
        precondition(strings.count == rows.count && shape.count == 1)
        let type = try file.stringType(path)
        try withCStrings(strings) { pointers throws(HDF5Error) in
            let space = try Handle(H5Dget_space(handle.id), file: file.path, object: path, "has no shape")
            var start = hsize_t(rows.lowerBound)
            var count = hsize_t(rows.count)
            if count == 0 { return }
            H5Sselect_hyperslab(space.id, H5S_SELECT_SET, &start, nil, &count, nil)
            let memory = try Handle(H5Screate_simple(1, &count, nil), file: file.path, object: path, "has no shape")
            if H5Dwrite(handle.id, type.id, memory.id, space.id, chdf5_default(), pointers) < 0 {
                throw file.failure(path, "cannot be written")
            }
        }
    }

    /// Reads rows of a data set of one string a row, of fixed or variable length.
    public func readStrings(rows: Range<Int>) throws(HDF5Error) -> [String] {
        Library.lock()
        defer { Library.unlock() }
        precondition(type.elementClass == .string && !shape.isEmpty && rowSize == 1)
        if rows.isEmpty { return [] }
        let stored = try Handle(H5Dget_type(handle.id), file: file.path, object: path, "has no type")
        if H5Tis_variable_str(stored.id) > 0 {
            var pointers = [UnsafeMutablePointer<CChar>?](repeating: nil, count: rows.count)
            try transfer(rows: rows, "cannot be read") {
                H5Dread(handle.id, stored.id, $0, $1, chdf5_default(), &pointers)
            }
            var count = hsize_t(rows.count)
            let space = try Handle(H5Screate_simple(1, &count, nil), file: file.path, object: path, "has no shape")
            defer { H5Dvlen_reclaim(stored.id, space.id, chdf5_default(), &pointers) }
            return pointers.map { $0.map { String(cString: $0) } ?? "" }
        }
        var bytes = [UInt8](repeating: 0, count: rows.count * type.size)
        try checkChunks(of: rows)
        try transfer(rows: rows, "cannot be read") { H5Dread(handle.id, stored.id, $0, $1, chdf5_default(), &bytes) }
        // Shorter strings are filled up with zeros or, as Fortran does, with blanks.
        let isPadded = H5Tget_strpad(stored.id) == H5T_STR_SPACEPAD
        return (0..<rows.count).map { row in
            var string = bytes[row * type.size..<(row + 1) * type.size].prefix { $0 != 0 }
            while isPadded, string.last == UInt8(ascii: " ") { string.removeLast() }
            return String(decoding: string, as: UTF8.self)
        }
    }
}

/// Calls `body` with pointers to C strings that live as long as the call.
func withCStrings<Result>(
    _ strings: [String], _ body: (UnsafePointer<UnsafePointer<CChar>?>) throws(HDF5Error) -> Result
) throws(HDF5Error) -> Result {
    var bytes: [CChar] = []
    let offsets = strings.map { string in
        defer { bytes += string.utf8CString }
        return bytes.count
    }
    bytes.append(0)
    let storage = UnsafeMutablePointer<CChar>.allocate(capacity: bytes.count)
    storage.update(from: bytes, count: bytes.count)
    let pointers = UnsafeMutablePointer<UnsafePointer<CChar>?>.allocate(capacity: max(strings.count, 1))
    defer {
        storage.deallocate()
        pointers.deallocate()
    }
    for (index, offset) in offsets.enumerated() { pointers[index] = UnsafePointer(storage + offset) }
    return try body(pointers)
}

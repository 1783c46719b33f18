internal import CHDF5

/// Fields of a data set of compounds (records), as old AnnData files have their observations.
extension Dataset {
    /// The names of the fields, in their order; empty if the data set holds no compounds.
    public var fieldNames: [String] {
        Library.lock()
        defer { Library.unlock() }
        guard let type = try? Handle(H5Dget_type(handle.id), file: file.path, object: path, "has no type"),
            H5Tget_class(type.id) == H5T_COMPOUND
        else { return [] }
        return (0..<max(H5Tget_nmembers(type.id), 0)).compactMap { index in
            guard let name = H5Tget_member_name(type.id, UInt32(index)) else { return nil }
            defer { H5free_memory(name) }
            return String(cString: name)
        }
    }

    /// The type of a field of a one-dimensional data set of compounds; nil if there is none of that name.
    public func fieldType(_ name: String) -> ElementType? {
        Library.lock()
        defer { Library.unlock() }
        guard shape.count == 1, let type = try? Handle(H5Dget_type(handle.id), file: file.path, object: path, "has no type"),
            H5Tget_class(type.id) == H5T_COMPOUND
        else { return nil }
        let index = H5Tget_member_index(type.id, name)
        guard index >= 0,
            let member = try? Handle(
                H5Tget_member_type(type.id, UInt32(index)), file: file.path, object: path, "has no field \(name)")
        else {
            _ = takeErrorFrames()
            return nil
        }
        return ElementType(member.id)
    }

    /// Reads a field of numbers.
    public func readField<Number: HDF5Number>(
        _ name: String, _: Number.Type, rows: Range<Int>
    ) throws(HDF5Error) -> [Number] {
        Library.lock()
        defer { Library.unlock() }
        let bytes = try readField(name, rows: rows, type: Number.nativeTypeID, size: MemoryLayout<Number>.size)
        return bytes.withUnsafeBytes { Array($0.bindMemory(to: Number.self)) }
    }

    /// Reads a field of strings of fixed length.
    public func readFieldStrings(_ name: String, rows: Range<Int>) throws(HDF5Error) -> [String] {
        Library.lock()
        defer { Library.unlock() }
        let type = try Handle(H5Dget_type(handle.id), file: file.path, object: path, "has no type")
        let index = H5Tget_member_index(type.id, name)
        let member = try Handle(
            H5Tget_member_type(type.id, UInt32(max(index, 0))), file: file.path, object: path, "has no field \(name)")
        guard index >= 0, H5Tget_class(member.id) == H5T_STRING, H5Tis_variable_str(member.id) == 0 else {
            throw HDF5Error(.unsuitable, file: file.path, object: path, "has no field \(name) of strings of fixed length")
        }
        let size = H5Tget_size(member.id)
        let bytes = try readField(name, rows: rows, type: member.id, size: size)
        return rows.indices.map { row in
            let first = (row - rows.lowerBound) * size
            return String(decoding: bytes[first..<first + size].prefix { $0 != 0 }, as: UTF8.self)
        }
    }

    private func readField(_ name: String, rows: Range<Int>, type: hid_t, size: Int) throws(HDF5Error) -> [UInt8] {
        let compound = try Handle(H5Tcreate(H5T_COMPOUND, size), file: file.path, object: path, "no type of records")
        guard H5Tinsert(compound.id, name, 0, type) >= 0 else { throw file.failure(path, "has no field \(name)") }
        var bytes = [UInt8](repeating: 0, count: rows.count * size)
        try checkChunks(of: rows)
        try transfer(rows: rows, "cannot be read: damaged") {
            H5Dread(handle.id, compound.id, $0, $1, chdf5_default(), &bytes)
        }
        return bytes
    }
}

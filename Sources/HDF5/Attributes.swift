internal import CHDF5

/// The value of an attribute.
public enum AttributeValue: Sendable, Equatable, Codable {
    case integer(Int64)
    case double(Double)
    case string(String)
    case strings([String])
    case doubles([Double])
    /// Only written; they are read as doubles.
    case integers([Int64])
    /// As h5py writes truth values; they are read as integers.
    case boolean(Bool)
}

/// Attributes of the root, groups and data sets.
extension File {
    /// Writes an attribute of the object at `path`.
    public func setAttribute(_ name: String, _ value: AttributeValue, of path: String = "/") throws(HDF5Error) {
        Library.lock()
        defer { Library.unlock() }
        let object = try open(path)
        switch value {
        case .integer(var number):
            try write(name, chdf5_native_int64(), count: nil, object, path, &number)
        case .boolean(let value):
            let type = try truthType(path)
            var number = Int8(value ? 1 : 0)
            try write(name, type.id, count: nil, object, path, &number)
        case .double(var number):
            try write(name, chdf5_native_double(), count: nil, object, path, &number)
        case .doubles(var numbers):
            try write(name, chdf5_native_double(), count: numbers.count, object, path, &numbers)
        case .integers(var numbers):
            try write(name, chdf5_native_int64(), count: numbers.count, object, path, &numbers)
        case .string(let string):
            let type = try stringType(path)
            try withCStrings([string]) { pointers throws(HDF5Error) in
                try write(name, type.id, count: nil, object, path, pointers)
            }
        case .strings(let strings):
            let type = try stringType(path)
            try withCStrings(strings) { pointers throws(HDF5Error) in
                try write(name, type.id, count: strings.count, object, path, pointers)
            }
        }
    }

    private func write(
        _ name: String, _ type: hid_t, count: Int?, _ object: Handle, _ path: String, _ value: UnsafeRawPointer
    ) throws(HDF5Error) {
        var dimension = hsize_t(count ?? 1)
        let space = try Handle(
            count == nil ? H5Screate(H5S_SCALAR) : H5Screate_simple(1, &dimension, nil), file: self.path, object: path,
            "attribute \(name) cannot be created")
        let attribute = try Handle(
            H5Acreate2(object.id, name, type, space.id, chdf5_default(), chdf5_default()), file: self.path, object: path,
            "attribute \(name) cannot be created")
        if H5Awrite(attribute.id, type, value) < 0 { throw failure(path, "attribute \(name) cannot be written") }
    }

    /// Whether the object at `path` has an attribute, of any type.
    public func hasAttribute(_ name: String, of path: String) throws(HDF5Error) -> Bool {
        Library.lock()
        defer { Library.unlock() }
        if let known = try AttributeRecord.known("\(name)?", of: path, in: self) { return known != nil }
        let isThere = H5Aexists_by_name(handle.id, path, name, chdf5_default()) > 0
        AttributeRecord.note(isThere ? .boolean(true) : nil, "\(name)?", of: path, in: self)
        return isThere
    }

    /// The attribute of the object at `path`; nil if there is none of this name, or of a type other than numbers and strings.
    public func attribute(_ name: String, of path: String = "/") throws(HDF5Error) -> AttributeValue? {
        Library.lock()
        defer { Library.unlock() }
        if let known = try AttributeRecord.known(name, of: path, in: self) { return known }
        let value = try readAttribute(name, of: path)
        AttributeRecord.note(value, name, of: path, in: self)
        return value
    }

    private func readAttribute(_ name: String, of path: String) throws(HDF5Error) -> AttributeValue? {
        let object = try open(path)
        guard H5Aexists(object.id, name) > 0 else { return nil }
        let attribute = try Handle(
            H5Aopen(object.id, name, chdf5_default()), file: self.path, object: path, "attribute \(name) cannot be opened")
        let type = try Handle(H5Aget_type(attribute.id), file: self.path, object: path, "attribute \(name) has no type")
        let space = try Handle(H5Aget_space(attribute.id), file: self.path, object: path, "attribute \(name) has no shape")
        let isScalar = H5Sget_simple_extent_type(space.id) == H5S_SCALAR
        let count = Int(H5Sget_simple_extent_npoints(space.id))
        // More is not read: an attribute can claim any size.
        guard count > 0, count < 1 << 20, count * H5Tget_size(type.id) <= 1 << 24 else { return nil }
        switch ElementType(type.id).elementClass {
        case .signed, .unsigned:
            var numbers = [Int64](repeating: 0, count: count)
            guard H5Aread(attribute.id, chdf5_native_int64(), &numbers) >= 0 else { break }
            return isScalar || count == 1 ? .integer(numbers[0]) : .doubles(numbers.map(Double.init))
        case .float:
            var numbers = [Double](repeating: 0, count: count)
            guard H5Aread(attribute.id, chdf5_native_double(), &numbers) >= 0 else { break }
            return isScalar || count == 1 ? .double(numbers[0]) : .doubles(numbers)
        case .string:
            if H5Tis_variable_str(type.id) > 0 {
                var pointers = [UnsafeMutablePointer<CChar>?](repeating: nil, count: count)
                let status = TextGuard.limiting("\(self.path):\(path): attribute \(name)") {
                    H5Aread(attribute.id, type.id, &pointers)
                }
                guard status >= 0 else { break }
                defer { H5Dvlen_reclaim(type.id, space.id, chdf5_default(), &pointers) }
                let strings = pointers.map { $0.map { String(cString: $0) } ?? "" }
                return isScalar ? .string(strings[0]) : .strings(strings)
            }
            let size = H5Tget_size(type.id)
            var bytes = [UInt8](repeating: 0, count: count * size)
            guard H5Aread(attribute.id, type.id, &bytes) >= 0 else { break }
            let strings = (0..<count).map {
                String(decoding: bytes[$0 * size..<($0 + 1) * size].prefix { $0 != 0 }, as: UTF8.self)
            }
            return isScalar ? .string(strings[0]) : .strings(strings)
        case .other: return nil
        }
        throw failure(path, "attribute \(name) cannot be read")
    }

    /// The names of an object's attributes, in alphabetical order, at most `limit`.
    public func attributeNames(of path: String = "/", limit: Int = 100) throws(HDF5Error) -> [String] {
        Library.lock()
        defer { Library.unlock() }
        let object = try open(path)
        let names = NameList(limit: limit)
        names.collect { chdf5_for_each_attribute(object.id, $0, $1) }
        return names.names.sorted()
    }

    /// The number of an object's attributes.
    public func attributeCount(of path: String = "/") throws(HDF5Error) -> Int {
        Library.lock()
        defer { Library.unlock() }
        let object = try open(path)
        var description = chdf5_object()
        if chdf5_describe(object.id, &description) < 0 { throw failure(path, "cannot be described: damaged") }
        return Int(clamping: description.attributes)
    }

    /// Names the dimensions of a data set by dimension scales (H5DS), which xarray and netCDF readers show.
    public func nameDimensions(of path: String, _ names: [String]) throws(HDF5Error) {
        Library.lock()
        defer { Library.unlock() }
        let dataset = try dataset(path)
        for (index, name) in names.enumerated() where H5DSset_label(dataset.handle.id, UInt32(index), name) < 0 {
            throw failure(path, "dimension \(name) cannot be named")
        }
    }

    private func open(_ path: String) throws(HDF5Error) -> Handle {
        try Handle(H5Oopen(handle.id, path, chdf5_default()), file: self.path, object: path, "cannot be opened")
    }
}

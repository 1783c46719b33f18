import CHDF5
import Datasets
import Foundation
import Support

/// An HDF5 file that the library finds whole, with contents that a script of bytes decides: shapes, types, chunks and filters, numbers, what
/// chunks hold before they are decoded, the parts of a sparse matrix, and what lies beside the data.
///
/// Bytes of the file itself are not for libFuzzer: HDF5 1.10 has faults enough of its own, which is why the program looks into files by
/// a child (`HostileFileTests`, `CheckTests`, `BitFlipTests`).
struct RowsFile {
    private var script: Script
    private let file: hid_t

    /// Writes a file as the script says, reads it, and throws what the readers throw.
    static func feed(_ bytes: Data, folder: String) throws {
        let path = "\(folder)/rows.h5"
        let file = H5Fcreate(path, chdf5_truncate(), chdf5_default(), chdf5_default())
        guard file >= 0 else { fatalError("cannot create \(path)") }
        chdf5_silence()
        var rows = RowsFile(script: Script(bytes), file: file)
        let (object, options) = rows.write()
        H5Fclose(file)
        try readThrough("\(path):\(object)", options)
    }

    private mutating func write() -> (object: String, DataOptions) {
        var options = DataOptions()
        let shape = [1 + script.next(9)] + (0..<script.next(4)).map { _ in script.next(7) }
        let count = shape[0]
        let kind = script.next(6)
        var object = "/data"
        switch kind {
        case 0:
            writeMatrix("/data", rows: count, columns: script.next(7), isByColumns: script.next(2) == 1)
        case 1:
            writeLists("/data", count: count)
            options.mapSize = script.next(2) * script.next(9)
        case 2:
            write("/data", shape)
            write("/mask", script.next(8) == 0 ? [count] : shape)
            options.mask = "/mask"
        case 3:
            write("/data", [count, 2])
            write("/more", [script.next(8) == 0 ? count + 1 : count] + shape.dropFirst())
            object = "/data+/more"
        case 4:
            write("/data", [count, script.next(4)], type: 1)
            options.packedBits = script.next(32)
        default:
            write("/data", shape)
        }
        for (bit, path) in ["/label", "/id", "/weight"].enumerated() where script.next(4) == bit {
            write(path, [script.next(8) == 0 ? count + 1 : count])
            if path == "/weight" { options.weights = path }
        }
        let rows = ["", "", "", "0:1", "1:", "::2", "-3:", "0:99", "/label", "9:2", "::0", "1:3:-1"]
        options.rows = rows[script.next(rows.count)]
        if script.next(8) == 0 { options.onlyLabels = ["0", "0,1", ",", "a"][script.next(4)] }
        return (object, options)
    }

    /// A sparse matrix of AnnData whose parts may or may not fit each other.
    private mutating func writeMatrix(_ path: String, rows: Int, columns: Int, isByColumns: Bool) {
        let group = H5Gcreate2(file, path, chdf5_default(), chdf5_default(), chdf5_default())
        H5LTset_attribute_string(group, ".", "encoding-type", isByColumns ? "csc_matrix" : "csr_matrix")
        let claims = script.next(16) == 0 ? [Int64(script.integer), Int64(script.integer)] : [Int64(rows), Int64(columns)]
        H5LTset_attribute_long_long(group, ".", "shape", claims, 2)
        H5Gclose(group)
        let lines = isByColumns ? columns : rows
        // Mostly what it should be, or nothing behind it would ever be reached.
        var starts = [0]
        for _ in 0..<lines { starts.append(starts.last! + script.next(4)) }
        let values = starts.last!
        if script.next(8) == 0 { starts[script.next(starts.count)] = script.integer }
        let limit = max(isByColumns ? rows : columns, 1)
        var indices = (0..<values).map { _ in script.next(limit) }
        if script.next(4) == 0, !indices.isEmpty { indices[script.next(indices.count)] = script.integer }
        write("\(path)/indptr", [starts.count], type: script.next(8), integers: starts)
        write("\(path)/indices", [indices.count], type: script.next(8), integers: indices)
        write("\(path)/data", [values])
    }

    /// Lists of whole numbers, as of contact maps.
    private mutating func writeLists(_ path: String, count: Int) {
        let base = script.numericType(among: 8)
        let type = H5Tvlen_create(base)
        let space = H5Screate_simple(1, [hsize_t(count)], nil)
        let set = H5Dcreate2(file, path, type, space, chdf5_default(), chdf5_default(), chdf5_default())
        let size = H5Tget_size(base)
        let lists = (0..<count).map { _ in
            let length = script.next(9)
            let memory = UnsafeMutableRawPointer.allocate(byteCount: max(length * size, 8), alignment: 8)
            for index in 0..<length {
                // Small numbers, but for a few.
                var number = script.next(16) == 0 ? script.integer : script.next(12)
                if H5Tget_order(base) == H5T_ORDER_BE { number = number.byteSwapped >> (64 - 8 * size) }
                (memory + index * size).copyMemory(from: &number, byteCount: size)
            }
            return hvl_t(len: length, p: memory)
        }
        H5Dwrite(set, type, chdf5_all(), chdf5_all(), chdf5_default(), lists)
        for list in lists { list.p.deallocate() }
        H5Dclose(set)
        H5Sclose(space)
        H5Tclose(type)
        H5Tclose(base)
    }

    /// A data set of numbers or strings.
    private mutating func write(_ path: String, _ shape: [Int], type kind: Int? = nil, integers: [Int]? = nil) {
        let type = kind.map(Script.numericType) ?? script.type()
        let properties = H5Pcreate(chdf5_dataset_create())
        var isChunked = false
        if script.next(3) > 0, !shape.contains(0) {
            isChunked = true
            H5Pset_chunk(properties, Int32(shape.count), shape.map { hsize_t(1 + script.next($0 + 2)) })
            if script.next(2) == 1 { H5Pset_shuffle(properties) }
            if script.next(2) == 1 { H5Pset_deflate(properties, 1) }
            if script.next(2) == 1 { H5Pset_fletcher32(properties) }
        }
        let unlimited = [hsize_t](repeating: hsize_t.max, count: shape.count)
        let space = H5Screate_simple(Int32(shape.count), shape.map(hsize_t.init), isChunked ? unlimited : nil)
        let set = H5Dcreate2(file, path, type, space, chdf5_default(), properties, chdf5_default())
        let count = shape.reduce(1, *)
        if let integers {
            H5Dwrite(set, chdf5_native_int64(), chdf5_all(), chdf5_all(), chdf5_default(), integers.map(Int64.init))
        } else if H5Tis_variable_str(type) > 0 {
            let strings = (0..<count).map { _ in strdup(script.text()) }
            H5Dwrite(set, type, chdf5_all(), chdf5_all(), chdf5_default(), strings)
            for string in strings { free(string) }
        } else if script.next(8) > 0 {
            let numbers = script.bytes(count * H5Tget_size(type))
            H5Dwrite(set, type, chdf5_all(), chdf5_all(), chdf5_default(), numbers)
        }
        if isChunked, H5Tis_variable_str(type) <= 0, script.next(4) == 0 {
            // What stands in a chunk, whatever its filters make of it. Of less than a checksum HDF5 1.10 crashes, and of strings these are
            // places in the file, and lengths that it takes memory for.
            let raw = script.bytes(4 + script.next(64))
            H5Dwrite_chunk(
                set, chdf5_default(), UInt32(script.next(8)), [hsize_t](repeating: 0, count: shape.count), raw.count, raw)
        }
        H5Dclose(set)
        H5Sclose(space)
        H5Pclose(properties)
        H5Tclose(type)
    }
}

/// Decisions, taken from bytes in order; zeros when they are used up.
private struct Script {
    private var rest: Data.SubSequence

    init(_ bytes: Data) { rest = bytes[...] }

    /// A number from 0, below `limit`.
    mutating func next(_ limit: Int) -> Int { limit > 1 ? Int(rest.popFirst() ?? 0) % limit : 0 }

    /// Eight bytes; often a number at a border.
    var integer: Int {
        mutating get {
            let borders = [-1, 1 << 31, 1 << 32, Int.max, Int.min, 1 << 53, 127, 255]
            let choice = next(borders.count + 2)
            return choice < borders.count ? borders[choice] : bytes(8).reduce(0) { $0 << 8 | Int($1) }
        }
    }

    mutating func bytes(_ count: Int) -> [UInt8] {
        let own = rest.prefix(count)
        rest = rest.dropFirst(count)
        return own + [UInt8](repeating: 0, count: count - own.count)
    }

    mutating func text() -> String { String(decoding: bytes(next(9)).filter { $0 != 0 }, as: UTF8.self) }

    mutating func numericType(among count: Int) -> hid_t { Self.numericType(next(count)) }

    /// Whole numbers first, of which the first eight have this machine's order of bytes.
    static func numericType(_ index: Int) -> hid_t {
        let native = [
            chdf5_native_int8(), chdf5_native_uint8(), chdf5_native_int16(), chdf5_native_uint16(), chdf5_native_int32(),
            chdf5_native_uint32(), chdf5_native_int64(), chdf5_native_uint64(), chdf5_native_float(), chdf5_native_double(),
        ]
        let type = H5Tcopy(native[index % native.count])
        if index >= native.count { H5Tset_order(type, H5T_ORDER_BE) }
        return type
    }

    /// Any: numbers, numbers no processor has, strings.
    mutating func type() -> hid_t {
        let choice = next(24)
        switch choice {
        case 20:
            let type = H5Tcopy(chdf5_native_uint16())
            H5Tset_precision(type, 1 + next(16))
            return type
        case 21:
            let type = H5Tcopy(chdf5_c_string())
            H5Tset_size(type, 1 + next(8))
            H5Tset_strpad(type, H5T_str_t(rawValue: Int32(next(3))))
            return type
        case 22:
            let type = H5Tcopy(chdf5_c_string())
            H5Tset_size(type, chdf5_variable())
            return type
        case 23:
            let type = H5Tcopy(chdf5_native_float())
            // Half precision, as numpy writes it.
            H5Tset_fields(type, 15, 10, 5, 0, 10)
            H5Tset_size(type, 2)
            H5Tset_ebias(type, 15)
            return type
        default: return Self.numericType(choice)
        }
    }
}

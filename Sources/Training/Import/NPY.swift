internal import Foundation
internal import HDF5

extension Importer {
    /// Imports arrays that `numpy.save` wrote (NPY versions 1 to 3, C or Fortran order, either order of bytes); float16 and bool
    /// become float32.
    ///
    /// - Returns: what was written, as a line of text.
    /// - Throws: ``Failure`` (65, 66, 73, 74).
    public func importNPY(file path: String, labels: String?) throws -> String {
        let data = try NPYReader(path)
        guard data.shape.count >= 2, data.shape.allSatisfy({ $0 > 0 }) else {
            throw Failure(.badData, "\(path) has the shape \(data.shape), but must have rows and columns")
        }
        let labelData = try labels.map { try NPYReader($0) }
        if let labelData, let labels, labelData.shape != [data.shape[0]] {
            throw Failure(.badData, "\(labels) has the shape \(labelData.shape), but must have [\(data.shape[0])], one a row")
        }
        return try write(data, labels: labelData)
    }
}

/// An NPY file whose numbers are read in C order.
private final class NPYReader: ArrayReader {
    private(set) var type = NumberType.float32
    private(set) var shape: [Int] = []
    private let file: CompressedFile
    private var swaps = false
    /// How an element of another type becomes a float32; nil for types that stay.
    private var widened: Widened?
    /// In Fortran order, the whole array, turned around.
    private var turned: [UInt8]?
    private var turnedOffset = 0

    private enum Widened {
        case half
        case bool

        var size: Int { self == .half ? 2 : 1 }
    }

    init(_ path: String) throws {
        file = try CompressedFile(path)
        let magic = try file.read(upTo: 8)
        guard magic.count == 8, magic.prefix(6) == [0x93, 0x4E, 0x55, 0x4D, 0x50, 0x59], (1...3).contains(magic[6]) else {
            throw Failure(.badData, "\(path): not an NPY file: it does not begin with NPY's magic number")
        }
        let lengthBytes = try file.read(exactly: magic[6] == 1 ? 2 : 4, "the header")
        let length = lengthBytes.reversed().reduce(0) { $0 << 8 | Int($1) }
        guard length < 1 << 20 else { throw Failure(.badData, "\(path): a header of \(length) bytes: not an NPY file") }
        let header = String(decoding: try file.read(exactly: length, "the header"), as: UTF8.self)
        guard let descr = Self.value("descr", in: header)?.trimmingCharacters(in: CharacterSet(charactersIn: " '\"")),
            let order = Self.value("fortran_order", in: header), let dimensions = Self.value("shape", in: header)
        else {
            throw Failure(.badData, "\(path): an NPY header without descr, fortran_order and shape")
        }
        shape = dimensions.split { "(), ".contains($0) }.compactMap { Int($0) }
        let types: [String: NumberType] = [
            "i1": .int8, "u1": .uint8, "i2": .int16, "u2": .uint16, "i4": .int32, "u4": .uint32, "i8": .int64,
            "u8": .uint64, "f4": .float32, "f8": .float64,
        ]
        swaps = descr.hasPrefix(">")
        switch descr.dropFirst() {
        case "f2": widened = .half
        case "b1": widened = .bool
        case let name:
            guard let known = types[String(name)] else {
                throw Failure(
                    .badData, "\(path) holds elements of type '\(descr)': only whole and floating-point numbers can be imported")
            }
            type = known
        }
        guard shape.reduce(1.0, { $0 * Double($1) }) < 1e15 else {
            throw Failure(.badData, "\(path): claims the shape \(shape)")
        }
        if order.contains("True"), shape.count > 1 { turned = try turnAround() }
    }

    /// The text of a key's value in the header, a Python dictionary.
    private static func value(_ key: String, in header: String) -> String? {
        guard let start = header.range(of: "'\(key)':") else { return nil }
        let rest = header[start.upperBound...]
        let end = key == "shape" ? rest.firstIndex(of: ")") : rest.firstIndex { $0 == "," || $0 == "}" }
        return end.map { String(rest[..<$0]) }
    }

    func read(_ count: Int) throws -> [UInt8] {
        guard let turned else { return try readInOrder(count) }
        defer { turnedOffset += count }
        return Array(turned[turnedOffset..<turnedOffset + count])
    }

    private func readInOrder(_ count: Int) throws -> [UInt8] {
        let what = "the rows: its header claims the shape \(shape)"
        guard let widened else {
            var bytes = try file.read(exactly: count, what)
            if swaps { swapBytes(&bytes, size: type.size) }
            return bytes
        }
        var bytes = try file.read(exactly: count / 4 * widened.size, what)
        if swaps { swapBytes(&bytes, size: widened.size) }
        let numbers: [Float] = (0..<count / 4).map { index in
            switch widened {
            case .bool: bytes[index] == 0 ? 0 : 1
            case .half: halfToFloat(UInt16(bytes[2 * index]) | UInt16(bytes[2 * index + 1]) << 8)
            }
        }
        return numbers.withUnsafeBytes { Array($0) }
    }

    /// All elements, from the order in which the first index runs fastest to that in which the last does.
    private func turnAround() throws -> [UInt8] {
        let count = shape.reduce(1, *)
        let source = try readInOrder(count * type.size)
        var target = [UInt8](repeating: 0, count: source.count)
        let size = type.size
        for element in 0..<count {
            var rest = element
            var place = 0
            for dimension in shape.indices {
                place = place * shape[dimension] + rest % shape[dimension]
                rest /= shape[dimension]
            }
            for byte in 0..<size { target[place * size + byte] = source[element * size + byte] }
        }
        return target
    }
}

/// IEEE half precision to single, exactly.
private func halfToFloat(_ half: UInt16) -> Float {
    let sign: Float = half & 0x8000 == 0 ? 1 : -1
    let exponent = Int(half >> 10 & 31)
    let fraction = Float(half & 1023)
    switch exponent {
    case 0: return sign * fraction * 0x1p-24
    case 31: return fraction == 0 ? sign * .infinity : .nan
    default: return sign * (1 + fraction * 0x1p-10) * Float(sign: .plus, exponent: exponent - 15, significand: 1)
    }
}

internal import Foundation
internal import HDF5

extension Importer {
    /// Imports arrays that `numpy.save` wrote (NPY versions 1 to 3, C or Fortran order, either order of bytes); float16 and bool
    /// become float32.
    ///
    /// - Returns: what was written, as a line of text.
    /// - Throws: ``Failure`` (65, 66, 73, 74).
    public func importNPY(file path: String, labels: String?) throws -> String {
        let stream = try CompressedFile(path)
        let header = try NPYHeader(stream)
        try header.requireRows(path)
        let labelReader = try labels.map { path in
            let stream = try CompressedFile(path)
            let labelHeader = try NPYHeader(stream)
            try labelHeader.requireLabels(of: header.shape[0], path)
            return try NPYReader(labelHeader, stream)
        }
        return try write(try NPYReader(header, stream), labels: labelReader)
    }
}

/// What an NPY file says of its array before its elements.
struct NPYHeader {
    /// The type of the elements in numpy's letters.
    let elementName: String
    /// The same; nil for what is no number.
    let element: NPYElement?
    let isFortranOrder: Bool
    let shape: [Int]

    /// Reads the header. Throws ``Failure`` (65).
    init(_ stream: any ByteStream) throws {
        let path = stream.path
        let magic = try stream.read(upTo: 8)
        guard magic.count == 8, magic.prefix(6) == [0x93, 0x4E, 0x55, 0x4D, 0x50, 0x59], (1...3).contains(magic[6]) else {
            throw Failure(.badData, "\(path): not an NPY file: it does not begin with NPY's magic number")
        }
        let lengthBytes = try stream.read(exactly: magic[6] == 1 ? 2 : 4, "the header")
        let length = lengthBytes.reversed().reduce(0) { $0 << 8 | Int($1) }
        guard length < 1 << 20 else { throw Failure(.badData, "\(path): a header of \(length) bytes: not an NPY file") }
        let header = String(decoding: try stream.read(exactly: length, "the header"), as: UTF8.self)
        guard let descr = Self.value("descr", in: header)?.trimmingCharacters(in: CharacterSet(charactersIn: " '\"")),
            let order = Self.value("fortran_order", in: header), let dimensions = Self.value("shape", in: header)
        else {
            throw Failure(.badData, "\(path): an NPY header without descr, fortran_order and shape")
        }
        elementName = descr
        element = NPYElement(descr)
        isFortranOrder = order.contains("True")
        // Python 2 wrote an L behind its numbers.
        let sizes = dimensions.split { "(), L".contains($0) }.map { Int($0) ?? -1 }
        // No product of these can overflow, whatever the others are.
        guard sizes.allSatisfy({ $0 >= 0 }), sizes.reduce(1.0, { $0 * Double(max($1, 1)) }) < 1e15 else {
            throw Failure(.badData, "\(path): claims the shape \(dimensions.dropFirst()))")
        }
        shape = sizes
    }

    /// The text of a key's value in the header, a Python dictionary.
    private static func value(_ key: String, in header: String) -> String? {
        guard let start = header.range(of: "'\(key)':") else { return nil }
        let rest = header[start.upperBound...]
        let end = key == "shape" ? rest.firstIndex(of: ")") : rest.firstIndex { $0 == "," || $0 == "}" }
        return end.map { String(rest[..<$0]) }
    }

    /// Throws ``Failure`` (65) unless the array has rows and columns.
    func requireRows(_ path: String) throws {
        guard shape.count >= 2, shape.allSatisfy({ $0 > 0 }) else {
            throw Failure(.badData, "\(path) has the shape \(shape), but must have rows and columns")
        }
    }

    /// Throws ``Failure`` (65) unless the array has one element a row.
    func requireLabels(of rowCount: Int, _ path: String) throws {
        guard shape == [rowCount] else {
            throw Failure(.badData, "\(path) has the shape \(shape), but must have [\(rowCount)], one a row")
        }
    }
}

/// The type of an array's elements.
struct NPYElement {
    enum Kind {
        /// Taken as they are.
        case number
        /// These become float32.
        case half
        case bool
    }

    let kind: Kind
    /// What they are after reading.
    let type: NumberType
    /// The bytes of one in the file.
    let size: Int
    let isBigEndian: Bool

    /// - Parameter name: in numpy's letters, such as `<f4`; nil for other types than numbers.
    init?(_ name: String) {
        let types: [Substring: NumberType] = [
            "i1": .int8, "u1": .uint8, "i2": .int16, "u2": .uint16, "i4": .int32, "u4": .uint32, "i8": .int64,
            "u8": .uint64, "f4": .float32, "f8": .float64,
        ]
        isBigEndian = name.hasPrefix(">")
        switch name.dropFirst() {
        case "f2": (kind, type, size) = (.half, .float32, 2)
        case "b1": (kind, type, size) = (.bool, .float32, 1)
        case let name:
            guard let type = types[name] else { return nil }
            (kind, self.type, size) = (.number, type, type.size)
        }
    }
}

/// The elements that follow an NPY header, in C order.
final class NPYReader: ArrayReader {
    let type: NumberType
    let shape: [Int]
    private let element: NPYElement
    private let stream: any ByteStream
    /// In Fortran order, the whole array, turned around.
    private var turned: [UInt8]?
    private var turnedOffset = 0

    /// Throws ``Failure`` (65) for elements that are not numbers, and for more of them than there can be.
    init(_ header: NPYHeader, _ stream: any ByteStream) throws {
        guard let element = header.element else {
            throw Failure(
                .badData,
                "\(stream.path) holds elements of type '\(header.elementName)': only whole and floating-point numbers can be imported"
            )
        }
        self.element = element
        self.stream = stream
        type = element.type
        shape = header.shape
        try stream.check(claimed: shape, elementSize: element.size)
        if header.isFortranOrder, shape.count > 1 {
            let memory = 2 * shape.reduce(type.size, *)
            guard memory < ProcessInfo.processInfo.physicalMemory else {
                throw Failure(
                    .badData,
                    "\(stream.path): is in Fortran order, to import which takes \(memory >> 30) GiB of memory: "
                        + "save it as numpy.ascontiguousarray")
            }
            turned = try turnAround()
        }
    }

    func read(_ count: Int) throws -> [UInt8] {
        guard let turned else { return try readInOrder(count) }
        defer { turnedOffset += count }
        return Array(turned[turnedOffset..<turnedOffset + count])
    }

    private func readInOrder(_ count: Int) throws -> [UInt8] {
        let stored = count / type.size * element.size
        var bytes = try stream.read(exactly: stored, "the rows: its header claims the shape \(shape)")
        if element.isBigEndian { swapBytes(&bytes, size: element.size) }
        switch element.kind {
        case .number: return bytes
        case .bool: return asBytes(bytes.map { $0 == 0 ? 0 : 1 })
        case .half:
            return asBytes((0..<stored / 2).map { halfToFloat(UInt16(bytes[2 * $0]) | UInt16(bytes[2 * $0 + 1]) << 8) })
        }
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

private func asBytes(_ numbers: [Float]) -> [UInt8] { numbers.withUnsafeBytes { Array($0) } }

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

internal import Datasets
internal import Foundation
internal import HDF5
internal import Support

extension Importer {
    /// Imports arrays that `numpy.save` wrote (NPY versions 1 to 3, C or Fortran order, either order of bytes); float16 and bool
    /// become float32. Labels may be text.
    ///
    /// - Returns: what was written, as a line of text.
    /// - Throws: ``Failure`` (65, 66, 73, 74).
    public func importNPY(file path: String, labels: String?) throws -> String {
        let stream = try CompressedFile(path)
        let header = try NPYHeader(stream)
        try header.requireRows(path)
        let labelReader = try labels.map { try Self.npyLabels($0, of: header.shape[0]) }
        return try write(try NPYReader(header, stream), labels: labelReader)
    }

    /// The labels in an NPY file. Throws ``Failure`` (65, 66, 77).
    static func npyLabels(_ path: String, of rowCount: Int) throws -> any LabelReader {
        let stream = try CompressedFile(path)
        return try NPYHeader(stream).labels(of: rowCount, stream)
    }
}

/// The elements that follow an NPY header, in C order.
final class NPYReader: ArrayReader {
    var path: String { stream.path }
    let type: NumberType
    let shape: [Int]
    private let element: NPYElement
    private let stream: any ByteStream
    /// In Fortran order, the whole array, turned around.
    private var turned: [UInt8]?
    private var turnedOffset = 0

    /// - Parameter areLabels: truth values are whole numbers then.
    /// - Throws: ``Failure`` (65) for elements that are not numbers, and for more of them than there can be.
    init(_ header: NPYHeader, _ stream: any ByteStream, areLabels: Bool = false) throws {
        guard let known = header.element, known.isNumber else { throw Failure(.badData, "\(stream.path) \(header.refusal)") }
        let element = areLabels ? known.asLabel : known
        self.element = element
        self.stream = stream
        type = element.type
        shape = header.shape
        try stream.check(claimed: shape, elementSize: element.size)
        if header.isFortranOrder, shape.count > 1 {
            let memory = 2 * shape.reduce(type.size, *)
            guard memory < min(availableMemory(), allowedMemory()) else {
                throw Failure(
                    .badData,
                    "\(stream.path): is in Fortran order, to import which takes \(sizeText(memory)) of memory, more than is free: "
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
        case .text: preconditionFailure("not a number")
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

internal import HDF5
internal import Support

extension Importer {
    /// Imports IDX files, the format of MNIST: a magic number with type and dimensions, the sizes, and big-endian numbers.
    ///
    /// - Returns: what was written, as a line of text.
    /// - Throws: ``Failure`` (65, 66, 73, 74).
    public func importIDX(images: String, labels: String?) throws -> String {
        let data = try IDXReader(images)
        let labelData = try labels.map { try IDXReader($0) }
        if let labelData, let labels {
            guard labelData.shape == [data.shape[0]] else {
                throw Failure(
                    .badData,
                    "\(labels) has the shape \(labelData.shape), but \(images) has \(data.shape[0]) rows: labels must be [\(data.shape[0])]"
                )
            }
            guard ![.float32, .float64].contains(labelData.type) else {
                throw Failure(.badData, "\(labels) holds \(labelData.type), but labels must be whole numbers")
            }
        }
        return try write(data, labels: labelData.map { NumberLabels(numbers: $0, count: data.shape[0]) })
    }
}

/// An IDX file that is read row by row.
private final class IDXReader: ArrayReader {
    var path: String { file.path }
    let type: NumberType
    let shape: [Int]
    private let file: CompressedFile

    init(_ path: String) throws {
        file = try CompressedFile(path)
        let magic = try file.read(upTo: 4)
        let types: [UInt8: NumberType] = [
            8: .uint8, 9: .int8, 11: .int16, 12: .int32, 13: .float32, 14: .float64,
        ]
        guard magic.count == 4, magic[0] == 0, magic[1] == 0, let type = types[magic[2]], (1...8).contains(magic[3]) else {
            throw Failure(.badData, "\(path): not an IDX file: it does not begin with IDX's magic number")
        }
        self.type = type
        let sizes = try file.read(exactly: 4 * Int(magic[3]), "the header")
        let shape = stride(from: 0, to: sizes.count, by: 4).map { first in
            sizes[first..<first + 4].reduce(0) { $0 << 8 | Int($1) }
        }
        self.shape = shape
        guard shape.allSatisfy({ $0 > 0 }), shape.reduce(1.0, { $0 * Double($1) }) < 1e15 else {
            throw Failure(.badData, "\(path): claims the shape \(shape)")
        }
        try file.check(claimed: shape, elementSize: type.size)
    }

    func read(_ count: Int) throws -> [UInt8] {
        var bytes = try file.read(exactly: count, "the rows: its header claims the shape \(shape)")
        swapBytes(&bytes, size: type.size)
        return bytes
    }
}

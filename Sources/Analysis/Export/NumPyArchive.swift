internal import Support
internal import VAE

/// A file of arrays as `numpy.savez` writes it: a zip file in which each array is a file `NAME.npy`. Texts are an array of one text, `metadata`, as
/// JSON.
enum NumPyArchive {
    static func write(_ model: ModelArrays, to path: String) throws {
        let text = try jsonText(Dictionary(uniqueKeysWithValues: model.texts.map { ($0.key, $0.text) }))
        let scalars = text.unicodeScalars.map(\.value)
        let byteCount = model.arrays.reduce(4 * scalars.count) { $0 + $1.numbers.byteCount + 256 + 4 * $1.name.utf8.count }
        guard byteCount < StoredZip.most else {
            throw Failure(.cannotCreate, "\(path) would be larger than 4 GiB, as large as it may be: use --format safetensors")
        }
        let zip = try StoredZip(path, byteCount: byteCount)
        for array in model.arrays {
            let header = header(array.numbers.descriptor, array.shape)
            try array.numbers.withBytes { try zip.add("\(array.name).npy", header, $0) }
        }
        try scalars.withUnsafeBytes { try zip.add("metadata.npy", header("<U\(scalars.count)", []), $0) }
        try zip.finish()
    }

    /// NPY version 1: what an array is, so long that the numbers begin at a multiple of 64 bytes.
    static func header(_ descriptor: String, _ shape: [Int]) -> [UInt8] {
        let sizes = shape.count == 1 ? "\(shape[0])," : shape.map(String.init).joined(separator: ", ")
        var text = "{'descr': '\(descriptor)', 'fortran_order': False, 'shape': (\(sizes)), }"
        text += String(repeating: " ", count: 63 - (10 + text.utf8.count) % 64) + "\n"
        let length = UInt16(text.utf8.count)
        return [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(length & 0xFF), UInt8(length >> 8)] + Array(text.utf8)
    }
}

extension OperatorGraph.Numbers {
    /// As numpy calls it.
    fileprivate var descriptor: String {
        switch self {
        case .float32: "<f4"
        case .float64: "<f8"
        case .int64: "<i8"
        }
    }
}

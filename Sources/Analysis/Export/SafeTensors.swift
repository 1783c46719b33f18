internal import Support
internal import VAE

/// A file of arrays in the format of Hugging Face's safetensors: the length of a header in 8 bytes, the header, which is JSON, and all numbers.
enum SafeTensors {
    static func write(_ model: ModelArrays, to path: String) throws {
        // As the library does it: the largest numbers first, so that all lie at multiples of their size; then by name.
        let arrays = model.arrays.sorted { a, b in
            let sizes = (a.numbers.size, b.numbers.size)
            return sizes.0 == sizes.1 ? a.name < b.name : sizes.0 > sizes.1
        }
        var place = 0
        var items: [String] = [try "\"__metadata__\":{\(metadata(model.texts))}"]
        for array in arrays {
            let end = place + array.numbers.byteCount
            let shape = array.shape.map(String.init).joined(separator: ",")
            let value = "{\"dtype\":\"\(array.numbers.type)\",\"shape\":[\(shape)],\"data_offsets\":[\(place),\(end)]}"
            items.append(try "\(jsonText(array.name)):\(value)")
            place = end
        }
        var header = [UInt8]("{\(items.joined(separator: ","))}".utf8)
        header += [UInt8](repeating: 0x20, count: (8 - header.count % 8) % 8)
        let file = try SequentialFile(path, byteCount: 8 + header.count + place)
        try withUnsafeBytes(of: UInt64(header.count).littleEndian) { try file.write($0) }
        try file.write(header)
        for array in arrays { try array.numbers.withBytes { try file.write($0) } }
        try file.finish()
    }

    private static func metadata(_ texts: [(key: String, text: String)]) throws -> String {
        try texts.map { try "\(jsonText($0.key)):\(jsonText($0.text))" }.joined(separator: ",")
    }
}

extension OperatorGraph.Numbers {
    /// The bytes of a number.
    fileprivate var size: Int {
        switch self {
        case .float32: 4
        case .float64, .int64: 8
        }
    }

    /// As the format calls it.
    fileprivate var type: String {
        switch self {
        case .float32: "F32"
        case .float64: "F64"
        case .int64: "I64"
        }
    }
}

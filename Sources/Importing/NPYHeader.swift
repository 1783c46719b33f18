internal import Support

/// What an NPY file says of its array before its elements.
struct NPYHeader {
    /// The type of the elements in numpy's letters; of a structured array, its fields.
    let elementName: String
    /// nil for types that are neither numbers nor text.
    let element: NPYElement?
    private let isStructured: Bool
    let isFortranOrder: Bool
    let shape: [Int]

    /// Reads the header, of versions 1 to 3. Throws ``Failure`` (65).
    init(_ stream: any ByteStream) throws {
        let path = stream.path
        let magic = try stream.read(upTo: 8)
        guard magic.count == 8, magic.starts(with: Self.magic), (1...3).contains(magic[6]) else {
            throw Failure(.badData, "\(path): not an NPY file: it does not begin with NPY's magic number")
        }
        let lengthBytes = try stream.read(exactly: magic[6] == 1 ? 2 : 4, "the header")
        let length = lengthBytes.reversed().reduce(0) { $0 << 8 | Int($1) }
        guard length <= Self.mostBytes else { throw Failure(.badData, "\(path): a header of \(length) bytes: not an NPY file") }
        let header = PythonLiteral(String(decoding: try stream.read(exactly: length, "the header"), as: UTF8.self))
        guard let header, let type = header["descr"], case .truth(let order) = header["fortran_order"],
            let dimensions = Self.sizes(header["shape"])
        else {
            throw Failure(.badData, "\(path): an NPY header without descr, fortran_order and shape")
        }
        // No product of these can overflow, whatever the others are.
        guard dimensions.allSatisfy({ $0 >= 0 }), dimensions.reduce(1.0, { $0 * Double(max($1, 1)) }) < 1e15 else {
            throw Failure(.badData, "\(path): claims the shape \(dimensions)")
        }
        guard dimensions.count <= Self.mostDimensions else {
            throw Failure(.badData, "\(path): claims \(dimensions.count) dimensions, but at most \(Self.mostDimensions) are read")
        }
        shape = dimensions
        isFortranOrder = order
        if case .text(let name) = type {
            isStructured = false
            elementName = name
            element = NPYElement(name)
        } else {
            isStructured = true
            elementName = Self.fields(type)
            element = nil
        }
    }

    /// More than any array of numpy needs; structured types have long ones.
    private static let mostBytes = 1 << 16
    private static let mostDimensions = 32

    static let magic: [UInt8] = [0x93, 0x4E, 0x55, 0x4D, 0x50, 0x59]

    private static func sizes(_ shape: PythonLiteral?) -> [Int]? {
        switch shape {
        // Parentheses with one number in them.
        case .integer(let size): return [size]
        case .sequence(let values):
            let sizes = values.compactMap { if case .integer(let size) = $0 { size } else { nil } }
            return sizes.count == values.count ? sizes : nil
        default: return nil
        }
    }

    /// The fields of a structured type, as a line of text.
    private static func fields(_ type: PythonLiteral) -> String {
        guard case .sequence(let fields) = type else { return "" }
        let names = fields.compactMap { field -> String? in
            guard case .sequence(let parts) = field else { return nil }
            // Of a field with a title, the second part of the pair is its name.
            switch parts.first {
            case .text(let name): return name
            case .sequence(let titles):
                if case .text(let name) = titles.last { return name }
                return nil
            default: return nil
            }
        }
        return names.prefix(8).joined(separator: ", ") + (names.count > 8 ? ", ..." : "")
    }

    /// Why the elements cannot be imported as numbers, and what to do.
    var refusal: String {
        switch element?.kind {
        case nil where isStructured:
            "is a structured array (fields \(elementName)): save one of its fields, or "
                + "numpy.lib.recfunctions.structured_to_unstructured of it"
        case nil where elementName.hasSuffix("O"):
            "holds elements of type '\(elementName)', objects of Python: save it as numbers (x.astype(float)), or "
                + "as text (x.astype(str)) if it has labels"
        case .text?:
            "holds elements of type '\(elementName)', text: only whole and floating-point numbers can be "
                + "imported as rows"
        default: "holds elements of type '\(elementName)': only whole and floating-point numbers can be imported"
        }
    }

    /// Throws ``Failure`` (65) unless the array has rows and columns.
    func requireRows(_ path: String) throws {
        guard shape.count >= 2, shape.allSatisfy({ $0 > 0 }) else {
            throw Failure(.badData, "\(path) has the shape \(shape), but must have rows and columns")
        }
    }

    /// Whether the array has one element for each of some rows, also as a column.
    func hasLabels(of rowCount: Int) -> Bool { shape == [rowCount] || shape == [rowCount, 1] }

    /// Throws ``Failure`` (65) unless it has.
    func requireLabels(of rowCount: Int, _ path: String) throws {
        if hasLabels(of: rowCount) { return }
        let hint =
            shape.count == 2 && shape[0] == rowCount
            ? ": of one column for each class (one-hot) take numpy.argmax(labels, axis=1)" : ""
        throw Failure(.badData, "\(path) has the shape \(shape), but must have [\(rowCount)], one a row\(hint)")
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
        /// Text of a fixed length, in bytes or in Unicode scalars.
        case text(isWide: Bool)
    }

    let kind: Kind
    /// What numbers are after reading.
    let type: NumberType
    /// The bytes of one in the file.
    let size: Int
    let isBigEndian: Bool

    /// - Parameter name: in numpy's letters, such as `<f4`; nil for other types than numbers and text.
    init?(_ name: String) {
        let types: [Substring: NumberType] = [
            "i1": .int8, "u1": .uint8, "i2": .int16, "u2": .uint16, "i4": .int32, "u4": .uint32, "i8": .int64,
            "u8": .uint64, "f4": .float32, "f8": .float64,
            "b": .int8, "B": .uint8, "h": .int16, "H": .uint16, "i": .int32, "I": .uint32, "q": .int64, "Q": .uint64,
            "f": .float32,
            "d": .float64, "int8": .int8, "uint8": .uint8, "int16": .int16, "uint16": .uint16, "int32": .int32, "uint32": .uint32,
            "int64": .int64, "uint64": .uint64, "float32": .float32, "float64": .float64,
        ]
        isBigEndian = name.hasPrefix(">")
        let letters = name.first.map { "<>=|".contains($0) } == true ? name.dropFirst() : name[...]
        switch letters {
        case "f2", "e", "float16": (kind, type, size) = (.half, .float32, 2)
        case "b1", "?", "bool": (kind, type, size) = (.bool, .float32, 1)
        case let text where text.hasPrefix("U") || text.hasPrefix("S") || text.hasPrefix("a"):
            guard let length = Int(text.dropFirst()), (0...1 << 20).contains(length) else { return nil }
            let isWide = text.hasPrefix("U")
            (kind, type, size) = (.text(isWide: isWide), .uint8, isWide ? 4 * length : length)
        case let letters:
            guard let type = types[letters] else { return nil }
            (kind, self.type, size) = (.number, type, type.size)
        }
    }

    var isNumber: Bool { if case .text = kind { false } else { true } }

    /// Truth values as 0 and 1 of one byte, for labels.
    private init(truths: Void) {
        (kind, type, size, isBigEndian) = (.number, .uint8, 1, false)
    }

    var asLabel: NPYElement { if case .bool = kind { NPYElement(truths: ()) } else { self } }
}

/// A value as Python writes it: what the header of an NPY file consists of.
indirect enum PythonLiteral {
    case text(String)
    case integer(Int)
    case truth(Bool)
    case nothing
    /// A tuple or a list.
    case sequence([PythonLiteral])
    case dictionary([(key: String, value: PythonLiteral)])

    /// nil for what is no literal of these kinds, or has anything but blanks behind it.
    init?(_ text: String) {
        var parser = Parser(text: Array(text.utf8))
        guard let value = parser.value(depth: 0), parser.isAtEnd else { return nil }
        self = value
    }

    /// Of a dictionary.
    subscript(key: String) -> PythonLiteral? {
        guard case .dictionary(let pairs) = self else { return nil }
        return pairs.last { $0.key == key }?.value
    }

    private struct Parser {
        let text: [UInt8]
        var position = 0

        private static let mostDepth = 32

        private mutating func skipBlanks() {
            while position < text.count, [32, 9, 10, 13].contains(text[position]) { position += 1 }
        }

        var isAtEnd: Bool {
            mutating get {
                skipBlanks()
                return position == text.count
            }
        }

        private mutating func take(_ character: Unicode.Scalar) -> Bool {
            skipBlanks()
            guard position < text.count, text[position] == UInt8(ascii: character) else { return false }
            position += 1
            return true
        }

        mutating func value(depth: Int) -> PythonLiteral? {
            skipBlanks()
            guard position < text.count, depth < Self.mostDepth else { return nil }
            switch Unicode.Scalar(text[position]) {
            case "{": return dictionary(depth: depth)
            case "(": return sequence(closing: ")", depth: depth)
            case "[": return sequence(closing: "]", depth: depth)
            case "'", "\"": return string()
            case "-", "+", "0"..."9": return integer()
            default: return word()
            }
        }

        private mutating func dictionary(depth: Int) -> PythonLiteral? {
            position += 1
            var pairs: [(key: String, value: PythonLiteral)] = []
            while !take("}") {
                guard case .text(let key) = value(depth: depth + 1), take(":"), let value = value(depth: depth + 1) else {
                    return nil
                }
                pairs.append((key, value))
                if !take(",") { return take("}") ? .dictionary(pairs) : nil }
            }
            return .dictionary(pairs)
        }

        private mutating func sequence(closing: Unicode.Scalar, depth: Int) -> PythonLiteral? {
            position += 1
            var values: [PythonLiteral] = []
            while !take(closing) {
                guard let value = value(depth: depth + 1) else { return nil }
                values.append(value)
                if take(",") { continue }
                guard take(closing) else { return nil }
                // Parentheses around one value make no tuple.
                return closing == ")" && values.count == 1 ? values[0] : .sequence(values)
            }
            return .sequence(values)
        }

        private mutating func string() -> PythonLiteral? {
            let quote = text[position]
            position += 1
            var bytes: [UInt8] = []
            while position < text.count {
                let byte = text[position]
                position += 1
                if byte == quote { return .text(String(decoding: bytes, as: UTF8.self)) }
                if byte == UInt8(ascii: "\\"), position < text.count {
                    // Names of fields may have them; what they stand for is not needed.
                    bytes.append(byte)
                    bytes.append(text[position])
                    position += 1
                } else {
                    bytes.append(byte)
                }
            }
            return nil
        }

        private mutating func integer() -> PythonLiteral? {
            let start = position
            position += 1
            while position < text.count, (48...57).contains(text[position]) { position += 1 }
            guard let value = Int(String(decoding: text[start..<position], as: UTF8.self)) else { return nil }
            // Python 2 wrote an L behind its numbers.
            if position < text.count, text[position] == UInt8(ascii: "L") { position += 1 }
            return .integer(value)
        }

        private mutating func word() -> PythonLiteral? {
            let start = position
            while position < text.count, (65...90).contains(text[position]) || (97...122).contains(text[position]) {
                position += 1
            }
            switch String(decoding: text[start..<position], as: UTF8.self) {
            case "True": return .truth(true)
            case "False": return .truth(false)
            case "None": return .nothing
            case "u", "b", "r":
                // The kind of a text; blanks behind it are no Python.
                guard position < text.count, [34, 39].contains(text[position]) else { return nil }
                return string()
            default: return nil
            }
        }
    }
}

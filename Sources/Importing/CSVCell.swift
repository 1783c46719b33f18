/// What a field of a table says.
enum CSVCell: Equatable {
    case number(Double)
    /// Nothing, or a word for nothing.
    case missing
    /// A number beyond those that 64 bits can hold.
    case tooLarge
    case text

    static let point = UInt8(ascii: ".")
    static let comma = UInt8(ascii: ",")

    /// - Parameter mark: point or comma, before the fraction.
    init(_ field: UnsafeBufferPointer<UInt8>, mark: UInt8 = Self.point) {
        if field.isEmpty {
            self = .missing
        } else if let number = Self.number(field, mark) {
            self = number.isFinite ? .number(number) : .tooLarge
        } else {
            self = Self.word(field)
        }
    }

    init(_ text: String, mark: UInt8 = Self.point) {
        var text = text
        self = text.withUTF8 { Self($0, mark: mark) }
    }

    /// Whether a label is a word for none. A dash is not: strands and charges have it.
    static func isMissing(_ label: String) -> Bool { label != "-" && Self(label) == .missing }

    private static let words: [String: CSVCell] = {
        var words: [String: CSVCell] = ["true": .number(1), "false": .number(0)]
        for word in ["na", "n/a", "#n/a", "#na", "<na>", "nan", "null", "none", "-", "nat", "1.#ind", "1.#qnan"] {
            words[word] = .missing
        }
        for word in ["inf", "infinity", "1.#inf"] { words[word] = .number(.infinity) }
        for (word, cell) in words where !word.hasPrefix("-") && word != "true" && word != "false" {
            for sign in ["+", "-"] {
                words[sign + word] = cell == .missing ? cell : .number(sign == "-" ? -.infinity : .infinity)
            }
        }
        return words
    }()

    private static func word(_ field: UnsafeBufferPointer<UInt8>) -> CSVCell {
        if field.count > 9 { return .text }
        return words[String(decoding: field, as: UTF8.self).lowercased()] ?? .text
    }

    /// A decimal number; infinite if it is too large, nil for what is none.
    private static func number(_ field: UnsafeBufferPointer<UInt8>, _ mark: UInt8) -> Double? {
        var index = 0
        let isNegative = field[0] == UInt8(ascii: "-")
        if isNegative || field[0] == UInt8(ascii: "+") { index = 1 }
        var digits: UInt64 = 0
        var hasDigits = false
        var hasMark = false
        var isExact = true
        var exponent = 0
        while index < field.count {
            let byte = field[index]
            if byte >= 48, byte <= 57 {
                hasDigits = true
                if digits < 1 << 53 / 16 {
                    digits = digits * 10 + UInt64(byte - 48)
                    if hasMark { exponent -= 1 }
                } else {
                    isExact = false
                }
            } else if byte == mark, !hasMark {
                hasMark = true
            } else {
                break
            }
            index += 1
        }
        // A comma at the end is no decimal mark.
        guard hasDigits, mark != comma || field[index - 1] != comma else { return nil }
        if index < field.count {
            guard field[index] | 32 == UInt8(ascii: "e") else { return nil }
            index += 1
            var isDown = false
            if index < field.count, field[index] == UInt8(ascii: "-") || field[index] == UInt8(ascii: "+") {
                isDown = field[index] == UInt8(ascii: "-")
                index += 1
            }
            guard index < field.count else { return nil }
            var shift = 0
            for byte in field[index...] {
                guard byte >= 48, byte <= 57 else { return nil }
                shift = min(shift * 10 + Int(byte - 48), 1 << 20)
            }
            exponent += isDown ? -shift : shift
        }
        // Two numbers without error give the nearest one to their product or quotient.
        if isExact, digits <= 1 << 53, abs(exponent) < powers.count {
            let value = exponent < 0 ? Double(digits) / powers[-exponent] : Double(digits) * powers[exponent]
            return isNegative ? -value : value
        }
        return Double(String(decoding: field.lazy.map { $0 == mark ? point : $0 }, as: UTF8.self))
    }

    private static let powers: [Double] = [
        1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21,
        1e22,
    ]
}

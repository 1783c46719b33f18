extension String {
    /// The text as it can be shown on one line of a terminal: what controls terminals is written as in Swift's strings (`\n`,
    /// `\u{1B}`), and of more than `limit` characters the middle is left out.
    public func printable(limit: Int = 160) -> String {
        var text = ""
        for scalar in shortened(limit).unicodeScalars {
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator: text += scalar.escaped(asASCII: true)
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text
    }

    /// The text, of any number of lines, as it can be shown on a terminal or a page: what controls them, but for line feeds and tabs, is written
    /// as in JSON (`\u001b`), so that JSON stays what it is.
    public var withoutControls: String {
        func isHarmless(_ scalar: Unicode.Scalar) -> Bool {
            switch scalar.properties.generalCategory {
            case .control: scalar == "\n" || scalar == "\t"
            case .format, .lineSeparator, .paragraphSeparator: false
            default: true
            }
        }
        if unicodeScalars.allSatisfy(isHarmless) { return self }
        var text = ""
        for scalar in unicodeScalars {
            if isHarmless(scalar) {
                text.unicodeScalars.append(scalar)
                continue
            }
            for unit in scalar.utf16 {
                let digits = String(unit, radix: 16)
                text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            }
        }
        return text
    }

    private func shortened(_ limit: Int) -> String {
        // Counted in bytes: a character may consist of any number of them.
        if utf8.count <= limit { return self }
        let half = limit / 2
        let (start, end) = (utf8.prefix(half), utf8.suffix(half))
        return "\(String(decoding: start, as: UTF8.self)) ... \(String(decoding: end, as: UTF8.self))"
    }
}

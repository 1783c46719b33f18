extension String {
    /// The text as a field of a CSV file (RFC 4180): in quotation marks where it has separators, quotation marks or line breaks.
    package var csvField: String {
        // By scalars: CR and LF together are one character, and so are a quotation mark and an accent behind it.
        guard unicodeScalars.contains(where: { [",", "\"", "\n", "\r"].contains($0) }) else { return self }
        var text = "\""
        for scalar in unicodeScalars {
            if scalar == "\"" { text.unicodeScalars.append(scalar) }
            text.unicodeScalars.append(scalar)
        }
        return text + "\""
    }

    /// The text as spreadsheets show it and do not compute it: behind an apostrophe where it begins like a formula and is no number.
    package var csvSafe: String {
        guard let first = unicodeScalars.first, ["=", "+", "-", "@", "\t", "\r"].contains(first), Double(self) == nil else {
            return self
        }
        return "'" + self
    }

    /// The fields of a line of CSV.
    package var csvFields: [String] {
        var fields: [String] = [""]
        var isQuoted = false
        var wasQuote = false
        for scalar in unicodeScalars {
            if scalar == "\"" {
                // Two of them in quotation marks stand for one.
                if wasQuote { fields[fields.count - 1].unicodeScalars.append(scalar) }
                wasQuote = isQuoted && !wasQuote
                isQuoted.toggle()
                continue
            }
            wasQuote = false
            if scalar == ",", !isQuoted { fields.append("") } else { fields[fields.count - 1].unicodeScalars.append(scalar) }
        }
        return fields
    }
}

extension Sequence<String> {
    /// The texts as a line of a CSV file, without its end.
    package var csvLine: String { map(\.csvField).joined(separator: ",") }
}

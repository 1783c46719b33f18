/// The first line, from 1, of what toml++ (in TOMLKit 0.6) does not refuse but asserts cannot be, which ends the program: names and values
/// that begin with something else, and control characters, which TOML forbids. Found by `scripts/fuzz`. nil if there is none.
///
/// Inline tables, which no key of ours has, are refused with it.
func lineTheTOMLLibraryFails(_ text: String) -> Int? {
    enum Place {
        case lineStart
        /// Behind the bracket of a section's name, or the dot in a name.
        case name
        case value
        case other
    }
    let quotes: [Unicode.Scalar] = ["\"", "'"]
    let scalars = Array(text.unicodeScalars)
    if let line = lineOfControlCharacter(scalars) { return line }
    var (line, place, index) = (1, Place.lineStart, 0)
    // It calls itself for each part of a dotted name; no name of ours has more than two.
    var (dots, isName) = (0, true)
    while index < scalars.count {
        let scalar = scalars[index]
        index += 1
        // A name must follow on the line.
        if place == .name, scalar == "\n" || scalar == "#" { return line }
        switch scalar {
        case "\n":
            line += 1
            // Lists may go on over lines.
            if place != .value { (place, dots, isName) = (.lineStart, 0, true) }
            continue
        case " ", "\t", "\r": continue
        case "#":
            while index < scalars.count, scalars[index] != "\n" { index += 1 }
            continue
        default: break
        }
        if scalar == "=" { isName = false }
        if isName, scalar == "." {
            dots += 1
            if dots > 32 { return line }
        }
        let isWord = scalar.isASCII && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar))
        if quotes.contains(scalar) {
            // To the end of the string, or of the line, where strings of one line end.
            while index < scalars.count, scalars[index] != scalar, scalars[index] != "\n" {
                index += scalar == "\"" && scalars[index] == "\\" ? 2 : 1
            }
            if index < scalars.count, scalars[index] == scalar { index += 1 }
            place = .other
            continue
        }
        switch (place, scalar) {
        case (.lineStart, "["):
            if index < scalars.count, scalars[index] == "[" { index += 1 }
            place = .name
        case (.lineStart, _), (.name, _):
            guard isWord || scalar == "_" || scalar == "-" else { return line }
            place = .other
        case (_, "="), (_, ","): place = .value
        case (.value, "["): place = .value
        case (.value, _):
            guard isWord || ["+", "-", ".", "]"].contains(scalar) else { return line }
            place = .other
        case (_, "{"), (_, "}"): return line
        default: break
        }
    }
    return place == .name ? line : nil
}

/// A carriage return may stand before the end of a line alone.
private func lineOfControlCharacter(_ scalars: [Unicode.Scalar]) -> Int? {
    var line = 1
    for (index, scalar) in scalars.enumerated() {
        let isLineEnd = scalar == "\r" && index + 1 < scalars.count && scalars[index + 1] == "\n"
        if scalar == "\n" {
            line += 1
        } else if scalar.properties.generalCategory == .control, scalar != "\t", !isLineEnd {
            return line
        }
    }
    return nil
}

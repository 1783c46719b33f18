/// The parts of a list as all commands take lists: with commas, and blanks around them that do not count. `\,` is a comma in a part, and
/// `\\` a backslash. Empty parts are left out.
public func listed(_ text: String) -> [String] {
    var parts: [String] = []
    var part = ""
    var isEscaped = false
    for character in text {
        switch character {
        case _ where isEscaped:
            if character != ",", character != "\\" { part.append("\\") }
            part.append(character)
            isEscaped = false
        case "\\": isEscaped = true
        case ",":
            parts.append(part)
            part = ""
        default: part.append(character)
        }
    }
    if isEscaped { part.append("\\") }
    return (parts + [part]).map { part in
        let start = part.drop { $0 == " " }
        return String(start.reversed().drop { $0 == " " }.reversed())
    }.filter { !$0.isEmpty }
}

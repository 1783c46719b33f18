extension String {
    /// Lines of at most `columns` characters where words allow it: what follows a break is indented by two, and a longer word stays whole.
    package func folded(columns: Int) -> String {
        split(separator: "\n", omittingEmptySubsequences: false).map { line in
            var (rest, lines) = (line, [String]())
            var room = columns
            while rest.count > room {
                // Not within what a line is indented by.
                let start = rest.firstIndex { $0 != " " } ?? rest.endIndex
                let words = rest[start...]
                let fitting = rest[..<rest.index(rest.startIndex, offsetBy: max(0, room + 1))].lastIndex(of: " ")
                guard let place = fitting.flatMap({ $0 > start ? $0 : nil }) ?? words.firstIndex(of: " ") else { break }
                var end = place
                while rest[rest.index(before: end)] == " " { end = rest.index(before: end) }
                lines.append(String(rest[..<end]))
                rest = rest[place...].drop { $0 == " " }
                room = columns - Self.indentation.count
            }
            lines.append(String(rest))
            return lines.joined(separator: "\n" + Self.indentation)
        }.joined(separator: "\n")
    }

    private static let indentation = "  "
}

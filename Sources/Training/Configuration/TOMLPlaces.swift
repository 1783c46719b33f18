import Foundation

/// The lines on which a TOML text has its sections and keys, for messages; TOMLKit does not tell.
struct TOMLPlaces {
    private struct Name: Hashable {
        let section: String?
        let key: String
    }

    private var lines: [Name: Int] = [:]

    init(_ text: String) {
        var section: String?
        for (index, line) in text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated() {
            let line = Self.trimmed(line, of: " \t\r")
            if line.first == UInt8(ascii: "[") {
                section = String(Self.trimmed(line, of: "[] \t\r"))
                add(Name(section: nil, key: section!), index + 1)
            }
            guard let key = line.split(separator: UInt8(ascii: "="), maxSplits: 1).first else { continue }
            let name = String(Self.trimmed(key, of: " \t\"'")) ?? ""
            add(Name(section: section, key: name), index + 1)
            add(Name(section: nil, key: name), index + 1)
        }
    }

    private mutating func add(_ name: Name, _ line: Int) {
        if lines[name] == nil { lines[name] = line }
    }

    /// The first line, from 1, of a key in its section, or of a section or key anywhere; 1 where it is not found.
    func line(of key: String, in section: String? = nil) -> Int { lines[Name(section: section, key: key)] ?? 1 }

    private static func trimmed(_ text: Substring.UTF8View, of characters: StaticString) -> Substring.UTF8View {
        characters.withUTF8Buffer { characters in
            var rest = text
            while let first = rest.first, characters.contains(first) { rest.removeFirst() }
            while let last = rest.last, characters.contains(last) { rest.removeLast() }
            return rest
        }
    }
}

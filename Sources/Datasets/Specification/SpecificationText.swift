internal import Foundation
internal import Support

/// A text that names files and objects, of which some characters part the names or belong to a pattern, unless a backslash stands before
/// them. Other backslashes are characters like others.
struct SpecificationText {
    private struct Symbol {
        let byte: UInt8
        /// Behind a backslash.
        let isEscaped: Bool
    }

    private let symbols: [Symbol]

    private static let special = Set(#",+:*?[]\~"#.utf8)
    private static let backslash = UInt8(ascii: "\\")

    init(_ text: String) {
        var symbols: [Symbol] = []
        var bytes = Array(text.utf8)[...]
        while let byte = bytes.popFirst() {
            if byte == Self.backslash, let next = bytes.first, Self.special.contains(next) {
                symbols.append(Symbol(byte: next, isEscaped: true))
                bytes.removeFirst()
            } else {
                symbols.append(Symbol(byte: byte, isEscaped: false))
            }
        }
        self.symbols = symbols
    }

    /// A name with backslashes where characters of it would mean something.
    static func escaped(_ name: String) -> String {
        String(decoding: name.utf8.flatMap { special.contains($0) ? [backslash, $0] : [$0] }, as: UTF8.self)
    }

    init(joining parts: some Collection<SpecificationText>, by separator: Unicode.Scalar) {
        symbols = Array(parts.map(\.symbols).joined(separator: [Symbol(byte: UInt8(ascii: separator), isEscaped: false)]))
    }

    private init(_ symbols: some Sequence<Symbol>) { self.symbols = Array(symbols) }

    var isEmpty: Bool { symbols.isEmpty }

    /// Without blanks at both ends.
    var trimmed: SpecificationText {
        func isBlank(_ symbol: Symbol) -> Bool { symbol.byte == UInt8(ascii: " ") }
        return SpecificationText(symbols.drop(while: isBlank).reversed().drop(while: isBlank).reversed())
    }

    /// The text without the backslashes that escape.
    var plain: String { String(decoding: symbols.map(\.byte), as: UTF8.self) }

    /// As it was typed.
    private var typed: String {
        String(decoding: symbols.flatMap { $0.isEscaped ? [Self.backslash, $0.byte] : [$0.byte] }, as: UTF8.self)
    }

    /// The parts between separators.
    func split(_ separator: Unicode.Scalar) -> [SpecificationText] {
        symbols.split(omittingEmptySubsequences: false) { !$0.isEscaped && $0.byte == UInt8(ascii: separator) }
            .map { SpecificationText($0) }
    }

    /// What stands before and after each separator, the last one first; a slash stays with what comes after.
    func cuts(at separator: Unicode.Scalar) -> [(before: SpecificationText, after: SpecificationText)] {
        let byte = UInt8(ascii: separator)
        return symbols.indices.reversed().filter { $0 > 0 && !symbols[$0].isEscaped && symbols[$0].byte == byte }.map { place in
            (SpecificationText(symbols[..<place]), SpecificationText(symbols[(separator == "/" ? place : place + 1)...]))
        }
    }

    /// Whether it can only be one name.
    var isPlain: Bool { !symbols.contains { $0.isEscaped || ",+:\\".utf8.contains($0.byte) } }

    /// The objects that it names where plus signs part them, as paths; one where there is nothing beside a plus sign.
    var objects: [String] {
        let parts = split("+")
        return parts.contains(where: \.isEmpty) ? [Self.path(plain)] : parts.map { Self.path($0.plain) }
    }

    /// The paths of the object that it may name: as it was typed, and without backslashes.
    var spellings: [String] { [Self.path(typed), Self.path(plain)] }

    private static func path(_ name: String) -> String { "/" + name.trimmingPrefix("/") }

    // MARK: Files

    /// Whether it has characters of patterns.
    var isPattern: Bool { symbols.contains { !$0.isEscaped && "*?[".utf8.contains($0.byte) } }

    /// The file of that name, or else those that fit the pattern, in the order of their names' bytes; none if there are none.
    var files: [String] {
        for name in [typed, plain] where FilePath.exists(name) { return [name] }
        let expanded = inHome
        if FilePath.exists(expanded.plain) { return [expanded.plain] }
        return expanded.isPattern ? expanded.matches : []
    }

    /// With `~` at the start replaced by the home folder.
    private var inHome: SpecificationText {
        guard let first = symbols.first, first.byte == UInt8(ascii: "~"), !first.isEscaped else { return self }
        let end = symbols.firstIndex { $0.byte == UInt8(ascii: "/") } ?? symbols.endIndex
        let home = FilePath.expandingHome(SpecificationText(symbols[..<end]).plain)
        return SpecificationText(home.utf8.map { Symbol(byte: $0, isEscaped: true) } + symbols[end...])
    }

    private var matches: [String] {
        let pattern = symbols.flatMap { symbol in
            symbol.isEscaped || symbol.byte == Self.backslash ? [Self.backslash, symbol.byte] : [symbol.byte]
        }
        var found = glob_t()
        defer { globfree(&found) }
        guard glob(String(decoding: pattern, as: UTF8.self), 0, nil, &found) == 0 else { return [] }
        // By bytes, whatever the language of the environment.
        return (0..<Int(found.gl_pathc)).map { String(cString: found.gl_pathv[$0]!) }.sorted {
            $0.utf8.lexicographicallyPrecedes($1.utf8)
        }
    }
}

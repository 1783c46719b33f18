internal import Support
internal import VAE

/// The values that a key of the configuration takes: what is refused, what that is told, and what pages and helps say follow from it.
public enum ValueKind: Sendable, Equatable {
    case text
    /// A text that is not empty where one is given.
    case file
    case choice([String])
    case truth
    case integer(ClosedRange<Int>)
    case number([Bound])
    /// Numbers of at least 1, with commas between.
    case sizes
    /// Blocks of a network, see ``NetworkText``, with commas between; or one of some words that stand for blocks.
    case blocks(or: [String])
    /// Likelihoods of columns, see ``ColumnLikelihoods``, with semicolons between.
    case columns
    /// A time; `auto` for what the program finds out.
    case seconds
    /// A size of memory; `auto` for what the program finds out.
    case bytes

    /// An end of a range of numbers.
    public enum Bound: Sendable, Equatable {
        case atLeast(Double)
        case above(Double)
        case atMost(Double)
        case below(Double)
    }

    /// More is no quantity of anything here; ends that are not below it are not told.
    package static let most = (integer: 1 << 40, number: 1e18)

    /// Why a text is no value.
    package struct Unsuitable: Error {
        package let message: String
        init(_ message: String) { self.message = message }
    }
}

extension ValueKind: CustomStringConvertible {
    /// What is allowed, as it stands behind "must be".
    public var description: String {
        switch self {
        case .text, .file: "text"
        case .choice(let choices): "one of \(choices.joined(separator: ", "))"
        case .truth: "true or false"
        case .integer(let range) where range.upperBound < Self.most.integer:
            "a whole number of \(range.lowerBound) to \(range.upperBound)"
        case .integer(let range): "a whole number of at least \(range.lowerBound)"
        case .number(let bounds): "a number \(bounds.map(\.description).joined(separator: " and "))"
        case .sizes: "sizes such as 512,256, or none"
        case .blocks(let words): (["a list of blocks"] + words).joined(separator: ", or ")
        case .columns: "a list of LIKELIHOOD: COLUMNS"
        case .seconds: "a time as 90m, 2h, 3600 (seconds) or 1-12:00:00, 0 or auto"
        case .bytes: "a size as 800M or 4G, or auto"
        }
    }

    /// Whether any text will do, so that there is nothing to say of it.
    public var isText: Bool { [.text, .file].contains(self) }
}

extension ValueKind {
    /// The value as a property has it; throws a message that says what is allowed.
    package func read(_ text: String) throws(Unsuitable) -> String {
        // No file can be named so, and what is written as TOML would end there.
        if isText, text.utf8.contains(0) { throw Unsuitable("holds a character of code 0") }
        // As from a script whose variable is not set.
        if self == .file, text.isEmpty { throw Unsuitable("is empty: give a file, or leave it out") }
        if case .blocks(let words) = self {
            if text.allSatisfy(\.isWhitespace) { throw Unsuitable("is empty: give blocks, or none") }
            if words.contains(text) { return text }
            do {
                return try Self.blocks(text).joined(separator: ", ")
            } catch {
                throw Unsuitable(error.description)
            }
        }
        if self == .columns { return try Self.columns(text).joined(separator: "; ") }
        if let value = value(text) { return value }
        var nearest = ""
        if case .choice(let choices) = self, let hint = GuessedNames.hint(forValue: text, among: choices) {
            nearest = " (nearest: \(hint))"
        }
        throw Unsuitable("is '\(text)', but must be \(self)\(nearest)")
    }

    /// A value that ``read(_:)`` gave, as TOML.
    package func toml(_ value: String) -> String {
        switch self {
        case .text, .file, .choice, .seconds: quoted(value)
        case .truth, .integer, .number: value
        case .sizes: "[\(value.replacing(",", with: ", "))]"
        case .blocks(let words):
            words.contains(value) ? quoted(value) : "[\((try? Self.blocks(value))!.map(quoted).joined(separator: ", "))]"
        case .columns: "[\((try? Self.columns(value))!.map(quoted).joined(separator: ", "))]"
        case .bytes: quoted(value == "0" ? "auto" : value)
        }
    }

    private func value(_ text: String) -> String? {
        switch self {
        case .text, .file: text
        case .choice(let choices): choices.contains(text) ? text : nil
        case .truth: Bool(text).map { "\($0)" }
        case .integer(let range): Int(text).flatMap { range.contains($0) ? "\($0)" : nil }
        case .number(let bounds):
            Double(text).flatMap { number in
                abs(number) <= Self.most.number && bounds.allSatisfy { $0.allows(number) } ? "\(number)" : nil
            }
        case .sizes: Self.sizes(text)
        case .blocks, .columns: nil
        case .seconds: text == "auto" ? text : Self.seconds(text).map { "\($0)" }
        case .bytes: text == "auto" ? "0" : Self.bytes(text).map { "\($0)" }
        }
    }

    /// Sizes as `512,256`, or as TOML has them; nothing for `none`.
    private static func sizes(_ text: String) -> String? {
        if ["none", "[]"].contains(text) { return "" }
        let parts = text.trimmingPrefix("[").split { ",] ".contains($0) }
        let sizes = parts.compactMap { Int($0) }
        guard sizes.count == parts.count, !sizes.isEmpty, sizes.allSatisfy({ (1...1 << 24).contains($0) }) else { return nil }
        return sizes.map(String.init).joined(separator: ",")
    }

    /// The items of a list of blocks as it is told; none for `none`.
    private static func blocks(_ text: String) throws(NetworkError) -> [String] {
        ["none", "[]"].contains(text) ? [] : try NetworkText.blocks(text).flatMap(\.items)
    }

    /// The items of a list of likelihoods as it is told; none for `none`.
    private static func columns(_ text: String) throws(Unsuitable) -> [String] {
        ["", "none", "[]"].contains(text) ? [] : try ColumnLikelihoods(text).texts
    }

    /// Bytes as `4096`, `800M` or `4G`, in powers of 1024.
    private static func bytes(_ text: String) -> Int? {
        let digits = text.prefix { $0.isNumber || $0 == "." }
        let units = ["": 0.0, "K": 10, "M": 20, "G": 30, "T": 40]
        let unit = text.dropFirst(digits.count).uppercased()
        guard let number = Double(digits), let power = units[unit.replacing("IB", with: "").replacing("B", with: "")]
        else { return nil }
        let bytes = number * Double(sign: .plus, exponent: Int(power), significand: 1)
        return bytes >= 1 && bytes < 0x1p60 ? Int(bytes) : nil
    }

    /// Seconds as `3600`, `90s`, `90m`, `2h`, `1d`, or as Slurm's `[DAYS-]HOURS:MINUTES:SECONDS`.
    package static func seconds(_ text: String) -> Int? {
        let units = ["": 1, "s": 1, "m": 60, "h": 3600, "d": 86400]
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        if let unit = units[String(text.dropFirst(digits.count))], let number = Int(digits), number <= 1 << 32 {
            return number * unit
        }
        // A single colon may be meant for hours and minutes or for minutes and seconds.
        return text.count { $0 == ":" } == 2 ? slurmSeconds(text) : nil
    }
}

extension ValueKind.Bound: CustomStringConvertible {
    public var description: String {
        switch self {
        case .atLeast(let end): "at least \(Self.short(end))"
        case .above(let end): "above \(Self.short(end))"
        case .atMost(let end): "at most \(Self.short(end))"
        case .below(let end): "below \(Self.short(end))"
        }
    }

    func allows(_ number: Double) -> Bool {
        switch self {
        case .atLeast(let end): number >= end
        case .above(let end): number > end
        case .atMost(let end): number <= end
        case .below(let end): number < end
        }
    }

    private static func short(_ end: Double) -> String { Int(exactly: end).map(String.init) ?? "\(end)" }
}

/// A key of the configuration: its name, what it means, and how it is read from text and written as TOML.
public struct ConfigurationKey: Sendable {
    public let section: String
    public let name: String
    public let help: String
    /// What it has to do with the bits of a result.
    let identity: Identity
    /// Sets the key from text; throws a message that says what is allowed.
    let set: @Sendable (inout Configuration, String) throws(Unsuitable) -> Void
    /// The value as TOML.
    public let toml: @Sendable (Configuration) -> String

    /// What a key has to do with the bits of a result, and so with checkpoints.
    enum Identity: Sendable, Equatable {
        /// Nothing: it may be another at every start, and is not in checkpoints.
        case none
        /// They depend on it: it is kept in checkpoints, and must stay what it was.
        case decides
        /// The same, but this value, as TOML, leaves it to the checkpoint.
        case decidesUnless(String)
        /// How far a run goes depends on it: it is kept in checkpoints, but may be another when the run goes on.
        case extends
        /// They depend on what it names in the files: it is kept in checkpoints, but what counts is the content (``DataIdentity``).
        case names
    }

    /// Why a text is no value of a key.
    struct Unsuitable: Error {
        let message: String
        init(_ message: String) { self.message = message }
    }
}

extension ConfigurationKey {
    typealias Path<Value> = any WritableKeyPath<Configuration, Value> & Sendable

    static func text(
        _ section: String, _ name: String, _ path: Path<String>, _ identity: Identity, _ help: String
    ) -> ConfigurationKey {
        ConfigurationKey(section: section, name: name, help: help, identity: identity) { configuration, text throws(Unsuitable) in
            // No file can be named so, and what is written as TOML would end there.
            if text.utf8.contains(0) { throw Unsuitable("holds a character of code 0") }
            configuration[keyPath: path] = text
        } toml: {
            quoted($0[keyPath: path])
        }
    }

    /// A text that is not empty, where one is given.
    static func required(
        _ section: String, _ name: String, _ path: Path<String>, _ identity: Identity, _ help: String
    ) -> ConfigurationKey {
        let key = text(section, name, path, identity, help)
        return ConfigurationKey(section: section, name: name, help: help, identity: identity) {
            configuration, text throws(Unsuitable) in
            // As from a script whose variable is not set.
            if text.isEmpty { throw Unsuitable("is empty: give a file, or leave it out") }
            try key.set(&configuration, text)
        } toml: {
            key.toml($0)
        }
    }

    static func choice<Value: RawRepresentable<String> & CaseIterable & Sendable>(
        _ section: String, _ name: String, _ path: Path<Value>, _ identity: Identity, _ help: String
    ) -> ConfigurationKey {
        let choices = Value.allCases.map(\.rawValue)
        return ConfigurationKey(
            section: section, name: name, help: "\(help): \(choices.joined(separator: ", "))", identity: identity
        ) {
            configuration, text throws(Unsuitable) in
            guard let value = Value(rawValue: text) else {
                let nearest = GuessedNames.hint(forValue: text, among: choices).map { " (nearest: \($0))" } ?? ""
                throw Unsuitable("is '\(text)', but must be one of \(choices.joined(separator: ", "))\(nearest)")
            }
            configuration[keyPath: path] = value
        } toml: {
            quoted($0[keyPath: path].rawValue)
        }
    }

    static func truth(
        _ section: String, _ name: String, _ path: Path<Bool>, _ identity: Identity, _ help: String
    ) -> ConfigurationKey {
        ConfigurationKey(section: section, name: name, help: "\(help): true, false", identity: identity) {
            configuration, text throws(Unsuitable) in
            guard let value = Bool(text) else { throw Unsuitable("is '\(text)', but must be true or false") }
            configuration[keyPath: path] = value
        } toml: {
            String($0[keyPath: path])
        }
    }

    static func integer(
        _ section: String, _ name: String, _ path: Path<Int>, from minimum: Int, _ identity: Identity,
        _ help: String
    ) -> ConfigurationKey {
        ConfigurationKey(section: section, name: name, help: help, identity: identity) { configuration, text throws(Unsuitable) in
            guard let value = Int(text), value >= minimum, value <= 1 << 40 else {
                throw Unsuitable("is '\(text)', but must be a whole number of at least \(minimum)")
            }
            configuration[keyPath: path] = value
        } toml: {
            String($0[keyPath: path])
        }
    }

    /// A finite number in `range`; `open` excludes the lower end.
    static func number(
        _ section: String, _ name: String, _ path: Path<Double>,
        _ range: ClosedRange<Double>, open: Bool = false, below: Bool = false, _ identity: Identity,
        _ help: String
    ) -> ConfigurationKey {
        ConfigurationKey(section: section, name: name, help: help, identity: identity) { configuration, text throws(Unsuitable) in
            guard let value = Double(text), value.isFinite, range.contains(value), !open || value > range.lowerBound,
                !below || value < range.upperBound
            else {
                let lower = open ? "above \(short(range.lowerBound))" : "at least \(short(range.lowerBound))"
                let upper =
                    range.upperBound > 1e30 ? "" : " and \(below ? "below" : "at most") \(short(range.upperBound))"
                throw Unsuitable("is '\(text)', but must be a number \(lower)\(upper)")
            }
            configuration[keyPath: path] = value
        } toml: {
            tomlNumber($0[keyPath: path])
        }
    }

    /// More is no quantity of anything here.
    static let any = 0.0...1e18
}

/// Values with units.
extension ConfigurationKey {
    /// Bytes as `4096`, `800M` or `4G`, in powers of 1024; `auto` is 0.
    static func byteCount(_ text: String) -> Int? {
        if text == "auto" { return 0 }
        let digits = text.prefix { $0.isNumber || $0 == "." }
        let units = ["": 0.0, "K": 10, "M": 20, "G": 30, "T": 40]
        let unit = text.dropFirst(digits.count).uppercased()
        guard let number = Double(digits), let power = units[unit.replacing("IB", with: "").replacing("B", with: "")]
        else { return nil }
        let bytes = number * Double(sign: .plus, exponent: Int(power), significand: 1)
        return bytes >= 1 && bytes < 0x1p60 ? Int(bytes) : nil
    }

    /// Seconds as `3600`, `90s`, `90m`, `2h`, `1d`, or as Slurm's `[DAYS-]HOURS:MINUTES:SECONDS`.
    static func seconds(_ text: String) -> Int? {
        let units = ["": 1, "s": 1, "m": 60, "h": 3600, "d": 86400]
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        if let unit = units[String(text.dropFirst(digits.count))], let number = Int(digits), number <= 1 << 32 {
            return number * unit
        }
        let days = text.split(separator: "-", omittingEmptySubsequences: false)
        let clock = days.last!.split(separator: ":", omittingEmptySubsequences: false)
        let parts = ((days.count == 2 ? [days[0]] : ["0"]) + clock).map { $0.allSatisfy(\.isASCII) ? Int($0) : nil }
        guard days.count <= 2, clock.count == 3, parts.allSatisfy({ $0.map { (0...100_000).contains($0) } ?? false }) else {
            return nil
        }
        return zip(parts, [86400, 3600, 60, 1]).reduce(0) { $0 + $1.0! * $1.1 }
    }
}

private func short(_ value: Double) -> String { value == value.rounded() && abs(value) < 1e15 ? String(Int(value)) : "\(value)" }

/// TOML tells integers from floats by the point.
private func tomlNumber(_ value: Double) -> String { "\(value)" }

func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
        switch scalar {
        case "\"": result += "\\\""
        case "\\": result += "\\\\"
        case "\n": result += "\\n"
        case "\t": result += "\\t"
        case _ where scalar.value < 32:
            let digits = String(scalar.value, radix: 16)
            result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        default: result.unicodeScalars.append(scalar)
        }
    }
    return result + "\""
}

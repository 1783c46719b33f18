internal import Distributed
internal import HDF5
package import Support

/// The labels of some rows, as text, and how many rows have each. A row without a label is in no class.
package struct LabelClasses {
    package private(set) var counts: [String: Int] = [:]
    package private(set) var rowsWithoutLabel = 0

    package init(_ labels: some Sequence<String>) { add(labels) }

    /// Reads the labels of the rows of a set. Throws ``Failure``.
    package init(_ values: RowValues, _ rows: RowSet) throws {
        do throws(HDF5Error) {
            for first in stride(from: 0, to: rows.count, by: 1 << 16) {
                Heartbeat.beat()
                add(try values.strings(rows.rows(first..<min(first + 1 << 16, rows.count))))
            }
        } catch {
            throw Failure(error)
        }
    }

    private mutating func add(_ labels: some Sequence<String>) {
        for label in labels {
            if label.isEmpty { rowsWithoutLabel += 1 } else { counts[label, default: 0] += 1 }
        }
    }

    /// The labels that a text stands for: itself, or else the same number or truth value written otherwise, as 1 for 1.0 or True.
    package func matches(_ text: String) -> Set<String> {
        if counts[text] != nil { return [text] }
        let areTruths = counts.keys.allSatisfy { Self.truth($0) != nil }
        func value(_ text: String) -> String { (areTruths ? Self.truth(text) : nil) ?? Self.number(text) }
        let wanted = value(text)
        return Set(counts.keys.filter { value($0) == wanted })
    }

    /// The labels that some texts stand for. Throws ``Failure`` (64), with the labels there are, for one that stands for none.
    ///
    /// - Parameters:
    ///   - flag: what the texts were given by.
    ///   - name: of the data.
    package func resolve(_ wanted: [String], _ flag: String, of name: String) throws(Failure) -> Set<String> {
        var found: Set<String> = []
        for text in wanted {
            let labels = matches(text)
            if labels.isEmpty { throw Failure(.usage, "\(flag): no row of \(name) has the label '\(text)'\(listing)") }
            found.formUnion(labels)
        }
        return found
    }

    /// The labels in their order, as the end of a sentence.
    private var listing: String {
        if counts.isEmpty { return ", nor any other" }
        let shown = counts.keys.sorted(by: Self.precedes).prefix(20)
        return ", but \(shown.joined(separator: ", "))\(counts.count > shown.count ? ", ... (\(counts.count) in all)" : "")"
    }

    /// The order of labels: whole numbers by value, before text by bytes.
    package static func precedes(_ a: String, _ b: String) -> Bool {
        switch (Int128(a), Int128(b)) {
        case (let p?, let q?) where p != q: p < q
        case (.some, nil): true
        case (nil, .some): false
        // Texts, and the same number in different digits, such as 1 and 01.
        default: a.utf8.lexicographicallyPrecedes(b.utf8)
        }
    }

    private static func truth(_ text: String) -> String? {
        switch text.lowercased() {
        case "true", "1", "1.0": "1"
        case "false", "0", "0.0": "0"
        default: nil
        }
    }

    /// A number with a point or an exponent as labels have it; any other text as it is.
    private static func number(_ text: String) -> String {
        guard text.contains(where: { ".eE".contains($0) }), let number = Double(text), number.isFinite else { return text }
        return RowValues.text(number)
    }
}

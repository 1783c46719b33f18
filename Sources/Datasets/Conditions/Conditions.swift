package import HDF5
package import Support

/// What rows are conditioned on, and the numbers that stand for it: of each column either one of several categories, of which one number is 1 and
/// all others are 0, or a number, less the training rows' mean and divided by their deviation.
package struct Conditions: Equatable, Sendable {
    package enum Kind: Equatable, Sendable {
        /// In their order.
        case categories([String])
        case number(mean: Double, deviation: Double)
    }

    package struct Column: Equatable, Sendable {
        /// As users name it: a path in the files, or a column of AnnData's `obs`.
        package let name: String
        package let kind: Kind

        package init(name: String, kind: Kind) { (self.name, self.kind) = (name, kind) }

        /// The numbers that stand for its values.
        package var width: Int {
            switch kind {
            case .categories(let names): names.count
            case .number: 1
            }
        }

        /// Writes the numbers of a row's value.
        ///
        /// - Returns: false where there is no such category, or no number.
        package func encode(_ value: String, into target: UnsafeMutablePointer<Float>) -> Bool {
            target.update(repeating: 0, count: width)
            switch kind {
            case .categories(let names):
                guard let place = names.firstIndex(of: value) else { return false }
                target[place] = 1
            case .number:
                guard let number = Double(value) else { return false }
                return encode(number, into: target)
            }
            return true
        }

        /// The same of a column of numbers.
        package func encode(_ number: Double, into target: UnsafeMutablePointer<Float>) -> Bool {
            guard case .number(let mean, let deviation) = kind, number.isFinite else { return false }
            target[0] = Float((number - mean) / deviation)
            return target[0].isFinite
        }

        /// What the values may be, as the end of a sentence.
        package var listing: String {
            guard case .categories(let names) = kind else { return "a number" }
            return "one of " + names.prefix(20).joined(separator: ", ")
                + (names.count > 20 ? ", ... (\(names.count) in all)" : "")
        }
    }

    package let columns: [Column]

    package init(_ columns: [Column]) { self.columns = columns }

    /// The numbers of a row.
    package var width: Int { columns.reduce(0) { $0 + $1.width } }

    /// The option `condition` that names these columns.
    package var option: String { columns.map { $0.name.replacing(",", with: "\\,") }.joined(separator: ",") }

    /// The first of all categories, and the means of numbers: what rows without conditions are shown as.
    package var first: [Float] {
        columns.flatMap { column in
            if case .categories = column.kind { return [1] + [Float](repeating: 0, count: column.width - 1) }
            return [0]
        }
    }

    /// For messages, as "batch (3 categories), age (a number)".
    package var description: String {
        columns.map { column in
            if case .categories(let names) = column.kind { return "\(column.name) (\(names.count) categories)" }
            return "\(column.name) (a number)"
        }.joined(separator: ", ")
    }

    /// The numbers of rows that are taken as if their conditions were others: `NAME=VALUE` for each column.
    ///
    /// - Throws: ``Failure`` (64) for what is no value, or no column; with those there are.
    package func numbers(_ assignments: [String]) throws(Failure) -> [Float] {
        var given: [String: String] = [:]
        for text in assignments {
            let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
            guard parts.count == 2, let column = columns.first(where: { $0.isCalled(parts[0]) }) else {
                throw Failure(
                    .usage,
                    "--as \(text): the model's conditions are \(columns.map(\.name).joined(separator: ", ")): give NAME=VALUE")
            }
            given[column.name] = parts[1]
        }
        var numbers = [Float](repeating: 0, count: width)
        var place = 0
        for column in columns {
            guard let value = given[column.name] else {
                // Numbers that are not given are those of the mean.
                guard case .number = column.kind else {
                    throw Failure(.usage, "the model knows \(column.name): give --as \(column.name)=VALUE, \(column.listing)")
                }
                place += 1
                continue
            }
            let isKnown = numbers.withUnsafeMutableBufferPointer { column.encode(value, into: $0.baseAddress! + place) }
            guard isKnown else {
                throw Failure(.usage, "--as \(column.name)=\(value): \(column.name) is \(column.listing)")
            }
            place += column.width
        }
        return numbers
    }
}

extension Conditions {
    private static let mostChoices = 4096

    /// The same, where `NAME=*` stands for each of a column's categories; of several such columns for each combination.
    ///
    /// - Throws: ``Failure`` (64), also for `*` of numbers, and for more than 4096 combinations.
    package func choices(_ assignments: [String]) throws(Failure) -> [[Float]] {
        guard let open = assignments.firstIndex(where: { $0.hasSuffix("=*") }) else { return [try numbers(assignments)] }
        let name = assignments[open].dropLast(2)
        let column = columns.first { $0.isCalled(String(name)) }
        guard let column, case .categories(let names) = column.kind else {
            guard column == nil else {
                throw Failure(.usage, "--as \(name)=*: \(column!.name) is a number: give NAME=VALUE")
            }
            // Which says what there is.
            return [try numbers(assignments)]
        }
        var choices: [[Float]] = []
        for name in names {
            var own = assignments
            own[open] = "\(column.name)=\(name)"
            choices += try self.choices(own)
            guard choices.count <= Self.mostChoices else {
                throw Failure(.usage, "--as: more than \(Self.mostChoices) combinations of categories: give NAME=VALUE for some")
            }
        }
        return choices
    }

    /// These with the categories of others that they have not, behind their own.
    ///
    /// - Parameter others: of columns of the same names and kinds, as the rows of new data have them.
    package func extended(by others: Conditions) -> Conditions {
        Conditions(
            columns.map { column in
                guard case .categories(let known) = column.kind,
                    case .categories(let found)? = others.columns.first(where: { $0.name == column.name })?.kind
                else { return column }
                return Column(name: column.name, kind: .categories(known + found.filter { !known.contains($0) }))
            })
    }

    /// The place among the numbers of others, which have more categories, that each of these numbers has.
    package func places(in extended: Conditions) -> [Int] {
        var (places, first) = ([Int](), 0)
        for (own, other) in zip(columns, extended.columns) {
            places += first..<first + own.width
            first += other.width
        }
        return places
    }
}

extension Conditions.Column {
    /// By the whole path, or its last part.
    fileprivate func isCalled(_ text: String) -> Bool { text == name || name.hasSuffix("/\(text)") }
}

// MARK: - In files

extension Conditions {
    private static let group = "/conditions"

    /// As ``write(to:)`` wrote them; nil where there are none. Throws ``Damaged`` for what cannot be.
    package init?(_ file: File) throws {
        guard try file.item(Self.group) == .group else { return nil }
        let names = try file.dataset("\(Self.group)/name")
        let counts = try file.dataset("\(Self.group)/categories")
        let moments = (try file.dataset("\(Self.group)/mean"), try file.dataset("\(Self.group)/deviation"))
        let count = names.rowCount
        guard count > 0, count <= 1024, counts.shape == [count], moments.0.shape == [count], moments.1.shape == [count] else {
            throw Damaged()
        }
        let own = try counts.read(Int64.self)
        let (means, deviations) = (try moments.0.read(Double.self), try moments.1.read(Double.self))
        var left: [String] = []
        if try file.item("\(Self.group)/category") == .dataset {
            let texts = try file.dataset("\(Self.group)/category")
            guard texts.shape.count == 1 else { throw Damaged() }
            left = try texts.readStrings(rows: 0..<texts.rowCount)
        }
        guard own.allSatisfy({ 0...Int64(left.count) ~= $0 }), own.reduce(0, +) == Int64(left.count) else { throw Damaged() }
        var columns: [Column] = []
        var rest = left[...]
        for (index, name) in try names.readStrings(rows: 0..<count).enumerated() {
            if own[index] > 0 {
                columns.append(Column(name: name, kind: .categories(Array(rest.prefix(Int(own[index]))))))
                rest = rest.dropFirst(Int(own[index]))
            } else {
                guard means[index].isFinite, deviations[index] > 0 else { throw Damaged() }
                columns.append(Column(name: name, kind: .number(mean: means[index], deviation: deviations[index])))
            }
        }
        self.columns = columns
    }

    package struct Damaged: Error {}

    package func write(to file: File) throws(HDF5Error) {
        let texts = columns.flatMap(\.categories)
        let names = try file.createStrings("\(Self.group)/name", count: columns.count)
        try names.write(columns.map(\.name), rows: 0..<columns.count)
        try file.write(
            columns.map { Int64($0.categories.count) }, shape: [columns.count], to: "\(Self.group)/categories")
        try file.write(columns.map { $0.moments.mean }, shape: [columns.count], to: "\(Self.group)/mean")
        try file.write(columns.map { $0.moments.deviation }, shape: [columns.count], to: "\(Self.group)/deviation")
        guard !texts.isEmpty else { return }
        let categories = try file.createStrings("\(Self.group)/category", count: texts.count)
        try categories.write(texts, rows: 0..<texts.count)
    }

    /// Adds all of it to a digest.
    package func update(_ digest: inout SHA256) {
        for column in columns {
            digest.update("\(column.name)\n")
            switch column.kind {
            case .categories(let names): digest.update(names.map { "\($0.utf8.count) \($0)\n" }.joined())
            case .number(let mean, let deviation): digest.update([mean, deviation])
            }
        }
    }
}

extension Conditions.Column {
    /// None of numbers.
    fileprivate var categories: [String] {
        if case .categories(let names) = kind { return names }
        return []
    }

    /// 0 and 1 of categories.
    fileprivate var moments: (mean: Double, deviation: Double) {
        if case .number(let mean, let deviation) = kind { return (mean, deviation) }
        return (0, 1)
    }
}

internal import Datasets
internal import Foundation
internal import Support

/// What is done with the columns of a table.
struct CSVColumns {
    private let path: String
    /// Empty where a column has none; nil without a header.
    private let names: [String]?
    private let count: Int
    /// The columns of numbers, in the file's order.
    private(set) var data: [Int]
    let label: Int?
    let id: Int?
    /// Whether the ids are the first column only because it has no name.
    let idIsRowNames: Bool
    /// Whether columns were asked for by `--columns`.
    let areChosen: Bool

    /// Throws ``Failure`` (64, 65) for columns that are not there, or that are named twice.
    init(_ path: String, _ dialect: CSVDialect, _ options: CSVOptions) throws {
        self.path = path
        names = dialect.columnNames
        count = dialect.columnCount
        areChosen = options.columns != nil
        data = []
        let find = Finder(path: path, names: dialect.columnNames, count: dialect.columnCount)
        let label = try options.label.map { try find.column($0, "--label") }
        let chosen = try options.columns.map { try find.columns($0, "--columns") }
        let dropped = try options.drop.map { try find.columns($0, "--drop") } ?? []
        let hasRowNames =
            options.id == nil && count > 1 && names?.first == "" && label != 0 && chosen?.contains(0) != true
            && !dropped.contains(0) && !dialect.firstFieldIsEmpty
        idIsRowNames = hasRowNames
        let id = try hasRowNames ? 0 : options.id.map { try find.column($0, "--id") }
        self.label = label
        self.id = id
        if let chosen {
            for (option, column) in [("--label", label), ("--id", id), ("--drop", dropped.first { chosen.contains($0) })] {
                if let column, chosen.contains(column) {
                    throw Failure(
                        .usage, "\(path): column \(describe(column)) is named by --columns and by \(option): which is meant?")
                }
            }
        }
        data = chosen ?? (0..<count).filter { $0 != label && $0 != id && !dropped.contains($0) }
        guard !data.isEmpty else { throw Failure(.badData, "\(path): has no columns of data") }
    }

    /// Leaves out a column that turned out to hold nothing.
    mutating func drop(_ column: Int) { data.removeAll { $0 == column } }

    /// Whether a column may be an accident of separators at the ends of lines: without a name, and not asked for.
    func isNameless(_ column: Int) -> Bool { !areChosen && (names.map { $0[column].isEmpty } ?? (column == count - 1)) }

    /// A column as messages name it, and as options take it.
    func describe(_ column: Int) -> String { names.flatMap { $0[column].isEmpty ? nil : "'\($0[column])'" } ?? "#\(column)" }

    func option(_ column: Int) -> String { names.flatMap { $0[column].isEmpty ? nil : $0[column].csvField } ?? "#\(column)" }

    /// The names of the columns of data; nil without a header.
    var dataNames: [String]? { names.map { names in data.map { names[$0].isEmpty ? "#\($0)" : names[$0] } } }
}

/// Finds columns by what options call them: a name, or `#3` for a place; a number is a place only where there are no names.
private struct Finder {
    let path: String
    let names: [String]?
    let count: Int

    /// Those of a list of names, places and ranges of places (`0:10`), in the file's order.
    func columns(_ list: String, _ option: String) throws -> [Int] {
        var found: [Int] = []
        for item in list.csvFields.map({ $0.trimmingCharacters(in: .whitespaces) }) {
            guard item.contains(":"), names?.contains(item) != true else {
                found.append(try column(item, option))
                continue
            }
            guard let range = try? RowSelection.ranges(String(item.trimmingPrefix("#")), count: count) else {
                throw Failure(.usage, "\(path): '\(item)' for \(option) is neither a column nor a range of places, such as 0:10")
            }
            found += range.rows(0..<range.count).map { Int($0) }
        }
        if Set(found).count < found.count { throw Failure(.usage, "\(path): \(option) names a column twice: \(list)") }
        return found.sorted()
    }

    func column(_ name: String, _ option: String) throws -> Int {
        if let names {
            let found = names.indices.filter { names[$0] == name }
            if found.count == 1 { return found[0] }
            if found.count > 1 {
                let places = found.prefix(10).map { "#\($0)" }.joined(separator: ", ")
                throw Failure(
                    .badData,
                    "\(path): \(found.count) columns are called '\(name)': for \(option) name one by its place, \(places)")
            }
        }
        let place = Int(name.hasPrefix("#") ? String(name.dropFirst()) : name)
        let isPlace = place.map { (0..<count).contains($0) } ?? false
        if isPlace, names == nil || name.hasPrefix("#") { return place! }
        // A header in a comment begins with it.
        if name.hasPrefix("#"), let index = names?.firstIndex(of: String(name.dropFirst())) { return index }
        let way = isPlace ? ": by its place write \(option) '#\(name)'" : ""
        throw Failure(.badData, "\(path): no column '\(name)' for \(option)\(way); \(list)")
    }

    /// The columns in the file's order, as many as a line holds.
    private var list: String {
        guard let names else { return "there are \(count) without names (no header): '#0' to '#\(count - 1)'" }
        let shown = names.prefix(12).enumerated().map { $1.isEmpty ? "#\($0)" : $1 }
        let rest = names.count > shown.count ? " and \(names.count - shown.count) more" : ""
        return "there are \(names.count): \(shown.joined(separator: ", "))\(rest)"
    }
}

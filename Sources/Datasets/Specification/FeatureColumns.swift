internal import Foundation
internal import HDF5
package import Support

/// Which columns of a file's rows are the features, and in which order: by what `columns` says, and by the features' names.
package struct FeatureColumns {
    /// Of each feature its column; nil for all columns as they are.
    let columns: [Int]?
    /// The features' names; nil where there are none.
    let names: [String]?
    /// What a user should know.
    let note: String?

    /// What a file has to offer.
    struct Found {
        /// `file.h5:/path`, for messages.
        let name: String
        let count: Int
        let names: [String]?
        /// The values at a path of the file, one for each column; nil if there are none.
        let mask: (_ path: String) throws -> [Double]?
    }

    /// Takes those columns that a text says, in the file's order.
    ///
    /// - Parameter text: `FIRST:END[:STEP]` or names, several by commas, or the path of a mask; empty for all.
    /// - Throws: ``Failure`` (65, 78) for what is not there.
    init(_ text: String, of found: Found) throws {
        note = nil
        if text.isEmpty {
            (columns, names) = (nil, found.names)
            return
        }
        let chosen = try Self.choose(text, of: found)
        guard chosen.count > 0 else {
            throw Failure(.badData, "\(found.name): columns '\(text)' leave none of \(found.count) features")
        }
        let columns = chosen.count == found.count ? nil : chosen.rows(0..<chosen.count).map { Int($0) }
        self.columns = columns
        names = found.names.map { names in columns?.map { names[$0] } ?? names }
    }

    /// The columns that a text says, in order, for an option that names some of them.
    ///
    /// - Parameters:
    ///   - name: whose they are, for messages.
    ///   - names: of all columns; nil where they have none.
    ///   - option: whose text it is.
    /// - Throws: ``Failure`` (78) for what is not there.
    package static func places(
        _ text: String, of name: String, count: Int, names: [String]?, option: String
    ) throws(Failure) -> [Int] {
        do {
            let chosen = try choose(text, of: Found(name: name, count: count, names: names, mask: { _ in nil }), option)
            return chosen.rows(0..<chosen.count).map { Int($0) }
        } catch {
            throw Failure(.configuration, "\(error)")
        }
    }

    private static func choose(_ text: String, of found: Found, _ option: String = "columns") throws -> RowSet {
        if text.hasPrefix("/") {
            guard let mask = try found.mask(text) else {
                throw Failure(
                    .badData, "\(found.name): no mask of features at \(text), a number or truth value for each of \(found.count)")
            }
            return RowSet(RowSet(all: found.count)) { column, _ in mask[column] != 0 && !mask[column].isNaN }
        }
        let parts = text.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
        if let names = found.names {
            let places = Dictionary(names.enumerated().map { ($1, [$0]) }) { $0 + $1 }
            if let unknown = parts.first(where: { places[$0] == nil }) {
                // Ranges, then, unless some of them are names.
                if parts.allSatisfy({ places[$0] == nil && $0.contains(":") }) {
                    return try RowSelection.ranges(text, count: found.count, option)
                }
                let nearest = nearestNames(to: unknown, among: names, limit: 5).joined(separator: ", ")
                throw Failure(
                    .badData,
                    "\(found.name): \(option): no feature is called '\(unknown)'; there are \(found.count), nearest: \(nearest) "
                        + "(places are given as 0:10)")
            }
            let wanted = Set(parts.flatMap { places[$0]! })
            return RowSet(RowSet(all: found.count)) { column, _ in wanted.contains(column) }
        }
        guard parts.allSatisfy({ $0.contains(":") || Int($0) != nil }) else {
            throw Failure(
                .badData,
                "\(found.name): \(option) '\(text)' are names, but the features have none: name their path by --feature-names, or give "
                    + "places as 0:10")
        }
        // Without names a number can only be a place.
        let ranges = parts.map { part in Int(part).map { $0 == -1 ? "-1:" : "\($0):\($0 + 1)" } ?? part }
        for (part, place) in zip(parts, parts.map { Int($0) }) {
            if let place, !(-found.count..<found.count).contains(place) {
                throw Failure(.badData, "\(found.name): \(option): there is no column \(part), only \(found.count)")
            }
        }
        return try RowSelection.ranges(ranges.joined(separator: ","), count: found.count, option)
    }

    /// Puts features into the order that is wanted.
    ///
    /// - Parameters:
    ///   - wanted: the names of all features, in order.
    ///   - origin: whose they are, for messages.
    ///   - mayHaveMore: whether other features are left out, and not refused.
    /// - Throws: ``Failure`` (65) where some are not there.
    init(_ own: FeatureColumns, of found: Found, as wanted: [String], of origin: String, mayHaveMore: Bool) throws {
        guard let names = own.names else {
            throw Failure(
                .badData,
                "\(found.name) has no names of its features, but those of \(origin) are \(Self.examples(wanted)): name their path by "
                    + "--feature-names, or give --feature-names none where they are the same in the same order")
        }
        if names == wanted {
            self = own
            return
        }
        let places = Dictionary(names.enumerated().map { ($1, $0) }) { first, _ in first }
        let missing = wanted.filter { places[$0] == nil }
        guard missing.isEmpty else {
            throw Failure(
                .badData,
                "\(found.name) lacks \(missing.count) of the \(wanted.count) features of \(origin), as \(Self.examples(missing)); it has "
                    + Self.examples(names))
        }
        let known = Set(wanted)
        let others = names.filter { !known.contains($0) }
        guard others.isEmpty || mayHaveMore else {
            throw Failure(
                .badData,
                "\(found.name) has \(others.count) features that \(origin) has not, as \(Self.examples(others)): choose common ones by "
                    + "--columns")
        }
        if places.count < names.count || known.count < wanted.count {
            let twice = Dictionary(names.map { ($0, 1) }, uniquingKeysWith: +).filter { $0.value > 1 && known.contains($0.key) }
                .keys.min()
            if let twice {
                throw Failure(
                    .badData,
                    "\(found.name) has several features called '\(twice)', so they cannot be put into the order of \(origin): make names "
                        + "unique (var_names_make_unique), or give --feature-names none where the order is the same")
            }
        }
        let order = wanted.map { places[$0]! }
        columns = own.columns.map { columns in order.map { columns[$0] } } ?? order
        self.names = wanted
        let isSorted = zip(order, order.dropFirst()).allSatisfy { $0 < $1 }
        let changes = [
            others.isEmpty ? nil : "\(others.count) of \(names.count) features are left out, which \(origin) has not",
            isSorted ? nil : "features are put into the order of \(origin)",
        ]
        note = "\(found.name): \(changes.compactMap(\.self).joined(separator: "; "))"
    }

    /// The first of some names.
    private static func examples(_ names: [String]) -> String {
        names.prefix(3).joined(separator: ", ") + (names.count > 3 ? ", ..." : "")
    }
}

internal import HDF5

/// A data frame of an AnnData file, such as `obs`: a group with an object for each column, or, before anndata 0.7, records.
package struct AnnDataFrame {
    package let path: String
    /// The name of the column that holds the names of the rows.
    package let index: String
    /// The other columns' names, in their order.
    package let columns: [String]
    /// Whether it is a group.
    package let isGroup: Bool
    /// Whether it is as anndata 0.7 wrote it, or older.
    package let isOld: Bool

    /// nil if there is no data frame at a path.
    init?(_ file: File, _ path: String) throws(HDF5Error) {
        var names: [String]
        switch try file.item(path) {
        case .group:
            guard case .string(let index) = try file.attribute("_index", of: path), Self.isPlain(index) else { return nil }
            self.index = index
            isGroup = true
            isOld = try file.attribute("encoding-version", of: path) == .string("0.1.0")
            if case .strings(let order) = try file.attribute("column-order", of: path) { names = order } else { names = [] }
        case .dataset:
            names = try file.dataset(path).fieldNames
            guard let index = ["index", "_index"].first(where: { names.contains($0) }) else { return nil }
            self.index = index
            (isGroup, isOld) = (false, true)
        default: return nil
        }
        self.path = path
        var seen: Set<String> = [index]
        columns = names.filter { seen.insert($0).inserted }
    }

    package func path(of column: String) -> String { "\(path)/\(column)" }

    /// Where anndata 0.7 put the categories of a column, which a reference in the column points to.
    static func oldCategories(of column: String) -> String? {
        guard let slash = column.lastIndex(of: "/") else { return nil }
        return "\(column[..<slash])/__categories\(column[slash...])"
    }

    /// Whether a name is that of a link, and not a path.
    package static func isPlain(_ name: String) -> Bool { !name.isEmpty && name != "." && !name.contains("/") }
}

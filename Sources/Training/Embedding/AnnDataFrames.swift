internal import HDF5

/// The data frames `obs` and `var` of an AnnData file (on-disk format 0.1.0), to be copied into another one.
///
/// Of each frame those columns are copied that are what the format says; all others would make the whole file unreadable.
struct AnnDataFrames {
    private let file: File
    private let frames: [Frame]

    private struct Frame {
        let path: String
        let index: String
        /// The rows of the frame.
        let count: Int
        let columns: [String]
    }

    /// nil where the file has no such frames, or their indices are not those of its data.
    ///
    /// - Parameters:
    ///   - rows: of the data, and so of `obs`.
    ///   - features: of a row, and so of `var`.
    init?(_ path: String, rows: Int, features: Int) throws(HDF5Error) {
        let file = try File.open(path)
        self.file = file
        var frames: [Frame] = []
        for (path, count) in [("/obs", rows), ("/var", features)] {
            guard try file.item(path) == .group, case .string(let index) = try file.attribute("_index", of: path),
                Self.isPlain(index), try file.item("\(path)/\(index)") == .dataset,
                Self.isColumn(file, "\(path)/\(index)", count: count)
            else { return nil }
            var columns: [String] = []
            if case .strings(let names) = try file.attribute("column-order", of: path) { columns = names }
            frames.append(Frame(path: path, index: index, count: count, columns: columns))
        }
        self.frames = frames
    }

    /// Copies both frames to the same paths of a file where nothing is.
    ///
    /// - Returns: the names of the columns that were left out.
    func copy(into target: File) throws(HDF5Error) -> [String] {
        var leftOut: [String] = []
        for frame in frames {
            try target.createGroup(frame.path)
            try target.encode(frame.path, "dataframe", "0.2.0")
            try target.setAttribute("_index", .string(frame.index), of: frame.path)
            try target.copy("\(frame.path)/\(frame.index)", from: file)
            var copied: [String] = []
            for name in frame.columns where name != frame.index && !copied.contains(name) {
                if Self.isPlain(name), Self.isColumn(file, "\(frame.path)/\(name)", count: frame.count) {
                    try copy(column: "\(frame.path)/\(name)", into: target)
                    copied.append(name)
                } else {
                    leftOut.append("\(frame.path)/\(name)")
                }
            }
            try target.setAttribute("column-order", .strings(copied), of: frame.path)
        }
        return leftOut
    }

    private func copy(column path: String, into target: File) throws(HDF5Error) {
        guard try file.item(path) == .group, case .string(let encoding) = try file.attribute("encoding-type", of: path) else {
            return try target.copy(path, from: file)
        }
        try target.createGroup(path)
        var version = "0.1.0"
        if case .string(let found) = try file.attribute("encoding-version", of: path) { version = found }
        try target.encode(path, encoding, version)
        if case .integer(let ordered) = try file.attribute("ordered", of: path) {
            try target.setAttribute("ordered", .boolean(ordered != 0), of: path)
        }
        for part in Self.parts(encoding) { try target.copy("\(path)/\(part)", from: file) }
    }

    /// The data sets of a column that is a group.
    private static func parts(_ encoding: String) -> [String] {
        switch encoding {
        case "categorical": ["codes", "categories"]
        case "nullable-integer", "nullable-boolean", "nullable-string-array": ["values", "mask"]
        default: []
        }
    }

    /// Whether a name is that of a link, and not a path.
    private static func isPlain(_ name: String) -> Bool { !name.isEmpty && name != "." && !name.contains("/") }

    /// Whether a column is what the format says and has as many values as the frame has rows; what is damaged is not.
    private static func isColumn(_ file: File, _ path: String, count: Int) -> Bool {
        do throws(HDF5Error) {
            switch try file.item(path) {
            case .dataset:
                // The old layout's categories are references, which mean nothing in another file.
                let isOldCategorical = try file.attributeNames(of: path).contains("categories")
                return try isValues(file, path, count: count) && !isOldCategorical
            case .group:
                guard case .string(let encoding) = try file.attribute("encoding-type", of: path) else { return false }
                let parts = parts(encoding)
                guard let first = parts.first, try isValues(file, "\(path)/\(first)", count: count) else { return false }
                if encoding != "categorical" { return try isValues(file, "\(path)/mask", count: count) }
                let categories = try file.dataset("\(path)/categories")
                guard try isValues(file, categories.path, count: categories.rowCount) else { return false }
                let codes = try file.dataset("\(path)/codes")
                guard codes.type.elementClass == .signed || codes.type.elementClass == .unsigned else { return false }
                for first in stride(from: 0, to: count, by: 1 << 16) {
                    let some = try codes.read(Int64.self, rows: first..<min(first + 1 << 16, count))
                    guard some.allSatisfy({ -1..<Int64(categories.rowCount) ~= $0 }) else { return false }
                }
                return true
            default: return false
            }
        } catch {
            return false
        }
    }

    private static func isValues(_ file: File, _ path: String, count: Int) throws(HDF5Error) -> Bool {
        let dataset = try file.dataset(path)
        guard dataset.shape.count == 1, dataset.rowCount == count, dataset.type.isNumeric || dataset.type.elementClass == .string
        else { return false }
        try dataset.checkStorage()
        return true
    }
}

extension File {
    /// Says what an object of an AnnData file is.
    func encode(_ path: String, _ type: String, _ version: String) throws(HDF5Error) {
        try setAttribute("encoding-type", .string(type), of: path)
        try setAttribute("encoding-version", .string(version), of: path)
    }
}

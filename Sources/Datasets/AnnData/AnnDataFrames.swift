package import HDF5

/// The data frames `obs` and `var` of an AnnData file (on-disk format 0.1.0), to be copied into another one.
///
/// Of each frame those columns are copied that are what one of the format's versions says; all others would make the whole file
/// unreadable.
package struct AnnDataFrames {
    private var frames: [Frame] = []
    /// What is not copied and why.
    package private(set) var notes: [String] = []

    private struct Frame {
        /// Where it is copied to.
        let path: String
        let index: (name: String, column: AnnDataColumn)
        let columns: [(name: String, column: AnnDataColumn)]
    }

    /// - Parameters:
    ///   - paths: of the frames in the file that are to be `obs` and `var`; the second may be missing.
    ///   - rows: of the data, and so of `obs`.
    ///   - features: of a row, and so of `var`.
    package init(_ path: String, _ paths: [String], rows: Int, features: Int) throws(HDF5Error) {
        let file = try File.open(path)
        for (source, (target, count)) in zip(paths, [("/obs", rows), ("/var", features)]) {
            guard let frame = try AnnDataFrame(file, source) else { continue }
            do throws(HDF5Error) {
                let index = try AnnDataColumn(names: file, frame.path(of: frame.index), count: count)
                let columns = soundColumns(of: frame, in: file, count: count)
                frames.append(Frame(path: target, index: (frame.index, index), columns: columns))
            } catch {
                notes.append("\(source) is not copied: \(Self.reason(error))")
            }
        }
    }

    private mutating func soundColumns(
        of frame: AnnDataFrame, in file: File, count: Int
    ) -> [(name: String, column: AnnDataColumn)] {
        var columns: [(name: String, column: AnnDataColumn)] = []
        var leftOut: [String] = []
        for name in frame.columns {
            do throws(HDF5Error) {
                guard AnnDataFrame.isPlain(name) else {
                    throw HDF5Error(.unsuitable, file: file.path, object: frame.path(of: name), "has a name that is a path")
                }
                columns.append((name, try AnnDataColumn(file, frame.path(of: name), count: count)))
            } catch {
                leftOut.append(Self.reason(error))
            }
        }
        if !leftOut.isEmpty {
            let more = leftOut.count > 10 ? "; and \(leftOut.count - 10) more" : ""
            notes.append("left out of \(frame.path): \(leftOut.prefix(10).joined(separator: "; "))\(more)")
        }
        return columns
    }

    private static func reason(_ error: HDF5Error) -> String { "\(error.object ?? "") \(error.reason)" }

    /// Whether there is a frame for a path, `/obs` or `/var`.
    package func has(_ path: String) -> Bool { frames.contains { $0.path == path } }

    /// Copies the frames into a file where nothing is at their paths. Throws ``HDF5Error``, and ``Failure`` of what is read.
    package func copy(into target: File) throws {
        for frame in frames {
            try target.createGroup(frame.path)
            try target.encode(frame.path, "dataframe", "0.2.0")
            try target.setAttribute("_index", .string(frame.index.name), of: frame.path)
            for (name, column) in [frame.index] + frame.columns { try column.copy(into: target, as: "\(frame.path)/\(name)") }
            try target.setAttribute("column-order", .strings(frame.columns.map(\.name)), of: frame.path)
        }
    }
}

extension File {
    /// Says what an object of an AnnData file is.
    package func encode(_ path: String, _ type: String, _ version: String) throws(HDF5Error) {
        try setAttribute("encoding-type", .string(type), of: path)
        try setAttribute("encoding-version", .string(version), of: path)
    }
}

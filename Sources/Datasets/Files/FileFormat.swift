internal import Support

/// The kinds of files that results are written to, and how their names end.
public enum FileFormat: String, Sendable, CaseIterable {
    case hdf5 = "HDF5"
    case annData = "AnnData"
    case npy = "NPY"
    case csv = "CSV"
    case png = "PNG"
    case jpeg = "JPEG"
    case html = "HTML"
    case onnx = "ONNX"
    case safetensors = "safetensors"
    case npz = "NPZ"

    /// What the names of its files end in; the first is the usual one.
    var extensions: [String] {
        switch self {
        case .hdf5: ["h5", "hdf5", "hdf", "he5"]
        case .annData: ["h5ad"]
        case .npy: ["npy"]
        case .csv: ["csv"]
        case .png: ["png"]
        case .jpeg: ["jpg", "jpeg"]
        case .html: ["html", "htm"]
        case .onnx: ["onnx"]
        case .safetensors: ["safetensors"]
        case .npz: ["npz"]
        }
    }

    private var isText: Bool { self == .csv || self == .html }

    /// What a file is to be written as: by its name, or by what is asked for.
    ///
    /// - Parameters:
    ///   - flag: that names the file, for messages.
    ///   - formats: those that can be written; the first is that of names that say nothing.
    ///   - wanted: what was asked for; nil for what the name says.
    /// - Throws: ``Failure`` (64) where name and wish do not agree, or the name says something that cannot be written.
    package static func of(
        _ path: String, flag: String, among formats: [FileFormat], wanted: FileFormat? = nil
    ) throws -> FileFormat {
        if path.isEmpty { throw Failure(.usage, "\(flag) is empty, but must name a file") }
        let choices = formats.map { "\($0.rawValue) (.\($0.extensions[0]))" }.joined(separator: ", ")
        if path == OutputFiles.standardOutput {
            let format = wanted ?? formats[0]
            if format.isText { return format }
            throw Failure(
                .usage,
                "\(flag) -: standard output is for text, but this is \(format.rawValue): name a file, ./- for one of that name")
        }
        let ending = FilePath.fileExtension(of: path)
        let named = allCases.first { $0.extensions.contains(ending) }
        if let wanted {
            guard let named, named != wanted else { return wanted }
            throw Failure(
                .usage, "\(flag) \(path) is named as \(named.rawValue), but --format asks for \(wanted.rawValue): change one")
        }
        // A name may have dots in it that say nothing: results.v2
        let saysNothing = !ending.utf8.contains { (0x61...0x7A).contains($0) } || ending.utf8.count > 8
        if named == nil, saysNothing { return formats[0] }
        if let named, formats.contains(named) { return named }
        if named == nil, !others.contains(ending) { return formats[0] }
        throw Failure(.usage, "\(flag) \(path): .\(ending) cannot be written here, but \(choices)")
    }

    /// Endings that people know as something that is not written here.
    private static let others: Set<String> = [
        "tsv", "txt", "json", "jsonl", "parquet", "feather", "arrow", "xlsx", "xls", "ods", "mat", "pkl", "pickle", "pt",
        "pth", "zarr",
        "loom", "mtx", "gz", "zip", "tar", "bz2", "xz", "zst", "tif", "tiff", "gif", "bmp", "webp", "svg", "pdf", "rds", "nc",
        "toml", "yaml", "yml", "xml", "db", "sqlite", "dat", "bin",
    ]
}

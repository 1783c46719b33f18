internal import Foundation
internal import Support

/// Files and folders that are no HDF5 files, but that people train on elsewhere: what they are, and how HDF5 is made of them.
enum ForeignFile {
    /// What a path leads to and what to do with it, to follow its name and a colon.
    static func advice(_ path: String) -> String {
        if FilePath.isFolder(path) { return folder(path) }
        if !FilePath.isRegularFile(path) { return "is not a regular file" }
        let start = start(of: path)
        let ending = FilePath.fileExtension(of: path)
        if start.isEmpty { return "is empty, or cannot be read: not an HDF5 file" }
        if let kind = magic.first(where: { begins(start, with: $0.start) })?.kind { return self.advice(path, kind, ending) }
        if start.count > 262, Array(start[257..<262]) == Array("ustar".utf8) { return self.advice(path, .tar, ending) }
        if let kind = endings[ending] { return self.advice(path, kind, ending) }
        let isNamedHDF5 = FileFormat.hdf5.extensions.contains(ending) || FileFormat.annData.extensions.contains(ending)
        return self.advice(path, isText(start) && !isNamedHDF5 ? .csv : .unknown, ending)
    }

    private enum Kind {
        case csv, npy, zip, gzip, idx, matrixMarket, parquet, image, netCDF, hdf4, matlab, pickle, json, compressed, tar, unknown
    }

    /// How files begin; a character is a byte.
    private static let magic: [(start: String, kind: Kind)] = [
        ("\u{93}NUMPY", .npy), ("PK\u{3}\u{4}", .zip), ("\u{1F}\u{8B}", .gzip), ("%%MatrixMarket", .matrixMarket),
        ("PAR1", .parquet), ("ARROW1", .parquet), ("\u{89}PNG", .image), ("\u{FF}\u{D8}\u{FF}", .image), ("GIF8", .image),
        ("II*\0", .image), ("MM\0*", .image), ("CDF", .netCDF), ("\u{E}\u{3}\u{13}\u{1}", .hdf4), ("MATLAB 5", .matlab),
        ("BZh", .compressed), ("\u{FD}7zXZ", .compressed), ("\u{28}\u{B5}\u{2F}\u{FD}", .compressed), ("\u{80}\u{2}", .pickle),
        ("\u{80}\u{3}", .pickle), ("\u{80}\u{4}", .pickle), ("\u{80}\u{5}", .pickle), ("\0\0\u{8}", .idx), ("\0\0\u{9}", .idx),
        ("\0\0\u{B}", .idx), ("\0\0\u{C}", .idx), ("\0\0\u{D}", .idx), ("\0\0\u{E}", .idx),
    ]

    private static func begins(_ bytes: [UInt8], with start: String) -> Bool {
        bytes.starts(with: start.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) })
    }

    private static let endings: [String: Kind] = [
        "json": .json, "jsonl": .json, "mtx": .matrixMarket, "pkl": .pickle, "pickle": .pickle,
    ]

    private static func advice(_ path: String, _ kind: Kind, _ ending: String) -> String {
        let inner = FilePath.fileExtension(of: String(path.utf8.dropLast(ending.utf8.count + 1)) ?? "")
        switch kind {
        case .csv where ["toml", "py", "sh", "md", "html", "xml", "yaml", "yml"].contains(ending): return "is text, not data"
        case .csv: return line("a table of text", "csv", path)
        case .npy: return line("an array of numpy", "npy", path)
        case .zip where ending == "npz": return line("arrays of numpy", "npz", path)
        case .zip where ending == "xlsx" || ending == "ods": return "is a spreadsheet: save it as CSV, then `mpi-vae import csv`"
        case .zip where ["pt", "pth", "ckpt"].contains(ending):
            return "is of PyTorch: save its array by numpy.save, then `mpi-vae import npy`"
        case .zip where ending == "zarr" || inner == "zarr": return zarr
        case .zip: return "is a ZIP archive: unpack it by `unzip`, and give the files in it"
        case .gzip where ending == "tgz" || inner == "tar": return advice(path, .tar, ending)
        case .gzip where ["csv", "tsv", "txt", "tab"].contains(inner): return line("a table of text, gzipped", "csv", path)
        case .gzip where inner == "mtx": return line("a matrix in MatrixMarket's format, gzipped", "mtx", path)
        case .gzip where path.contains("idx") || path.contains("ubyte"): return line("an IDX file, gzipped", "idx", path)
        case .gzip: return "is gzipped: unpack it by `gunzip -k \(FilePath.shellWord(path))`"
        case .idx: return line("an IDX file", "idx", path)
        case .matrixMarket: return line("a matrix in MatrixMarket's format", "mtx", path)
        case .parquet:
            let reader = ending == "feather" || ending == "arrow" ? "read_feather" : "read_parquet"
            return "is a table of Apache Arrow: save it by pandas.\(reader)(\"...\").to_csv(\"table.csv\", index=False), then "
                + "`mpi-vae import csv table.csv --output \(output(path))`"
        case .image: return "is one image: put all into a folder, then `mpi-vae import images FOLDER --output images.h5`"
        case .netCDF:
            return "is netCDF before version 4: `nccopy -k nc4 \(FilePath.shellWord(path)) \(output(path))` makes HDF5 of it"
        case .hdf4: return "is HDF4: `h4toh5convert \(FilePath.shellWord(path)) \(output(path))` makes HDF5 of it"
        case .matlab: return "is of MATLAB before version 7.3: save it by save(..., '-v7.3'), which is HDF5"
        case .pickle: return "is a pickle of Python, which is code: save its array by numpy.save, then `mpi-vae import npy`"
        case .json: return "is JSON: save it as CSV, then `mpi-vae import csv`"
        case .compressed: return "is compressed: unpack it by bunzip2, unxz or unzstd"
        case .tar: return "is a TAR archive: unpack it by `tar -xf \(FilePath.shellWord(path))`, and give the files in it"
        case .unknown: return "is not an HDF5 file (or is cut short before its first byte of data)"
        }
    }

    private static let zarr =
        "is a Zarr store: anndata.read_zarr(\"...\").write_h5ad(\"data.h5ad\") makes HDF5 of it, or numpy.save of an array and "
        + "`mpi-vae import npy`"

    private static func folder(_ path: String) -> String {
        let names = ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted()
        func has(_ endings: String...) -> Bool { names.contains { endings.contains(FilePath.fileExtension(of: $0)) } }
        if names.contains(where: { [".zgroup", ".zarray", ".zattrs", "zarr.json"].contains($0) }) { return zarr }
        if names.contains("matrix.mtx") || names.contains("matrix.mtx.gz") {
            return line("a folder with a sparse matrix", "mtx", path)
        }
        if names.contains("checkpoints") { return "is a folder, that of a run, and not data" }
        if has("h5", "hdf5", "h5ad") { return "is a folder: name files in it, as '\(path)/*.h5:/PATH'" }
        let isClassFolder = names.prefix(100).contains { name in
            ((try? FileManager.default.contentsOfDirectory(atPath: "\(path)/\(name)")) ?? []).contains { isImage($0) }
        }
        if isClassFolder || names.contains(where: isImage) { return line("a folder of images", "images", path) }
        return "is a folder, not an HDF5 file"
    }

    private static func isImage(_ name: String) -> Bool { ["png", "jpg", "jpeg"].contains(FilePath.fileExtension(of: name)) }

    private static func line(_ what: String, _ kind: String, _ path: String) -> String {
        "is \(what), not an HDF5 file: make one of it by `mpi-vae import \(kind) \(FilePath.shellWord(path)) --output \(output(path))`"
    }

    /// A name for the HDF5 file, in the current folder.
    private static func output(_ path: String) -> String {
        let name = FilePath.name(of: path)
        let stem = name.prefix { $0 != "." }
        return FilePath.shellWord("\(stem.isEmpty ? "data" : String(stem)).h5")
    }

    private static func start(of path: String) -> [UInt8] {
        guard let handle = FileHandle(forReadingAtPath: path) else { return [] }
        defer { try? handle.close() }
        return Array((try? handle.read(upToCount: 4096)) ?? Data())
    }

    private static func isText(_ bytes: [UInt8]) -> Bool {
        let blanks: [UInt8] = [9, 10, 12, 13]
        let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
        return bytes.allSatisfy { $0 >= 32 || blanks.contains($0) } && bytes.contains { digits.contains($0) }
    }
}

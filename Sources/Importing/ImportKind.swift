internal import Foundation
internal import Support

/// The kinds of files that can be imported, each by the command of its name.
public enum ImportKind: String, CaseIterable, Sendable {
    case csv
    case npy
    case npz
    case idx
    case mtx
    case images
    case hdf5

    /// What it is, for messages.
    public var description: String {
        switch self {
        case .csv: "a table of text"
        case .npy: "an array of numpy"
        case .npz: "arrays of numpy, or a sparse matrix of scipy"
        case .idx: "an IDX file"
        case .mtx: "a matrix in MatrixMarket's format"
        case .images: "a folder of images"
        case .hdf5: "HDF5"
        }
    }

    /// The kind of a file or folder, by its first bytes. Throws ``Failure`` (65, 66, 77), with what to do for formats that cannot be read.
    public init(_ path: String) throws {
        var status = stat()
        guard stat(path, &status) == 0 else {
            // `file.h5:/path`, several files, a pattern.
            if path.contains(":") || path.contains(",") || path.contains("*") || path.contains("?") || path.contains("[") {
                self = .hdf5
                return
            }
            throw Failure(
                errno == EACCES ? .noPermission : .inputMissing, "\(path): \(String(cString: strerror(errno)).lowercased())")
        }
        if status.st_mode & S_IFMT == S_IFDIR {
            self = try Self.folder(path)
            return
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw Failure(.inputMissing, "\(path): is not a regular file: name its kind, \(Self.commands)")
        }
        let stored = try Self.storedStart(path)
        if stored.isEmpty { throw Failure(.badData, "\(path): is empty") }
        if let problem = Self.foreign(stored) { throw Failure(.badData, "\(path): \(problem)") }
        if stored.starts(with: [0x50, 0x4B]) {
            self = try Self.zip(path)
            return
        }
        let start = stored.starts(with: [0x1F, 0x8B]) ? try CompressedFile(path).read(upTo: 4096) : stored
        if start.starts(with: Self.hdf5Signature) || Self.hasUserBlock(path) {
            guard start == stored || Self.hasUserBlock(path) else {
                throw Failure(.badData, "\(path): is HDF5 in gzip: unpack it, gunzip \(path)")
            }
            self = .hdf5
        } else if start.starts(with: NPYHeader.magic) {
            self = .npy
        } else if String(decoding: start.prefix(14), as: UTF8.self).lowercased() == "%%matrixmarket" {
            self = .mtx
        } else if start.count >= 4, start[0] == 0, start[1] == 0, (8...14).contains(start[2]), (1...8).contains(start[3]) {
            self = .idx
        } else if let problem = Self.foreign(start) {
            throw Failure(.badData, "\(path): \(problem)")
        } else if start.contains(0), !start.starts(with: [0xFF, 0xFE]), !start.starts(with: [0xFE, 0xFF]) {
            throw Failure(.badData, "\(path): none of the formats that can be imported: \(Self.commands)")
        } else {
            self = .csv
        }
    }

    private static var commands: String { allCases.map { "import \($0.rawValue)" }.joined(separator: ", ") }

    private static let hdf5Signature: [UInt8] = [0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A, 0x1A, 0x0A]

    private static func storedStart(_ path: String) throws -> [UInt8] {
        guard let handle = FileHandle(forReadingAtPath: path) else {
            throw Failure(.noPermission, "\(path): may not be read (permission denied)")
        }
        defer { try? handle.close() }
        return Array((try? handle.read(upToCount: 4096)) ?? Data())
    }

    /// Whether it is HDF5 behind bytes of the user's, of 512 and their doubles.
    private static func hasUserBlock(_ path: String) -> Bool {
        guard let handle = FileHandle(forReadingAtPath: path) else { return false }
        defer { try? handle.close() }
        return [512, 1024, 2048, 4096].contains { offset in
            (try? handle.seek(toOffset: offset)) != nil
                && (try? handle.read(upToCount: 8)).map { $0.map(Array.init) == hdf5Signature } == true
        }
    }

    private static func folder(_ path: String) throws -> ImportKind {
        if CellFolder.hasMatrix(path) { return .mtx }
        for name in [".zgroup", ".zarray", "zarr.json"] where access("\(path)/\(name)", F_OK) == 0 {
            throw Failure(
                .badData, "\(path): is a Zarr store, which cannot be read: write it as HDF5 (anndata: adata.write_h5ad)")
        }
        let names = ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted()
        let inside = names.filter { CellFolder.hasMatrix("\(path)/\($0)") }
        if !inside.isEmpty {
            throw Failure(
                .badData,
                "\(path): has matrices of cells in its folders \(inside.prefix(8).joined(separator: ", ")): name one of them")
        }
        return .images
    }

    private static func zip(_ path: String) throws -> ImportKind {
        let names = try ZipArchive(path).members.map(\.name)
        if names.contains(where: { $0.hasSuffix(".npy") }) { return .npz }
        let isSheet = names.contains("[Content_Types].xml") || names.contains("mimetype")
        throw Failure(
            .badData,
            isSheet
                ? "\(path): is a spreadsheet or a document: save it as CSV"
                : "\(path): is a zip archive without arrays of numpy: unpack it, and import what is in it")
    }

    /// What other formats are, and what to do; nil for what is none of them.
    private static func foreign(_ start: [UInt8]) -> String? {
        func begins(_ text: String) -> Bool { start.starts(with: Array(text.utf8)) }
        func begins(_ bytes: [UInt8]) -> Bool { start.starts(with: bytes) }
        if begins("BZh") { return "is compressed by bzip2: unpack it, bunzip2" }
        if begins([0xFD, 0x37, 0x7A, 0x58, 0x5A]) { return "is compressed by xz: unpack it, unxz" }
        if begins([0x28, 0xB5, 0x2F, 0xFD]) { return "is compressed by zstd: unpack it, unzstd" }
        if begins([0x37, 0x7A, 0xBC, 0xAF]) { return "is a 7z archive: unpack it" }
        if begins("PAR1") { return "is Parquet: write it as CSV (pandas: pandas.read_parquet(F).to_csv(G, index=False)) or HDF5" }
        if begins("ARROW1") || begins("FEA1") {
            return "is Arrow or Feather: write it as CSV (pandas: pandas.read_feather(F).to_csv(G, index=False)) or HDF5"
        }
        if begins("MATLAB 5.0") {
            return "is a MAT file of version 5: save it with -v7.3, which is HDF5, or scipy.io.loadmat and numpy.save"
        }
        if begins("RDX") || begins("X\n") || begins("A\n") {
            return "is data of R: write.csv(x, file, row.names = FALSE) makes a table of them"
        }
        if begins("CDF") { return "is netCDF 3: write it as netCDF 4, which is HDF5 (nccopy -k netCDF-4)" }
        if begins("SIMPLE  =") { return "is FITS: save it by numpy.save" }
        if begins([0x89, 0x50, 0x4E, 0x47]) || begins([0xFF, 0xD8, 0xFF]) || begins("GIF8") || begins("II*\0") || begins("MM\0*")
        {
            return "is one image: import the folder that has them all"
        }
        if begins("%PDF") { return "is a PDF, no data" }
        if start.count > 262, start[257..<262].elementsEqual("ustar".utf8) {
            return "is a tar archive: unpack it, and import what is in it"
        }
        if start.count > 1, start[0] == 0x80, (2...5).contains(start[1]) {
            return "is a pickle of Python, which is a program and never run: numpy.save its array"
        }
        return nil
    }
}

internal import Foundation
internal import Support

/// The files of a single-cell matrix as Cell Ranger and scanpy's readers name them, with one beginning of their names.
struct CellFolder {
    let matrix: String
    let barcodes: String?
    let features: String?

    /// nil for a file without these beside it. Throws ``Failure`` (65, 66, 77) for a folder without a matrix.
    init?(_ path: String) throws {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue else {
            self.init(matrix: path)
            return
        }
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: path) else {
            throw Failure(.noPermission, "\(path): may not be read (permission denied)")
        }
        let folder = path.hasSuffix("/") ? path : path + "/"
        let matrices = names.filter { name in Self.endings.contains { name.hasSuffix($0) } }.sorted()
        let exact = matrices.filter { Self.endings.contains($0) }
        guard let name = exact.count == 1 ? exact[0] : matrices.count == 1 ? matrices[0] : nil else {
            let inside = names.sorted().filter { Self.hasMatrix(folder + $0) }
            let hint =
                !matrices.isEmpty
                ? "several, \(matrices.prefix(8).joined(separator: ", ")): name one of them"
                : inside.isEmpty
                    ? "none"
                    : "none, but there are some in its folders \(inside.prefix(8).joined(separator: ", ")): name one of them"
            throw Failure(.badData, "\(path): no matrix.mtx or matrix.mtx.gz to take: \(hint)")
        }
        if let found = CellFolder(matrix: folder + name) {
            self = found
        } else {
            throw Failure(
                .badData,
                "\(folder)\(name): has no barcodes.tsv or features.tsv beside it: import the file alone, with --transpose if cells are its columns"
            )
        }
    }

    private static let endings = ["matrix.mtx", "matrix.mtx.gz"]

    /// Whether a folder has a matrix of cells in it.
    static func hasMatrix(_ folder: String) -> Bool {
        endings.contains { access("\(folder)/\($0)", F_OK) == 0 }
            || ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).contains { name in
                endings.contains { name.hasSuffix($0) }
            }
    }

    /// The names beside a matrix; nil if there are none.
    private init?(matrix: String) {
        guard let ending = Self.endings.first(where: { matrix.hasSuffix($0) }) else { return nil }
        let start = matrix.dropLast(ending.count)
        func find(_ names: String...) -> String? {
            names.flatMap { name -> [String] in ["\(start)\(name)", "\(start)\(name).gz"] }.first { access($0, F_OK) == 0 }
        }
        self.matrix = matrix
        barcodes = find("barcodes.tsv")
        features = find("features.tsv", "genes.tsv")
        if barcodes == nil, features == nil { return nil }
    }
}

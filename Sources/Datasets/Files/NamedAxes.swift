internal import HDF5

/// What names the rows and the features of an object, where the file's layout says so: AnnData's data frames, or the barcodes and
/// features of 10x Genomics' layout.
struct NamedAxes {
    /// The data frames of the rows and of the features, of AnnData.
    private(set) var rowFrame: AnnDataFrame?
    private(set) var featureFrame: AnnDataFrame?
    /// The paths of the rows' names, and of the features'.
    private(set) var rowNames: String?
    private(set) var featureNames: String?

    /// - Parameter path: of the object, `/raw/X` for example.
    init(_ file: File, _ path: String) throws(HDF5Error) {
        if let genomics = try TenXMatrix(file, path) {
            (rowNames, featureNames) = (genomics.barcodes, genomics.features)
            return
        }
        let parts = path.split(separator: "/").map { String($0) }
        // The annotated data may lie in a group of their own, as in MuData files.
        for depth in 0..<parts.count {
            let root = parts[..<depth].map { "/\($0)" }.joined()
            guard let (rows, features) = Self.frames(of: Array(parts[depth...])),
                let rowFrame = try AnnDataFrame(file, "\(root)/\(rows)")
            else { continue }
            self.rowFrame = rowFrame
            featureFrame = try features.flatMap { features throws(HDF5Error) in try AnnDataFrame(file, "\(root)/\(features)") }
            rowNames = rowFrame.path(of: rowFrame.index)
            featureNames = featureFrame.map { $0.path(of: $0.index) }
            return
        }
    }

    /// The data frames that belong to an element of AnnData; nil for what is none.
    private static func frames(of element: [String]) -> (rows: String, features: String?)? {
        switch (element.first, element.count) {
        case ("X", 1), ("layers", 2): ("obs", "var")
        case ("raw", 2) where element[1] == "X": ("obs", "raw/var")
        // Before anndata 0.7.
        case ("raw.X", 1): ("obs", "raw.var")
        case ("obsm", 2): ("obs", nil)
        case ("obsp", 2): ("obs", "obs")
        case ("varm", 2): ("var", nil)
        case ("varp", 2): ("var", "var")
        default: nil
        }
    }
}

/// A matrix in 10x Genomics' layout: a group with `data`, `indices`, `indptr`, `shape` `[features, cells]` as a data set, by cells.
struct TenXMatrix {
    /// Paths of the names.
    let barcodes: String
    let features: String
    let shape: Dataset

    /// nil if the group is none.
    init?(_ file: File, _ path: String) throws(HDF5Error) {
        let path = path == "/" ? "" : path
        for name in ["barcodes", "data", "indices", "indptr", "shape"] {
            guard try file.item("\(path)/\(name)") == .dataset else { return nil }
        }
        barcodes = "\(path)/barcodes"
        shape = try file.dataset("\(path)/shape")
        // Of Cell Ranger 3 and newer, and of those before.
        for name in ["features/id", "genes"] where try file.item("\(path)/\(name)") == .dataset {
            features = "\(path)/\(name)"
            return
        }
        return nil
    }
}

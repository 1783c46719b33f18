internal import HDF5

/// Rows of numbers in a file, whatever they are stored as.
protocol Rows {
    /// Where they lie in the file.
    var path: String { get }
    var type: ElementType { get }
    var rowCount: Int { get }
    /// Empty if the rows are single numbers.
    var rowShape: [Int] { get }

    /// Reads rows as they are used: all values of each, zeros too. Throws ``HDF5Error`` or ``Failure``.
    func read<Number: HDF5Number & Numeric>(rows: Range<Int>, into destination: UnsafeMutablePointer<Number>) throws

    /// Throws unless what is claimed to be there is there.
    func check() throws
}

/// Rows of a data set, of any number of dimensions.
struct DenseRows: Rows {
    let dataset: Dataset

    var path: String { dataset.path }
    var type: ElementType { dataset.type }
    var rowCount: Int { dataset.rowCount }
    var rowShape: [Int] { Array(dataset.shape.dropFirst()) }

    func read<Number: HDF5Number & Numeric>(rows: Range<Int>, into destination: UnsafeMutablePointer<Number>) throws {
        try dataset.read(rows: rows, into: destination)
    }

    func check() throws { try dataset.checkStorage() }
}

/// Rows of a sparse matrix in compressed rows (CSR), a group of `data`, `indices` and `indptr` as AnnData and scipy write it.
final class SparseRows: Rows {
    let path: String
    let rowCount: Int
    let rowShape: [Int]
    private let file: File
    private let data: Dataset
    private let indices: Dataset
    private let starts: [Int64]

    var type: ElementType { data.type }

    /// The matrix in a group; nil if the group is none.
    ///
    /// - Throws: ``Failure`` for one that is stored by columns, or whose parts do not fit each other.
    init?(_ file: File, _ path: String) throws {
        // The second names are those of anndata before 0.7.
        let encoding = try file.attribute("encoding-type", of: path) ?? file.attribute("h5sparse_format", of: path)
        guard case .string(let format) = encoding, ["csr", "csc"].contains(format.prefix(3)) else { return nil }
        let name = "\(file.path):\(path)"
        if format.hasPrefix("csc") {
            throw Failure(
                .badData, "\(name) is sparse by columns (CSC), but rows are needed: write it as CSR (X.tocsr() in scipy)")
        }
        guard case .doubles(let shape) = try file.attribute("shape", of: path) ?? file.attribute("h5sparse_shape", of: path),
            shape.count == 2, shape.allSatisfy({ $0 >= 0 && $0 < 1e12 })
        else { throw Failure(.badData, "\(name) is a sparse matrix without a shape of rows and columns") }
        self.file = file
        self.path = path
        rowCount = Int(shape[0])
        rowShape = [Int(shape[1])]
        data = try file.dataset("\(path)/data")
        indices = try file.dataset("\(path)/indices")
        let pointers = try file.dataset("\(path)/indptr")
        guard data.shape == indices.shape, data.shape.count == 1, pointers.shape == [rowCount + 1] else {
            throw Failure(
                .badData,
                "\(name): \(rowCount) rows need \(rowCount + 1) row starts and a column for each value, but there are \(pointers.shape), "
                    + "\(indices.shape) and \(data.shape)")
        }
        try pointers.checkStorage()
        starts = try pointers.read(Int64.self)
        for row in 0..<rowCount where starts[row] > starts[row + 1] || starts[row] < 0 {
            throw Failure(.badData, "\(name): row \(row) ends before it begins")
        }
        guard starts[0] == 0, starts[rowCount] == Int64(data.rowCount) else {
            throw Failure(.badData, "\(name): the rows take \(starts[rowCount]) values, but there are \(data.rowCount)")
        }
    }

    func read<Number: HDF5Number & Numeric>(rows: Range<Int>, into destination: UnsafeMutablePointer<Number>) throws {
        let features = rowShape[0]
        destination.update(repeating: 0, count: rows.count * features)
        let stored = Int(starts[rows.lowerBound])..<Int(starts[rows.upperBound])
        let values = try data.read(Number.self, rows: stored)
        let columns = try indices.read(Int64.self, rows: stored)
        for row in rows {
            let target = destination + (row - rows.lowerBound) * features
            for place in Int(starts[row])..<Int(starts[row + 1]) {
                let column = columns[place - stored.lowerBound]
                guard column >= 0, column < Int64(features) else {
                    throw Failure(.badData, "\(file.path):\(path): row \(row) has a value in column \(column) of \(features)")
                }
                guard target[Int(column)] == 0 else {
                    throw Failure(
                        .badData,
                        "\(file.path):\(path): row \(row) has two values in column \(column): use X.sum_duplicates() in scipy")
                }
                target[Int(column)] = values[place - stored.lowerBound]
            }
        }
    }

    func check() throws {
        if data.rowCount == 0 { return }
        try data.checkStorage()
        try indices.checkStorage()
    }
}

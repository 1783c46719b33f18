internal import Datasets
internal import Foundation
internal import HDF5
internal import Support

/// The reading of files for an inspection, by the child process.
extension Inspection {
    /// Data sets up to this size are read whole, of larger ones samples.
    private static let wholeBytes = 64 << 20
    /// What is read of one file; of the data sets beyond it no values are shown.
    private static let budget = 512 << 20
    /// What is read of a data set of strings, as much as before a run.
    private static let stringCount = 1 << 20
    /// Longer attributes are cut off.
    private static let attributeLength = 10_000

    /// Looks at all of a file. Throws ``Failure``.
    static func summary(of path: String) throws -> Summary {
        do throws(HDF5Error) {
            let file = try File.open(path)
            let contents = file.contents()
            var summary = Summary(file: path, isComplete: contents.isComplete)
            summary.problems = contents.problems.map { "\($0.object ?? "/"): \($0.reason)" }
            summary.attributes = (try? rootAttributes(of: file)) ?? [:]
            summary.format = summary.attributes["format"]
            summary.sparse = contents.groups.compactMap { sparseMatrix($0, in: file) }
            summary.problems += FileCheck.problems(of: file, contents, summary.sparse, summary.format)
            let parts = Set(summary.sparse.flatMap { matrix in ["data", "indices", "indptr"].map { "\(matrix.path)/\($0)" } })
            var budget = budget
            for path in contents.datasets where !parts.contains(path) {
                summary.datasets.append(item(path, in: file, budget: &budget))
                ChildLimits.giveSignOfLife()
            }
            return summary
        } catch {
            throw Failure(error)
        }
    }

    private static func rootAttributes(of file: File) throws(HDF5Error) -> [String: String] {
        var attributes: [String: String] = [:]
        for name in try file.attributeNames() {
            guard let value = try file.attribute(name) else { continue }
            let text =
                switch value {
                case .integer(let number): "\(number)"
                case .double(let number): "\(number)"
                case .boolean(let value): "\(value)"
                case .string(let string): string
                case .strings(let strings): strings.prefix(100).joined(separator: ", ")
                case .doubles(let numbers): numbers.prefix(100).map { "\($0)" }.joined(separator: ", ")
                case .integers(let numbers): numbers.prefix(100).map { "\($0)" }.joined(separator: ", ")
                }
            attributes[name] = String(decoding: text.utf8.prefix(attributeLength), as: UTF8.self)
        }
        return attributes
    }

    private static func item(_ path: String, in file: File, budget: inout Int) -> Item {
        var item = Item(path: path)
        do throws(HDF5Error) {
            let dataset = try file.dataset(path)
            item.shape = dataset.shape
            item.type = dataset.type.description
            item.chunks = dataset.chunkShape
            item.filters = dataset.filters
            try dataset.checkClaim()
            item.bytes = dataset.storageSize
            item.attributes = try file.attributeCount(of: path)
            if dataset.type.elementClass == .string { try FileCheck.readStrings(dataset, most: stringCount) }
            guard dataset.type.isNumeric, !dataset.shape.contains(0) else { return item }
            item.note = chunkAdvice(dataset, file: file.path)
            try dataset.checkStorage()
            let bytes = dataset.byteCount
            if !dataset.filters.isEmpty { item.ratio = Double(bytes) / Double(max(item.bytes, 1)) }
            // Chunks with filters are decoded whole, whatever is read of them.
            let chunkBytes = dataset.filters.isEmpty ? 0 : dataset.chunkBytes ?? 0
            let readBytes = bytes <= wholeBytes ? bytes : 16 * max(chunkBytes, 1 << 20)
            guard chunkBytes <= ValueScan.largestChunk, readBytes <= budget else { return item }
            budget -= readBytes
            item.values = try ValueScan(dataset, wholeBytes: wholeBytes, progress: ChildLimits.giveSignOfLife)
        } catch {
            item.problem = error.reason
        }
        return item
    }

    /// The sparse matrix that a group is; nil if it is none.
    static func sparseMatrix(_ group: String, in file: File) -> SparseMatrix? {
        // The second names are those of anndata before 0.7.
        func attribute(_ names: String...) -> AttributeValue? {
            names.lazy.compactMap { try? file.attribute($0, of: group) }.first
        }
        guard case .string(let encoding) = attribute("encoding-type", "h5sparse_format"),
            ["csr", "csc"].contains(encoding.prefix(3)), case .doubles(let shape) = attribute("shape", "h5sparse_shape"),
            shape.count == 2,
            let parts = try? ["data", "indices", "indptr"].map({ try file.dataset("\(group)/\($0)") })
        else { return nil }
        return SparseMatrix(
            path: group, format: encoding.prefix(3).uppercased(), shape: shape.map { Int(exactly: $0.rounded()) ?? 0 },
            storedCount: parts[0].rowCount, bytes: parts.reduce(0) { $0 + $1.storageSize })
    }
}

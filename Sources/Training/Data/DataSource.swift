internal import Distributed
internal import Foundation
internal import HDF5

/// What is used of data files besides the data themselves; as the section `data` of the configuration has it.
public struct DataOptions: Codable, Sendable, Equatable {
    /// Paths in the files; empty for labels that lie beside the data, and for no mask and no weights.
    public var labels = ""
    public var mask = ""
    public var weights = ""
    /// `FIRST:END[:STEP]` or the path of a mask of rows; empty for all.
    public var rows = ""
    /// The labels of the rows to use, by commas; empty for all.
    public var onlyLabels = ""
    /// Numbers of a row that are packed eight a byte; 0 if they are not.
    public var packedBits = 0
    /// Rows and columns of contact maps; 0 for what the largest index needs.
    public var mapSize = 0

    public init() {}
}

/// The rows that one `--data` names, from one file or several, with their labels, ids and weights.
final class DataSource {
    /// `file.h5:/path`, for messages.
    let name: String
    /// The rows in use. Every row has one number in all of the program: its place in the files, one after the other.
    private(set) var selection: RowSet
    /// The shape of a row, and the number of its values.
    let rowShape: [Int]
    let format: RowFormat
    let labels: RowValues?
    /// Why there are none, where some lie beside the data that do not fit.
    let misfit: String?
    let ids: RowValues?
    let weights: RowValues?
    /// What the weights are multiplied by.
    var weightScale = 1.0
    let content: any Rows
    /// The paths of the files.
    let files: [String]
    /// The path of the file, if it is one.
    var onlyFile: String? { files.count == 1 ? files[0] : nil }

    /// The rows in use.
    var rowCount: Int { selection.count }
    var features: Int { format.features }

    /// Opens what a ``DataSpecification`` names.
    ///
    /// - Throws: ``Failure`` that says what is there instead.
    static func open(_ specification: String, _ options: DataOptions = DataOptions()) throws -> DataSource {
        try open(DataSpecification(specification), options)
    }

    /// The same for one that was taken apart already.
    static func open(_ specification: DataSpecification, _ options: DataOptions = DataOptions()) throws -> DataSource {
        do {
            return try DataSource(specification.items.map { try DataFile($0, options) }, options)
        } catch let error as HDF5Error {
            throw Failure(error)
        }
    }

    private init(_ files: [DataFile], _ options: DataOptions) throws {
        let content = files.count == 1 ? files[0].rows : try ConcatenatedRows(files.map(\.rows))
        let name = content.name
        let features = content.features
        guard content.rowCount > 0, features > 0 else {
            throw Failure(.badData, "\(name) has the shape \([content.rowCount] + content.rowShape): there is nothing in it")
        }
        guard features <= 1 << 26 else {
            throw Failure(.badData, "\(name) has rows of \(features) values: at most \(1 << 26) are possible")
        }
        self.content = content
        self.files = files.map(\.path)
        self.name = name
        rowShape = content.rowShape
        format = RowFormat(numbers: content.format, features: features)
        labels = RowValues(try files.map { try $0.labels(options.labels) })
        misfit = labels == nil && options.labels.isEmpty ? try files.lazy.compactMap { try $0.labelsThatDoNotFit() }.first : nil
        ids = RowValues(try files.map { try $0.ids() })
        weights = options.weights.isEmpty ? nil : RowValues(try files.map { try $0.weights(options.weights) })
        let count = content.rowCount
        if options.rows.isEmpty {
            selection = RowSet(all: count)
        } else if options.rows.hasPrefix("/") {
            let mask = RowValues(try files.map { try $0.values(options.rows, "mask of rows") })
            guard let mask, mask.kind != .strings else {
                throw Failure(.badData, "\(name): the mask of rows \(options.rows) must hold numbers, 0 for rows to leave out")
            }
            selection = try RowSelection.mask(mask, count: count)
        } else {
            selection = try RowSelection.ranges(options.rows, count: count)
        }
        if !options.onlyLabels.isEmpty {
            guard let labels else {
                throw Failure(.badData, misfit ?? "\(name) has no labels, which fit-normal goes by: name their path by --labels")
            }
            selection = try RowSelection.labels(options.onlyLabels, labels, among: selection)
        }
        guard selection.count > 0 else {
            throw Failure(
                .badData,
                "\(name): \(options.onlyLabels.isEmpty ? "rows '\(options.rows)'" : "fit-normal \(options.onlyLabels)") leave none of \(count)"
            )
        }
    }

    /// Leaves rows out. - Parameter rows: those that stay.
    func keep(_ rows: RowSet) { selection = rows }

    /// The element type and shape, for messages and logs.
    var description: String {
        let shape = rowShape.map(String.init).joined(separator: " x ")
        let left = selection.count == selection.universe ? "" : " of \(selection.universe)"
        return "\(name), \(rowCount)\(left) rows of \(shape) \(content.type)"
    }

    /// Shape, type, and a digest of samples from all over the data set: tells whether a run goes on with the data it began with.
    func fingerprint() throws -> String {
        var digest = SHA256()
        digest.update("\([rowCount] + rowShape) \(content.type)")
        let count = min(rowCount, 16)
        let store = RowStore(format: RowFormat(numbers: .float32, features: features), capacity: 1)
        do {
            let reader = try content.makeReader(.float32)
            for sample in 0..<min(64, rowCount) {
                let first = min(sample * rowCount / 64, rowCount - count)
                for row in selection.rows(first..<first + count) {
                    try reader.read(Int(row)..<Int(row) + 1, into: store.memory)
                    digest.update(UnsafeRawBufferPointer(start: store.memory, count: store.format.rowBytes))
                }
            }
        } catch let error as HDF5Error {
            throw Failure(error)
        }
        return digest.finalize()
    }
}

extension Failure {
    /// An HDF5 file that cannot be read.
    init(_ error: HDF5Error) {
        let code: ExitCode =
            switch error.kind {
            case .missingFile: .inputMissing
            case .noPermission: .noPermission
            default: .badData
            }
        self.init(code, error.description)
    }

    /// A file that cannot be written.
    init(_ error: FileError) {
        self.init(error.isPlaceUnwritable ? .cannotCreate : .inputOutput, error.description)
    }

    /// An HDF5 file that cannot be written.
    init(writing error: HDF5Error) { self.init(.inputOutput, error.description) }
}

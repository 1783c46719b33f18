internal import Distributed
internal import Foundation
internal import HDF5
package import Support

/// What is used of data files besides the data themselves; as the section `data` of the configuration has it.
public struct DataOptions: Codable, Sendable, Equatable {
    /// Paths in the files; empty for labels that lie beside the data, and for no mask and no weights.
    public var labels = ""
    public var mask = ""
    public var weights = ""
    /// Columns that rows are conditioned on, by commas; empty for none.
    public var conditions = ""
    /// `FIRST:END[:STEP]` or the path of a mask of rows; empty for all.
    public var rows = ""
    /// Features to use: `FIRST:END[:STEP]`, names, or the path of a mask of features; empty for all.
    public var columns = ""
    /// The path of the features' names; empty for those beside the data, `none` to go by places alone.
    public var featureNames = ""
    /// The labels of the rows to use, by commas; empty for all.
    public var onlyLabels = ""
    /// Numbers of a row that are packed eight a byte; 0 if they are not.
    public var packedBits = 0
    /// Rows and columns of contact maps; 0 for what the largest index needs.
    public var mapSize = 0

    public init() {}
}

/// The rows that one `--data` names, from one file or several, with their labels, ids and weights.
package final class DataSource {
    /// `file.h5:/path`, for messages.
    package let name: String
    /// The rows in use. Every row has one number in all of the program: its place in the files, one after the other.
    package private(set) var selection: RowSet
    /// The shape of a row, and the number of its values.
    package let rowShape: [Int]
    package private(set) var format: RowFormat
    package let labels: RowValues?
    /// Why there are none, where some lie beside the data that do not fit.
    package let misfit: String?
    package let ids: RowValues?
    /// What users should know of the files.
    package private(set) var notes: [String]
    package let weights: RowValues?
    /// What the weights are multiplied by.
    var weightScale = 1.0
    /// What rows are conditioned on, as the files have it; nil for nothing.
    package let conditionValues: ConditionValues?
    /// What the model knows of it.
    private(set) var conditions: Conditions?
    package let content: any Rows
    /// The features' names, in order; nil where there are none.
    package let featureNames: [String]?
    /// Of each feature its column in the first file; nil for all as they are.
    package let columns: [Int]?
    /// The masks of the files.
    package let masks: [DenseRows]
    /// The file, if it is one.
    package let onlyFile: DataFile?
    /// The rows of each file, one file after the other.
    package let parts: [(path: String, rows: any Rows)]
    /// Whether AnnData names rows in any of the files.
    package let isAnnotated: Bool

    /// The most values that a row may have.
    package static let mostFeatures = 1 << 26

    /// The rows in use.
    package var rowCount: Int { selection.count }
    package var features: Int { format.features }
    /// The paths of the files.
    package var files: [String] { parts.map(\.path) }

    /// The features that rows must have, by name.
    package struct Features {
        package let names: [String]
        /// Whose they are, for messages.
        package let origin: String

        package init(names: [String], origin: String) {
            self.names = names
            self.origin = origin
        }
    }

    /// Opens what a ``DataSpecification`` names.
    ///
    /// - Parameter features: what the rows must have; nil for what they have.
    /// - Throws: ``Failure`` that says what is there instead.
    package static func open(
        _ specification: String, _ options: DataOptions = DataOptions(), as features: Features? = nil
    ) throws -> DataSource {
        try open(DataSpecification(specification), options, as: features)
    }

    /// The same for one that was taken apart already.
    package static func open(
        _ specification: DataSpecification, _ options: DataOptions = DataOptions(), as features: Features? = nil
    ) throws -> DataSource {
        do {
            return try DataSource(specification.items.map { try DataFile($0, options) }, options, as: features)
        } catch let error as HDF5Error {
            throw Failure(error)
        }
    }

    private init(_ files: [DataFile], _ options: DataOptions, as wanted: Features?) throws {
        let selected = try Self.columns(of: files, options, as: wanted)
        (featureNames, columns) = (selected[0].names, selected[0].columns)
        masks = files.compactMap(\.mask)
        let parts = zip(files, selected).map { file, own in
            own.columns.map { SelectedColumns(file.rows, columns: $0) } ?? file.rows
        }
        let content = parts.count == 1 ? parts[0] : try ConcatenatedRows(parts)
        let name = content.name
        let features = content.features
        guard content.rowCount > 0, features > 0 else {
            throw Failure(.badData, "\(name) has the shape \([content.rowCount] + content.rowShape): there is nothing in it")
        }
        guard features <= Self.mostFeatures else {
            throw Failure(.badData, "\(name) has rows of \(features) values: at most \(Self.mostFeatures) are possible")
        }
        self.content = content
        onlyFile = files.count == 1 ? files[0] : nil
        self.parts = zip(files, parts).map { ($0.path, $1) }
        isAnnotated = files.contains { $0.rowFrame != nil }
        self.name = name
        rowShape = content.rowShape
        var format = RowFormat(numbers: content.format, features: features, isWide: content.isWide)
        if format.numbers == .float32, let values = content.valueCount(0..<content.rowCount) {
            // Packing costs time, so it has to save some room.
            format.isPacked =
                RowStore.byteCount(packed: values, rows: content.rowCount, format) < content.rowCount * format.rowBytes / 2
        }
        self.format = format
        let counts = files.map(\.rows.rowCount)
        let allLabels = try files.map { try $0.labels(options.labels) }
        labels = RowValues(allLabels, counts: counts)
        misfit = try zip(files, allLabels).lazy.compactMap { try $1 == nil ? $0.labelsThatDoNotFit() : nil }.first
        let allIDs = try files.map { try $0.ids() }
        let isAnyWithoutIDs = allIDs.contains { $0 == nil }
        ids = isAnyWithoutIDs ? nil : RowValues(allIDs, counts: counts)
        var notes = selected.compactMap(\.note)
        if misfit == nil, let place = allLabels.firstIndex(where: { $0 == nil }) {
            if let other = try files[place].labelsOfOtherKinds() { notes.append(other) }
            if labels != nil {
                notes.append("\(files[place].rows.name) has no labels beside it, as others have: its rows have none")
            }
        }
        if isAnyWithoutIDs, allIDs.contains(where: { $0 != nil }), let place = allIDs.firstIndex(where: { $0 == nil }) {
            notes.append("\(files[place].rows.name) has no ids, as others have: rows go by their numbers")
        }
        self.notes = notes
        weights = options.weights.isEmpty ? nil : RowValues(try files.map { try $0.weights(options.weights) }, counts: counts)
        conditionValues =
            options.conditions.isEmpty
            ? nil
            : try ConditionValues(options.conditions, of: name) { path in
                RowValues(try files.map { try $0.values(path, "condition") }, counts: counts)!
            }
        let count = content.rowCount
        if options.rows.isEmpty {
            selection = RowSet(all: count)
        } else if options.rows.hasPrefix("/") {
            let mask = RowValues(try files.map { try $0.values(options.rows, "mask of rows") }, counts: counts)
            guard let mask, mask.isNumeric else {
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
            let wanted = listed(options.onlyLabels)
            let classes = try LabelClasses(labels, selection)
            selection = try RowSelection.labels(classes.resolve(wanted, "fit-normal", of: name), labels, among: selection)
            if classes.rowsWithoutLabel > 0 {
                self.notes.append("\(classes.rowsWithoutLabel) rows of \(name) have no label: fit-normal leaves them out")
            }
        }
        guard selection.count > 0 else {
            throw Failure(
                .badData,
                "\(name): \(options.onlyLabels.isEmpty ? "rows '\(options.rows)'" : "fit-normal \(options.onlyLabels)") leave none of \(count)"
            )
        }
    }

    /// The features of each file's rows, the same in all: by their names where they have some, else by their places. Throws ``Failure``.
    private static func columns(of files: [DataFile], _ options: DataOptions, as wanted: Features?) throws -> [FeatureColumns] {
        var wanted = options.featureNames == "none" ? nil : wanted
        var mayHaveMore = wanted != nil
        var all: [FeatureColumns] = []
        for file in files {
            let found = FeatureColumns.Found(
                name: file.rows.name, count: file.rows.features,
                names: options.featureNames == "none" ? nil : try file.featureNames(options.featureNames),
                mask: { try file.featureMask($0) })
            // Of further files those are taken that the first has; there names may choose.
            let isFurther = wanted != nil && !all.isEmpty
            var own = try FeatureColumns(isFurther ? "" : options.columns, of: found)
            if let wanted {
                own = try FeatureColumns(own, of: found, as: wanted.names, of: wanted.origin, mayHaveMore: mayHaveMore)
            } else if all.isEmpty, let names = own.names {
                wanted = Features(names: names, origin: found.name)
                mayHaveMore = !options.columns.isEmpty
            }
            all.append(own)
        }
        return all
    }

    /// Takes rows with the numbers of their conditions, as a model knows them. Throws ``Failure`` where there are others.
    package func use(_ conditions: Conditions) throws(Failure) {
        guard conditionValues?.columns.count == conditions.columns.count else {
            throw Failure(.configuration, "the model knows \(conditions.description): name as many columns by --condition")
        }
        self.conditions = conditions
        format.conditions = conditions.width
    }

    /// Leaves rows out. - Parameter rows: those that stay.
    package func keep(_ rows: RowSet) { selection = rows }

    /// The element type and shape, for messages and logs.
    package var description: String {
        let shape = rowShape.map(String.init).joined(separator: " x ")
        let left = selection.count == selection.universe ? "" : " of \(selection.universe)"
        return "\(name), \(rowCount)\(left) rows of \(shape) \(content.type)"
    }

    /// Shape, type, and a digest of samples from all over the data set: tells whether a run goes on with the data it began with.
    package func fingerprint() throws -> String {
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

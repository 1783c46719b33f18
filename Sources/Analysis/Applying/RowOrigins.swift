package import Datasets
internal import Distributed
internal import Foundation
internal import HDF5
internal import Support
package import Training
internal import VAE

/// What the rows of a data set were used for by the run that a model is from: training, validation, test, or nothing.
package struct RowOrigins {
    /// A stretch of rows that are some of the run's, and what each was used for.
    private struct Stretch {
        let rows: Range<Int>
        /// - Parameter row: counted from the first of the stretch.
        let part: (_ row: Int) -> Part
    }

    private let stretches: [Stretch]

    func part(ofRow row: Int) -> Part {
        stretches.first { $0.rows.contains(row) }.map { $0.part(row - $0.rows.lowerBound) } ?? .new
    }

    /// All are new.
    static var none: RowOrigins { RowOrigins(stretches: []) }

    private init(stretches: [Stretch]) { self.stretches = stretches }

    /// Of the very rows that a run had, divided as it did.
    init(_ source: DataSource, split: Split) {
        let selection = source.selection
        stretches = [
            Stretch(rows: 0..<selection.universe) { selection.contains($0) ? split.part(ofRow: $0) : .new }
        ]
    }

    /// File by file, where the run had one with the same rows, whatever they are called. Throws ``Failure``.
    init(_ source: DataSource, among data: RunData) throws {
        let split = data.split
        var known: [(rows: any Rows, part: (Int) -> Part)] = []
        func add(_ own: DataSource, _ part: @escaping (_ row: Int) -> Part) {
            let selection = own.selection
            var first = 0
            for file in own.parts {
                let begin = first
                known.append((file.rows, { selection.contains(begin + $0) ? part(begin + $0) : .new }))
                first += file.rows.rowCount
            }
        }
        // Where files are used twice, what was trained on counts most.
        add(data.source) { split.part(ofRow: $0) }
        if let validation = data.validationSource { add(validation) { _ in .validation } }
        if let test = data.testSource { add(test) { _ in .test } }
        var found: [Stretch] = []
        var first = 0
        for file in source.parts {
            let rows = first..<first + file.rows.rowCount
            first = rows.upperBound
            if let same = try known.first(where: { try Self.haveSameRows(file.rows, $0.rows) }) {
                found.append(Stretch(rows: rows, part: same.part))
            }
        }
        stretches = found
    }

    /// Whether shape and type are the same, and some rows evenly over all.
    private static func haveSameRows(_ a: any Rows, _ b: any Rows) throws -> Bool {
        guard a.rowCount == b.rowCount, a.rowShape == b.rowShape, "\(a.type)" == "\(b.type)" else { return false }
        let bytes = RowFormat(numbers: .float32, features: a.features).rowBytes
        let stores = (0..<2).map { _ in RowStore(format: RowFormat(numbers: .float32, features: a.features), capacity: 1) }
        do {
            let readers = [try a.makeReader(.float32), try b.makeReader(.float32)]
            let count = min(a.rowCount, samples)
            for sample in 0..<count {
                Heartbeat.beat()
                let row = sample * a.rowCount / count
                for (reader, store) in zip(readers, stores) { try reader.read(row..<row + 1, into: store.memory) }
                if memcmp(stores[0].memory, stores[1].memory, bytes) != 0 { return false }
            }
        } catch let error as HDF5Error {
            throw Failure(error)
        }
        return true
    }

    private static let samples = 64
}

extension TrainedModel {
    /// What the rows of a data set were used for by the model's run, as far as the checkpoint and the run's folder tell. Collective; throws
    /// ``SharedFailure``.
    ///
    /// - Parameter data: that of the run, where it is open.
    package func origins(of source: DataSource, among data: RunData? = nil) throws -> RowOrigins {
        var isWhole: Int64 = 0
        try world.onRoot { isWhole = try source.fingerprint() == checkpoint.data.fingerprint ? 1 : 0 }
        if try world.communicator.broadcast(isWhole) == 1 {
            return RowOrigins(source, split: Split(source.selection, configuration))
        }
        guard let data = try data ?? runData(sharingFilesWith: source) else { return .none }
        return try world.together { try RowOrigins(source, among: data) }
    }

    /// The data of the run, if one of a source's files may be among them; by the files' sizes, so that others need not be opened.
    private func runData(sharingFilesWith source: DataSource) throws -> RunData? {
        guard let record = try runRecord() else { return nil }
        var mayShare: Int64 = 0
        try world.onRoot {
            guard let run = try? record.located().data else { return }
            let paths = [run.data, run.validationData, run.testData].flatMap {
                (try? DataSpecification($0).items.map(\.file)) ?? []
            }
            mayShare = Set(paths.map(Self.size)).isDisjoint(with: source.parts.map { Self.size($0.path) }) ? 0 : 1
        }
        return try world.communicator.broadcast(mayShare) == 1 ? runData(record) : nil
    }

    private static func size(_ path: String) -> Int {
        var status = stat()
        return stat(path, &status) == 0 ? Int(status.st_size) : -1
    }

    /// Opens the data of the model's run. Collective; throws ``SharedFailure`` that names the run.
    func runData(_ record: RunRecord) throws -> RunData {
        let located = try world.together { try record.located() }
        do {
            try world.onRoot {
                for data in [located.data.data, located.data.validationData, located.data.testData] where !data.isEmpty {
                    try FileProbe.survives(data, located.data.options)
                }
            }
            return try RunData(located, as: checkpoint.features, conditions: checkpoint.conditions, world: world)
        } catch let failure as SharedFailure {
            throw SharedFailure(exitStatus: failure.exitStatus, message: failure.message.map { "\(record.file): \($0)" })
        }
    }
}

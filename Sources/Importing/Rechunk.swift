public import Datasets
internal import Foundation
internal import HDF5
internal import Logging
internal import Support

extension Importer {
    /// Copies the rows of HDF5 files, of any kind that can be trained on, into one data set whose chunks are good to read by: about
    /// a quarter of a megabyte of whole rows, compressed, with checksums. Labels and ids go along.
    ///
    /// Numbers keep their type where they are stored in one; sparse and masked rows become float32, or float64 if they have more
    /// digits, lists of contacts and packed bits int8.
    ///
    /// - Parameter data: as of `train`.
    /// - Returns: what was written, as a line of text.
    /// - Throws: ``Failure`` (65, 66, 73, 74, 77).
    public func importHDF5(_ data: String, _ options: DataOptions) throws -> String {
        try requireKept(data)
        try FileProbe.survives(data, options)
        let source = try DataSource.open(data, options)
        for text in source.notes { log.notice("\(text)") }
        let stored = source.content.stored
        let (type, format): (NumberType, NumberFormat) =
            switch stored {
            case .pixel, .uint8: (.uint8, stored)
            case .int8: (.int8, stored)
            case .int16: (.int16, stored)
            case .uint16: (.uint16, stored)
            case .int32: (.int32, stored)
            case .uint32: (.uint32, stored)
            case .int64: (.int64, stored)
            case .uint64: (.uint64, stored)
            case .float64: (.float64, stored)
            case .float32, .float16: (.float32, .float32)
            case .bit: (.int8, .float32)
            }
        return try type.with { try copy(source, as: $0, format) }
    }

    /// Throws ``Failure`` (73) if the group that is to be written holds what is read.
    private func requireKept(_ data: String) throws {
        let own = try DataSpecification(data).items.filter { FileIdentity($0.file) == FileIdentity(output) }.flatMap(\.objects)
        guard !group.isEmpty, let object = own.first(where: { $0 == group || $0.hasPrefix("\(group)/") }) else { return }
        throw Failure(
            .cannotCreate, "\(output):\(object) is read by this command, and is not replaced: give another --name or --output")
    }

    private func copy<Number: HDF5Number>(_ source: DataSource, as _: Number.Type, _ format: NumberFormat) throws -> String {
        let shape = [source.rowCount] + source.rowShape
        let rowBytes = format.byteCount(source.features)
        let step = max(1, Self.pieceBytes / rowBytes)
        let piece = UnsafeMutableRawPointer.allocate(byteCount: min(step, source.rowCount) * rowBytes, alignment: 64)
        defer { piece.deallocate() }
        Activity.begin("importing", of: source.rowCount, "rows")
        defer { Activity.end() }
        return try write(byteCount: source.rowCount * (source.features * MemoryLayout<Number>.size + 64)) { file in
            let dataset = try file.createDataset("\(group)/data", Number.self, shape: shape, compressed: true)
            let labels = try CopiedColumn("\(group)/label", of: [source.labels], in: file, count: source.rowCount)
            let ids = try CopiedColumn("\(group)/id", of: [source.ids], in: file, count: source.rowCount)
            if ids == nil { try writeRowNumbers(source.rowCount, to: file) }
            try file.write(featureNames: source.featureNames, group: group)
            let reader = try source.content.makeReader(format)
            for first in stride(from: 0, to: source.rowCount, by: step) {
                let target = first..<min(first + step, source.rowCount)
                let rows = source.selection.rows(target)
                try read(rows, with: reader, rowBytes: rowBytes, into: piece)
                if format == .float32, Number.self == Int8.self {
                    let numbers = piece.assumingMemoryBound(to: Float.self)
                    try dataset.write((0..<rows.count * source.features).map { Int8(numbers[$0]) }, rows: target)
                } else {
                    try dataset.write(piece.assumingMemoryBound(to: Number.self), rows: target)
                }
                if let labels { try labels.copy(from: source.labels, rows: rows, to: target) }
                if let ids { try ids.copy(from: source.ids, rows: rows, to: target) }
                Activity.advance(to: target.upperBound)
            }
            return summary(shape, dataset.type.description, labels: labels != nil, names: source.featureNames != nil)
        }
    }

    /// Reads rows, run after run of those that follow each other. What is wrong with them is not the output's fault.
    private func read(_ rows: [Int64], with reader: any RowReader, rowBytes: Int, into target: UnsafeMutableRawPointer) throws {
        do {
            var done = 0
            while done < rows.count {
                var end = done + 1
                while end < rows.count, rows[end] == rows[done] + Int64(end - done) { end += 1 }
                let first = Int(rows[done])
                try reader.read(first..<first + end - done, into: target + done * rowBytes)
                done = end
            }
        } catch let error as HDF5Error {
            throw Failure(error)
        }
    }
}

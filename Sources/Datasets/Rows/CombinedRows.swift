internal import HDF5
internal import Support

/// The rows of several files, one file after the other.
final class ConcatenatedRows: Rows {
    let parts: [any Rows]
    let name: String
    let rowCount: Int
    let rowShape: [Int]
    let format: NumberFormat
    /// The first row of each part, and at the end the number of all rows.
    let firstRow: [Int]

    var type: String { parts[0].type }
    var stored: NumberFormat {
        if parts.allSatisfy({ $0.stored == parts[0].stored }) { return parts[0].stored }
        return parts.contains { $0.isWide } ? .float64 : format
    }

    /// Throws ``Failure`` where rows differ in shape, or in what their numbers mean.
    init(_ parts: [any Rows]) throws {
        for part in parts.dropFirst() {
            guard part.rowShape == parts[0].rowShape else {
                throw Failure(
                    .badData,
                    "\(part.name) has rows of shape \(part.rowShape), but \(parts[0].name) of \(parts[0].rowShape): "
                        + "files can be joined only if their rows are alike")
            }
            guard (part.format == .pixel) == (parts[0].format == .pixel), (part.format == .bit) == (parts[0].format == .bit)
            else {
                throw Failure(
                    .badData,
                    "\(part.name) holds \(part.type), but \(parts[0].name) \(parts[0].type): bytes are taken for pixels (divided by 255), "
                        + "so they cannot be mixed with other numbers")
            }
        }
        self.parts = parts
        name = parts.count == 1 ? parts[0].name : "\(parts[0].name) and \(parts.count - 1) more"
        firstRow = parts.reduce(into: [0]) { $0.append($0.last! + $1.rowCount) }
        rowCount = firstRow.last!
        rowShape = parts[0].rowShape
        format = parts.allSatisfy { $0.format == parts[0].format } ? parts[0].format : .float32
    }

    func makeReader(_ format: NumberFormat) throws -> any RowReader {
        Reader(
            try parts.map { try $0.makeReader(format) }, firstRow: firstRow, rowBytes: format.byteCount(features))
    }

    var chunkRows: Int { parts.map(\.chunkRows).max() ?? 1 }

    func valueCount(_ rows: Range<Int>) -> Int? {
        sum(
            of: parts.enumerated().map { index, part in
                let (first, own) = (firstRow[index], rows.clamped(to: firstRow[index]..<firstRow[index + 1]))
                return (part, own.isEmpty ? 0..<0 : own.lowerBound - first..<own.upperBound - first)
            })
    }

    func advice() -> String? { parts.lazy.compactMap { $0.advice() }.first }

    private final class Reader: RowReader {
        private let readers: [any RowReader]
        private let firstRow: [Int]
        private let rowBytes: Int

        init(_ readers: [any RowReader], firstRow: [Int], rowBytes: Int) {
            self.readers = readers
            self.firstRow = firstRow
            self.rowBytes = rowBytes
        }

        var memoryBytes: Int { readers.reduce(0) { $0 + $1.memoryBytes } }

        func read(_ rows: Range<Int>, into destination: UnsafeMutableRawPointer) throws {
            for (part, reader) in readers.enumerated() {
                let own = rows.clamped(to: firstRow[part]..<firstRow[part + 1])
                if own.isEmpty { continue }
                try reader.read(
                    own.lowerBound - firstRow[part]..<own.upperBound - firstRow[part],
                    into: destination + (own.lowerBound - rows.lowerBound) * rowBytes)
            }
        }
    }
}

/// The values other than 0 of rows that come together, of dense ones all; nil if all are dense.
private func sum(of parts: [(rows: any Rows, range: Range<Int>)]) -> Int? {
    let counts = parts.map { $0.rows.valueCount($0.range) }
    guard counts.contains(where: { $0 != nil }) else { return nil }
    return zip(parts, counts).reduce(0) { $0 + ($1.1 ?? $1.0.range.count * $1.0.rows.features) }
}

/// Data sets side by side: the values of a row are those of all, one data set after the other.
final class JoinedRows: Rows {
    private let parts: [any Rows]
    let name: String
    let rowCount: Int
    let rowShape: [Int]
    let format: NumberFormat

    var type: String { parts.map(\.type).joined(separator: " and ") }
    var stored: NumberFormat {
        if parts.allSatisfy({ $0.stored == parts[0].stored && $0.stored != .bit }) { return parts[0].stored }
        return parts.contains { $0.isWide } ? .float64 : format
    }

    /// Throws ``Failure`` where numbers of rows differ.
    init(_ parts: [any Rows]) throws {
        for part in parts.dropFirst() {
            guard part.rowCount == parts[0].rowCount else {
                throw Failure(
                    .badData,
                    "\(part.name) has \(part.rowCount) rows, but \(parts[0].name) \(parts[0].rowCount): "
                        + "data sets can be put side by side only if they have a row each for the same things")
            }
        }
        self.parts = parts
        name = parts[0].name + parts.dropFirst().map { "+\($0.name.drop { $0 != ":" }.dropFirst())" }.joined()
        rowCount = parts[0].rowCount
        rowShape = [parts.reduce(0) { $0 + $1.features }]
        format = parts.allSatisfy { $0.format == parts[0].format && $0.format != .bit } ? parts[0].format : .float32
    }

    func makeReader(_ format: NumberFormat) throws -> any RowReader {
        Reader(
            try parts.map { try $0.makeReader(format) }, partBytes: parts.map { format.byteCount($0.features) })
    }

    var chunkRows: Int { parts.map(\.chunkRows).max() ?? 1 }

    func valueCount(_ rows: Range<Int>) -> Int? { sum(of: parts.map { ($0, rows) }) }

    func advice() -> String? { parts.lazy.compactMap { $0.advice() }.first }

    private final class Reader: RowReader {
        private let readers: [any RowReader]
        private let partBytes: [Int]
        private let rowBytes: Int
        private static let step = 256
        private let piece: UnsafeMutableRawPointer

        init(_ readers: [any RowReader], partBytes: [Int]) {
            self.readers = readers
            self.partBytes = partBytes
            rowBytes = partBytes.reduce(0, +)
            piece = .allocate(byteCount: Self.step * max(partBytes.max()!, 1), alignment: 64)
        }

        deinit { piece.deallocate() }

        var memoryBytes: Int { readers.reduce(Self.step * rowBytes) { $0 + $1.memoryBytes } }

        func read(_ rows: Range<Int>, into destination: UnsafeMutableRawPointer) throws {
            for first in stride(from: rows.lowerBound, to: rows.upperBound, by: Self.step) {
                let some = first..<min(first + Self.step, rows.upperBound)
                var offset = (first - rows.lowerBound) * rowBytes
                for (reader, bytes) in zip(readers, partBytes) {
                    try reader.read(some, into: piece)
                    for index in 0..<some.count {
                        (destination + offset + index * rowBytes).copyMemory(from: piece + index * bytes, byteCount: bytes)
                    }
                    offset += bytes
                }
            }
        }
    }
}

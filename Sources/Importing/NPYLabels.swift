internal import HDF5
internal import Support

/// Labels of an NPY array of text.
struct NPYTexts: LabelReader {
    private let stream: any ByteStream
    private let count: Int
    private let size: Int
    private let isWide: Bool
    private let isBigEndian: Bool

    /// - Parameter stream: behind the header. Throws ``Failure`` (65) for more elements than there can be.
    init(_ element: NPYElement, isWide: Bool, _ stream: any ByteStream, count: Int) throws {
        self.stream = stream
        self.count = count
        self.isWide = isWide
        size = element.size
        isBigEndian = element.isBigEndian
        try stream.check(claimed: [count], elementSize: size)
    }

    var byteCount: Int { count * (64 + 2 * size) }

    func write(_ importer: Importer, to file: File) throws {
        let dataset = try file.createStrings("\(importer.group)/label", count: count)
        let step = max(1, Importer.pieceBytes / max(size, 64))
        for first in stride(from: 0, to: count, by: step) {
            let rows = first..<min(first + step, count)
            let bytes = try stream.read(exactly: rows.count * size, "the labels")
            try dataset.write(
                try rows.map { try text(bytes[($0 - first) * size..<($0 - first + 1) * size], row: $0) }, rows: rows)
        }
    }

    /// A text, without the zeros that fill it up.
    private func text(_ bytes: ArraySlice<UInt8>, row: Int) throws -> String {
        let text: String?
        if isWide {
            let units = stride(from: bytes.startIndex, to: bytes.endIndex, by: 4).map { first in
                let unit = bytes[first..<first + 4]
                return (isBigEndian ? Array(unit) : unit.reversed()).reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
            }
            let scalars = units.prefix(units.lastIndex { $0 != 0 }.map { $0 + 1 } ?? 0).map { Unicode.Scalar($0) }
            text = scalars.contains(nil) ? nil : String(String.UnicodeScalarView(scalars.compactMap(\.self)))
        } else {
            let used = bytes.prefix(upTo: bytes.lastIndex { $0 != 0 }.map { $0 + 1 } ?? bytes.startIndex)
            text = String(validating: used, as: UTF8.self)
        }
        guard let text, !text.utf8.contains(0) else {
            throw Failure(
                .badData, "\(stream.path): the text of row \(row) is not Unicode: save it as numpy.char.decode(x, 'latin1')")
        }
        return text
    }
}

extension NPYHeader {
    /// What the labels that follow this header are read by. Throws ``Failure`` (65) unless there is one for each row.
    func labels(of rowCount: Int, _ stream: any ByteStream) throws -> any LabelReader {
        try requireLabels(of: rowCount, stream.path)
        if let element, case .text(let isWide) = element.kind {
            return try NPYTexts(element, isWide: isWide, stream, count: rowCount)
        }
        return NumberLabels(numbers: try NPYReader(self, stream, areLabels: true), count: rowCount)
    }
}

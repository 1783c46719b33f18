internal import Support

/// What stands between the fields of a record.
public enum FieldSeparator: Equatable, Sendable, CustomStringConvertible {
    case byte(UInt8)
    /// Blanks and tabs, any number of them.
    case blanks

    static let comma = FieldSeparator.byte(UInt8(ascii: ","))

    /// - Parameter text: a character, or the word `tab` or `blanks`; nil for what can be part of a number or is more.
    public init?(_ text: String) {
        switch text {
        case "tab", "\\t": self = .byte(9)
        case "blanks", "blank", "space", " ": self = .blanks
        default:
            guard let byte = text.utf8.first, text.utf8.count == 1, byte < 128, !"0123456789+-.\"#\r\n\0".utf8.contains(byte)
            else { return nil }
            self = .byte(byte)
        }
    }

    public var description: String {
        switch self {
        case .byte(9): "tabs"
        case .byte(UInt8(ascii: ",")): "commas"
        case .byte(UInt8(ascii: ";")): "semicolons"
        case .byte(let byte): "'\(Character(Unicode.Scalar(byte)))'"
        case .blanks: "blanks"
        }
    }
}

/// Reads a text record by record: fields between separators, in quotation marks where they hold separators, quotation marks or line
/// breaks themselves (RFC 4180). Lines end in LF, CRLF or CR; empty ones are passed over, and so are blanks around a field.
final class CSVRecordReader {
    let path: String
    /// What Excel writes in a first line `sep=;`.
    private(set) var declaredSeparator: UInt8?
    /// The line that the record begins in, from 1.
    private(set) var line = 0
    /// How many comments were passed over, and the last of them.
    private(set) var commentCount = 0
    private(set) var lastComment: [UInt8] = []
    /// What a line begins with that is no record; nil if there are none.
    var commentByte: UInt8?

    private let file: CompressedFile
    private let separator: FieldSeparator
    /// The fields of the record, one behind the other, and where each ends.
    private var bytes: [UInt8] = []
    private var ends: [Int] = []
    private var areQuoted: [Bool] = []
    /// How much of the field is from between quotation marks, so that its blanks stay.
    private var quotedEnd = 0
    private var isQuoted = false

    private var piece: [UInt8] = []
    private var position = 0
    /// Whether to read more before going on, and whether there is more.
    private var needsMore = false
    private var isAtEnd = false
    private var nextLine = 1
    private var endedInCR = false

    /// The bytes taken since the record before.
    private var passed = 0

    private static let pieceBytes = 1 << 20
    private static let mostBytes = 64 << 20
    /// What is known of each column takes some hundred bytes.
    private static let mostFields = 1 << 20

    /// What spreadsheets write for missing and impossible values, behind the mark that otherwise begins a comment.
    private static let errors = ["N/A", "NA", "DIV/0!", "VALUE!", "REF!", "NAME?", "NUM!", "NULL!"].map { Array($0.utf8) }
    private static let longestError = 6

    /// Throws ``Failure`` (65, 66, 77), also for what is no UTF-8.
    init(_ path: String, separator: FieldSeparator, commentByte: UInt8?) throws {
        self.path = path
        self.separator = separator
        self.commentByte = commentByte
        file = try CompressedFile(path)
        guard try fill() else { return }
        passMark()
        passDeclaration()
    }

    /// The bytes on disk, and how many of them were read.
    var storedSize: Int { file.storedSize }
    var storedOffset: Int { file.storedOffset }
    /// A bound of the bytes of text, known before they are read.
    var mostTextBytes: Int { file.mostBytes }

    /// The fields of the record.
    var count: Int { ends.count }

    func isQuoted(_ field: Int) -> Bool { areQuoted[field] }

    func withBytes<Result>(of field: Int, _ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
        bytes.withUnsafeBufferPointer {
            body(UnsafeBufferPointer(rebasing: $0[(field == 0 ? 0 : ends[field - 1])..<ends[field]]))
        }
    }

    /// A field as text. Throws ``Failure`` (65) where it is no UTF-8.
    func text(_ field: Int) throws -> String {
        let text = withBytes(of: field) { String(validating: $0, as: UTF8.self) }
        if let text { return text }
        throw Failure(
            .badData, "\(path):\(line): holds a text that is not UTF-8: convert it, iconv -f LATIN1 -t UTF-8 if it is Latin-1")
    }

    /// A field as text to look at.
    func roughText(_ field: Int) -> String { withBytes(of: field) { String(decoding: $0, as: UTF8.self) } }

    /// Goes to the next record; false if there is none. Throws ``Failure`` (65).
    func next() throws -> Bool {
        passed = 0
        bytes.removeAll(keepingCapacity: true)
        ends.removeAll(keepingCapacity: true)
        areQuoted.removeAll(keepingCapacity: true)
        return try scan()
    }

    private enum Place {
        case beforeField
        case field
        case quoted
        /// Behind a quotation mark in a quoted field: its end, or half of one that is meant.
        case afterQuote
        case comment
    }

    private func scan() throws -> Bool {
        var place = Place.beforeField
        line = nextLine
        while true {
            if position == piece.count || needsMore, try !fill() {
                switch place {
                case .quoted:
                    throw Failure(.badData, "\(path):\(line): a quotation mark opens a field that is never closed")
                case .beforeField where ends.isEmpty, .comment: return false
                default:
                    endRecord(place)
                    return true
                }
            }
            let isWhole = consume(&place)
            if ends.count > Self.mostFields {
                throw Failure(
                    .badData,
                    "\(path):\(line): more than \(Self.mostFields) columns: save rows as wide as that by numpy.save, then `mpi-vae import npy`"
                )
            }
            if passed > Self.mostBytes {
                throw Failure(.badData, "\(path):\(line): more than 64 MiB without the end of a row: not a table")
            }
            if isWhole { return true }
        }
    }

    /// Takes what is in memory; true at the end of a record.
    private func consume(_ place: inout Place) -> Bool {
        let (lineFeed, carriageReturn, quote) = (UInt8(10), UInt8(13), UInt8(ascii: "\""))
        let piece = piece
        var position = position
        defer {
            passed += position - self.position
            self.position = position
        }
        while position < piece.count {
            let byte = piece[position]
            position += 1
            let isLineEnd = byte == lineFeed || byte == carriageReturn
            if isLineEnd {
                // CR and LF together are one end.
                let isSecond = byte == lineFeed && endedInCR
                endedInCR = byte == carriageReturn
                if isSecond, place != .quoted { continue }
                if !isSecond { nextLine += 1 }
            } else {
                endedInCR = false
            }
            switch place {
            case .quoted:
                if byte == quote { place = .afterQuote } else { bytes.append(byte) }
                continue
            case .afterQuote:
                if byte == quote {
                    bytes.append(quote)
                    place = .quoted
                    continue
                }
                quotedEnd = bytes.count
                place = .field
            case .comment:
                if isLineEnd {
                    place = .beforeField
                    line = nextLine
                } else {
                    lastComment.append(byte)
                }
                continue
            case .beforeField where isLineEnd && ends.isEmpty:
                line = nextLine
                continue
            case .beforeField where byte == commentByte && ends.isEmpty:
                guard position + Self.longestError <= piece.count || isAtEnd else {
                    position -= 1
                    needsMore = true
                    return false
                }
                if Self.errors.contains(where: { piece[position...].starts(with: $0) }) { break }
                commentCount += 1
                lastComment.removeAll()
                place = .comment
                continue
            default: break
            }
            if isLineEnd {
                endRecord(place)
                return true
            }
            let isBlank = byte == UInt8(ascii: " ") || byte == 9
            if separator == .byte(byte) || separator == .blanks && isBlank {
                if separator == .blanks, place == .beforeField { continue }
                endField()
                place = .beforeField
            } else if place == .beforeField {
                if isBlank { continue }
                if byte == quote {
                    isQuoted = true
                    place = .quoted
                } else {
                    bytes.append(byte)
                    place = .field
                }
            } else {
                bytes.append(byte)
            }
        }
        return false
    }

    private func endRecord(_ place: Place) {
        // Blanks at the end of a line separate nothing.
        if separator == .blanks, place == .beforeField, !ends.isEmpty { return }
        endField()
    }

    private func endField() {
        let start = max(ends.last ?? 0, quotedEnd)
        while bytes.count > start, bytes[bytes.count - 1] == UInt8(ascii: " ") || bytes[bytes.count - 1] == 9 {
            bytes.removeLast()
        }
        ends.append(bytes.count)
        areQuoted.append(isQuoted)
        isQuoted = false
        quotedEnd = 0
    }

    /// Reads more, keeping what was not taken yet; false at the end of the file.
    private func fill() throws -> Bool {
        let more = try file.read(upTo: Self.pieceBytes)
        let isFirst = file.offset == more.count
        piece = position == piece.count ? more : Array(piece[position...]) + more
        position = 0
        needsMore = false
        isAtEnd = more.count < Self.pieceBytes
        if isFirst { try refuseWideText() }
        guard !more.contains(0) else {
            throw Failure(
                .badData, "\(path): holds zero bytes, so it is no text, or one in UTF-16: convert it, iconv -f UTF-16 -t UTF-8")
        }
        return !piece.isEmpty
    }

    private func refuseWideText() throws {
        guard piece.starts(with: [0xFF, 0xFE]) || piece.starts(with: [0xFE, 0xFF]) || piece.starts(with: [0, 0, 0xFE, 0xFF])
        else {
            return
        }
        throw Failure(.badData, "\(path): is a text in UTF-16 or UTF-32: convert it, iconv -f UTF-16 -t UTF-8 OLD > NEW")
    }

    /// Passes over the mark that Windows puts before UTF-8.
    private func passMark() {
        if piece.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
    }

    private func passDeclaration() {
        let rest = piece[position...]
        guard rest.starts(with: Array("sep=".utf8)), rest.count >= 6 else { return }
        let separator = rest[position + 4]
        let end = rest[position + 5]
        guard end == 10 || end == 13 else { return }
        declaredSeparator = separator
        position += 5
        while position < piece.count, piece[position] == 13 { position += 1 }
        if position < piece.count, piece[position] == 10 { position += 1 }
        nextLine += 1
    }
}

internal import Support

/// How a table is written: what separates fields, and where the names of its columns are.
struct CSVDialect {
    enum Names: Equatable {
        case none
        case firstRecord
        /// In a comment before the first record, as `numpy.savetxt` writes them.
        case comment([String])
    }

    let separator: FieldSeparator
    /// The byte that comments begin with; nil where a row may begin with it.
    let commentByte: UInt8?
    let names: Names
    /// The names of all columns, empty where there is none: R leaves out that of the column with the rows' names.
    let columnNames: [String]?
    let columnCount: Int
    /// Whether the names have another number than the columns.
    let isShifted: Bool
    /// Whether the first row has nothing in its first column.
    let firstFieldIsEmpty: Bool

    var hasCommentNames: Bool { if case .comment = names { true } else { false } }

    /// Finds out what `options` leave open, by the first records. Throws ``Failure``.
    init(_ path: String, _ options: CSVOptions) throws {
        let sample = try CSVSample.best(path, options)
        guard let first = sample.records.first else {
            throw Failure(.badData, "\(path): is empty")
        }
        separator = sample.separator
        commentByte = sample.commentByte
        names =
            switch options.header {
            case false: .none
            case true: sample.commentNames(isAsked: true).map { .comment($0) } ?? .firstRecord
            default: sample.commentNames(isAsked: false).map { .comment($0) } ?? (sample.firstIsNames ? .firstRecord : .none)
            }
        let given: [String]? =
            switch names {
            case .none: nil
            case .firstRecord: first.fields
            case .comment(let names): names
            }
        guard var given else {
            columnNames = nil
            columnCount = first.fields.count
            isShifted = false
            firstFieldIsEmpty = first.fields[0].isEmpty
            return
        }
        let body = names == .firstRecord ? sample.records.dropFirst() : sample.records[...]
        if let row = body.first, row.fields.count == given.count + 1 {
            // A separator at the end of all rows, or row names.
            if body.allSatisfy({ $0.fields.last == "" }) { given.append("") } else { given.insert("", at: 0) }
        }
        columnNames = given
        columnCount = given.count
        isShifted = names == .firstRecord && given.count != first.fields.count
        firstFieldIsEmpty = body.first?.fields.first?.isEmpty ?? true
    }

    /// As a line of text tells it.
    var description: String {
        let header =
            switch names {
            case .none: "no header"
            case .firstRecord: "a header"
            case .comment: "a header in a comment"
            }
        return columnCount == 1 ? "\(header), one column" : "\(header), \(separator) between columns"
    }
}

/// The first records of a table, as a separator makes them.
struct CSVSample {
    struct Record {
        let fields: [String]
        let areQuoted: [Bool]
    }

    let separator: FieldSeparator
    let commentByte: UInt8?
    private let options: CSVOptions
    private(set) var records: [Record] = []
    /// The last comment before the first record.
    private(set) var comment: [UInt8]?
    private var hasLaterComments = false

    private static let mostRecords = 50
    private static let mostBytes = 1 << 18

    private init(_ path: String, _ separator: FieldSeparator, _ commentByte: UInt8?, _ options: CSVOptions) throws {
        self.options = options
        self.separator = separator
        self.commentByte = commentByte
        let reader = try CSVRecordReader(path, separator: separator, commentByte: commentByte)
        var size = 0
        while records.count < Self.mostRecords, size < Self.mostBytes || records.count < 3, try reader.next() {
            if records.isEmpty, reader.commentCount > 0 { comment = reader.lastComment }
            let fields = (0..<reader.count).map { reader.roughText($0) }
            size += fields.reduce(0) { $0 + $1.utf8.count + 16 }
            records.append(Record(fields: fields, areQuoted: fields.indices.map { reader.isQuoted($0) }))
        }
        hasLaterComments = reader.commentCount > (comment == nil ? 0 : 1)
    }

    /// The sample by the separator that makes most of it rows of numbers.
    static func best(_ path: String, _ options: CSVOptions) throws -> CSVSample {
        let hash = UInt8(ascii: "#")
        // Damage is the same for all of them, and said of this one.
        let declared = try CSVRecordReader(path, separator: .comma, commentByte: hash).declaredSeparator.map {
            FieldSeparator.byte($0)
        }
        var candidates: [FieldSeparator] = [.byte(9), .byte(UInt8(ascii: ";")), .comma, .byte(UInt8(ascii: "|")), .blanks]
        if let known = options.separator ?? declared { candidates = [known] }
        func best(_ commentByte: UInt8?) throws -> CSVSample {
            let samples = try candidates.map { try CSVSample(path, $0, commentByte, options) }
            // The first of those that are equally good.
            let scores = samples.map { $0.score }
            let place = scores.indices.reduce(0) { scores[$1] > scores[$0] ? $1 : $0 }
            // Of one column, whatever the separator.
            return scores[place] > 0 || candidates.count == 1 ? samples[place] : samples[candidates.firstIndex(of: .comma)!]
        }
        let sample = try best(hash)
        guard sample.records.count < 2, sample.hasLaterComments else { return sample }
        // Where all rows begin with it, it begins names, not comments.
        let other = try best(nil)
        return other.score > sample.score ? other : sample
    }

    /// How much of the rows are numbers, in how many rows of one length; 0 where there is but one column.
    private var score: Double {
        let body = records.count > 1 ? records.dropFirst() : records[...]
        guard let count = body.first?.fields.count, count > 1 else { return 0 }
        let regular = body.filter { $0.fields.count == count }
        var (numbers, texts) = (0, 0)
        for field in regular.lazy.flatMap(\.fields) {
            switch cell(field) {
            case .number, .tooLarge: numbers += 1
            case .missing: break
            case .text: texts += 1
            }
        }
        return Double(regular.count) / Double(body.count) * (0.05 + Double(numbers) / Double(max(numbers + texts, 1)))
    }

    /// What a field says with the decimal mark that was given, or any that is possible.
    private func cell(_ field: String) -> CSVCell {
        if let mark = options.decimalMark { return CSVCell(field, mark: mark) }
        let cell = CSVCell(field)
        return cell == .text && separator != .comma ? CSVCell(field, mark: CSVCell.comma) : cell
    }

    /// The names that the comment before the first record has, one for each column.
    func commentNames(isAsked: Bool) -> [String]? {
        guard let comment, let first = records.first else { return nil }
        var names: [String] = []
        let text = comment.drop { $0 == UInt8(ascii: "#") || $0 == UInt8(ascii: " ") || $0 == 9 && separator != .byte(9) }
        switch separator {
        case .blanks:
            names = text.split { $0 == UInt8(ascii: " ") || $0 == 9 }.map { String(decoding: $0, as: UTF8.self) }
        case .byte(let byte):
            names = text.split(separator: byte, omittingEmptySubsequences: false).map {
                String(decoding: $0, as: UTF8.self).trimmingCharacters(where: { $0 == " " || $0 == "\t" || $0 == "\"" })
            }
        }
        guard names.count == first.fields.count, names.count > 1 || isAsked, !firstIsNames else { return nil }
        return names.contains { CSVCell($0) == .text } ? names : nil
    }

    /// Whether the first record looks like names, not like the rows below it.
    var firstIsNames: Bool {
        let first = records[0]
        let body = records.dropFirst()
        let shift = body.first.map { $0.fields.count - first.fields.count } ?? 0
        let isTrailed = shift == 1 && body.allSatisfy { $0.fields.last == "" }
        let kinds = first.fields.map { cell($0) }
        let hasText = kinds.contains(.text)
        // R's names lack one for the column of the rows' names.
        if shift == 1, !isTrailed { return hasText }
        var hasNumbers = false
        for (column, kind) in kinds.enumerated() {
            let below = body.lazy.filter { $0.fields.indices.contains(column) }
            let areNumbers = below.allSatisfy { cell($0.fields[column]) != .text }
            switch kind {
            case .text where areNumbers && !below.isEmpty: return true
            case .number
            where first.areQuoted[column] && !below.isEmpty && areNumbers && below.allSatisfy { !$0.areQuoted[column] }:
                return true
            case .number, .tooLarge: hasNumbers = true
            default: break
            }
        }
        if hasText, !hasNumbers { return true }
        let numbered = kinds.indices.filter { kinds[$0] != .text && !($0 == 0 && first.fields[0].isEmpty) }
        return looksNumbered(numbered, isIndexed: first.fields[0].isEmpty)
    }

    /// Whether numbers in the first record count the columns, as pandas does, or are steps such as years and wavelengths.
    ///
    /// - Parameter isIndexed: whether there is nothing before the first of them, as pandas writes it above an index.
    private func looksNumbered(_ columns: [Int], isIndexed: Bool) -> Bool {
        let body = records.dropFirst().map(\.fields).filter { $0.count == records[0].fields.count }.map { row in
            columns.map { row[$0] }
        }
        let numbers = columns.map { Int(records[0].fields[$0]) }
        guard !body.isEmpty, !numbers.isEmpty, let start = numbers[0], numbers.allSatisfy({ $0 != nil }) else { return false }
        let isCount = numbers.enumerated().allSatisfy { $1 == $0 }
        if isIndexed, isCount { return true }
        let step = numbers.count > 1 ? numbers[1]! &- start : 0
        let isEven = step != 0 && numbers.enumerated().allSatisfy { $1 == start &+ $0 &* step }
        guard isCount && numbers.count > 1 || isEven && numbers.count > 3 else { return false }
        // A row below with a fraction in it cannot be of the same kind.
        if body.allSatisfy({ $0.contains { Int($0) == nil && cell($0) != .text } }) { return true }
        // Whole numbers everywhere: a table that goes on counting is none of names, and of two columns anything may be.
        let next = body[0].map { Int($0) ?? 0 }
        let goesOn = next.count == numbers.count && next.enumerated().allSatisfy { $1 == next[0] &+ $0 &* step }
        return isCount && numbers.count > 2 && !goesOn
    }
}

extension String {
    /// The text without the characters at its ends that `isTrimmed` holds for.
    fileprivate func trimmingCharacters(where isTrimmed: (Character) -> Bool) -> String {
        String(drop(while: isTrimmed).reversed().drop(while: isTrimmed).reversed())
    }
}

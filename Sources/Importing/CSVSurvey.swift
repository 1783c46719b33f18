internal import Datasets
internal import Support

/// What is found out about a column of numbers while it is read the first time.
struct NumberSurvey {
    private(set) var numberCount = 0
    private(set) var infiniteCount = 0
    private(set) var least = Double.infinity
    private(set) var greatest = -Double.infinity
    /// The largest error of a number that is rounded to float32, and whether a whole number is among them.
    private var error = 0.0
    private var roundsWhole = false

    mutating func add(_ number: Double) {
        numberCount += 1
        guard number.isFinite else {
            infiniteCount += 1
            return
        }
        least = min(least, number)
        greatest = max(greatest, number)
        let narrow = Double(Float(number))
        if narrow == number { return }
        error = max(error, abs(number - narrow))
        // All beyond are whole.
        if abs(number) < 0x1p64, number.rounded() == number { roundsWhole = true }
    }

    /// Whether float32 would lose something: a digit of a whole number, or more than a hundred-thousandth of the column's range.
    var needsDouble: Bool { roundsWhole || greatest > least && error > 1e-5 * (greatest - least) }
}

/// What is found out about a table while it is read the first time.
struct CSVSurvey {
    struct Column {
        var numbers = NumberSurvey()
        var missingCount = 0
        var textCount = 0
        /// The first that is no number, and its line.
        var firstText: (text: String, line: Int)?
    }

    private(set) var columns: [Column]
    private(set) var rowCount = 0
    /// Rows without any value.
    private(set) var emptyRowCount = 0
    /// The first words for missing values.
    private(set) var missingWords: [String] = []
    /// The decimal mark, as soon as one was seen.
    private(set) var mark: UInt8?
    /// Whole numbers that not even 64 bits of a floating-point number hold.
    private(set) var roundedCount = 0

    private let usesComma: Bool

    init(columnCount: Int, _ dialect: CSVDialect, _ options: CSVOptions) {
        columns = [Column](repeating: Column(), count: columnCount)
        mark = options.decimalMark
        // Where it separates it is no mark, unless somebody says so, of fields in quotation marks.
        if dialect.separator == .comma, mark == nil { mark = CSVCell.point }
        usesComma = mark == nil
    }

    var missingCount: Int { columns.reduce(0) { $0 + $1.missingCount } }

    /// Takes a record's columns of data. Throws ``Failure`` (65) for a number that is too large.
    mutating func add(_ record: CSVRecordReader, _ table: CSVColumns) throws {
        rowCount += 1
        var isEmpty = true
        for (index, column) in table.data.enumerated() {
            let cell = cell(record, column)
            if cell != .missing { isEmpty = false }
            switch cell {
            case .number(let number):
                columns[index].numbers.add(number)
                if abs(number) >= 0x1p53, isRounded(record.roughText(column), number) { roundedCount += 1 }
            case .missing:
                columns[index].missingCount += 1
                if missingWords.count < 4 {
                    let word = record.withBytes(of: column, \.isEmpty) ? "empty" : record.roughText(column)
                    if !missingWords.contains(word) { missingWords.append(word) }
                }
            case .tooLarge:
                throw Failure(
                    .badData,
                    "\(record.path):\(record.line): column \(table.describe(column)) is \(record.roughText(column)), more than a "
                        + "64-bit floating-point number holds (1.8e308): mend it, or leave it empty if it is missing")
            case .text:
                columns[index].textCount += 1
                if columns[index].firstText == nil { columns[index].firstText = (record.roughText(column), record.line) }
            }
        }
        if isEmpty { emptyRowCount += 1 }
    }

    private mutating func cell(_ record: CSVRecordReader, _ column: Int) -> CSVCell {
        if let mark { return record.withBytes(of: column) { CSVCell($0, mark: mark) } }
        let cell = record.withBytes(of: column) { CSVCell($0) }
        switch cell {
        case .number where record.withBytes(of: column) { $0.contains(CSVCell.point) }: mark = CSVCell.point
        case .text where usesComma:
            let other = record.withBytes(of: column) { CSVCell($0, mark: CSVCell.comma) }
            if case .number = other {
                mark = CSVCell.comma
                return other
            }
        default: break
        }
        return cell
    }

    private func isRounded(_ text: String, _ number: Double) -> Bool {
        if let whole = Int64(text) { return Int64(exactly: number) != whole }
        if let whole = UInt64(text) { return UInt64(exactly: number) != whole }
        return false
    }

    /// Throws ``Failure`` (65), in one line, for columns that are not numbers.
    func requireNumbers(_ table: CSVColumns, _ path: String) throws {
        let bad = table.data.indices.filter { columns[$0].textCount > 0 }
        guard let first = bad.first, let (text, line) = columns[first].firstText else { return }
        let shown = bad.prefix(8)
        let rest = bad.count > shown.count ? " and \(bad.count - shown.count) more" : ""
        let drop = "--drop '\(shown.map { table.option(table.data[$0]) }.joined(separator: ","))'"
        var ways: [String] = []
        if bad.contains(where: { columns[$0].numbers.numberCount > columns[$0].textCount }) {
            ways.append("write missing values as NA or leave them empty")
        }
        let other = mark == CSVCell.comma ? CSVCell.point : CSVCell.comma
        if case .number = CSVCell(text, mark: other) {
            ways.append("say --decimal \(other == CSVCell.comma ? "," : ".") if that is the decimal mark")
        }
        ways.append("leave out what is no number (\(drop)\(rest.isEmpty ? "" : " ..., or --columns with those to keep"))")
        ways.append("take a column as --label or --id")
        ways.append("or write classes as columns of 0 and 1 before (one-hot: pandas.get_dummies)")
        let what: String
        if bad.count == 1 {
            what = "\(path):\(line): column \(table.describe(table.data[first])) is '\(text.printable(limit: 60))', not a number"
        } else {
            let list = shown.map { index in
                let (text, line) = columns[index].firstText!
                return "\(table.describe(table.data[index])) is '\(text.printable(limit: 40))' in line \(line)"
            }
            what = "\(path): \(bad.count) columns are not numbers: \(list.joined(separator: ", "))\(rest)"
        }
        throw Failure(.badData, "\(what): \(ways.joined(separator: ", "))")
    }
}

/// What labels are, by all of them.
struct LabelSurvey {
    private(set) var missingCount = 0
    private var isWhole = true
    private var isSmall = true
    private(set) var byteCount = 0

    enum Kind {
        case integers
        /// Whole numbers, of which some are missing.
        case doubles
        case strings
    }

    mutating func add(_ text: String) {
        byteCount += text.utf8.count
        if CSVCell.isMissing(text) {
            missingCount += 1
        } else if let number = Self.whole(text) {
            if number.magnitude > 1 << 53 { isSmall = false }
        } else {
            isWhole = false
        }
    }

    func kind(of count: Int) -> Kind {
        if !isWhole || count == missingCount { return .strings }
        if missingCount == 0 { return .integers }
        return isSmall ? .doubles : .strings
    }

    /// A whole number, also one that pandas wrote with a fraction of 0 since others in its column were missing.
    static func whole(_ text: String) -> Int64? {
        if let number = Int64(text) { return number }
        guard text.utf8.first.map({ $0 < 58 }) == true, case .number(let number) = CSVCell(text), number.magnitude <= 0x1p53
        else { return nil }
        return Int64(exactly: number)
    }
}

import Datasets
import HDF5
import Support
import TestSupport
import Testing

/// Sparse matrices, compressed by rows and by columns, against the dense one that they stand for.
struct SparseRowsTests {
    private static let shape = (rows: 7, columns: 5)

    /// Most are 0, and rows 2 and 6 and column 3 have nothing else.
    private static func value(_ row: Int, _ column: Int) -> Double {
        if row == 2 || row == 6 || column == 3 || (row + 2 * column) % 3 == 0 { return 0 }
        return Double(10 * row + column) + 0x1p-40
    }

    private func write(
        _ file: File, _ layout: String, lines: [[(place: Int, value: Double)]], wide: Bool = false,
        changing change: (inout [Int64]) -> Void = { _ in }
    ) throws {
        let path = "/X"
        let entries = lines.flatMap { $0 }
        try file.createGroup(path)
        try file.setAttribute("encoding-type", .string("\(layout)_matrix"), of: path)
        try file.setAttribute("shape", .integers([Int64(Self.shape.rows), Int64(Self.shape.columns)]), of: path)
        if wide {
            try file.write(entries.map(\.value), shape: [entries.count], to: "\(path)/data")
        } else {
            try file.write(entries.map { Float($0.value) }, shape: [entries.count], to: "\(path)/data")
        }
        try file.write(entries.map { Int32($0.place) }, shape: [entries.count], to: "\(path)/indices")
        var starts = lines.reduce(into: [Int64(0)]) { $0.append($0.last! + Int64($1.count)) }
        change(&starts)
        try file.write(starts, shape: [starts.count], to: "\(path)/indptr")
    }

    /// The values of each row, or of each column, in ascending order of places.
    private func lines(byColumns: Bool) -> [[(place: Int, value: Double)]] {
        let (lines, places) = byColumns ? (Self.shape.columns, Self.shape.rows) : (Self.shape.rows, Self.shape.columns)
        return (0..<lines).map { line in
            (0..<places).map { (place: $0, value: byColumns ? Self.value($0, line) : Self.value(line, $0)) }
                .filter { $0.value != 0 }
        }
    }

    private func read(_ rows: SparseRows, _ range: Range<Int>) throws -> [Double] {
        var values = [Double](repeating: -1, count: range.count * rows.features)
        try values.withUnsafeMutableBytes { try rows.makeReader(.float64).read(range, into: $0.baseAddress!) }
        var floats = [Float](repeating: -1, count: range.count * rows.features)
        try floats.withUnsafeMutableBytes { try rows.makeReader(.float32).read(range, into: $0.baseAddress!) }
        #expect(floats == values.map(Float.init))
        return values
    }

    @Test(arguments: [false, true], [false, true])
    func dense(byColumns: Bool, wide: Bool) throws {
        let folder = try TemporaryFolder()
        try makeFile(folder.path("s.h5")) {
            try write($0, byColumns ? "csc" : "csr", lines: lines(byColumns: byColumns), wide: wide)
        }
        let rows = try #require(try SparseRows(File.open(folder.path("s.h5")), "/X"))
        #expect(rows.rowCount == 7 && rows.rowShape == [5] && rows.isWide == wide && (rows.advice() != nil) == byColumns)
        for range in [0..<7, 3..<4, 2..<3, 5..<7, 4..<4] {
            let wanted = range.flatMap { row in
                (0..<5).map { wide ? Self.value(row, $0) : Double(Float(Self.value(row, $0))) }
            }
            #expect(try read(rows, range) == wanted, "\(range)")
        }
    }

    /// A matrix without any values, and a group that is none.
    @Test func empty() throws {
        let folder = try TemporaryFolder()
        try makeFile(folder.path("s.h5")) { file in
            try write(file, "csr", lines: [[(place: Int, value: Double)]](repeating: [], count: 7))
            try file.createGroup("/other")
        }
        let file = try File.open(folder.path("s.h5"))
        #expect(try read(try #require(try SparseRows(file, "/X")), 0..<7) == [Double](repeating: 0, count: 35))
        #expect(try SparseRows(file, "/other") == nil)
    }

    /// Lines that do not fit, places outside, and two values of one place.
    @Test func damaged() throws {
        let folder = try TemporaryFolder()
        func failure(
            _ layout: String, _ lines: [[(place: Int, value: Double)]], change: (inout [Int64]) -> Void = { _ in }
        ) throws -> String {
            let path = folder.path("\(layout).h5")
            try makeFile(path) { try write($0, layout, lines: lines, changing: change) }
            do {
                let rows = try #require(try SparseRows(File.open(path), "/X"))
                _ = try read(rows, 0..<7)
                return ""
            } catch let failure as Failure {
                #expect(failure.code == .badData)
                return failure.message
            }
        }
        var rows = lines(byColumns: false)
        #expect(try failure("csr", rows).isEmpty)
        #expect(try failure("csr", rows) { $0[3] = $0[4] + 1 }.hasSuffix("row 3 ends before it begins"))
        #expect(try failure("csr", rows) { $0[7] += 1 }.contains("but there are"))
        #expect(try failure("csr", rows) { $0.removeLast() }.contains("7 rows need 8 row starts"))
        rows[3].append((place: 5, value: 1))
        #expect(try failure("csr", rows).contains("row 3 has a value in column 5 of 5"))
        rows[3][rows[3].count - 1].place = -1
        #expect(try failure("csr", rows).contains("row 3 has a value in column -1 of 5"))
        rows[3][rows[3].count - 1].place = rows[3][0].place
        #expect(try failure("csr", rows).contains("row 3 has two values in column \(rows[3][0].place)"))
        var columns = lines(byColumns: true)
        columns[1].append((place: 7, value: 1))
        #expect(try failure("csc", columns).contains("has a value in row 7 of 7"))
        columns[1][columns[1].count - 1].place = columns[1][0].place
        #expect(try failure("csc", columns).contains("row \(columns[1][0].place) has two values in column 1"))
    }
}

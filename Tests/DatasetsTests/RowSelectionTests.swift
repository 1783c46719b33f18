import Datasets
import HDF5
import Support
import TestSupport
import Testing

/// What `rows` says, as Python's slices of 100 rows.
struct RowSelectionTests {
    @Test(
        arguments: [
            ("0:3", [0, 1, 2]), ("97:", [97, 98, 99]), (":2", [0, 1]), ("-2:", [98, 99]), ("90:200:4", [90, 94, 98]),
            (" 1 : 9 : 3 ", [1, 4, 7]), ("3:3", []), ("9:2", []), ("5:6,1:3", [1, 2, 5]), ("1:4,2:6", [1, 2, 3, 4, 5]),
            ("-200:2", [0, 1]), ("::40", [0, 40, 80]), ("50:-48", [50, 51]), ("-3:-1:", [97, 98]),
        ] as [(String, [Int64])])
    func ranges(text: String, wanted: [Int64]) throws {
        let rows = try RowSelection.ranges(text, count: 100)
        #expect(rows.universe == 100 && rows.rows(0..<rows.count) == wanted)
    }

    @Test(arguments: ["", "5", "a:b", "1:2:3:4", "0:5:0", "0:5:-1", "1:2,", "1.5:2", "0:5:x", "9223372036854775808:"])
    func whatIsNoRange(text: String) {
        #expect {
            try RowSelection.ranges(text, count: 100, "columns")
        } throws: { error in
            let failure = error as? Failure
            return failure?.code == .configuration && failure?.message.hasPrefix("columns is '\(text)', but must be") == true
        }
    }

    /// Values that are there and not 0; labels among some rows, and rows that have one.
    @Test func masksAndLabels() throws {
        let folder = try TemporaryFolder()
        try makeFile(folder.path("d.h5")) { file in
            try file.write([0, 1, .nan, -2, 0, .infinity] as [Double], shape: [6], to: "/mask")
            try file.write(["a", "b", "", "a", "c", ""], to: "/label")
        }
        let file = try File.open(folder.path("d.h5"))
        let mask = try #require(try RowValues(file, "/mask", count: 6))
        let chosen = try RowSelection.mask(mask, count: 6)
        #expect(chosen.rows(0..<chosen.count) == [1, 3, 5])
        let labels = try #require(try RowValues(file, "/label", count: 6))
        let wanted = try RowSelection.labels(["a", "c"], labels, among: RowSet(RowSet(all: 6)) { row, _ in row > 0 })
        #expect(wanted.rows(0..<wanted.count) == [3, 4])
        let labelled = try RowSelection.labelled(labels, among: RowSet(all: 6))
        #expect(labelled.rows(0..<labelled.count) == [0, 1, 3, 4])
        #expect(try RowValues(file, "/label", count: 5) == nil, "one for each row")
    }
}

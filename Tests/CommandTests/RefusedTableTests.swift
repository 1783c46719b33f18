import Foundation
import TestSupport
import Testing

/// `import csv`: tables that cannot be read as they are meant are refused, with a line that says where and what to do.
struct RefusedTableTests {
    @Test func refused() throws {
        let folder = try TemporaryFolder()
        func refused(_ status: Int32, _ text: String, _ table: Data, _ extra: [String], line: Int = #line) throws {
            try table.write(to: folder.url.appendingPathComponent("bad.csv"))
            let outcome = try mpiVAE(arguments: ["import", "csv", "bad.csv", "--output", "bad.h5"] + extra, folder: folder.url)
            #expect(outcome.status == status && outcome.errorLines.count == 1, "\(line): \(outcome)")
            #expect(outcome.errorLines.first?.contains(text) == true, "\(line): \(text): \(outcome)")
        }
        func refused(_ status: Int32, _ text: String, _ table: String, _ extra: String..., line: Int = #line) throws {
            try refused(status, text, Data(table.utf8), extra, line: line)
        }
        let texts = "time,state,x\n2024-01-01 00:00,on,1.0\n2024-01-01 00:01,off,2.0\n"
        try refused(
            65,
            "'time' is '2024-01-01 00:00' in line 2, 'state' is 'on' in line 2: leave out what is no number (--drop 'time,state')",
            texts)
        try refused(65, "one-hot", texts)
        try refused(65, "bad.csv:3: column 'b' is '?', not a number: write missing values as NA", "a,b\n1,2\n1,?\n3,4\n")
        try refused(65, "bad.csv:1: column #1 is 'x', not a number", "1,x\n2,y\n")
        try refused(
            65, "and 4 more",
            (0..<12).map { "c\($0)" }.joined(separator: ",") + "\n" + (0..<12).map { "t\($0)" }.joined(separator: ",") + "\n",
            "--header", "yes")
        try refused(65, "bad.csv:3: column 'b' is 1e400, more than", "a,b\n1,2\n3,1e400\n")
        try refused(65, "bad.csv:2: column #0 is -1e999", "1,2\n-1e999,2\n")
        try refused(65, "'a' is '#DIV/0!'", "a,b\n#DIV/0!,2\n3,4\n5,6\n")
        try refused(65, "--decimal ,", "1.5;2\n1,5;2\n")
        try refused(65, "column 'b' is '1.234,56'", "a;b\n1;1.234,56\n")
        try refused(65, "column 'a' is '0x1F'", "a,b\n0x1F,2\n")
        try refused(65, "bad.csv:3: 2 columns, but the first line has 3", "1,2,3\n4,5,6\n7,8\n")
        try refused(65, "bad.csv:3: 2 columns, but the lines before have 3", "x,y\na,1,2\nb,3\n")
        try refused(65, "bad.csv:2: a quotation mark opens a field that is never closed", "a,b\n\"1,2\n3,4\n")
        try refused(65, "is empty", "")
        try refused(65, "is empty", "\n\n")
        try refused(65, "has no rows, only a header", "a,b\n")
        try refused(65, "has no columns of data", "a\n1\n", "--label", "a")
        try refused(65, "no column 'lable' for --label; there are 2: x, label", "x,label\n1,2\n", "--label", "lable")
        try refused(
            65, "there are 20: c0, c1, c2",
            (0..<20).map { "c\($0)" }.joined(separator: ",") + "\n" + Array(repeating: "1", count: 20).joined(separator: ","),
            "--id", "z")
        try refused(
            65, "c11 and 8 more",
            (0..<20).map { "c\($0)" }.joined(separator: ",") + "\n" + Array(repeating: "1", count: 20).joined(separator: ","),
            "--id", "z")
        try refused(65, "no column '1' for --label: by its place write --label '#1'", "x,y\n1,2\n", "--label", "1")
        try refused(
            65, "no column '7' for --label; there are 2 without names (no header): '#0' to '#1'", "1,2\n3,4\n", "--label", "7")
        try refused(65, "no column '#2'", "x,y\n1,2\n", "--drop", "#2")
        try refused(65, "2 columns are called 'x': for --label name one by its place, #0, #1", "x,x\n1,2\n", "--label", "x")
        try refused(64, "is named by --columns and by --label", "x,y\n1,2\n", "--columns", "x", "--label", "x")
        try refused(64, "neither a column nor a range of places", "x,y\n1,2\n", "--columns", "x:y")
        try refused(64, "names a column twice", "x,y\n1,2\n", "--columns", "x,#0")
        try refused(65, "UTF-16", "a,b\n1,2\n".data(using: .utf16)!, [])
        try refused(65, "UTF-16", "a,b\n1,2\n".data(using: .utf16LittleEndian)!, [])
        try refused(65, "not UTF-8", Data("x,k\n1,caf".utf8 + [0xE9, 10]), ["--label", "k"])
        try refused(65, "bad.csv:1: holds a text that is not UTF-8", Data("x,caf".utf8 + [0xE9] + "\n1,2\n".utf8), [])
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.url.path) == ["bad.csv"])
        #expect(try mpiVAE("import", "csv", "x", "--header", "maybe", "--output", "y").status == 64)
        #expect(try mpiVAE("import", "csv", "x", "--separator", "12", "--output", "y").status == 64)
        #expect(try mpiVAE("import", "csv", "x", "--file", "y", "--output", "y").status == 64)
        #expect(try mpiVAE("import", "csv", "--output", "y").status == 64)
        #expect(try mpiVAE("import", "csv", folder.path("none.csv"), "--output", "y").status == 66)
    }
}

import Foundation
import TestSupport
import Testing

/// `import csv`: tables as people and programs write them are read as they are meant.
@Suite(.serialized)
struct TableImportTests {
    private struct Table {
        let text: String
        var arguments: [String] = []
        /// What must hold in Python of `rows`, `ids`, `labels`, `names` and `type`; what is missing is None.
        let holds: String
        var says: [String] = []
        var saysNot: [String] = []
    }

    /// Imports all tables, each to a file of its own, and asks Python whether what must hold does.
    private func check(_ tables: [Table]) throws {
        let folder = try TemporaryFolder()
        var claims: [String] = []
        for (index, table) in tables.enumerated() {
            try Data(table.text.utf8).write(to: folder.url.appendingPathComponent("\(index).csv"))
            let outcome = try mpiVAE(
                arguments: ["import", "csv", "\(index).csv", "--output", "\(index).h5"] + table.arguments, folder: folder.url)
            #expect(outcome.status == 0, "\(table.text): \(outcome)")
            for text in table.says { #expect(outcome.errors.contains(text), "\(table.text): \(text): \(outcome)") }
            for text in table.saysNot { #expect(!outcome.errors.contains(text), "\(table.text): \(text): \(outcome)") }
            claims.append(table.holds)
        }
        let outcome = try Program.python(
            """
            import h5py, math, sys
            bad = 0
            for i, claim in enumerate(sys.argv[2:]):
                f = h5py.File("%s/%d.h5" % (sys.argv[1], i), "r")
                plain = lambda x: x.decode() if isinstance(x, bytes) else None if isinstance(x, float) and math.isnan(x) else x
                read = lambda n: [plain(x) for x in f[n][:].tolist()] if n in f else None
                rows = [[plain(x) for x in row] for row in f["data"][:].tolist()]
                ids, labels, names, type = read("id"), read("label"), read("feature_names"), f["data"].dtype.name
                if not eval(claim): bad += 1; print(i, claim, rows, ids, labels, names, type)
            sys.exit(bad)
            """, [folder.url.path] + claims)
        #expect(outcome.status == 0, "\(outcome)")
    }

    @Test func headers() throws {
        try check([
            Table(
                text: "0,1,2\n0.5,1.5,2.5\n3.5,4.5,5.5\n",
                holds: "rows == [[.5, 1.5, 2.5], [3.5, 4.5, 5.5]] and names == ['0', '1', '2']",
                says: ["taken as a table with a header, commas between columns, decimal points"]),
            Table(text: "0,1,2\n5,0,3\n1,1,1\n", holds: "len(rows) == 2 and names == ['0', '1', '2']"),
            Table(text: "0,1,2\n3,4,5\n6,7,8\n", holds: "len(rows) == 3 and names is None", says: ["no header"]),
            Table(text: "0,1\n1,0\n", holds: "len(rows) == 2 and names is None"),
            Table(text: "2019,2020,2021,2022\n1.5,2.5,3.5,4\n", holds: "rows == [[1.5, 2.5, 3.5, 4]] and names[3] == '2022'"),
            Table(text: "1,2,3,4\n2,4,6,8\n", holds: "len(rows) == 2 and names is None"),
            Table(text: "1,2\n3,4\n", arguments: ["--header", "yes"], holds: "rows == [[3, 4]] and names == ['1', '2']"),
            Table(text: "0,1,2\n0.5,1.5,2.5\n", arguments: ["--header", "no"], holds: "len(rows) == 2 and names is None"),
            Table(text: "\u{FEFF}1,2\n3,4\n5,6\n", holds: "rows == [[1, 2], [3, 4], [5, 6]]", says: ["no header"]),
            Table(text: "\u{FEFF}a,b\r\n3,4\r\n", holds: "rows == [[3, 4]] and names == ['a', 'b']"),
            Table(text: "\"1\",\"2\"\n3,4\n", holds: "rows == [[3, 4]] and names == ['1', '2']"),
            Table(
                text: "5.1,3.5,setosa\n4.9,3.0,virginica\n", arguments: ["--label", "2"],
                holds: "rows[1] == [4.900000095367432, 3] and labels == ['setosa', 'virginica'] and names is None"),
            Table(
                text: "gene,0,1,2\nTP53,5,2,3\nBRCA1,4,5,6\n", arguments: ["--id", "gene"],
                holds: "ids == ['TP53', 'BRCA1'] and names == ['0', '1', '2']"),
            Table(text: "0,x\n1,y\n", arguments: ["--label", "1"], holds: "rows == [[0], [1]] and labels == ['x', 'y']"),
            Table(text: "0\n1.5\n", holds: "rows == [[0], [1.5]]"),
            Table(text: "a,,c\n1,2,3\n", holds: "names == ['a', '#1', 'c']"),
        ])
    }

    @Test func separatorsAndMarks() throws {
        let two = "rows == [[1.5, 2.5], [3, 4]]"
        try check([
            Table(
                text: "a;b\n1,5;2,5\n3;4\n", holds: "\(two) and names == ['a', 'b']",
                says: ["semicolons between columns, decimal commas"]),
            Table(text: "1,5\t2,5\n3\t4\n", holds: two, says: ["tabs", "decimal commas"]),
            Table(text: "1,5 2,5\n3 4\n", holds: two, says: ["blanks", "decimal commas"]),
            Table(text: "  1.5    2.5  \n  3.0    4.0\n", holds: two, says: ["no header, blanks between columns"]),
            Table(text: "1.5 | 2.5\n3 | 4\n", holds: two),
            Table(text: "1.5, 2.5\n3, 4\n", holds: two, says: ["commas"]),
            Table(text: "x;y\n1;2\n", arguments: ["--separator", ";"], holds: "rows == [[1, 2]]"),
            Table(text: "1~2\n3~4\n", arguments: ["--separator", "~"], holds: "rows == [[1, 2], [3, 4]]"),
            Table(text: "\"1,5\",\"2,5\"\n\"3\",\"4\"\n", arguments: ["--decimal", ","], holds: two),
            Table(text: "a\n1.5\n2.5\n", holds: "rows == [[1.5], [2.5]] and names == ['a']", says: ["one column"]),
            // 1000 rows of whole numbers say nothing of the mark of the next.
            Table(text: String(repeating: "1;2\n", count: 1000) + "1,5;2\n", holds: "len(rows) == 1001 and rows[-1] == [1.5, 2]"),
            Table(text: "1e3;-2E-2;+3.\n.5;1;2\n", holds: "rows == [[1000, -0.019999999552965164, 3], [.5, 1, 2]]"),
        ])
    }

    @Test func whatSpreadsheetsAndStatisticiansWrite() throws {
        try check([
            // Excel.
            Table(
                text: "\u{FEFF}sep=;\r\nname;x;y\r\n\"line 1\r\nline \"\"2\"\"\";1,5;2\r\nb;2,5;3\r\n",
                arguments: ["--id", "name"],
                holds: "rows == [[1.5, 2], [2.5, 3]] and ids == ['line 1\\r\\nline \"2\"', 'b'] and names == ['x', 'y']"),
            // An old Macintosh.
            Table(text: "a,b\r1,2\r3,4\r", holds: "rows == [[1, 2], [3, 4]] and names == ['a', 'b']"),
            Table(text: "a,b\r\r\n1,2\r\r\n", holds: "rows == [[1, 2]]"),
            // R: write.csv, write.table, write.csv2.
            Table(
                text: "\"\",\"x\",\"y\"\n\"a\",1,TRUE\n\"b\",NA,FALSE\n",
                holds: "rows == [[1, 1], [None, 0]] and ids == ['a', 'b'] and names == ['x', 'y']",
                says: [
                    "the first column has no name: taken as ids", "missing values ('NA') are NaN: 1 of 4; train with --nan mask",
                ]),
            Table(
                text: "\"x\" \"y\"\n\"a\" 1 2\n\"b\" 3 4\n",
                holds: "rows == [[1, 2], [3, 4]] and ids == ['a', 'b'] and names == ['x', 'y']"),
            Table(text: "\"\";\"x\"\n\"1\";1,5\n\"2\";2\n", holds: "rows == [[1.5], [2]] and ids == ['1', '2']"),
            // numpy.savetxt.
            Table(
                text: "# a b\n1.0e+00 2.0e+00\n3.0e+00 4.0e+00\n# done\n",
                holds: "rows == [[1, 2], [3, 4]] and names == ['a', 'b']", says: ["header in a comment", "passed over: 1"]),
            Table(text: "# made by a machine, in a hurry\n1.5 2\n3 4\n", holds: "rows == [[1.5, 2], [3, 4]] and names is None"),
            // Ids may begin with #.
            Table(text: "id,x\n#1,5\n#2,6\n", arguments: ["--id", "id"], holds: "rows == [[5], [6]] and ids == ['#1', '#2']"),
            Table(text: "#CHROM\tPOS\n1\t5\n2\t6\n", holds: "rows == [[1, 5], [2, 6]] and names == ['CHROM', 'POS']"),
            // pandas: its index, and one column of it as ids.
            Table(
                text: ",0,1\n0,.5,1.5\n1,2.5,3.5\n",
                holds: "rows == [[.5, 1.5], [2.5, 3.5]] and ids == ['0', '1'] and names == ['0', '1']"),
            Table(
                text: ",0,1\n0,.5,1.5\n1,2.5,3.5\n", arguments: ["--id", "#0"],
                holds: "rows == [[.5, 1.5], [2.5, 3.5]] and ids == ['0', '1']"),
            Table(
                text: ",0,1\n0,.5,1.5\n1,2.5,3.5\n", arguments: ["--id", "0"],
                holds: "rows == [[0, 1.5], [1, 3.5]] and ids == ['.5', '2.5'] and names == ['#0', '1']", says: ["--drop '#0'"]),
            Table(
                text: ",0,1\n0,.5,1.5\n1,2.5,3.5\n", arguments: ["--drop", "#0"],
                holds: "rows == [[.5, 1.5], [2.5, 3.5]] and ids == [0, 1]"),
            // Separators at the ends of lines.
            Table(text: "a,b,\n1,2,\n3,4,\n", holds: "rows == [[1, 2], [3, 4]] and names == ['a', 'b']", says: ["left out: 1"]),
            Table(text: "a,b\n1,2,\n3,4,\n", holds: "rows == [[1, 2], [3, 4]] and names == ['a', 'b']"),
            Table(text: "1;2;\n3;4;\n", holds: "rows == [[1, 2], [3, 4]]"),
        ])
    }

    @Test func missingValuesAndTruths() throws {
        try check([
            Table(
                text: "1,NA,3\n4,5,6\n7,,9\n", holds: "rows == [[1, None, 3], [4, 5, 6], [7, None, 9]]",
                says: ["missing values ('NA', empty) are NaN: 2 of 9", "--nan mask"]),
            Table(
                text: "a,b\nnull,1\nN/A,2\nnan,3\nNaN,4\nNone,5\n-,6\n#N/A,7\n8,8\n",
                holds: "[r[0] for r in rows] == [None] * 7 + [8]"),
            Table(text: "a\n\"\"\n1\n", holds: "rows == [[None], [1]]"),
            Table(text: "a,b\ntrue,False\nTRUE,0\n", holds: "rows == [[1, 0], [1, 0]]", saysNot: ["missing"]),
            Table(text: "a,b\n#N/A,1\n#1,2\n2,2\n", holds: "rows == [[None, 1], [2, 2]]", says: ["passed over: 1"]),
            Table(
                text: "a,b\n1,inf\n2,-Inf\n", holds: "rows == [[1, math.inf], [2, -math.inf]]",
                says: ["infinite values, which cannot be trained on, in 'b'"]),
            Table(text: "a,b\n1,\n2,\n", holds: "rows == [[1, None], [2, None]]", says: ["no value at all in 'b'"]),
        ])
    }

    @Test func labelsAndColumns() throws {
        let cells = "id,x,\"y; z\",kind\nr1,1,2,T\nr2,3,4,\nr3,5,6,B\n"
        try check([
            Table(
                text: cells, arguments: ["--label", "kind", "--id", "id"],
                holds: "rows[2] == [5, 6] and labels == ['T', '', 'B'] and ids == ['r1', 'r2', 'r3'] and names == ['x', 'y; z']",
                says: ["rows without a label: 1"]),
            Table(
                text: cells, arguments: ["--columns", "\"y; z\",x"],
                holds: "rows == [[1, 2], [3, 4], [5, 6]] and names == ['x', 'y; z'] and ids == [0, 1, 2]"),
            Table(text: cells, arguments: ["--drop", "#3,id"], holds: "rows == [[1, 2], [3, 4], [5, 6]]"),
            Table(
                text: "x,k\n1,1\n2,0\n", arguments: ["--label", "k"],
                holds: "labels == [1, 0] and f['label'].dtype.name == 'int64'"),
            Table(
                text: "x,k\n1,1.0\n2,\n3,0.0\n", arguments: ["--label", "k"],
                holds: "labels == [1, None, 0] and f['label'].dtype.name == 'float64'"),
            Table(text: "x,k\n1,9223372036854775807\n2,0\n", arguments: ["--label", "k"], holds: "labels == [2**63 - 1, 0]"),
            Table(text: "x,k\n1,+\n2,-\n", arguments: ["--label", "k"], holds: "labels == ['+', '-']"),
            Table(text: "x,k\n1,0.5\n2,1\n", arguments: ["--label", "k"], holds: "labels == ['0.5', '1']"),
        ])
    }

    /// float64 is for what float32 would lose, and for nothing else.
    @Test func precision() throws {
        try check([
            Table(
                text: "t,x\n1700000000000001,1\n1700000000000002,2\n",
                holds: "type == 'float64' and rows[0] == [1700000000000001, 1]", says: ["float32 would lose digits of 't'"]),
            Table(text: "e,f\n-1200000.05,1\n-1200000.11,1\n", holds: "type == 'float64' and rows[0][0] == -1200000.05"),
            Table(text: "n\n16777217\n3\n", holds: "type == 'float64' and rows[0] == [16777217]"),
            Table(text: "n,m\n1e39,1\n1,2\n", holds: "type == 'float64' and rows[0][0] == 1e39"),
            Table(text: "a,b\n0.1,300.123456789\n0.7,250.1\n0.3,0\n", holds: "type == 'float32'", saysNot: ["float64"]),
            Table(text: "a\n16777216\n0\n", holds: "type == 'float32' and rows[0] == [16777216]"),
            Table(text: "a,b\n0.1,1\n0.1,2\n", holds: "type == 'float32'"),
            Table(
                text: "n\n12345678901234567891\n9007199254740993\n", holds: "type == 'float64' and rows[1] == [9007199254740992]",
                says: ["whole numbers beyond 2^53 are rounded: 2"]),
        ])
    }

    /// What pandas, numpy and Python's csv write is what was in memory.
    @Test func whatPythonWrites() throws {
        let folder = try TemporaryFolder()
        let made = try Program.python(
            """
            import csv, numpy as np, os, pandas as pd, sys
            os.chdir(sys.argv[1]); r = np.random.default_rng(1)
            x = r.normal(size=(40, 3)) * [1, 1e-20, 1e20]; x[3, 1] = np.nan; x[0, 0] = 1 / 3
            d = pd.DataFrame(x, columns=["a", "b c", 'q"u,o'])
            d.to_csv("plain.csv", index=False); d.to_csv("gz.csv.gz"); d.to_csv("na.csv", na_rep="NULL", sep="\\t", index=False)
            d.to_csv("all.csv", quoting=csv.QUOTE_ALL, index=False); d.to_csv("text.csv", quoting=csv.QUOTE_NONNUMERIC, index=False)
            d.to_csv("german.csv", sep=";", decimal=",", index=False); d.to_csv("windows.csv", encoding="utf-8-sig", lineterminator="\\r\\n", index=False)
            d.to_csv("blank.csv", sep=" ", index=False, na_rep="nan"); d.to_csv("nohead.csv", header=False, index=False)
            np.savetxt("np.txt", x); np.savetxt("np.csv", x, delimiter=",", header="a,b c,q", comments="# "); np.savetxt("fix.txt", x, fmt="%25.17e")
            np.save("x.npy", x)
            """, [folder.url.path])
        #expect(made.status == 0, "\(made)")
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.url.path).filter { !$0.hasSuffix(".npy") }
        for name in names {
            let outcome = try mpiVAE("import", "csv", folder.path(name), "--output", folder.path("all.h5"), "--name", name)
            #expect(outcome.status == 0, "\(outcome)")
        }
        let outcome = try Program.python(
            """
            import h5py, numpy as np, sys
            f = h5py.File(sys.argv[1] + "/all.h5", "r"); x = np.load(sys.argv[1] + "/x.npy")
            assert len(f) == 12, list(f)
            for n in f:
                assert (np.isnan(f[n]["data"][:]) == np.isnan(x)).all() and np.allclose(f[n]["data"], x.astype("f4"), rtol=1e-7, atol=0, equal_nan=True), n
                names = [b.decode() for b in f[n]["feature_names"][:]] if "feature_names" in f[n] else None
                want = None if n in ("nohead.csv", "np.txt", "fix.txt") else ["a", "b c", "q"] if n == "np.csv" else ["a", "b c", 'q"u,o']
                assert names == want, (n, names)
            """, [folder.url.path])
        #expect(outcome.status == 0, "\(outcome)")
    }

    /// 20,000 columns, their names, and a number in each that every reader must round alike.
    @Test func wideTablesAndHardNumbers() throws {
        let folder = try TemporaryFolder()
        let made = try Program.python(
            """
            import numpy as np, sys
            r = np.random.default_rng(2); x = np.frombuffer(r.bytes(160000), "f8").copy(); x[~np.isfinite(x)] = 5e-324; x[0] = 2.2250738585072011e-308
            open(sys.argv[1] + "/w.csv", "w").write(",".join("gene%d" % k for k in range(20000)) + "\\n" + "\\n".join(",".join(map(repr, y.tolist())) for y in (x, -x)))
            np.save(sys.argv[1] + "/w.npy", x)
            """, [folder.url.path])
        #expect(made.status == 0, "\(made)")
        let outcome = try mpiVAE("import", "csv", folder.path("w.csv"), "--output", folder.path("w.h5"))
        #expect(outcome.status == 0, "\(outcome)")
        let read = try Program.python(
            """
            import h5py, numpy as np, sys
            f = h5py.File(sys.argv[1] + "/w.h5", "r"); x = np.load(sys.argv[1] + "/w.npy")
            assert f["data"].dtype == "f8" and (f["data"][0] == x).all() and (f["data"][1] == -x).all()
            assert f["feature_names"].shape == (20000,) and f["feature_names"][-1] == b"gene19999"
            """, [folder.url.path])
        #expect(read.status == 0, "\(read)")
    }

    /// From a table with quotation marks, line breaks and holes to a trained model's table of codes.
    @Test func throughTrainingAndBack() throws {
        let folder = try TemporaryFolder()
        let labels = ["plain", "a,b", "say \"x\"", "two\nlines", "cr\r\nlf"]
        var text = "kind,u,v,w\n"
        for row in 0..<40 {
            let label = labels[row % 5]
            text += "\"\(label.replacingOccurrences(of: "\"", with: "\"\""))\",\(row).5,\(row % 7),\(row % 3 == 0 ? "NA" : "1")\n"
        }
        try Data(text.utf8).write(to: folder.url.appendingPathComponent("t.csv"))
        for arguments in [
            ["import", "t.csv", "--label", "kind", "--output", "t.h5"],
            [
                "train", "--data", "t.h5", "--nan", "mask", "--likelihood", "gaussian", "--scale", "standardize", "--hidden", "4",
                "--latent", "2", "--max-steps", "2", "--global-batch", "8", "--output", "run",
            ],
            ["embed", "--checkpoint", "run", "--data", "t.h5", "--format", "csv", "--output", "z.csv"],
        ] {
            let outcome = try mpiVAE(arguments: arguments, folder: folder.url)
            #expect(outcome.status == 0, "\(outcome)")
        }
        let read = try Program.python(
            """
            import csv, sys
            rows = list(csv.reader(open(sys.argv[1] + "/z.csv", newline="")))
            assert rows[0] == ["id", "label", "split", "z0", "z1"] and len(rows) == 41, rows[:2]
            assert [r[1] for r in rows[1:6]] == sys.argv[2:], rows[1:6]
            """, [folder.url.path] + labels)
        #expect(read.status == 0, "\(read)")
    }
}

import Foundation
import TestSupport
import Testing

/// Names of files and data sets with any characters: what there is, as it stands, is meant.
@Suite(.serialized)
struct NameTests {
    /// Data sets that are filled with their places in the list, by ten.
    private static let names = [
        "Na+", "Na", "data", "a:b", "x,y", "CD4+CD8-", "g/in,ner+", "[z]*", #"back\+slash"#, "x", " blank",
    ]
    private static let files = ["names.h5", "run 1, b+c.h5", "a:b.h5", "p[1].h5", "p1.h5", "q?.h5"]

    private static let folder = Result {
        let folder = try TemporaryFolder()
        let python = try Program.python(
            """
            import h5py, json, numpy as np, sys
            d, files, names = sys.argv[1], json.loads(sys.argv[2]), json.loads(sys.argv[3])
            for i, file in enumerate(files):
                with h5py.File(d + "/" + file, "w") as f:
                    for k, n in enumerate(names): f[n] = np.full((20, 4), k / 20 + i / 100)
            """,
            [
                folder.url.path, String(decoding: try JSONEncoder().encode(files), as: UTF8.self),
                String(decoding: try JSONEncoder().encode(names), as: UTF8.self),
            ])
        if python.status != 0 { throw CannotRun(description: "\(python)") }
        return folder
    }

    private let folder: TemporaryFolder

    init() throws { folder = try Self.folder.get() }

    private static func value(_ name: String, _ file: String = "names.h5") -> Double {
        Double(names.firstIndex(of: name)!) / 20 + Double(files.firstIndex(of: file)!) / 100
    }

    /// The first row that an import reads, or how it fails.
    private func read(_ specification: String) throws -> (outcome: Outcome, row: [Double]) {
        let output = folder.path("out.h5")
        defer { unlink(output) }
        let outcome = try mpiVAE(arguments: ["import", "hdf5", "--data", specification, "--output", output], folder: folder.url)
        guard outcome.status == 0 else { return (outcome, []) }
        let python = try Program.python(
            "import h5py, sys; d = h5py.File(sys.argv[1])['data']; print(*d[0]); print(*d[-1])", [output])
        return (outcome, python.output.split(whereSeparator: \.isWhitespace).compactMap { Double($0) })
    }

    private func expect(_ specification: String, _ values: [Double]) throws {
        let (outcome, row) = try read(specification)
        let expected = values.flatMap { [Double](repeating: $0, count: 4) }
        #expect(
            row.count == 2 * expected.count && zip(row, expected).allSatisfy { abs($0 - $1) < 1e-6 },
            "\(specification): \(row), not \(expected): \(outcome)")
    }

    @Test func dataSets() throws {
        let value = { Self.value($0) }
        for name in Self.names { try expect("names.h5:/\(name)", [value(name)]) }
        try expect("names.h5", [value("data")])
        try expect("names.h5:/Na+/data", [value("Na"), value("data")])
        try expect("names.h5:/Na++/Na", [value("Na+"), value("Na")])
        try expect("names.h5:/CD4+CD8-+/a:b", [value("CD4+CD8-"), value("a:b")])
        try expect("names.h5:/x,y+x", [value("x,y"), value("x")])
        try expect(#"names.h5:/Na\++/x\,y"#, [value("Na+"), value("x,y")])
        try expect(#"names.h5:/a\:b"#, [value("a:b")])
        // Told how, or understood.
        for text in ["names.h5:data", "names.h5/data", "./names.h5:/data", "\(folder.path("names.h5"))/data"] {
            try expect(text, [value("data")])
        }
        try expect("names.h5/g/in,ner+", [value("g/in,ner+")])
    }

    @Test func files() throws {
        for file in Self.files {
            try expect(file, [Self.value("data", file)])
            for name in ["Na+", "x,y"] { try expect("\(file):/\(name)", [Self.value(name, file)]) }
        }
        try expect(#"run 1\, b+c.h5:/data"#, [Self.value("data", "run 1, b+c.h5")])
        try expect(#"p\[1\].h5:/x"#, [Self.value("x", "p[1].h5")])
        // Several: the first row is of the first file, the last of the last.
        for text in ["names.h5:/x,p1.h5:/x", "names.h5:/x, p1.h5:/x", "names.h5:/x,,p1.h5:/x,"] {
            let row = try read(text).row
            #expect(row.first == Self.value("x") && abs((row.last ?? 0) - Self.value("x", "p1.h5")) < 1e-6, "\(text): \(row)")
        }
        let (_, row) = try read("p[0-9].h5:/Na+,run 1, b+c.h5:/x,y")
        #expect(row.first.map { abs($0 - Self.value("Na+", "p1.h5")) < 1e-6 } == true, "\(row)")
        #expect(row.last.map { abs($0 - Self.value("x,y", "run 1, b+c.h5")) < 1e-6 } == true, "\(row)")
        let (all, _) = try read("p*.h5:/x,y")
        #expect(all.output.contains("[40, 4]"), "\(all)")
    }

    /// What is not there is told as it was meant.
    @Test func missing() throws {
        for (text, status, says) in [
            ("names.h5:/Nb+", Int32(65), "names.h5 has no data set /Nb+; there are"),
            ("names.h5:/Na+/none", 65, "no data set /none"),
            ("none.h5:/data", 66, "none.h5: no such file"), ("none.h5", 66, "none.h5: no such file"),
            ("n*.h5x:/a", 66, "no file fits the pattern"),
            ("names.h5:/x,none.h5:/x", 66, "none.h5"), ("names.h5/none", 65, "has no data set /none"),
        ] {
            let outcome = try read(text).outcome
            #expect(
                outcome.status == status && outcome.errors.contains(says) && outcome.errorLines.count == 1, "\(text): \(outcome)")
        }
    }

    /// The same names in every command that reads data; and a run in a folder with such a name.
    @Test func commands() throws {
        let train = [
            "train", "--data", "run 1, b+c.h5:/CD4+CD8-", "--validation-data", "names.h5:/x,y", "--hidden", "4", "--latent", "2",
            "--global-batch", "8",
            "--epochs", "1", "--output", "runs, a+b:/c [1]",
        ]
        let trained = try mpiVAE(arguments: train, folder: folder.url)
        #expect(trained.status == 0 && !trained.errors.contains("not found"), "\(trained)")
        let run = "runs, a+b:/c [1]"
        for arguments in [
            ["embed", "--checkpoint", run, "--data", "names.h5:/Na+", "--output", "e, 1+.h5"],
            ["evaluate", "--checkpoint", run, "--data", "names.h5:/Na+,run 1, b+c.h5:/x,y", "--factors", "x,y"],
            ["score", "--checkpoint", run, "--data", "names.h5:/a:b", "--output", "s:x.h5"],
            ["reconstruct", "--checkpoint", run, "--data", "a:b.h5:/a:b", "--clean", "run 1, b+c.h5:/Na+", "--output", "r.h5"],
            ["report", run],
        ] {
            let outcome = try mpiVAE(arguments: arguments, folder: folder.url)
            #expect(outcome.status == 0 && outcome.errorLines.isEmpty, "\(arguments): \(outcome)")
        }
        for name in ["e, 1+.h5", "s:x.h5"] { #expect(FileManager.default.fileExists(atPath: folder.path(name)), "\(name)") }
    }
}

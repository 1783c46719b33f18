import Foundation
import TestSupport
import Testing

/// What commands write: never over what they read, in the format that its name says, under any name.
@Suite(.serialized)
struct OutputFileTests {
    /// A run on 64 images of 6 x 6, whose folder is `run`, in a folder with the data `data.h5` and `other.h5`.
    private static let trained = Result {
        let folder = try TemporaryFolder()
        let python = try Program.python(
            """
            import h5py, numpy as np, sys
            for name in ("data.h5", "other.h5"):
                with h5py.File(sys.argv[1] + "/" + name, "w") as f:
                    x = np.random.default_rng(1).random((64, 6, 6)).astype("f4")
                    y = x.copy(); y[3, 2, 1] = np.nan
                    f["data"], f["gaps"], f["label"] = x, y, np.arange(64) % 2
            """, [folder.url.path])
        if python.status != 0 { throw CannotRun(description: "\(python)") }
        let run = try mpiVAE(
            "train", "--data", "data.h5", "--hidden", "4", "--latent", "2", "--global-batch", "16", "--epochs", "1",
            "--no-report",
            "--validation-fraction", "0.2", "--nan", "mask", "--output", "run", folder: folder.url)
        if run.status != 0 { throw CannotRun(description: "\(run)") }
        return folder
    }

    private let folder: TemporaryFolder

    init() throws { folder = try Self.trained.get() }

    private func run(_ arguments: String...) throws -> Outcome { try mpiVAE(arguments: arguments, folder: folder.url) }

    private func content(_ name: String) -> Data? { FileManager.default.contents(atPath: folder.path(name)) }

    private func expect(_ status: Int32, _ texts: [String], _ outcome: Outcome) {
        #expect(outcome.status == status && outcome.errorLines.count == 1, "\(outcome)")
        for text in texts { #expect(outcome.errors.contains(text), "\(text): \(outcome)") }
    }

    /// Every command, every input, by every kind of name: refused, and the input is as it was.
    @Test func inputsAreKept() throws {
        let manager = FileManager.default
        for (name, target) in [("soft.h5", "data.h5"), ("model.h5", "run/best.h5")] {
            try? manager.createSymbolicLink(atPath: folder.path(name), withDestinationPath: target)
        }
        try? manager.linkItem(atPath: folder.path("data.h5"), toPath: folder.path("hard.h5"))
        let before = (content("data.h5"), content("other.h5"), content("run/best.h5"))
        let apply = ["--checkpoint", "run", "--data", "data.h5"]
        let cases: [[String]] = [
            ["embed"] + apply + ["--output", "data.h5"], ["embed"] + apply + ["--output", "./run/../data.h5"],
            ["embed"] + apply + ["--output", "soft.h5"], ["embed"] + apply + ["--output", "hard.h5"],
            ["embed"] + apply + ["--output", "run/best.h5"], ["embed"] + apply + ["--output", "model.h5"],
            ["embed", "--checkpoint", "run", "--data", "da*.h5,other.h5:/data", "--output", "other.h5"],
            ["embed", "--checkpoint", "run/best.h5", "--data", "soft.h5", "--output", "hard.h5"],
            ["embed", "--checkpoint", "model.h5", "--data", "data.h5", "--output", "run/best.h5"],
            ["impute"] + apply + ["--output", "data.h5"], ["evaluate"] + apply + ["--output", "hard.h5"],
            ["score", "--checkpoint", "run", "--data", "other.h5", "--fit-data", "data.h5:/data", "--output", "soft.h5"],
            // The rows that the run was trained on.
            ["score", "--checkpoint", "run", "--data", "other.h5", "--output", "data.h5"],
            ["reconstruct"] + apply + ["--clean", "other.h5", "--output", "other.h5"],
            ["reconstruct"] + apply + ["--output", "new.h5", "--grid", "new.h5"],
            ["generate", "--checkpoint", "run", "--output", "run/best.h5"],
            ["generate", "--checkpoint", "run", "--data", "data.h5", "--label", "1", "--output", "data.h5"],
        ]
        for arguments in cases {
            let outcome = try mpiVAE(arguments: arguments + ["--force"], folder: folder.url)
            #expect([64, 73].contains(outcome.status) && outcome.errorLines.count == 1, "\(arguments): \(outcome)")
            #expect(
                outcome.errors.contains("is read by this command") || outcome.errors.contains("the same file")
                    || outcome.errors.contains("cannot be written here"), "\(arguments): \(outcome)")
        }
        #expect(before == (content("data.h5"), content("other.h5"), content("run/best.h5")))
        #expect(content("new.h5") == nil)
        // Without --force the same, and not that it would help.
        expect(
            73, ["is read by this command"], try run("embed", "--checkpoint", "run", "--data", "data.h5", "--output", "data.h5"))
        let ranks = try mpiVAE(
            ranks: 3,
            [
                "embed", "--checkpoint", folder.path("run"), "--data", folder.path("data.h5"), "--force", "--output",
                folder.path("soft.h5"),
            ])
        expect(73, ["which is the same file as"], ranks)
    }

    /// A run keeps the files that it reads, and the configuration that its user wrote.
    @Test func runsKeepTheirInputs() throws {
        let manager = FileManager.default
        try manager.createDirectory(atPath: folder.path("own"), withIntermediateDirectories: true)
        try manager.copyItem(atPath: folder.path("data.h5"), toPath: folder.path("own/embeddings.h5"))
        try Data("# mine\n[training]\nepochs = 1\n".utf8).write(to: folder.url.appendingPathComponent("own/config.toml"))
        let before = content("own/embeddings.h5")
        let train = ["train", "--hidden", "4", "--global-batch", "16", "--epochs", "1", "--no-report", "--output", "own"]
        let data = try mpiVAE(
            arguments: train + ["--data", "other.h5", "--validation-data", "own/embeddings.h5:/data"], folder: folder.url)
        expect(73, ["own/embeddings.h5 is read, and would be replaced"], data)
        #expect(content("own/embeddings.h5") == before)
        let mine = try mpiVAE(arguments: train + ["--data", "other.h5", "--config", "own/config.toml"], folder: folder.url)
        expect(73, ["own/config.toml would be replaced"], mine)
        #expect(content("own/config.toml") == Data("# mine\n[training]\nepochs = 1\n".utf8))
        // What a run wrote is taken again.
        let again = try run("train", "--config", "run/config.toml")
        #expect(again.status == 0 && again.errors.contains("nothing to do"), "\(again)")
    }

    @Test func formatsByName() throws {
        let apply = ["embed", "--checkpoint", "run", "--data", "data.h5", "--force", "--output"]
        for (name, start) in [
            ("e.csv", Array("id,label".utf8)), ("e.npy", [0x93] + Array("NUMPY".utf8)), ("e.h5ad", [0x89] + Array("HDF".utf8)),
            ("e.H5", [0x89] + Array("HDF".utf8)), ("e", [0x89] + Array("HDF".utf8)), ("e.v2", [0x89] + Array("HDF".utf8)),
        ] {
            let outcome = try mpiVAE(arguments: apply + [name], folder: folder.url)
            #expect(outcome.status == 0 && content(name)?.starts(with: start) == true, "\(name): \(outcome)")
        }
        let keys = try Program.python("import h5py, sys; print(*h5py.File(sys.argv[1])['obsm'])", [folder.path("e.h5ad")])
        #expect(keys.output == "X_vae\n")
        for (more, text) in [
            (["x.csv", "--format", "h5"], "is named as CSV, but --format asks for HDF5"),
            (["x.h5", "--format", "h5ad"], "is named as HDF5"),
            (["x.tsv"], ".tsv cannot be written here, but HDF5 (.h5), AnnData (.h5ad), NPY (.npy), CSV (.csv)"),
            (["x.csv.gz"], ".gz"), (["x.png"], ".png"),
            ([""], "is empty"),
        ] { expect(64, [text], try mpiVAE(arguments: apply + more, folder: folder.url)) }
        for (command, name) in [("score", "x.csv"), ("impute", "x.npy"), ("reconstruct", "x.csv"), ("evaluate", "x.csv")] {
            let arguments = [command, "--checkpoint", "run", "--data", "data.h5", "--output", name]
            expect(
                64, ["\(name): \(name.dropFirst()) cannot be written here, but HDF5 (.h5)"],
                try mpiVAE(arguments: arguments, folder: folder.url))
        }
        expect(64, [".npy cannot be written here"], try run("generate", "--checkpoint", "run", "--output", "x.npy"))
        expect(64, [".pdf cannot be written here, but HTML (.html)"], try run("report", "run", "--output", "x.pdf"))
        for name in ["x.csv", "x.h5", "x.npy", "x.tsv"] { #expect(content(name) == nil, "\(name)") }
    }

    @Test func images() throws {
        for (name, start) in [
            ("g.png", [UInt8]([0x89, 0x50])), ("g.jpg", [0xFF, 0xD8]), ("g.JPEG", [0xFF, 0xD8]), ("g", [0x89, 0x50]),
        ] {
            let outcome = try run(
                "generate", "--checkpoint", "run", "--count", "4", "--force", "--output", "s.h5", "--grid", name)
            #expect(outcome.status == 0 && content(name)?.starts(with: start) == true, "\(name): \(outcome)")
        }
        // The same picture, but for what JPEG loses.
        let python = try Program.python(
            """
            import sys, numpy as np
            from PIL import Image
            a, b = (np.asarray(Image.open(p)).astype(int) for p in sys.argv[1:])
            assert a.shape == b.shape and abs(a - b).mean() < 8, (a.shape, b.shape, abs(a - b).mean())
            """, [folder.path("g.png"), folder.path("g.jpg")])
        #expect(python.status == 0, "\(python)")
        expect(
            64, ["--grid g.gif", "PNG (.png), JPEG (.jpg)"],
            try run("generate", "--checkpoint", "run", "--output", "t.h5", "--grid", "g.gif"))
        #expect(content("t.h5") == nil)
    }

    @Test func namesOfOneCharacter() throws {
        for name in ["g", "é", "ß", "+"] {
            for command in ["embed", "score", "reconstruct"] {
                let outcome = try run(command, "--checkpoint", "run", "--data", "data.h5", "--force", "--output", name)
                #expect(
                    outcome.status == 0 && content(name)?.prefix(4) == Data([0x89] + Array("HDF".utf8)), "\(name): \(outcome)")
            }
            try FileManager.default.removeItem(atPath: folder.path(name))
        }
        let long = String(repeating: "n", count: 252) + ".h5"
        #expect(try run("embed", "--checkpoint", "run", "--data", "data.h5", "--output", long).status == 0)
        #expect(try run("generate", "--checkpoint", "run", "--output", "./-").status == 0)
        try FileManager.default.removeItem(atPath: folder.path("-"))
        let run = try self.run("train", "--data", "data.h5", "--hidden", "4", "--max-steps", "1", "--output", "r")
        #expect(run.status == 0 && content("r/config.toml") != nil, "\(run)")
        expect(73, ["is a folder"], try self.run("embed", "--checkpoint", "run", "--data", "data.h5", "--output", "r"))
        expect(
            73, ["is a folder"], try self.run("embed", "--checkpoint", "run", "--data", "data.h5", "--force", "--output", "r/"))
    }

    @Test func standardOutput() throws {
        let outcome = try run("embed", "--checkpoint", "run", "--data", "data.h5", "--format", "csv", "--output", "-")
        let lines = outcome.output.split(separator: "\n")
        #expect(outcome.status == 0 && lines.count == 65 && lines[0] == "id,label,split,z0,z1", "\(outcome)")
        #expect(content("-") == nil)
        let page = try run("report", "run", "--output", "-")
        #expect(
            page.status == 0 && page.output.hasPrefix("<!DOCTYPE html>") && !page.output.contains("wrote -"), "\(page.errors)")
        for arguments in [
            ["embed", "--checkpoint", "run", "--data", "data.h5", "--output", "-"],
            ["embed", "--checkpoint", "run", "--data", "data.h5", "--format", "npy", "--output", "-"],
            ["score", "--checkpoint", "run", "--data", "data.h5", "--output", "-"],
            ["generate", "--checkpoint", "run", "--grid", "-"],
        ] { expect(64, ["standard output is for text"], try mpiVAE(arguments: arguments, folder: folder.url)) }
        expect(78, ["output is -, but must name a folder"], try run("train", "--data", "data.h5", "--output", "-"))
    }

    @Test func homeFolder() throws {
        let environment = ["HOME": folder.url.path]
        func run(_ arguments: String...) throws -> Outcome {
            try mpiVAE(arguments: arguments, environment: environment, folder: folder.url)
        }
        #expect(try run("embed", "--checkpoint=~/run", "--data", "~/data.h5,~/other.h5:/data", "--output=~/home.h5").status == 0)
        #expect(content("home.h5") != nil)
        #expect(try run("check", "~/data.h5").output.contains("/data.h5: good"))
        let train = try run("train", "--data=~/data.h5", "--hidden", "4", "--max-steps", "1", "--set", "run.output=~/at-home")
        #expect(train.status == 0 && content("at-home/config.toml") != nil, "\(train)")
    }
}

import Foundation
import TestSupport
import Testing

/// A run's folder as others find it: from another folder, after another run, by every name that it has, and after a start that failed.
@Suite(.serialized)
struct RunFolderTests {
    private let folder: TemporaryFolder

    /// 600 rows of 8 numbers, every fifth of them far from the others, in two files too; text labels 0 and 1.
    static let data = Result {
        let folder = try TemporaryFolder()
        let made = try Program.python(
            """
            import h5py, numpy as np, sys
            r = np.random.default_rng(0)
            x, y = r.normal(size=(600, 8)).astype("f4"), (np.arange(600) % 5 == 0).astype("i8")
            x[y == 1] += 3
            def write(name, x, y):
                with h5py.File(sys.argv[1] + "/" + name, "w") as f: f["data"], f["label"] = x, y
            write("x.h5", x, y); write("part-1.h5", x[:250], y[:250]); write("part-2.h5", x[250:], y[250:])
            write("large.h5", 500 * x, y); write("small.h5", x / 500, y)
            write("other.h5", r.normal(size=(600, 8)).astype("f4"), y)
            """, [folder.url.path])
        guard made.status == 0 else { throw CannotRun(description: "\(made)") }
        return folder
    }

    static let options = [
        "--likelihood", "gaussian", "--hidden", "8", "--latent", "2", "--epochs", "2", "--global-batch", "64",
        "--validation-fraction", "0.1", "--test-fraction", "0.1",
    ]

    init() throws {
        folder = try TemporaryFolder()
        let data = try Self.data.get()
        for name in try FileManager.default.contentsOfDirectory(atPath: data.url.path) {
            try FileManager.default.copyItem(atPath: data.path(name), toPath: folder.path(name))
        }
        for name in ["jobs", "elsewhere"] {
            try FileManager.default.createDirectory(atPath: folder.path(name), withIntermediateDirectories: true)
        }
    }

    /// In a folder, by default the one with the data.
    private func run(_ arguments: [String], in name: String = "", environment: [String: String] = [:]) throws -> Outcome {
        try mpiVAE(arguments: arguments, environment: environment, folder: folder.url.appendingPathComponent(name))
    }

    private func train(_ data: String, _ output: String, in name: String = "", _ more: [String] = []) throws {
        let outcome = try run(["train", "--data", data, "--output", output] + Self.options + more, in: name)
        #expect(outcome.status == 0, "\(outcome)")
    }

    private func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: folder.path(name)) }

    private func expect(_ status: Int32, _ texts: [String], _ outcome: Outcome) {
        #expect(outcome.status == status, "\(texts): \(outcome)")
        for text in texts { #expect(outcome.errors.contains(text), "\(text): \(outcome)") }
    }

    /// Relative paths, patterns, lists, data sets by name: all mean the same data from any folder, and nothing of it is in checkpoints.
    @Test func dataAreFoundFromAnyFolder() throws {
        for (number, data) in ["../x.h5", "../part-*.h5:/data", "../part-1.h5,../part-2.h5:/data", "../jobs/../x.h5:/data"]
            .enumerated()
        {
            let name = "run-\(number)"
            try train(data, "../\(name)", in: "jobs")
            let score = try run(
                ["score", "--checkpoint", "../\(name)", "--data", "../other.h5", "--output", "s.h5", "--force"], in: "elsewhere")
            #expect(score.status == 0 && score.output.contains("fitted to 480"), "\(score)")
            let report = try run(["report", "../\(name)/best.h5"], in: "elsewhere")
            let page = try String(contentsOfFile: folder.path("\(name)/report.html"), encoding: .utf8)
            #expect(report.status == 0 && !page.contains("(not found)") && page.contains("Reconstructions"), "\(report)")
        }
        let text = try String(contentsOfFile: folder.path("run-0/config.toml"), encoding: .utf8)
        #expect(text.contains("\ndata = \"../x.h5\"\n"), "as it was given")
        let python = try Program.python(
            """
            import os, sys, tomllib
            c = tomllib.load(open(sys.argv[1] + "/run-1/config.toml", "rb"))
            # What fitted the pattern, each by its absolute path.
            assert c["origin"]["data"] == ",".join(os.path.realpath(sys.argv[1]) + f"/part-{i}.h5:/data" for i in (1, 2)), c["origin"]
            assert c["data"]["data"] == "../part-*.h5:/data" and set(c["origin"]) == {"data"}
            """, [folder.url.path])
        #expect(python.status == 0, "\(python)")

        // The same run from another folder has the same checkpoints; the file is one for --config, by the path as it was given.
        let again = try run(["train", "--config", "../run-0/config.toml", "--output", "../again"], in: "elsewhere")
        #expect(again.status == 0, "\(again)")
        try train("x.h5", "here")
        #expect(try newestCheckpoint(folder.path("again")) == newestCheckpoint(folder.path("run-0")))
        #expect(try newestCheckpoint(folder.path("here")) == newestCheckpoint(folder.path("run-0")))

        // A project that has moved, and data that are gone or others: the run is named.
        try FileManager.default.moveItem(atPath: folder.path("x.h5"), toPath: folder.path("elsewhere/x.h5"))
        let arguments = ["score", "--data", "../other.h5", "--output", "s.h5", "--force", "--checkpoint"]
        let gone = try run(arguments + ["../run-0"], in: "elsewhere")
        expect(66, ["../run-0/config.toml: data ../x.h5", "is not there any more", "--fit-data"], gone)
        #expect(try run(arguments + ["../run-0", "--fit-data", "x.h5"], in: "elsewhere").status == 0)
        try FileManager.default.createDirectory(atPath: folder.path("elsewhere/jobs"), withIntermediateDirectories: true)
        #expect(try run(["score", "--data", "../../other.h5", "--checkpoint", "../../run-0"], in: "elsewhere/jobs").status == 0)
        try FileManager.default.copyItem(atPath: folder.path("other.h5"), toPath: folder.path("x.h5"))
        expect(
            65, ["../run-0/config.toml: data ../x.h5", "is not what the model was trained on", "--fit-data"],
            try run(arguments + ["../run-0"], in: "elsewhere"))
    }

    /// A run by its folder, its checkpoints, its best one and its newest one, for every command that takes a checkpoint.
    @Test func everyNameOfARun() throws {
        try train("x.h5", "run", ["--checkpoint-every-epochs", "1", "--lr", "0.3"])
        let newest = "run/checkpoints/step-0000000016.h5"
        #expect(exists(newest))
        let names = ["run", "./run//", "run/checkpoints/", "run/best.h5", newest]
        for name in names {
            for command in [
                ["embed", "--data", "x.h5", "--output", "o.h5", "--force", "--checkpoint", name],
                ["score", "--data", "x.h5", "--output", "o.h5", "--force", "--checkpoint", name],
                ["report", name, "--output", "page.html", "--force"], ["inspect", name],
            ] {
                let outcome = try run(command)
                #expect(outcome.status == 0, "\(command): \(outcome)")
            }
            let on = try run(Self.goingOn(from: name))
            #expect(on.status == 0 && on.errors.contains("going on after step"), "\(on)")
            try FileManager.default.removeItem(atPath: folder.path("on"))
        }
        for (place, name) in [
            ("run", "."), ("run", "checkpoints"), ("run", "best.h5"), ("run/checkpoints", "."), ("run", "../run"),
        ] {
            let outcome = try run(
                ["score", "--data", folder.path("x.h5"), "--output", "/dev/null/x", "--checkpoint", name], in: place)
            #expect(
                outcome.errors.contains("/dev/null/x") && !outcome.errors.contains("--fit-data"), "\(place) \(name): \(outcome)")
        }
        // The newest of a run for going on, its best for all else.
        #expect(try run(Self.goingOn(from: "run")).errors.contains("going on after step 16"))
        let best = try run(["inspect", "run", "--json"]).output
        #expect(try best == run(["inspect", "run/best.h5", "--json"]).output)
        for name in ["none", "jobs", "x.h5"] {
            let outcome = try run(["embed", "--checkpoint", name, "--data", "x.h5", "--output", "none.h5"])
            #expect([65, 66].contains(outcome.status) && outcome.errorLines.count == 1, "\(outcome)")
        }
        expect(64, ["--checkpoint is empty"], try run(["embed", "--checkpoint", "", "--data", "x.h5"]))
    }

    private static func goingOn(from name: String) -> [String] {
        ["train", "--data", "x.h5", "--output", "on", "--resume", name, "--lr", "0.3"] + options + ["--epochs", "3"]
    }

    /// Nothing is left of a start that failed but what was there before.
    @Test func failedStartsLeaveNothing() throws {
        try Data("text".utf8).write(to: folder.url.appendingPathComponent("text.h5"))
        let failing: [([String], Int32)] = [
            (["--data", "none.h5"], 66), (["--data", "text.h5"], 65), (["--data", "x.h5:/nope"], 65),
            (["--data", "x.h5", "--validation-data", "none.h5"], 66), (["--data", "x.h5", "--global-batch", "65"], 78),
            (["--data", "x.h5", "--hidden", "9999999,9999999"], 78), (["--data", "x.h5"], 65), (["--resume", "none.h5"], 66),
            (["--latent", "0"], 78), (["--shards", "40000"], 65),
        ]
        for (arguments, status) in failing {
            let outcome = try run(["train", "--output", "new/deep/run"] + arguments)
            #expect(outcome.status == status && outcome.errorLines.count == 1, "\(arguments): \(outcome)")
            #expect(!exists("new"), "\(arguments)")
        }
        let ranks = try mpiVAE(ranks: 3, ["train", "--data", folder.path("none.h5"), "--output", folder.path("new/run")])
        #expect(ranks.status == 66 && !exists("new"), "\(ranks)")
        let sweep = try run([
            "sweep", "--data", "none.h5", "--validation-fraction", "0.1", "--grid", "latent=1,2", "--output", "new/s",
        ])
        #expect(sweep.status == 66 && !exists("new"), "\(sweep)")
        // A run of a sweep that fails is noted in its folder all the same.
        let grid = [
            "sweep", "--data", "x.h5", "--validation-fraction", "0.2", "--grid", "global-batch=65,64", "--output", "new/s",
        ]
        let failed = try run(grid + ["--likelihood", "gaussian", "--hidden", "4", "--epochs", "1"])
        #expect(
            failed.status == 65 && exists("new/s/global-batch=65/failure.txt") && exists("new/s/global-batch=64/best.h5"),
            "\(failed)")

        // What was there stays: an empty folder, somebody's file, and the shapes of an earlier start.
        for name in ["mine", "mine/run"] {
            try FileManager.default.createDirectory(atPath: folder.path("mine"), withIntermediateDirectories: true)
            #expect(try run(["train", "--data", "none.h5", "--output", name]).status == 66)
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path("mine")) == [], "\(name)")
        }
        try Data("mine".utf8).write(to: folder.url.appendingPathComponent("mine/notes.txt"))
        #expect(try run(["train", "--resume", "none.h5", "--output", "mine"]).status == 66)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path("mine")) == ["notes.txt"])
    }

    /// Whose folder it is, told to who comes with another configuration, or with none.
    @Test func anotherRunInTheFolder() throws {
        try train("x.h5", "runs/default")
        let before = try newestCheckpoint(folder.path("runs/default"))
        let whose = ["runs/default holds a run of vae [8], latent 2 on x.h5", "2 epochs, 16 steps, saved 20", "--output"]
        expect(78, whose + ["test-fraction is 0.0, but was 0.1"], try run(["train"]))
        expect(78, whose, try run(["train", "--dry-run"]))
        expect(78, whose + ["latent is 3, but was 2"], try run(["train", "--data", "x.h5"] + Self.options + ["--latent", "3"]))
        expect(65, whose, try run(["train", "--data", "other.h5"] + Self.options))
        expect(65, whose + ["the data have [32, 32]"], try run(["train"] + Self.options))
        #expect(try newestCheckpoint(folder.path("runs/default")) == before && !exists("runs/default/shapes.h5"))
        expect(73, ["runs/default already holds a run", "--output"], try run(["train", "--resume", "never", "--data", "x.h5"]))

        let tried = try run(["train", "--max-steps", "1", "--hidden", "8", "--latent", "2", "--output", "tried"])
        #expect(tried.status == 0, "\(tried)")
        expect(
            78, ["tried holds a run of vae [8], latent 2 on generated shapes", "hidden is [400], but was [8]"],
            try run(["train", "--output", "tried"]))
    }

    /// Nothing is no data, wherever it is given; not given they are the generated shapes.
    @Test func emptyData() throws {
        try Data("[data]\ndata = \"\"\n".utf8).write(to: folder.url.appendingPathComponent("empty.toml"))
        for (arguments, environment) in [
            (["--data", ""], [:]), (["--set", "data.data="], [:]), (["--config", "empty.toml"], [:]), ([], ["MPI_VAE_DATA": ""]),
        ] as [([String], [String: String])] {
            for command in [["train"], ["train", "--dry-run"], ["bench"], ["sweep", "--grid", "latent=1,2"]] {
                let output = command == ["bench"] ? [] : ["--output", "none"]
                let outcome = try run(command + output + arguments, environment: environment)
                expect(78, [" is empty: give a file"], outcome)
                #expect(!exists("none"), "\(outcome)")
            }
        }
        for command in ["embed", "evaluate", "score", "impute", "reconstruct", "generate"] {
            expect(64, ["--data is empty"], try run([command, "--checkpoint", "run", "--data", ""]))
        }
        expect(64, ["--fit-data is empty"], try run(["score", "--checkpoint", "run", "--data", "x.h5", "--fit-data", ""]))
        // The file that config prints is a configuration.
        try Data(try run(["config"]).output.utf8).write(to: folder.url.appendingPathComponent("mpi-vae.toml"))
        let plan = try run(["train", "--dry-run", "--hidden", "4"])
        #expect(plan.status == 0 && plan.errors.contains("generated shapes"), "\(plan)")
    }

    /// The plan is of what the run does: its rows, its steps, where it stands, and where it may not write.
    @Test func dryRunPlansTheRun() throws {
        let shapes = try run(["train", "--dry-run", "--hidden", "4", "--latent", "2"])
        #expect(shapes.errors.contains("11059 to train on, 1229 to validate"), "\(shapes)")
        #expect(shapes.output.contains("10 epochs of 11 steps: 110 steps") && !exists("runs"), "\(shapes)")
        let arguments = ["train", "--data", "x.h5", "--output", "run"] + Self.options
        let plan = try run(arguments + ["--dry-run", "--max-steps", "11"])
        #expect(plan.output.contains("2 epochs of 8 steps, but only to step 11 (max-steps): 11 steps"), "\(plan)")
        #expect(try run(arguments + ["--max-steps", "11"]).status == 0)
        let rest = try run(arguments + ["--dry-run"])
        #expect(rest.output.contains("of which 11 steps are made: 5 steps"), "\(rest)")
        #expect(try run(arguments + ["--dry-run", "--max-steps", "11"]).output.contains("nothing: the run has made 11 steps"))
        #expect(try run(arguments).status == 0)
        #expect(try run(arguments + ["--dry-run"]).output.contains("nothing: the run has been trained for 2 epochs"))
        expect(73, ["cannot write into the folder"], try run(["train", "--dry-run", "--output", "x.h5/run"]))
        expect(78, ["folds"], try run(["train", "--data", "x.h5", "--dry-run", "--likelihood", "gaussian", "--folds", "3"]))
    }
}

import Foundation
import TestSupport
import Testing

/// `mpi-vae sweep`: runs as `train` would have made them, whatever stopped the sweep meanwhile, and figures that compare them.
@Suite(.serialized)
struct SweepTests {
    private let folder: TemporaryFolder
    private let options = [
        "--likelihood", "gaussian", "--scale", "min-max", "--hidden", "32", "--global-batch", "128", "--seed", "5",
    ]

    init() throws { folder = try TemporaryFolder() }

    private func arguments(_ output: String, _ more: [String]) throws -> [String] {
        ["sweep", "--data", try Fixtures.digits.get(), "--output", folder.path(output)] + options + more
    }

    private func sweep(_ output: String, ranks: Int, _ more: [String]) throws -> Outcome {
        try mpiVAE(ranks: ranks, arguments(output, more))
    }

    private func text(_ name: String) throws -> String { try String(contentsOfFile: folder.path(name), encoding: .utf8) }

    /// The lines of sweep.csv without the seconds, as Python's reader has them.
    private func figures(_ sweep: String) throws -> String {
        let outcome = try Program.python(
            """
            import csv, sys
            for line in csv.reader(open(sys.argv[1])): print(line[:-3] + line[-2:])
            """, [folder.path("\(sweep)/sweep.csv")])
        #expect(outcome.status == 0, "\(outcome)")
        return outcome.output
    }

    /// Every run has the bytes of `train` with the same values; every row is validated on in one fold; the figures are those of the
    /// runs, also on other numbers of ranks.
    @Test func foldsAndValues() throws {
        let grid = ["--epochs", "3", "--folds", "3", "--test-fraction", "0.1"]
        let outcome = try sweep("a", ranks: 3, grid + ["--grid", "latent=2,5,6"])
        #expect(outcome.status == 0 && outcome.output.contains("standard error"), "\(outcome)")
        #expect(try sweep("b", ranks: 1, grid + ["--grid", "latent=2,5,6"]).status == 0)
        #expect(try figures("a") == figures("b"))
        for name in ["sweep-means.csv", "sweep.svg"] { #expect(try text("a/\(name)") == text("b/\(name)"), "\(name)") }
        for name in ["latent=2,fold=1", "latent=6,fold=3"] {
            let values = name.split(separator: ",").flatMap { $0.split(separator: "=").map(String.init) }
            let alone = folder.path(name)
            let data = try Fixtures.digits.get()
            let trained = try mpiVAE(
                ranks: 2,
                ["train", "--data", data, "--output", alone] + options + grid + ["--\(values[0])", values[1]]
                    + ["--\(values[2])", values[3]])
            #expect(trained.status == 0, "\(trained)")
            try FaultTests.expectSame(folder.path("a/\(name)"), alone)
            for file in ["best.h5", "embeddings.h5"] {
                let (one, other) = (FileManager.default.contents(atPath: "\(alone)/\(file)"), folder.path("a/\(name)/\(file)"))
                #expect(one != nil && one == FileManager.default.contents(atPath: other), "\(file)")
            }
        }
        let checked = try Program.python(
            """
            import csv, glob, h5py, math, numpy, sys, xml.dom.minidom
            folder = sys.argv[1]
            split = lambda latent, fold: h5py.File(f"{folder}/latent={latent},fold={fold}/embeddings.h5")["split"][:]
            for latent in 2, 5, 6:
                parts = numpy.stack([split(latent, fold) for fold in (1, 2, 3)])
                test = parts[0] == 2
                assert ((parts == 2) == test).all() and test.sum() == 180
                assert ((parts == 1).sum(axis=0) == ~test).all(), "validated on once"
                assert ((parts == 0).sum(axis=0) == 2 * ~test).all(), "trained on in the others"
                assert numpy.ptp((parts == 1).sum(axis=1)) <= 1, "folds of one size"
            runs = list(csv.DictReader(open(f"{folder}/sweep.csv")))
            assert [(r["latent"], r["fold"]) for r in runs] == [(l, f) for l in "256" for f in "123"]
            for run in runs:
                with h5py.File(f"{folder}/latent={run['latent']},fold={run['fold']}/embeddings.h5") as file:
                    held = file["split"][:] == 1
                    elbo = file["elbo"][:][held].astype("f8").mean()
                assert abs(elbo - float(run["validation_elbo"])) < 1e-4 * abs(elbo), (elbo, run)
                assert (run["status"], run["epochs"], run["best_step"], run["steps"]) == ("done", "3", run["steps"], "27")
                assert float(run["training_seconds"]) > 0
            for line in csv.DictReader(open(f"{folder}/sweep-means.csv")):
                elbos = [float(r["validation_elbo"]) for r in runs if r["latent"] == line["latent"]]
                assert line["done"] == line["runs"] == "3"
                assert abs(numpy.mean(elbos) - float(line["validation_elbo"])) < 1e-9
                error = numpy.std(elbos, ddof=1) / math.sqrt(3)
                assert abs(error - float(line["validation_elbo_standard_error"])) < 1e-9
            plot = xml.dom.minidom.parse(f"{folder}/sweep.svg")
            circles = [c.getAttribute("class") for c in plot.getElementsByTagName("circle")]
            assert circles == [""] * 9 + ["rule"] and len(plot.getElementsByTagName("polyline")) == 1
            # Ticks at the values, the best named, and an error bar for each mean, as long as two standard errors.
            words = [t.firstChild.data for t in plot.getElementsByTagName("text")]
            assert words.count("2") == words.count("5") == words.count("6") == words.count("best") == 1 and "latent" in words, words
            bars = [p.getAttribute("d") for p in plot.getElementsByTagName("path") if p.getAttribute("class") == "error"]
            import re
            heights = [float(re.search(r"V([\\d.]+)", b)[1]) - float(b.split()[1].split("h")[0]) for b in bars]
            means = list(csv.DictReader(open(f"{folder}/sweep-means.csv")))
            errors = [float(m["validation_elbo_standard_error"]) for m in means]
            assert len(bars) == 3 and abs(heights[0] / heights[1] - errors[0] / errors[1]) < 0.1 * errors[0] / errors[1], (heights, errors)
            page = open(f"{folder}/sweep.html").read()
            # The one-standard-error rule.
            elbos = [float(m["validation_elbo"]) for m in means]
            first = min(i for i in range(3) if elbos[i] >= max(elbos) - errors[elbos.index(max(elbos))])
            said = ["best" if e == max(elbos) else "" for e in elbos]
            said[first] = ", ".join(filter(None, [said[first], "smallest latent within one standard error"]))
            assert [m["remark"] for m in means] == said and ("the smallest latent within" in page) == (said[first][0] == "s"), means
            best = max(means, key=lambda m: float(m["validation_elbo"]))
            assert f"<b>latent={best['latent']}</b>" in page and "%.3f ± %.3f" % (
                float(best["validation_elbo"]), float(best["validation_elbo_standard_error"])) in page
            for run in runs: assert ">%.3f</td>" % float(run["validation_elbo"]) in page
            assert "9 of 9" in page and "<script" not in page and "mpi-vae sweep" in page
            print("good")
            """, [folder.path("a")])
        #expect(checked.output == "good\n", "\(checked)")
        #expect(try PageLayout.faults([folder.path("a/sweep.html")]) == "")
    }

    /// Killed in its middle, told to stop, with further values, and as tasks of an array: the figures of a sweep that nothing
    /// happened to.
    @Test func goesOn() throws {
        let small = ["--validation-fraction", "0.2", "--epochs", "40", "--checkpoint-every-epochs", "5"]
        let grid = small + ["--grid", "latent=2,3", "--grid", "beta=0.5,1"]
        #expect(try sweep("straight", ranks: 1, grid).status == 0)

        var running = try Program.startMPI(ranks: 2, Program.built("mpi-vae"), arguments("a", grid))
        FaultTests.waitForCheckpoint(folder.path("a/latent=2,beta=1"))
        running.kill()
        _ = try running.wait(timeout: 20)
        #expect(!FileManager.default.fileExists(atPath: folder.path("a/latent=3,beta=1/embeddings.h5")))

        running = try Program.startMPI(ranks: 3, Program.built("mpi-vae"), arguments("a", grid))
        FaultTests.waitForCheckpoint(folder.path("a/latent=3,beta=0.5"))
        for rank in running.descendants(named: "mpi-vae").prefix(1) { kill(rank, SIGTERM) }
        let stopped = try running.wait(timeout: 30)
        #expect(stopped.status == 75 && stopped.errors.contains("the same command goes on"), "\(stopped)")
        #expect(stopped.errors.contains("run 1 of 4 is done") && stopped.errorLines.isEmpty, "\(stopped)")
        #expect(try figures("a").contains("not begun") || figures("a").contains("unfinished"))

        #expect(try sweep("a", ranks: 2, grid).status == 0)
        #expect(try figures("a") == figures("straight"))
        for name in ["latent=2,beta=1", "latent=3,beta=0.5"] {
            try FaultTests.expectSame(folder.path("a/\(name)"), folder.path("straight/\(name)"))
        }

        // Tasks in any order, on any number of ranks.
        let array = small + ["--grid", "latent=2,3,4", "--grid", "beta=0.5,1"]
        let list = try mpiVAE(arguments: arguments("a", array + ["--list"]))
        #expect(list.output.contains("5  latent=4,beta=1\n6 runs"), "\(list)")
        for (task, ranks) in [("5", 2), ("4", 1), ("0", 1)] {
            let outcome = try sweep("a", ranks: ranks, array + ["--task", task])
            #expect(outcome.status == 0, "\(outcome)")
        }
        #expect(try sweep("straight", ranks: 3, array).status == 0)
        #expect(try figures("a") == figures("straight"))
        let before = try text("a/sweep.csv")
        try Data().write(to: folder.url.appendingPathComponent("a/sweep.csv"))
        let table = try mpiVAE(arguments: arguments("a", array + ["--table"]))
        #expect(table.status == 0 && table.output.contains("best"), "\(table)")
        #expect(try text("a/sweep.csv") == before)

        // What is there was trained otherwise: refused before anything is done.
        let changed = try sweep("a", ranks: 2, array + ["--lr", "0.01"])
        #expect(changed.status == 78 && changed.errorLines.count == 1, "\(changed)")
        #expect(changed.errors.contains("latent=2,beta=0.5: lr is 0.01, but was 0.001"), "\(changed)")
        let other = try sweep("a", ranks: 2, array + ["--rows", ":1000"])
        #expect(
            other.status == 78 && other.errorLines.count == 1 && other.errors.contains("rows is \":1000\", but was"), "\(other)")
        #expect(try text("a/sweep.csv") == before)
    }

    /// A run that cannot go on is noted with its reason, and the others are trained.
    @Test func failedRuns() throws {
        let options = ["--validation-fraction", "0.2", "--epochs", "2"]
        for _ in 0..<2 {
            let outcome = try sweep("a", ranks: 2, options + ["--grid", "lr=1e18,1e-3,1e-2"])
            #expect(outcome.status == 65 && outcome.errorLines.count == 1, "\(outcome)")
            #expect(outcome.errors.contains("1 of 3 runs failed, the others are done"), "\(outcome)")
            let lines = try text("a/sweep.csv").split(separator: "\n")
            #expect(lines.count == 4 && lines[1].contains("failed,\"the loss is not finite"), "\(lines)")
            #expect(lines[2].hasSuffix(",done,") && lines[3].hasSuffix(",done,"), "\(lines)")
        }
        // Shapes that only the data tell of.
        let outcome = try sweep("b", ranks: 3, options + ["--grid", "shards=2,4"])
        #expect(outcome.status == 65 && outcome.errors.contains("3 ranks, but only 2 shards"), "\(outcome)")
        #expect(try text("b/sweep.csv").contains("4,2,"))
    }

    /// Without data every run trains on the shapes that lie in the sweep's folder.
    @Test func generatedShapes() throws {
        let outcome = try mpiVAE(
            ranks: 2, ["sweep", "--grid", "hidden=16;16,8", "--epochs", "1", "--latent", "2", "--output", folder.path("a")])
        #expect(outcome.status == 0, "\(outcome)")
        #expect(try text("a/sweep.csv").contains("\n\"16,8\",1,11,11,-"))
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path("a")).sorted()
        #expect(names == ["hidden=16", "hidden=16,8", "shapes.h5", "sweep.csv", "sweep.html", "sweep.svg"], "\(names)")
    }

    /// Nothing is begun if anything is wrong.
    @Test(
        arguments: [
            (["--grid", "latent=2,x", "--folds", "3"], 78, "run latent=x,fold=1: --latent is 'x', but must be a whole number"),
            (["--grid", "latnet=2", "--folds", "3"], 64, "--grid: unknown key 'latnet': nearest is 'latent'"),
            (["--grid", "latent", "--folds", "3"], 64, "must be KEY=VALUE,VALUE"),
            (["--grid", "latent=2", "--grid", "latent=3", "--folds", "3"], 64, "--grid latent is there twice"),
            (["--grid", "beta=1,1.0", "--folds", "3"], 64, "beta=1,fold=1 and beta=1.0,fold=1 are the same"),
            (["--grid", "lr=1e-3", "--lr", "1", "--folds", "3"], 64, "--lr is given, but --grid sweeps it"),
            (["--grid", "folds=2,3"], 64, "give --folds K"), (["--grid", "output=a,b"], 64, "cannot be swept"),
            (["--grid", "validation-data=a/b"], 64, "cannot name a folder"),
            (["--grid", "latent=2"], 78, "nothing to compare the runs by"), ([], 64, "nothing to sweep"),
            (["--folds", "1"], 78, "folds is 1, but must be 2 to 10000"),
            (["--folds", "3", "--fold", "4"], 78, "fold is 4, but folds is 3"),
            (["--folds", "3", "--fold", "2"], 64, "nothing to sweep: leave out --fold"),
            (["--grid", "fold=0,1", "--folds", "3"], 64, "folds count from 1"),
            (["--folds", "3", "--validation-fraction", "0.1"], 78, "leave out validation-data"),
            (["--folds", "9999", "--grid", "latent=2,3"], 64, "19998 runs: at most 10000"),
            (["--folds", "3", "--task", "3"], 64, "numbered from 0 to 2"),
            (["--folds", "3", "--list", "--table"], 64, "exclude each other"), (["--folds", "3", "--table"], 66, "is not there"),
            (["--folds", "3", "--resume", "never"], 78, "leave it out"),
        ] as [([String], Int32, String)])
    func badValues(arguments: [String], status: Int32, message: String) throws {
        let outcome = try mpiVAE(arguments: self.arguments("a", arguments))
        #expect(outcome.status == status && outcome.errors.contains(message), "\(outcome)")
        #expect(outcome.errors.split(separator: "\n").count == 1 && outcome.errorLines.count == 1, "\(outcome)")
        #expect(!FileManager.default.fileExists(atPath: folder.path("a")))
    }

    @Test func foldsOfTrain() throws {
        let data = try Fixtures.digits.get()
        let outcome = try mpiVAE(ranks: 2, ["train", "--data", data, "--output", folder.path("a"), "--folds", "3"])
        #expect(outcome.status == 78 && outcome.errorLines.count == 1 && outcome.errors.contains("--fold 1"), "\(outcome)")
        let few = try mpiVAE("train", "--data", data, "--output", folder.path("b"), "--folds", "9", "--fold", "1", "--rows", ":8")
        #expect(few.status == 65 && few.errors.contains("too few rows for 9 folds"), "\(few)")
        _ = try sweep("c", ranks: 1, ["--folds", "2", "--epochs", "1"])
        let inRun = try sweep("c/fold=1", ranks: 1, ["--folds", "2", "--epochs", "1"])
        #expect(inRun.status == 73 && inRun.errors.contains("is the folder of a run"), "\(inRun)")
    }
}

import Foundation
import TestSupport
import Testing

/// What a run says of itself: `summary.json`, figures by split, what rows were used for, and what users should know.
@Suite(.serialized)
struct SummaryTests {
    private let folder: TemporaryFolder
    private let data: TemporaryFolder
    private var run: String { folder.path("run") }

    init() throws {
        folder = try TemporaryFolder()
        data = try RunFolderTests.data.get()
    }

    private func train(_ name: String, _ more: [String] = []) throws -> Outcome {
        try mpiVAE(arguments: ["train", "--data", data.path(name), "--output", run] + RunFolderTests.options + more)
    }

    /// The figures are those of the embeddings and of metrics.csv, on any number of ranks; also when nothing was left to do.
    @Test func summaryIsRight() throws {
        let check = """
            import csv, h5py, json, numpy as np, sys
            run, ranks = sys.argv[1], int(sys.argv[2])
            s, e = json.load(open(run + "/summary.json")), h5py.File(run + "/embeddings.h5")
            rows, rec, kl = (e[k][:].astype("f8") for k in ("row", "reconstruction_error", "kl"))
            w = (rows % 3 + 1) if "--weights" in s["command"] else np.ones(600)
            for number, part in enumerate(["train", "validation", "test"]):
                own, f = e["split"][:] == number, s[part]
                mean = lambda x: (w * x)[own].sum() / w[own].sum()
                assert f["rows"] == own.sum() == [480, 60, 60][number], part
                assert np.isclose(f["reconstruction"], mean(rec), rtol=1e-12) and np.isclose(f["kl"], mean(kl), rtol=1e-12)
                assert np.isclose(f["elbo"], -(f["reconstruction"] + f["kl"])) and np.isclose(f["loss"], f["reconstruction"] + 0.5 * f["kl"])
            best = [r for r in csv.DictReader(open(run + "/metrics.csv")) if int(r["step"]) == s["best_step"]][0]
            assert np.isclose(float(best["validation_elbo"]), s["validation"]["elbo"], rtol=1e-6) and int(best["epoch"]) == s["best_epoch"]
            c = h5py.File(run + "/best.h5")
            assert s["best_step"] == c.attrs["step"]
            assert s["epochs"] == 2 and s["steps"] == 16 and s["steps_per_epoch"] == 8 and s["ranks"] == ranks and s["shards"] == 8
            assert s["format"] == "mpi-vae summary" and s["format_version"] == 1 and s["program"].startswith("mpi-vae ")
            assert s["command"][1] == "train" and "Open MPI" in s["libraries"]["MPI"] and s["libraries"]["HDF5"].startswith("1.")
            assert s["data"]["rows"] == 600 and s["data"]["row_shape"] == [8] and s["data"]["type"] == "float32"
            assert s["parameters"] == sum(p[1].size for p in iter_datasets(c["parameters"])) and s["seconds"] > 0 < s["training_seconds"]
            page = open(run + "/report.html").read()
            for part in ("train", "validation", "test"):
                for value in [str(s[part]["rows"])] + ["%.3f" % s[part][k] for k in ("elbo", "reconstruction", "kl", "loss")]:
                    assert f">{value}</td>" in page, (part, value)
            print("right")
            """
        let walk = """
            def iter_datasets(group):
                found = []
                group.visititems(lambda name, x: found.append((name, x)) if hasattr(x, "shape") else None)
                return found

            """
        let made = try Program.python(
            """
            import h5py, numpy as np, sys
            with h5py.File(sys.argv[2], "w") as f:
                f["data"], f["w"] = h5py.File(sys.argv[1])["data"][:], np.arange(600) % 3 + 1.0
            """, [data.path("x.h5"), folder.path("weighted.h5")])
        #expect(made.status == 0, "\(made)")
        for (ranks, path, more) in [(2, data.path("x.h5"), []), (1, folder.path("weighted.h5"), ["--weights", "/w"])] {
            try? FileManager.default.removeItem(atPath: run)
            let arguments = ["train", "--data", path, "--output", run, "--beta", "0.5"] + RunFolderTests.options + more
            let outcome = try mpiVAE(ranks: ranks, arguments)
            #expect(outcome.status == 0, "\(outcome)")
            for again in [false, true] {
                if again {
                    unlink("\(run)/summary.json")
                    let nothing = try mpiVAE(ranks: 3, arguments)
                    #expect(nothing.status == 0 && nothing.errors.contains("nothing to do"), "\(nothing)")
                }
                let python = try Program.python(walk + check, [run, again ? "3" : "\(ranks)"])
                #expect(python.output == "right\n", "\(python)")
            }
            let line = try #require(outcome.output.split(separator: "\n").first { $0.hasPrefix("test") })
            let json = try JSONSerialization.jsonObject(with: Data(contentsOf: URL(fileURLWithPath: "\(run)/summary.json")))
            let test = try #require(((json as? [String: Any])?["test"] as? [String: Any])?["elbo"] as? Double)
            #expect(line.contains(String(format: "elbo %.3f", test)), "\(line)")
        }
    }

    /// What rows were used for: known for the run's own, also in copies, parts and other files of theirs; new for all others.
    @Test func splitOfEmbeddedRows() throws {
        let (x, copy) = (data.path("x.h5"), folder.path("copy.h5"))
        #expect(try train("x.h5").status == 0)
        try FileManager.default.copyItem(atPath: x, toPath: copy)
        let parts = folder.path("parts")
        let more = try mpiVAE(
            arguments: [
                "train", "--data", "\(data.path("part-*.h5"))", "--rows", "0:500", "--validation-data", data.path("other.h5"),
                "--output",
                parts, "--likelihood", "gaussian", "--hidden", "8", "--latent", "2", "--epochs", "1", "--global-batch", "64",
                "--fit-normal", "0",
            ])
        #expect(more.status == 0, "\(more)")
        // Model, data, and how many rows of each kind there are: train, validation, test, new.
        for (number, (model, data, counts)) in [
            (run, x, [480, 60, 60, 0]), (run, copy, [480, 60, 60, 0]), ("\(run)/best.h5", copy, [480, 60, 60, 0]),
            (run, data.path("other.h5"), [0, 0, 0, 600]), (run, data.path("large.h5"), [0, 0, 0, 600]),
            (parts, data.path("part-2.h5"), [200, 0, 0, 150]), (parts, "\(data.path("part-1.h5")),\(x)", [200, 0, 0, 650]),
            (parts, data.path("other.h5"), [0, 480, 0, 120]),
        ].enumerated() {
            for format in ["h5", "h5ad", "csv"] where format == "h5" || number % 3 == 0 {
                let outcome = try mpiVAE(
                    ranks: 2,
                    [
                        "embed", "--checkpoint", model, "--data", data, "--format", format, "--output",
                        folder.path("e\(number).\(format)"),
                    ])
                #expect(outcome.status == 0, "\(outcome)")
            }
            let python = try Program.python(
                """
                import csv, h5py, numpy as np, sys
                path, names = sys.argv[1], ["train", "validation", "test", "new"]
                e = h5py.File(path + ".h5")
                assert list(e["split"].attrs["values"]) == names and "new" in e["split"].attrs["long_name"]
                print(np.bincount(e["split"][:], minlength=4).tolist())
                if int(sys.argv[3]) % 3 == 0:
                    text = [names[i] for i in e["split"][:]]
                    assert [r["split"] for r in csv.DictReader(open(path + ".csv"))] == text
                    a = h5py.File(path + ".h5ad")["obs/split"]
                    assert [a["categories"].asstr()[i] for i in a["codes"][:]] == text
                if sys.argv[2] != "": assert (e["split"][:] == h5py.File(sys.argv[2])["split"][:]).all()
                """, [folder.path("e\(number)"), number < 3 ? "\(run)/embeddings.h5" : "", "\(number)"])
            #expect(python.output == "\(counts)\n", "\(number) \(python)")
        }
    }

    /// Normal rows that were trained on make an AUC too good, which is said; of rows that were held out nothing is said.
    @Test func figuresOfRowsThatWereTrainedOn() throws {
        #expect(try train("x.h5", ["--fit-normal", "0"]).status == 0)
        func score(_ model: String, _ data: String, _ more: [String]) throws -> Outcome {
            let outcome = try mpiVAE(
                arguments: ["score", "--checkpoint", model, "--data", data, "--output", "\(run)/scores.h5", "--force"] + more)
            #expect(outcome.status == 0, "\(outcome)")
            return outcome
        }
        func fields(_ outcome: Outcome) throws -> [Int?] {
            let json = try #require(try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
            return ["trained_rows", "trained_normal_rows", "normal_rows"].map { json[$0] as? Int }
        }
        let x = data.path("x.h5")
        let told = try score(run, x, ["--normal", "0"])
        #expect(told.output.contains("trained on      384 of 480 normal rows"), "\(told)")
        #expect(try fields(score("\(run)/best.h5", x, ["--normal", "0", "--json"])) == [384, 384, 480])
        // Taken for anomalies, they are no normal rows.
        #expect(try fields(score(run, x, ["--normal", "1", "--json"])) == [384, 0, 120])
        #expect(try fields(score(run, x, ["--json"])) == [384, nil, nil])
        let page = try mpiVAE("report", run)
        let text = try String(contentsOfFile: "\(run)/report.html", encoding: .utf8)
        #expect(page.status == 0 && text.contains("of which 384 were trained on"), "\(page)")
        for held in [data.path("other.h5"), data.path("large.h5")] {
            let outcome = try score(run, held, ["--normal", "0"])
            #expect(!outcome.output.contains("trained on"), "\(outcome)")
            #expect(try fields(score(run, held, ["--normal", "0", "--json"])) == [0, 0, 480])
        }
        // A part of the data in a file of its own is not known for one; rows that the run held out are.
        let test = try mpiVAE(
            ranks: 2, ["score", "--checkpoint", run, "--data", x, "--fit-data", x, "--normal", "0", "--output", run + "/s.h5"])
        #expect(test.status == 0 && test.output.contains("384 of 480"), "\(test)")
    }

    /// A loss that explodes but stays finite is told once, one that goes down is not.
    @Test(arguments: [
        (["--lr", "3"], true), (["--likelihood", "mse", "--lr", "2"], true), (["--lr", "1e-3"], false),
        (["--lr", "1e-3", "--beta-schedule", "linear", "--beta-warmup-epochs", "4"], false),
    ])
    func explodingLoss(_ more: [String], _ explodes: Bool) throws {
        let outcome = try train("x.h5", more + ["--epochs", "6"])
        let warnings = outcome.errors.split(separator: "\n").filter { $0.contains("it explodes") }
        #expect(outcome.status == 0 && warnings.count == (explodes ? 1 : 0), "\(outcome)")
        #expect(warnings.allSatisfy { $0.contains("--lr") && $0.contains("--clip-norm") }, "\(outcome)")
    }

    /// One line each, from one rank, before a new run: too few steps, values far from 1 that are not scaled.
    @Test func advice() throws {
        func lines(_ name: String, _ more: [String]) throws -> (few: Int, scale: Int) {
            try? FileManager.default.removeItem(atPath: run)
            let outcome = try mpiVAE(
                ranks: 2, ["train", "--data", data.path(name), "--output", run] + RunFolderTests.options + more, timeout: 120)
            #expect(outcome.status == 0, "\(outcome)")
            let lines = outcome.errors.split(separator: "\n")
            return (lines.count { $0.contains("are few to train a model") }, lines.count { $0.contains("are not scaled") })
        }
        for (name, more, expected) in [
            ("x.h5", [], (1, 0)), ("x.h5", ["--epochs", "84", "--global-batch", "80"], (0, 0)),
            ("large.h5", ["--lr", "1e-6"], (1, 1)),
            ("large.h5", ["--scale", "standardize"], (1, 0)), ("small.h5", [], (1, 1)),
            ("small.h5", ["--likelihood", "gaussian-learned"], (1, 1)), ("small.h5", ["--likelihood-scale", "0.002"], (1, 0)),
            ("large.h5", ["--likelihood", "bernoulli", "--scale", "min-max"], (1, 0)),
        ] as [(String, [String], (Int, Int))] {
            let found = try lines(name, more)
            #expect(found == expected, "\(name) \(more)")
        }
        // Who goes on knows it.
        let on = try mpiVAE(
            arguments: ["train", "--data", data.path("large.h5"), "--output", run] + RunFolderTests.options
                + ["--likelihood", "bernoulli", "--scale", "min-max", "--epochs", "3"])
        #expect(on.status == 0 && on.errors.contains("going on") && !on.errors.contains("are few"), "\(on)")
    }

    /// Bytes of 0 and 1 are no pixels: told, and what is advised gives what truth values give.
    @Test func bytesThatAreNoPixels() throws {
        let maps = folder.path("maps.h5")
        let made = try Program.python(
            """
            import h5py, numpy as np, sys
            x = np.random.default_rng(3).random((600, 8)) < 0.3
            with h5py.File(sys.argv[1], "w") as f: f["truths"], f["bytes"], f["pixels"] = x, x.astype("u1"), x * np.uint8(200)
            """, [maps])
        #expect(made.status == 0, "\(made)")
        func digest(_ name: String, _ more: [String] = [], isTold: Bool = false) throws -> Substring? {
            try? FileManager.default.removeItem(atPath: run)
            let outcome = try mpiVAE(
                arguments: ["train", "--data", "\(maps):/\(name)", "--output", run] + RunFolderTests.options
                    + ["--likelihood", "bernoulli"] + more)
            #expect(outcome.status == 0 && outcome.errors.contains("the largest byte seen is 1, but") == isTold, "\(outcome)")
            return outcome.errors.split(separator: "\n").first { $0.contains("digest after") }
        }
        let wanted = try #require(try digest("truths"))
        #expect(try digest("bytes", isTold: true) != wanted)
        #expect(try digest("bytes", ["--scale", "min-max", "--scale-by", "global"]) == wanted)
        #expect(try digest("pixels") != wanted)
    }
}

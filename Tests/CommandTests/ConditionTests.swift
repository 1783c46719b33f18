import Foundation
import TestSupport
import Testing

/// Models that know what rows are conditioned on: batches of AnnData as categories, and numbers.
@Suite(.serialized)
struct ConditionTests {
    /// 300 rows of three batches, shifted against each other by 2 in each of 12 features, with an age that moves all of them.
    private static let files = Result {
        let folder = try TemporaryFolder()
        let python = try Program.python(
            """
            import h5py, numpy as np, sys
            g = np.random.default_rng(3)
            def write(name, codes, age, categories):
                base = g.normal(size=(len(codes), 2)) @ g.normal(size=(2, 12))
                x = base + 4.0 * (codes[:, None] - 1) + 0.1 * (age[:, None] - 50) + 0.1 * g.normal(size=(len(codes), 12))
                with h5py.File(sys.argv[1] + "/" + name, "w") as f:
                    f.attrs["encoding-type"], f.attrs["encoding-version"] = "anndata", "0.1.0"
                    f["X"] = x.astype("f4")
                    f["X"].attrs["encoding-type"], f["X"].attrs["encoding-version"] = "array", "0.2.0"
                    for frame, count in (("obs", len(codes)), ("var", 12)):
                        o = f.create_group(frame)
                        o.attrs["encoding-type"], o.attrs["encoding-version"] = "dataframe", "0.2.0"
                        o.attrs["_index"], o.attrs["column-order"] = "_index", []
                        o["_index"] = np.array([f"{frame}{i}" for i in range(count)], h5py.string_dtype())
                    b = f["obs"].create_group("batch")
                    b.attrs["encoding-type"], b.attrs["encoding-version"], b.attrs["ordered"] = "categorical", "0.2.0", False
                    b["codes"], b["categories"] = codes.astype("i1"), np.array(categories, h5py.string_dtype())
                    f["obs/age"] = age
            codes, age = g.integers(0, 3, 300), g.normal(50, 10, 300)
            write("rows.h5ad", codes, age, ["late", "early", "mid, or so"])
            write("fresh.h5ad", codes[:50], age[:50], ["late", "early", "never"])
            codes[7] = -1
            write("holes.h5ad", codes, age, ["late", "early", "mid, or so"])
            """, [folder.url.path])
        if python.status != 0 { throw CannotRun(description: "\(python)") }
        return folder
    }

    private static let model = [
        "--likelihood", "gaussian", "--hidden", "24", "--latent", "2", "--epochs", "40", "--global-batch", "32", "--lr", "0.005",
        "--validation-fraction", "0.1", "--no-report",
    ]
    private static let conditions = ["--condition", "batch,/obs/age"]

    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func data(_ name: String = "rows") throws -> String { try Self.files.get().path("\(name).h5ad") }

    private func train(_ run: String, ranks: Int = 1, data: String = "rows", _ options: [String] = conditions) throws -> Outcome {
        let arguments = ["train", "--data", try self.data(data), "--output", folder.path(run)] + Self.model + options
        return try ranks == 1 ? mpiVAE(arguments: arguments) : mpiVAE(ranks: ranks, arguments)
    }

    private func expectDone(_ outcome: Outcome) { #expect(outcome.status == 0, "\(outcome)") }

    private func expectRefused(_ status: Int32, _ texts: [String], _ outcome: Outcome) {
        #expect(outcome.status == status && outcome.errorLines.count == 1, "\(texts): \(outcome)")
        for text in texts { #expect(outcome.errors.contains(text), "\(text): \(outcome)") }
    }

    private func digest(_ outcome: Outcome) -> Substring? {
        outcome.errors.split(separator: "\n").last { $0.contains("digest after") }
    }

    /// The same bits on any number of ranks and straight through; the decoder moves rows from batch to batch, the codes do not tell batches apart.
    @Test func batchesAreTakenOut() throws {
        let options = Self.conditions + ["--condition-in", "decoder", "--epochs", "200"]
        let one = try train("one", options)
        expectDone(one)
        let three = try train("three", ranks: 3, options)
        #expect(digest(one) != nil && digest(three) == digest(one), "\(three)")
        expectDone(try train("cut", ranks: 2, options + ["--max-steps", "100"]))
        let on = try train("cut", ranks: 3, options)
        #expect(digest(on) == digest(one), "\(on)")

        let run = folder.path("one")
        let input = ["--checkpoint", run, "--data", try data()]
        for (name, more) in [("own", []), ("early", ["--as", "batch=early", "--as", "age=50"])] as [(String, [String])] {
            expectDone(try mpiVAE(arguments: ["reconstruct"] + input + ["--output", folder.path("\(name).h5")] + more))
        }
        let samples = ["generate", "--checkpoint", run, "--count", "200", "--output", folder.path("samples.h5")]
        expectDone(try mpiVAE(arguments: samples + ["--as", "batch=mid, or so"]))
        for command in ["embed", "score"] {
            expectDone(try mpiVAE(arguments: [command] + input + ["--output", folder.path("\(command).h5")]))
        }
        expectDone(try mpiVAE(arguments: ["evaluate"] + input + ["--samples", "5", "--json"]))
        let python = try Program.python(
            """
            import h5py, numpy as np, sys
            folder, rows, run = sys.argv[1:]
            with h5py.File(rows) as f: x, b, age = f["X"][:], f["obs/batch/codes"][:], f["obs/age"][:]
            read = lambda name, path: h5py.File(f"{folder}/{name}.h5")[path][:]
            own, early, samples = read("own", "data"), read("early", "data"), read("samples", "data")
            apart = lambda m: max(np.abs(m[b == k].mean(0) - m[b == 1].mean(0)).max() for k in (0, 2))
            assert apart(x) > 3 and apart(own) > 3, (apart(x), apart(own))
            assert apart(early) < 0.8, apart(early)
            assert abs(early.mean()) < 0.6 and samples.mean() > 2, (early.mean(), samples.mean())
            z = read("embed", "latent/mean")
            assert apart(z) < 0.5, apart(z)
            with h5py.File(f"{run}/best.h5") as f:
                c = f["conditions"]
                assert list(c["name"].asstr()) == ["batch", "/obs/age"] and list(c["categories"]) == [3, 0]
                assert list(c["category"].asstr()) == ["early", "late", "mid, or so"]
                assert abs(c["mean"][1] - age.mean()) < 1e-9 and abs(c["deviation"][1] - age.std()) < 1e-9
                assert f["parameters/decoder/0/condition"].shape == (4, 24) and "condition" not in f["parameters/encoder/0"]
            """, [folder.url.path, try data(), run])
        expectDone(python)
    }

    /// The mean over all batches is that of what each gives; a run may begin with a model of fewer batches, whose parameters stay.
    @Test func allBatchesAndNewOnes() throws {
        expectDone(try train("one", Self.conditions + ["--epochs", "3"]))
        let run = ["--checkpoint", folder.path("one"), "--data", try data()]
        for (name, batch) in [("a", "early"), ("b", "late"), ("c", "mid, or so"), ("all", "*")] {
            let arguments =
                ["reconstruct"] + run + ["--as", "batch=\(batch)", "--as", "age=40", "--output", folder.path("\(name).h5")]
            expectDone(try name == "all" ? mpiVAE(ranks: 3, arguments) : mpiVAE(arguments: arguments))
        }
        let codes = folder.path("codes.h5")
        expectDone(try mpiVAE(arguments: ["embed"] + run + ["--dtype", "float32", "--output", codes]))
        expectDone(
            try mpiVAE(arguments: [
                "reconstruct", "--checkpoint", folder.path("one"), "--codes", codes, "--as", "/obs/age=40", "--as", "batch=*",
                "--output",
                folder.path("codes-all.h5"),
            ]))
        expectRefused(
            64, ["/obs/age is a number"],
            try mpiVAE(arguments: ["reconstruct"] + run + ["--as", "age=*", "--output", folder.path("x.h5")]))
        expectRefused(
            78, ["--library is for counts"],
            try mpiVAE(arguments: ["reconstruct"] + run + ["--library", "10", "--output", folder.path("x.h5")]))

        let begun = ["--from", folder.path("one"), "--validation-fraction", "0.2", "--epochs", "1"]
        let still = try train("still", data: "fresh", Self.conditions + begun + ["--lr", "1e-30"])
        expectDone(still)
        #expect(still.errors.contains("1 category of conditions that"), "\(still)")
        let one = try train("more", data: "fresh", Self.conditions + begun)
        let three = try train("more3", ranks: 3, data: "fresh", Self.conditions + begun)
        #expect(digest(one) != nil && digest(one) == digest(three), "\(one) \(three)")
        expectDone(
            try mpiVAE(arguments: [
                "embed", "--checkpoint", folder.path("more"), "--data", try data("fresh"), "--output", folder.path("e.h5"),
            ]))
        let python = try Program.python(
            """
            import h5py, numpy as np, sys
            folder = sys.argv[1]
            read = lambda name: h5py.File(f"{folder}/{name}.h5")["data"][:]
            each, mean = [read(n) for n in "abc"], read("all")
            assert np.abs(np.mean(each, 0) - mean).max() < 1e-5 * np.abs(mean).max() and np.abs(each[0] - each[1]).max() > 0.1
            assert (read("codes-all") == mean).all()
            old, new = (h5py.File(f"{folder}/{run}/{name}.h5") for run, name in (("one", "best"), ("still", "best")))
            names = list(new["conditions/category"].asstr())
            assert names == ["early", "late", "mid, or so", "never"] and list(new["conditions/mean"]) == list(old["conditions/mean"])
            for part in "encoder", "decoder":
                a, b = (f[f"parameters/{part}/0/condition"][:] for f in (old, new))
                assert a.shape == (4, 24) and b.shape == (5, 24)
                # The three known categories, the new one, the age.
                assert (a[:3] == b[:3]).all() and (a[3] == b[4]).all() and 0 < np.abs(b[3]).max() < 1
            """, [folder.url.path])
        expectDone(python)
    }

    @Test func refusals() throws {
        expectDone(try train("run", Self.conditions + ["--epochs", "2"]))
        let run = ["--checkpoint", folder.path("run")]
        expectRefused(
            65, ["never", "but the model knows one of early, late, mid, or so"],
            try mpiVAE(arguments: ["embed"] + run + ["--data", try data("fresh"), "--output", folder.path("e.h5")]))
        expectRefused(65, ["1 rows have no value of the condition batch"], try train("holes", data: "holes"))
        expectRefused(65, ["no condition at batches", "batch"], try train("other", ["--condition", "batches"]))
        expectRefused(78, ["condition"], try train("run", ["--condition", "/obs/age", "--epochs", "3"]))
        expectRefused(78, ["condition"], try train("run", ["--epochs", "3"]))
        let generate = ["generate"] + run + ["--output", folder.path("g.h5")]
        expectRefused(64, ["give --as batch=VALUE, one of early, late"], try mpiVAE(arguments: generate))
        expectRefused(64, ["batch is one of early"], try mpiVAE(arguments: generate + ["--as", "batch=b1"]))
        expectRefused(64, ["conditions are batch, /obs/age"], try mpiVAE(arguments: generate + ["--as", "sex=f"]))
        expectDone(try train("plain", []))
        expectRefused(
            64, ["trained without --condition"],
            try mpiVAE(arguments: [
                "generate", "--checkpoint", folder.path("plain"), "--as", "batch=late", "--output", folder.path("g.h5"),
            ]))
        #expect(!FileManager.default.fileExists(atPath: folder.path("g.h5")))
    }
}

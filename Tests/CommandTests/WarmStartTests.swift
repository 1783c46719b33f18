import Foundation
import TestSupport
import Testing

/// Runs that begin with trained parameters (`--from`), and parts that are not trained (`--freeze`).
@Suite(.serialized)
struct WarmStartTests {
    /// 120 rows of 6 numbers and a model `first` of them, [32, 16] and 2 latents; 96 other rows; the first with their columns in another order.
    private static let files = Result {
        let folder = try TemporaryFolder()
        let python = try Program.python(
            """
            import h5py, numpy as np, sys
            g = np.random.default_rng(5)
            names = np.array(["a", "b", "c", "d", "e", "f"], "S")
            with h5py.File(sys.argv[1] + "/x.h5", "w") as f: f["data"] = x = g.random((120, 6)).astype("f4")
            with h5py.File(sys.argv[1] + "/y.h5", "w") as f: f["data"] = g.random((96, 6)).astype("f4")
            with h5py.File(sys.argv[1] + "/named.h5", "w") as f: f["data"], f["feature_names"] = x, names
            with h5py.File(sys.argv[1] + "/turned.h5", "w") as f: f["data"], f["feature_names"] = x[:, ::-1], names[::-1]
            """, [folder.url.path])
        if python.status != 0 { throw CannotRun(description: "\(python)") }
        let trained = try mpiVAE(
            arguments: ["train", "--data", folder.path("x.h5"), "--epochs", "2", "--output", folder.path("first")] + Self.model)
        if trained.status != 0 { throw CannotRun(description: "\(trained)") }
        return folder
    }

    private static let model = [
        "--likelihood", "gaussian", "--hidden", "32,16", "--latent", "2", "--global-batch", "8", "--no-report",
    ]
    /// All that a frozen part must not feel.
    private static let frozen = [
        "--freeze", "encoder", "--optimizer", "adamw", "--weight-decay", "0.1", "--clip-norm", "0.5", "--beta", "2", "--seed",
        "9",
    ]

    private let folder: TemporaryFolder
    private let first: String

    init() throws {
        folder = try TemporaryFolder()
        first = folder.path("first")
        try FileManager.default.copyItem(atPath: Self.files.get().path("first"), toPath: first)
    }

    private func train(
        _ run: String, ranks: Int = 1, data: String = "y.h5", _ options: [String], environment: [String: String] = [:]
    ) throws -> Outcome {
        let arguments =
            ["train", "--data", try Self.files.get().path(data), "--output", folder.path(run)] + Self.model + options
        return try ranks == 1
            ? mpiVAE(arguments: arguments, environment: environment) : mpiVAE(ranks: ranks, arguments, environment: environment)
    }

    private func expectDone(_ outcome: Outcome) { #expect(outcome.status == 0, "\(outcome)") }

    private func expectRefused(_ status: Int32, _ texts: [String], _ outcome: Outcome) {
        #expect(outcome.status == status && outcome.errorLines.count == 1, "\(texts): \(outcome)")
        for text in texts { #expect(outcome.errors.contains(text), "\(text): \(outcome)") }
    }

    /// Runs lines of Python that know the arrays of models: `p("run", "encoder")` gives those of a group by name, as bytes.
    private func check(_ script: String) throws {
        let python = try Program.python(
            """
            import glob, h5py, json, numpy as np, sys
            def p(run, part, group="parameters"):
                found = {}
                with h5py.File(sorted(glob.glob(f"{sys.argv[1]}/{run}/checkpoints/*.h5"))[-1]) as f:
                    f[f"{group}/{part}"].visititems(lambda n, d: found.update({n: d[()].tobytes()}) if isinstance(d, h5py.Dataset) else None)
                assert len(found) == 6
                return found
            \(script)
            """, [folder.url.path])
        #expect(python.status == 0, "\(python)")
    }

    /// What is taken is what was trained; all else is drawn by the run's own seed, and step and moments begin anew.
    @Test func whatIsTaken() throws {
        // A step so small that it changes nothing.
        let still = ["--max-steps", "1", "--lr", "1e-37", "--epsilon", "1", "--seed", "9"]
        expectDone(try train("drawn", still))
        for part in ["all", "encoder", "decoder"] {
            expectDone(try train(part, still + ["--from", first, "--from-part", part]))
        }
        try check(
            """
            def values(run, part): return {n: np.frombuffer(b, "f4") for n, b in p(run, part).items()}
            for run, taken in [("all", ["encoder", "decoder"]), ("encoder", ["encoder"]), ("decoder", ["decoder"])]:
                for part in ["encoder", "decoder"]:
                    want, found = values("first" if part in taken else "drawn", part), values(run, part)
                    # The drawn biases are 0, from which the step is seen.
                    assert all(np.abs(want[n] - found[n]).max() < 1e-30 for n in want), (run, part)
                    assert part not in taken or p(run, part) == p("first", part)
            with h5py.File(sys.argv[1] + "/all/checkpoints/step-0000000001.h5") as f: assert f.attrs["step"] == 1
            """)
    }

    /// The same bytes on any ranks, stopped and killed in between, and gone on with when the model that it began with is gone.
    @Test func sameBitsStoppedAndResumed() throws {
        let options = Self.frozen + ["--from", first, "--epochs", "3", "--checkpoint-every-steps", "5"]
        let begun = try train("1", options)
        expectDone(begun)
        #expect(begun.errors.contains("parameters of the whole model: from \(first), step 30, digest "), "\(begun)")
        #expect(begun.errors.contains("frozen: the 820 parameters of the encoder"), "\(begun)")
        let straight = try newestCheckpoint(folder.path("1"))
        expectDone(try train("3", ranks: 3, options))
        #expect(try newestCheckpoint(folder.path("3")) == straight)
        let killed = try train("killed", ranks: 2, options, environment: ["MPI_VAE_TEST_KILL_AT": "renamed:step-0000000015"])
        #expect(killed.status != 0, "\(killed)")
        expectDone(try train("stopped", ranks: 3, options + ["--max-steps", "7"]))
        try FileManager.default.moveItem(atPath: first, toPath: folder.path("gone"))
        for run in ["killed", "stopped"] {
            let outcome = try train(run, ranks: 1, options)
            expectDone(outcome)
            #expect(outcome.errors.contains("going on after step"), "\(outcome)")
            #expect(try newestCheckpoint(folder.path(run)) == straight, "\(run)")
            #expect(try metrics(folder.path(run)) == metrics(folder.path("1")), "\(run)")
        }
        // Where it lies does not count.
        expectDone(try train("moved", ranks: 2, options.map { $0 == first ? folder.path("gone/best.h5") : $0 }))
        #expect(try newestCheckpoint(folder.path("moved")) == straight)
        try check(
            """
            assert p("1", "encoder") == p("gone", "encoder") and p("1", "decoder") != p("gone", "decoder")
            for group in ["optimizer/m", "optimizer/v"]:
                assert all(not any(b) for b in p("1", "encoder", group).values()) and all(any(b) for b in p("1", "decoder", group).values())
            s = json.load(open(sys.argv[1] + "/1/summary.json"))
            with h5py.File(sys.argv[1] + "/gone/best.h5") as f:
                assert s["start"] == {"from": sys.argv[1] + "/first", "part": "all", "digest": f.attrs["digest"]} and s["frozen"] == "encoder"
            """)
        let inspected = try mpiVAE("inspect", folder.path("1"))
        #expect(
            inspected.output.contains("from-digest = \"") && inspected.output.contains("freeze = \"encoder\""), "\(inspected)")
        let page = folder.path("page.html")
        expectDone(try mpiVAE("report", folder.path("1"), "--output", page))
        #expect(try String(contentsOfFile: page, encoding: .utf8).contains("all of \(first), digest "))
    }

    /// Either part, with every optimiser, also with MPI's own sums.
    @Test(arguments: ["encoder", "decoder"], ["sgd", "adam", "adamw"])
    func frozenPartsKeepTheirBits(part: String, optimizer: String) throws {
        let options = [
            "--from", first, "--freeze", part, "--optimizer", optimizer, "--weight-decay", "0.1", "--clip-norm", "0.5",
            "--epochs",
            "1", "--lr", "1e-3",
        ]
        expectDone(try train("ordered", ranks: 3, options))
        expectDone(try train("alone", options))
        #expect(try newestCheckpoint(folder.path("ordered")) == newestCheckpoint(folder.path("alone")))
        expectDone(try train("mpi", ranks: 2, options + ["--reduction", "allreduce"]))
        let other = part == "encoder" ? "decoder" : "encoder"
        try check(
            """
            for run in ["ordered", "mpi"]:
                assert p(run, "\(part)") == p("first", "\(part)"), run
                assert all(not any(b) for b in p(run, "\(part)", "optimizer/m").values())
            a, b, c = p("ordered", "\(other)"), p("mpi", "\(other)"), p("first", "\(other)")
            for n in a:
                x, y, z = (np.frombuffer(d[n], "f4") for d in (a, b, c))
                assert (x != z).any() and np.abs(x - y).max() < 1e-4 * np.abs(x - z).max() + 1e-6, n
            """)
    }

    /// A model that does not fit is told by its first parameter that does not; nothing stays of such a start.
    @Test func misfits() throws {
        expectRefused(
            78,
            [
                "encoder/1/weight is [32, 16] in \(first), but [32, 12] here: give --hidden [32, 16] as there"
            ], try train("run", ["--from", first, "--hidden", "32,12"]))
        expectRefused(
            78,
            [
                "decoder/2/weight is [32, 6]",
                "[32, 12] here: give --likelihood \"gaussian\" as there, or --from-part encoder, which fits",
            ],
            try train("run", ranks: 3, ["--from", first, "--likelihood", "gaussian-learned"]))
        expectRefused(
            78, ["encoder/2/weight is [16, 4] in \(first), but [16, 32] here: give --hidden [32, 16] as there"],
            try train("run", ["--from", first, "--from-part", "encoder", "--hidden", "32,16,32"]))
        expectRefused(
            78, ["encoder/0/gain [32] is not in \(first)"], try train("run", ["--from", first, "--normalization", "layer"]))
        expectRefused(78, ["from-part is of the parameters that from names"], try train("run", ["--from-part", "encoder"]))
        expectRefused(78, ["from-digest is of the parameters"], try train("run", ["--from-digest", "12"]))
        expectRefused(65, ["but from-digest is 12"], try train("run", ["--from", first, "--from-digest", "12"]))
        expectRefused(66, ["from: ", "no such file"], try train("run", ranks: 3, ["--from", folder.path("none")]))
        expectRefused(65, ["not a checkpoint of mpi-vae"], try train("run", ["--from", try Self.files.get().path("x.h5")]))
        var bytes = try Data(contentsOf: URL(fileURLWithPath: "\(first)/best.h5"))
        bytes[bytes.count / 2] ^= 1
        try bytes.write(to: URL(fileURLWithPath: folder.path("bad.h5")))
        expectRefused(65, ["from: ", "bad.h5"], try train("run", ["--from", folder.path("bad.h5")]))
        #expect(!FileManager.default.fileExists(atPath: folder.path("run")))
        // A run's own model is not read and replaced.
        try FileManager.default.removeItem(atPath: "\(first)/checkpoints")
        expectRefused(73, ["would be replaced"], try train("first", ["--from", first]))
    }

    /// A run goes on only with the parameters that it began with, whatever they are called.
    @Test func otherStartsAreRefused() throws {
        let options = ["--from", first, "--from-part", "encoder", "--epochs"]
        expectDone(try train("run", options + ["1"]))
        expectDone(try train("drawn", ["--epochs", "1"]))
        expectRefused(
            78, ["from is \"\(folder.path("drawn"))\", whose parameters have the digest", "give the --from that it began with"],
            try train("run", ranks: 3, ["--from", folder.path("drawn"), "--from-part", "encoder", "--epochs", "2"]))
        expectRefused(
            78, ["from is not given", "give --from \"\(first)\""], try train("run", ["--from-digest", "", "--epochs", "2"]))
        expectRefused(78, ["from-part is \"all\", but was \"encoder\""], try train("run", ["--from", first, "--epochs", "2"]))
        expectRefused(78, ["freeze is \"decoder\", but was \"none\""], try train("run", options + ["2", "--freeze", "decoder"]))
        expectRefused(78, ["but the run began with drawn parameters: leave --from out"], try train("drawn", options + ["2"]))
        let copy = folder.path("copy.h5")
        try FileManager.default.copyItem(atPath: "\(first)/best.h5", toPath: copy)
        expectDone(try train("run", ranks: 2, ["--from", copy, "--from-part", "encoder", "--epochs", "2"]))
    }

    /// What would make the parameters mean something else is told, a line each.
    @Test func warnings() throws {
        let outcome = try train(
            "run",
            ["--from", first, "--scale", "standardize", "--activation", "tanh", "--epochs", "1", "--likelihood-scale", "2"])
        expectDone(outcome)
        let warnings = outcome.errors.split(separator: "\n").filter { $0.contains("warning") }
        #expect(warnings.count == 2, "\(outcome)")
        #expect(outcome.errors.contains("with another preparation: scale \"none\", here \"standardize\""), "\(outcome)")
        #expect(outcome.errors.contains("with another network: activation \"relu\", here \"tanh\""), "\(outcome)")
        let drawn = try train("drawn", ["--freeze", "encoder", "--epochs", "1"])
        #expect(drawn.errors.contains("the encoder is frozen as it was drawn"), "\(drawn)")
    }

    /// Columns are put into the order of the model by their names.
    @Test func features() throws {
        expectDone(try train("named", data: "named.h5", ["--epochs", "1"]))
        let options = ["--from", folder.path("named"), "--epochs", "2"]
        expectDone(try train("same", data: "named.h5", options))
        let turned = try train("turned", data: "turned.h5", options)
        expectDone(turned)
        #expect(turned.errors.contains("features are put into the order of the model of --from"), "\(turned)")
        try check("assert p('same', 'encoder') == p('turned', 'encoder') and p('same', 'decoder') == p('turned', 'decoder')")
    }

    /// `reproduce` reads the model again, and knows it by its digest; a sweep takes it for each of its runs.
    @Test func reproducedAndSwept() throws {
        expectDone(try train("run", ranks: 2, Self.frozen + ["--from", first, "--epochs", "2"]))
        func reproduce(_ options: [String] = [], ranks: Int = 1) throws -> Outcome {
            try mpiVAE(ranks: ranks, ["reproduce", folder.path("run")] + options)
        }
        let same = try reproduce(ranks: 3)
        #expect(same.status == 0 && same.output.contains("the same bits: 2 epochs, 24 steps"), "\(same)")
        let (moved, other) = (folder.path("moved"), folder.path("other"))
        try FileManager.default.moveItem(atPath: first, toPath: moved)
        expectRefused(
            66, ["from \(first), whose parameters the run began with, is not there any more: say where"], try reproduce())
        expectDone(try reproduce(["--from", moved]))
        expectDone(try train("other", ["--epochs", "1"]))
        expectRefused(65, ["but from-digest is "], try reproduce(["--from", other]))
        let sweep =
            [
                "sweep", "--data", try Self.files.get().path("y.h5"), "--validation-fraction", "0.2", "--epochs", "1", "--output",
                folder.path("sweep"), "--grid", "from-part=all,encoder", "--grid", "freeze=none,encoder",
            ] + Self.model
        let swept = try mpiVAE(ranks: 2, sweep + ["--from", moved])
        #expect(swept.status == 0, "\(swept)")
        try check(
            """
            for part in ["all", "encoder"]:
                for freeze in ["none", "encoder"]:
                    kept = p(f"sweep/from-part={part},freeze={freeze}", "encoder") == p("moved", "encoder")
                    assert kept == (freeze == "encoder"), (part, freeze)
            """)
        #expect(try mpiVAE(ranks: 2, sweep + ["--from", moved]).status == 0)
        expectRefused(78, ["whose parameters have the digest"], try mpiVAE(ranks: 2, sweep + ["--from", other]))
    }
}

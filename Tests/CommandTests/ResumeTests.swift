import Foundation
import TestSupport
import Testing

/// A run goes on only with what it began with: whatever decides bits, also where it lies in files.
@Suite(.serialized)
struct ResumeTests {
    private static let files = Result {
        let folder = try TemporaryFolder()
        let python = try Program.python(
            """
            import h5py, numpy as np, sys
            d = sys.argv[1] + "/"
            g = np.random.default_rng(7)
            x, n = g.random((90, 6)).astype("f4"), 90
            mask = np.ones((n, 6), "u1"); mask[3, 2] = 0
            other = mask.copy(); other[77, 5] = 0
            with h5py.File(d + "x.h5", "w") as f:
                f["data"], f["label"] = x, np.arange(n) % 3
                f["w1"], f["w2"], f["copy"] = np.ones(n, "f4"), g.random(n) + 0.1, np.ones(n, "f8")
                f["m1"], f["m2"], f["m3"] = mask, other, mask.astype("f4")
                f["kinds"] = (np.arange(n) + 1) % 3
                f["good"], f["better"] = np.arange(n) % 7 != 0, np.arange(n) % 11 != 0
                f["c1"], f["c2"] = [1, 1, 1, 1, 0, 0], [0, 1, 1, 1, 1, 0]
                f["bits"], f["more"] = np.packbits(x > 0.5, axis=1), np.packbits(np.pad(x > 0.5, ((0, 0), (0, 2))), axis=1)
            for name, k in [("v1.h5", 0), ("v2.h5", 1)]:
                with h5py.File(d + name, "w") as f: f["data"], f["label"] = x[:20] + k * 1e-3, np.arange(20) % 3
            """, [folder.url.path])
        if python.status != 0 { throw CannotRun(description: "\(python)") }
        return folder
    }

    private func train(_ run: String, ranks: Int = 1, _ options: [String]) throws -> Outcome {
        let data = options.contains("--data") ? [] : ["--data", try Self.files.get().path("x.h5")]
        let arguments =
            ["train"] + data + [
                "--likelihood", "gaussian", "--hidden", "5", "--latent", "2", "--global-batch", "16", "--no-report", "--output",
                run,
            ] + options
        return try ranks == 1 ? mpiVAE(arguments: arguments) : mpiVAE(ranks: ranks, arguments)
    }

    /// How a run goes on that must not, and what is said.
    struct Refused: Sendable {
        let options: [String]
        let text: String

        init(_ options: [String], _ text: String) { (self.options, self.text) = (options, text) }
    }

    /// Beginnings, and goings on that must be refused.
    @Test(
        arguments: [
            (
                ["--weights", "/w1"],
                [
                    Refused(
                        ["--weights", "/w2"], #"weights is "/w2", but was "/w1" in the checkpoint: give --weights "/w1""#),
                    Refused([], #"weights is "", but was "/w1""#),
                ]
            ),
            ([], [Refused(["--weights", "/w2"], #"weights is "/w2", but was "" in the checkpoint: leave --weights out"#)]),
            (
                ["--nan", "mask", "--mask", "/m1"],
                [Refused(["--nan", "mask", "--mask", "/m2"], #"mask is "/m2", but was "/m1""#)]
            ),
            (["--rows", "0:50"], [Refused(["--rows", "0:51"], #"rows is "0:51", but was "0:50""#)]),
            (["--rows", "/good"], [Refused(["--rows", "/better"], #"rows is "/better", but was "/good""#)]),
            (
                ["--fit-normal", "0,1"],
                [
                    Refused([], #"fit-normal is "", but was "0,1""#),
                    Refused(["--fit-normal", "0,2"], #"fit-normal is "0,2", but was "0,1""#),
                    Refused(["--fit-normal", "0,1", "--labels", "/kinds"], #"labels is "/kinds", but was """#),
                ]
            ),
            (["--columns", "/c1"], [Refused(["--columns", "/c2"], #"columns is "/c2", but was "/c1""#)]),
            (["--columns", "0:3"], [Refused([], #"columns is "", but was "0:3""#)]),
            (
                ["--reduction", "ordered", "--scale", "standardize"],
                [
                    Refused(
                        ["--reduction", "allreduce", "--scale", "standardize"],
                        #"reduction is "allreduce", but was "ordered""#),
                    Refused([], #"scale is "none", but was "standardize""#),
                ]
            ),
            (
                ["--validation-data", "v1.h5"],
                [
                    Refused(["--validation-data", "v2.h5"], "what validation-data names is not what the run began with"),
                    Refused([], "what validation-data names is not what the run began with"),
                ]
            ),
        ] as [([String], [Refused])])
    func otherInputsAreRefused(begin: [String], others: [Refused]) throws {
        let folder = try TemporaryFolder()
        func paths(_ options: [String]) throws -> [String] {
            try options.map { $0.hasPrefix("v") ? try Self.files.get().path($0) : $0 }
        }
        let begun = try train(folder.path("run"), try paths(begin) + ["--epochs", "1"])
        #expect(begun.status == 0, "\(begun)")
        let before = try newestCheckpoint(folder.path("run"))
        for other in others {
            let refused = try train(folder.path("run"), try paths(other.options) + ["--epochs", "2"])
            #expect([65, 78].contains(refused.status) && refused.errorLines.count == 1, "\(refused)")
            #expect(refused.errors.contains(other.text), "\(refused)")
            #expect(try newestCheckpoint(folder.path("run")) == before)
        }
        let same = try train(folder.path("run"), try paths(begin) + ["--epochs", "2"])
        #expect(same.status == 0 && same.errors.contains("going on after step"), "\(same)")
    }

    /// Packed bits and the size of maps are told by their keys.
    @Test func packedBits() throws {
        let folder = try TemporaryFolder()
        let data = ["--data", try Self.files.get().path("x.h5:/bits"), "--epochs", "1"]
        #expect(try train(folder.path("run"), data + ["--packed-bits", "6"]).status == 0)
        let refused = try train(folder.path("run"), data + ["--packed-bits", "8"])
        #expect(refused.status == 78 && refused.errors.contains("packed-bits is 8, but was 6"), "\(refused)")
    }

    /// Under another name, with the same values, a run goes on; nothing of where they lie decides anything.
    @Test func theContentCounts() throws {
        let folder = try TemporaryFolder()
        let cases = [
            ("weights", ["--weights", "/w1"], ["--weights", "/copy"]),
            ("mask", ["--nan", "mask", "--mask", "/m1"], ["--nan", "mask", "--mask", "/m3"]),
            ("labels", ["--fit-normal", "0,1"], ["--fit-normal", "1,0"]),
            ("rows", ["--rows", "0:50"], ["--rows", "0:30,30:50"]),
        ]
        for (name, begin, goOn) in cases {
            let run = folder.path(name)
            #expect(try train(run, begin + ["--epochs", "1"]).status == 0)
            let outcome = try train(run, ranks: 3, goOn + ["--epochs", "2"])
            #expect(outcome.status == 0 && outcome.errors.contains("going on after step"), "\(outcome)")
            #expect(try train(folder.path("\(name)-straight"), begin + ["--epochs", "2"]).status == 0)
            #expect(try metrics(run) == metrics(folder.path("\(name)-straight")))
        }
    }

    /// What lies at the same path may have changed.
    @Test func changedContentIsRefused() throws {
        let folder = try TemporaryFolder()
        let copy = folder.path("x.h5")
        try FileManager.default.copyItem(atPath: try Self.files.get().path("x.h5"), toPath: copy)
        let options = ["--data", copy, "--weights", "/w2", "--nan", "mask", "--mask", "/m2"]
        #expect(try train(folder.path("run"), options + ["--epochs", "1"]).status == 0)
        for (change, text) in [("f['w2'][89] = 7", "what weights names"), ("f['m2'][80, 1] = 0", "what mask names")] {
            let python = try Program.python("import h5py, sys; f = h5py.File(sys.argv[1], 'r+'); \(change)", [copy])
            #expect(python.status == 0, "\(python)")
            let refused = try train(folder.path("run"), options + ["--epochs", "2"])
            #expect(refused.status == 65 && refused.errors.contains(text), "\(refused)")
            // Back to what it was, but for the first, which is left.
            if change.contains("m2") { continue }
            try FileManager.default.removeItem(atPath: copy)
            try FileManager.default.copyItem(atPath: try Self.files.get().path("x.h5"), toPath: copy)
        }
    }

    /// Checkpoints of older formats are read for ever: embedded with, gone on with, inspected.
    @Test(arguments: [
        (2, [[-1.7957249, -1.3580574], [-0.5760338, 0.6379566], [-0.6367918, -0.9470711], [-0.5685954, -0.8719439]]),
        (3, [[-1.7994682, -1.3534880], [-0.5755211, 0.6381760], [-0.6330481, -0.9456843], [-0.5738053, -0.8700820]]),
    ])
    func olderFormats(format: Int, codes: [[Double]]) throws {
        let folder = try TemporaryFolder()
        let fixture = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent(
            "../Fixtures/checkpoint-format-\(format).h5"
        ).standardized.path
        let made = try Program.python(
            """
            import h5py, numpy as np, sys
            i, j = np.mgrid[:48, :6]
            with h5py.File(sys.argv[1], "w") as f:
                f["data"] = (((i * 7 + j * 3) % 11) / 10).astype("f4"); f["label"] = np.arange(48) % 3
            """, [folder.path("x.h5")])
        #expect(made.status == 0, "\(made)")
        let embedded = try mpiVAE(
            "embed", "--checkpoint", fixture, "--data", folder.path("x.h5"), "--output", folder.path("e.h5"))
        #expect(embedded.status == 0, "\(embedded)")
        let compared = try Program.python(
            """
            import h5py, numpy as np, sys
            z = h5py.File(sys.argv[1])["latent/mean"][:4]
            assert abs(z - np.array(\(codes))).max() < 1e-5, z
            """, [folder.path("e.h5")])
        #expect(compared.status == 0, "\(compared)")
        let inspected = try mpiVAE("inspect", fixture)
        #expect(inspected.status == 0 && inspected.output.contains("format_version: \(format)"), "\(inspected)")
        let options = [
            "--data", folder.path("x.h5"), "--scale", "standardize", "--validation-fraction", "0.25", "--global-batch", "8",
            "--resume", fixture, "--epochs", "3",
        ]
        for ranks in [1, 2] {
            let outcome = try train(folder.path("\(ranks)"), ranks: ranks, options)
            #expect(outcome.status == 0 && outcome.errors.contains("going on after step 10"), "\(outcome)")
            #expect(outcome.errors.contains("warning: the checkpoint is of arithmetic 1, but"), "\(outcome)")
        }
        #expect(try newestCheckpoint(folder.path("1")) == newestCheckpoint(folder.path("2")))
        let refused = try train(folder.path("other"), options + ["--beta", "2"])
        #expect(refused.status == 78 && refused.errors.contains("beta is 2.0, but was 1.0"), "\(refused)")
        let version = try mpiVAE("inspect", folder.path("1/best.h5"))
        #expect(version.output.contains("format_version: 4"), "\(version)")
        #expect(version.output.contains("earlier_parts: 10 2 1"), "\(version)")
    }
}

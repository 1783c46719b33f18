import Foundation
import TestSupport
import Testing

/// Models that are trained to restore rows from corrupted ones.
@Suite(.serialized)
struct DenoisingTests {
    /// What the encoder sees in training is drawn from seed, epoch, row and feature alone.
    @Test(arguments: [["gaussian", "0.3"], ["masking", "0.25"], ["salt-and-pepper", "0.2"]])
    func sameBits(corruption: [String]) throws {
        let folder = try TemporaryFolder()
        let arguments = [
            "train", "--data", try Fixtures.fashion.get(), "--rows", "0:1600", "--hidden", "32", "--latent", "6", "--epochs", "2",
            "--global-batch", "160", "--validation-fraction", "0.1",
        ]
        let corrupt = ["--corruption", corruption[0], "--corruption-level", corruption[1]]
        func train(_ name: String, _ ranks: Int, _ options: [String]) throws -> Data {
            let outcome = try mpiVAE(ranks: ranks, arguments + options + ["--output", folder.path(name)])
            #expect([0, 75].contains(outcome.status), "\(outcome)")
            return try newestCheckpoint(folder.path(name))
        }
        let alone = try train("1", 1, corrupt)
        #expect(try train("3", 3, corrupt + ["--threads", "2"]) == alone)
        #expect(try train("clean", 1, []) != alone)
        guard corruption[0] == "gaussian" else { return }
        // Stopped within the second epoch, and gone on with on other ranks.
        _ = try train("stopped", 3, corrupt + ["--max-steps", "12"])
        #expect(try train("stopped", 2, corrupt) == alone)
        let outcome = try Program.python(
            """
            import glob, h5py, sys
            a, b = [h5py.File(sorted(glob.glob(f + "/checkpoints/*.h5"))[-1])["parameters/encoder/0/weight"][:] for f in sys.argv[1:]]
            assert abs(a - b).max() > 1e-4
            """, [folder.path("1"), folder.path("clean")])
        #expect(outcome.status == 0, "\(outcome)")
    }

    /// Missing values stay missing for an encoder whose other values are corrupted.
    @Test func withMissingValues() throws {
        let folder = try TemporaryFolder()
        let data = folder.path("data.h5")
        let made = try Program.python(
            """
            import h5py, numpy as np, sys
            x = h5py.File(sys.argv[1])["data"][:800] / np.float32(255)
            x[np.random.default_rng(1).random(x.shape) < 0.1] = np.nan
            h5py.File(sys.argv[2], "w")["data"] = x
            """, [try Fixtures.fashion.get(), data])
        #expect(made.status == 0, "\(made)")
        for (name, ranks) in [("1", 1), ("3", 3)] {
            let outcome = try mpiVAE(
                ranks: ranks,
                [
                    "train", "--data", data, "--nan", "mask", "--model", "denoising", "--corruption", "masking", "--hidden", "32",
                    "--epochs", "20", "--global-batch", "80", "--output", folder.path(name),
                ])
            #expect(outcome.status == 0, "\(outcome)")
        }
        #expect(try newestCheckpoint(folder.path("1")) == newestCheckpoint(folder.path("3")))
        // All values are restored, also those that were not there.
        let outcome = try mpiVAE(
            "reconstruct", "--checkpoint", folder.path("1"), "--data", data, "--output", folder.path("o.h5"), "--clean", data)
        #expect(outcome.status == 0 && outcome.output.hasPrefix("psnr inf dB of the input"), "\(outcome)")
        let python = try Program.python(
            """
            import h5py, numpy as np, sys
            full = h5py.File(sys.argv[1])["data"][:800] / np.float32(255)
            gaps = np.isnan(h5py.File(sys.argv[2])["data"][:])
            y = h5py.File(sys.argv[3])["data"][:]
            assert np.isfinite(y).all() and ((y - full)[gaps] ** 2).mean() < 0.7 * full[gaps].var()
            """, [try Fixtures.fashion.get(), data, folder.path("o.h5")])
        #expect(python.status == 0, "\(python)")
    }

    /// A few seconds of training clean Fashion-MNIST of noise that the model never saw, in images that it never saw.
    @Test func cleansImages() throws {
        let folder = try TemporaryFolder()
        let (fashion, noisy, run, output) = (
            try Fixtures.fashion.get(), folder.path("noisy.h5"), folder.path("run"), folder.path("o.h5")
        )
        let made = try Program.python(
            """
            import h5py, numpy as np, sys
            x = h5py.File(sys.argv[1])["data"][:] / 255.
            h5py.File(sys.argv[2], "w")["data"] = (x + 0.3 * np.random.default_rng(1).normal(size=x.shape)).astype("f4")
            """, [fashion, noisy])
        #expect(made.status == 0, "\(made)")
        let trained = try mpiVAE(
            "train", "--data", fashion, "--rows", "0:8000", "--model", "denoising", "--hidden", "256", "--latent", "64",
            "--epochs",
            "6", "--global-batch", "128", "--output", run)
        #expect(trained.status == 0, "\(trained)")
        let arguments = [
            "reconstruct", "--checkpoint", run, "--data", noisy, "--rows", "8000:10000", "--clean", fashion, "--output", output,
        ]
        let outcome = try mpiVAE(ranks: 1, arguments)
        #expect(outcome.status == 0, "\(outcome)")
        let python = try Program.python(
            """
            import h5py, numpy as np, sys
            clean, noisy, output = [h5py.File(f)["data"][:] for f in sys.argv[1:]]
            clean = clean[8000:] / 255.
            psnr = lambda x: 10 * np.log10(1 / ((x - clean) ** 2).mean())
            before, after = psnr(noisy[8000:]), psnr(output)
            a = h5py.File(sys.argv[3]).attrs
            assert abs(a["input_psnr"] - before) < 1e-3 and abs(a["output_psnr"] - after) < 1e-3, (dict(a), before, after)
            assert after > before + 5, (before, after)
            print("psnr %.2f dB of the input, %.2f dB of the output, gain %.2f dB" % (before, after, after - before))
            """, [fashion, noisy, output])
        #expect(python.status == 0 && outcome.output.hasPrefix(python.output), "\(python) \(outcome)")
        let three = try mpiVAE(ranks: 3, arguments + ["--force"])
        #expect(three.output == outcome.output, "\(three)")
    }

    /// Runs of earlier versions, where no corruption of a model denoising meant gaussian: applied, gone on with, repeated.
    @Test func olderRuns() throws {
        let folder = try TemporaryFolder()
        let fixture = repositoryPath("Tests/Fixtures/checkpoint-denoising-none.h5")
        let data = folder.path("x.h5")
        let made = try Program.python(
            """
            import h5py, numpy as np, sys
            i, j = np.mgrid[:48, :6]
            h5py.File(sys.argv[1], "w")["data"] = (((i * 7 + j * 3) % 11) / 10).astype("f4")
            assert 'corruption = "none"' in h5py.File(sys.argv[2]).attrs["configuration"]
            """, [data, fixture])
        #expect(made.status == 0, "\(made)")
        let arguments = [
            "train", "--data", data, "--model", "denoising", "--likelihood", "mse", "--hidden", "5", "--latent", "2",
            "--global-batch", "8", "--epochs", "2",
        ]
        let (straight, gone, again) = (folder.path("straight"), folder.path("gone"), folder.path("again"))
        let ran = try mpiVAE(arguments: arguments + ["--output", straight])
        #expect(ran.status == 0, "\(ran)")
        let went = try mpiVAE(arguments: arguments + ["--output", gone, "--resume", fixture])
        #expect(went.status == 0 && went.errors.contains("going on after step 7"), "\(went)")
        // Not byte for byte: what went on keeps in mind that its first steps were of another arithmetic.
        let digest = try #require(ran.errors.firstMatch(of: /digest after step 12: [0-9a-f]{64}/)).output
        #expect(went.errors.contains(digest), "\(ran) \(went)")
        let applied = try mpiVAE(
            "reconstruct", "--checkpoint", fixture, "--data", data, "--output", folder.path("r.h5"))
        #expect(applied.status == 0, "\(applied)")
        let other = arguments + ["--output", folder.path("other"), "--resume", fixture]
        for (options, text) in [
            (
                ["--corruption", "masking"],
                "corruption is \"masking\", but was \"gaussian\" in the checkpoint: leave --corruption out"
            ),
            (["--model", "ae"], "model is \"ae\", but was \"denoising\""),
        ] {
            let refused = try mpiVAE(arguments: other + options)
            #expect(refused.status == 78 && refused.errors.contains(text), "\(refused)")
        }
        // A folder as earlier versions wrote it.
        let file = "\(straight)/config.toml"
        let text = try String(contentsOfFile: file, encoding: .utf8)
        #expect(text.contains("corruption = \"gaussian\""))
        try text.replacing("corruption = \"gaussian\"", with: "corruption = \"none\"")
            .write(toFile: file, atomically: true, encoding: .utf8)
        let reproduced = try mpiVAE("reproduce", straight)
        #expect(reproduced.status == 0 && reproduced.output.contains("the same bits: 2 epochs"), "\(reproduced)")
        #expect(try mpiVAE("train", "--config", file, "--output", again).status == 0)
        #expect(try newestCheckpoint(again) == newestCheckpoint(straight))
    }

    @Test func badInput() throws {
        let folder = try TemporaryFolder()
        let fashion = try Fixtures.fashion.get()
        let cases: [([String], String)] = [
            (["--corruption", "masking", "--corruption-level", "1.5"], "for masking it is a share of the values: at most 1"),
            (["--corruption", "blur"], "must be one of none, gaussian, masking, salt-and-pepper"),
            (["--model", "denoising", "--corruption-level", "0"], "must be a number above 0"),
            (["--model", "denoising", "--corruption", "none"], "leave it out for the model's own, or give --model ae"),
        ]
        for (options, text) in cases {
            let outcome = try Program.run(
                Program.built("mpi-vae"), ["train", "--data", fashion, "--output", folder.path("run")] + options)
            #expect(outcome.status == 78 && outcome.errorLines.count == 1 && outcome.errors.contains(text), "\(outcome)")
        }
    }
}

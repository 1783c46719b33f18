import Foundation
import TestSupport
import Testing

/// What `reconstruct` and `generate` write, computed again by numpy and looked at by Pillow.
@Suite(.serialized)
struct GenerateTests {
    /// A model of Fashion-MNIST's first rows.
    private static let trained = Result {
        let folder = try TemporaryFolder()
        let outcome = try mpiVAE(
            "train", "--data", try Fixtures.fashion.get(), "--rows", "0:2000", "--hidden", "64", "--latent", "5", "--epochs", "6",
            "--global-batch", "128", "--output", folder.path("run"))
        guard outcome.status == 0 else { throw CannotRun(description: "\(outcome)") }
        return folder
    }

    private func run() throws -> String { try Self.trained.get().path("run") }

    /// Networks in numpy, from a checkpoint alone.
    private static let network = """
        import h5py, numpy as np, sys
        def layers(p, x):
            for i in range(len(p)):
                x = x @ p[f"{i}/weight"][:] + p[f"{i}/bias"][:]
                if i + 1 < len(p): x = np.maximum(x, 0)
            return x
        def sigmoid(x): return 1 / (1 + np.exp(-x))

        """

    private func python(_ script: String, _ arguments: [String]) throws {
        let outcome = try Program.python(Self.network + script + "\nprint('right')", arguments)
        #expect(outcome.output == "right\n", "\(outcome)")
    }

    @Test func reconstructions() throws {
        let folder = try TemporaryFolder()
        let (run, fashion, output, grid) = (try run(), try Fixtures.fashion.get(), folder.path("r.h5"), folder.path("r.png"))
        let arguments = ["reconstruct", "--checkpoint", run, "--data", fashion, "--rows", "100:3000:2"]
        let outcome = try mpiVAE(ranks: 1, arguments + ["--output", output, "--grid", grid])
        #expect(outcome.status == 0 && outcome.output.contains("1450 rows"), "\(outcome)")
        try python(
            """
            from PIL import Image
            c, r, d = [h5py.File(f, "r") for f in (sys.argv[1] + "/best.h5", sys.argv[2], sys.argv[3])]
            rows = np.arange(100, 3000, 2)
            assert (r["row"][:] == rows).all() and (r["id"][:] == rows).all() and (r["label"][:] == d["label"][:][rows]).all()
            assert r["data"].shape == (1450, 28, 28) and r["data"].dtype == np.float32 and r.attrs["format"] == "mpi-vae reconstructions"
            x = d["data"][:][rows].reshape(1450, 784) / np.float32(255)
            y = sigmoid(layers(c["parameters/decoder"], layers(c["parameters/encoder"], x)[:, :5]))
            assert np.allclose(r["data"][:].reshape(1450, 784), y, atol=2e-5)
            # Tiles of 28 x 28, pairs that touch, 2 pixels between.
            image = np.asarray(Image.open(sys.argv[4]))
            assert image.shape == (2 + 8 * 30, 2 + 8 * 58) and image.dtype == np.uint8, image.shape
            for k in (0, 7, 8, 63):
                top, left = 2 + k // 8 * 30, 2 + k % 8 * 58
                assert (image[top:top + 28, left:left + 28] == d["data"][rows[k]]).all()
                difference = image[top:top + 28, left + 28:left + 56] - 255 * r["data"][k]
                assert abs(difference).max() <= 0.51
            """, [run, output, fashion, grid])
        let three = try mpiVAE(ranks: 3, arguments + ["--output", folder.path("3.h5"), "--grid", folder.path("3.png")])
        #expect(three.status == 0, "\(three)")
        for (a, b) in [(output, "3.h5"), (grid, "3.png")] {
            #expect(try Data(contentsOf: URL(fileURLWithPath: a)) == Data(contentsOf: URL(fileURLWithPath: folder.path(b))))
        }
    }

    /// The preparation is undone as far as it can be.
    @Test(arguments: [
        ["--scale", "standardize"], ["--scale", "min-max", "--likelihood", "mse"],
        ["--library-size", "100", "--transform", "log1p", "--scale", "standardize", "--scale-by", "global"],
    ])
    func preparationIsUndone(options: [String]) throws {
        let folder = try TemporaryFolder()
        let (data, run, output) = (folder.path("counts.h5"), folder.path("run"), folder.path("r.h5"))
        let made = try Program.python(
            """
            import h5py, numpy as np, sys
            r = np.random.default_rng(1)
            h5py.File(sys.argv[1], "w")["data"] = r.poisson(r.gamma(2, 5, (400, 1)) * r.uniform(0.5, 2, 12)).astype("f4") + 1
            """, [data])
        #expect(made.status == 0, "\(made)")
        let trained = try mpiVAE(
            ranks: 1,
            [
                "train", "--data", data, "--likelihood", "gaussian", "--model", "ae", "--hidden", "32", "--latent", "3",
                "--epochs",
                "20", "--global-batch", "80", "--output", run,
            ] + options)
        #expect(trained.status == 0, "\(trained)")
        let outcome = try mpiVAE("reconstruct", "--checkpoint", run, "--data", data, "--output", output)
        #expect(outcome.status == 0, "\(outcome)")
        try python(
            """
            c, r, d = [h5py.File(f, "r") for f in (sys.argv[1] + "/best.h5", sys.argv[2], sys.argv[3])]
            shift, factor, counts = c["normalization/shift"][:], c["normalization/factor"][:], d["data"][:]
            sums, logs = counts.sum(1, keepdims=True), "log1p" in sys.argv
            x = (np.log1p(counts / sums * 100) if logs else counts)
            y = layers(c["parameters/decoder"], layers(c["parameters/encoder"], (x - shift) * factor)) / factor + shift
            if logs: y = np.expm1(y) * sums / 100
            assert np.allclose(r["data"][:], y, rtol=1e-3, atol=1e-3), abs(r["data"][:] - y).max()
            # In the data's scale, and better than the mean.
            assert ((y - counts) ** 2).mean() < 0.7 * counts.var(0).mean()
            """, [run, output, data] + options)
    }

    /// Colours that come first or last.
    @Test(arguments: ["first", "last"])
    func colours(place: String) throws {
        let folder = try TemporaryFolder()
        let (data, run, grid) = (folder.path("c.h5"), folder.path("run"), folder.path("c.png"))
        let made = try Program.python(
            """
            import h5py, numpy as np, sys
            x = np.random.default_rng(1).integers(0, 256, (40, 14, 7, 3), "u1")
            h5py.File(sys.argv[1], "w")["data"] = x.transpose(0, 3, 1, 2) if sys.argv[2] == "first" else x
            """, [data, place])
        #expect(made.status == 0, "\(made)")
        let trained = try mpiVAE(
            "train", "--data", data, "--hidden", "8", "--latent", "2", "--epochs", "1", "--global-batch", "8", "--output", run)
        #expect(trained.status == 0, "\(trained)")
        let outcome = try mpiVAE(
            "reconstruct", "--checkpoint", run, "--data", data, "--grid", grid, "--output", folder.path("r.h5"))
        #expect(outcome.status == 0, "\(outcome)")
        try python(
            """
            from PIL import Image
            image, x = np.asarray(Image.open(sys.argv[1])), np.random.default_rng(1).integers(0, 256, (40, 14, 7, 3), "u1")
            # Twice as large; 28 x 14.
            assert image.shape == (2 + 5 * 30, 2 + 8 * 30, 3), image.shape
            assert (image[2:30:2, 2:16:2] == x[0]).all() and (image[33:60:2, 33:46:2] == x[9]).all()
            """, [grid])
    }

    private static let origins: [[String]] = [
        ["--count", "700"], ["--count", "700", "--from", "mixture", "--components", "4", "--seed", "5"],
        ["--count", "300", "--from", "mixture", "--covariance", "diagonal", "--fit-rows", "600"],
        ["--traverse", "--latents", "0,3"], ["--interpolate", "17,3", "--spherical"], ["--label", "7", "--count", "300"],
    ]

    @Test(arguments: origins)
    func onAnyNumberOfRanks(options: [String]) throws {
        let folder = try TemporaryFolder()
        let arguments =
            ["generate", "--checkpoint", try run(), "--data", try Fixtures.fashion.get(), "--rows", "0:2000"] + options
        for ranks in [1, 3] {
            let outcome = try mpiVAE(
                ranks: ranks,
                arguments + [
                    "--output", folder.path("\(ranks).h5"), "--grid", folder.path("\(ranks).png"), "--threads", "\(ranks)",
                ])
            #expect(outcome.status == 0, "\(outcome)")
        }
        for kind in ["h5", "png"] {
            let files = try ["1", "3"].map { try Data(contentsOf: URL(fileURLWithPath: folder.path("\($0).\(kind)"))) }
            #expect(files[0] == files[1], "\(options) \(kind)")
        }
    }

    private func generate(_ folder: TemporaryFolder, _ name: String, _ options: [String]) throws -> String {
        let output = folder.path("\(name).h5")
        let outcome = try mpiVAE(
            ranks: 1,
            [
                "generate", "--checkpoint", try run(), "--data", try Fixtures.fashion.get(), "--rows", "0:2000", "--output",
                output,
            ] + options)
        #expect(outcome.status == 0, "\(outcome)")
        return output
    }

    private func embed(_ folder: TemporaryFolder) throws -> String {
        let embeddings = folder.path("e.h5")
        let embedded = try mpiVAE(
            "embed", "--checkpoint", try run(), "--data", try Fixtures.fashion.get(), "--rows", "0:2000", "--output", embeddings)
        #expect(embedded.status == 0, "\(embedded)")
        return embeddings
    }

    @Test func samples() throws {
        let folder = try TemporaryFolder()
        let embeddings = try embed(folder)
        let files = [
            try generate(folder, "prior", ["--count", "5000"]),
            try generate(folder, "mixture", ["--from", "mixture", "--components", "6", "--count", "5000"]),
            try generate(folder, "diagonal", ["--from", "mixture", "--covariance", "diagonal", "--components", "3"]),
            try generate(folder, "label", ["--label", "1", "--count", "5000"]),
        ]
        try python(
            """
            from scipy.special import logsumexp
            from scipy.stats import multivariate_normal
            from sklearn.mixture import GaussianMixture
            c, e, prior, mixture, diagonal, label = [h5py.File(f, "r") for f in [sys.argv[1] + "/best.h5"] + sys.argv[2:]]
            codes = e["latent/mean"][:].astype("f8")
            for f in (prior, mixture, diagonal, label):
                z = f["latent"][:]
                assert np.allclose(f["data"][:].reshape(len(z), 784), sigmoid(layers(c["parameters/decoder"], z)), atol=2e-5)
                assert len(np.unique(z, axis=0)) == len(z)
            z = prior["latent"][:]
            assert prior.attrs["origin"] == "prior" and z.shape == (5000, 5) and prior["data"].shape == (5000, 28, 28)
            assert abs(z.mean(0)).max() < 0.07 and abs(np.cov(z.T) - np.eye(5)).max() < 0.1
            # The fit's own figure, and no worse than scikit-learn's.
            for f, kind in ((mixture, "full"), (diagonal, "diag")):
                w, m, l = [f["mixture/" + n][:] for n in ("weight", "mean", "factor")]
                covariances = l @ l.transpose(0, 2, 1)
                assert abs(w.sum() - 1) < 1e-12 and (np.triu(l, 1) == 0).all()
                p = np.stack([np.log(w[k]) + multivariate_normal(m[k], covariances[k]).logpdf(codes) for k in range(len(w))], 1)
                ours = logsumexp(p, axis=1).mean()
                assert abs(ours - f.attrs["log_likelihood"]) < 1e-3, (ours, f.attrs["log_likelihood"])
                theirs = GaussianMixture(len(w), covariance_type=kind, n_init=3, random_state=0).fit(codes).score(codes)
                assert ours > theirs - 0.05, (kind, ours, theirs)
            z, k = mixture["latent"][:], mixture["component"][:]
            w, m, l = [mixture["mixture/" + n][:] for n in ("weight", "mean", "factor")]
            assert abs(np.bincount(k, minlength=6) / 5000 - w).max() < 0.03
            for j in range(6):
                # Back to the noise that they were made of.
                noise = np.linalg.solve(l[j], (z[k == j] - m[j]).T).T
                assert abs(noise.mean(0)).max() < 0.2 and abs(noise.std(0) - 1).max() < 0.2, (j, noise.mean(0), noise.std(0))
            own, v = codes[e["label"][:] == 1], np.exp(e["latent/log_variance"][:][e["label"][:] == 1])
            z = label["latent"][:]
            assert abs(z.mean(0) - own.mean(0)).max() < 0.07 and label.attrs["fit_rows"] == len(own)
            assert np.allclose(z.std(0), np.sqrt(own.var(0) + v.mean(0)), rtol=0.06)
            """, [try run(), embeddings] + files)
    }

    @Test func traversalsAndInterpolations() throws {
        let folder = try TemporaryFolder()
        let embeddings = try embed(folder)
        let files = [
            try generate(folder, "t", ["--traverse", "--latents", "4,1", "--steps", "7"]),
            try generate(folder, "l", ["--interpolate", "17,3", "--steps", "5"]),
            try generate(folder, "s", ["--interpolate", "17,3", "--steps", "5", "--spherical"]),
        ]
        try python(
            """
            e, traversal, line, arc = [h5py.File(f, "r") for f in sys.argv[1:]]
            codes = e["latent/mean"][:].astype("f8")
            z = traversal["latent"][:].reshape(2, 7, 5) - codes.mean(0)
            for row, latent in enumerate((4, 1)):
                assert np.allclose(z[row, :, latent], np.linspace(-3, 3, 7), atol=1e-4)
                assert np.allclose(np.delete(z[row], latent, 1), 0, atol=1e-4)
            assert traversal["latent_index"][:].tolist() == [4] * 7 + [1] * 7
            a, b, t = codes[17], codes[3], np.linspace(0, 1, 5)[:, None]
            assert np.allclose(line["latent"][:], (1 - t) * a + t * b, atol=1e-5)
            o = np.arccos(a @ b / np.linalg.norm(a) / np.linalg.norm(b))
            assert np.allclose(arc["latent"][:], (np.sin((1 - t) * o) * a + np.sin(t * o) * b) / np.sin(o), atol=1e-5)
            assert line.attrs["rows"] == "17,3" and arc.attrs["path"] == "spherical"
            """, [embeddings] + files)
    }

    @Test func badInput() throws {
        let folder = try TemporaryFolder()
        let (run, fashion, digits) = (try run(), try Fixtures.fashion.get(), try Fixtures.digits.get())
        let output = folder.path("out.h5")
        let plain = folder.path("plain")
        let trained = try mpiVAE(
            "train", "--data", digits, "--model", "ae", "--likelihood", "mse", "--hidden", "8", "--latent", "2", "--epochs", "1",
            "--global-batch", "64", "--output", plain)
        #expect(trained.status == 0, "\(trained)")
        let unlabelled = folder.path("unlabelled.h5")
        let made = try Program.python(
            """
            import h5py, numpy as np, sys
            h5py.File(sys.argv[1], "w")["data"] = np.zeros((20, 28, 28), "u1")
            """, [unlabelled])
        #expect(made.status == 0, "\(made)")
        let reconstruct = ["reconstruct", "--checkpoint", run, "--output", output]
        let generate = ["generate", "--checkpoint", run, "--output", output]
        let cases: [([String], Int32, String)] = [
            (reconstruct + ["--data", digits], 65, "rows of shape [64], but the model was trained on [28, 28]"),
            (
                generate + ["--data", digits, "--from", "mixture"], 65,
                "rows of shape [64], but the model was trained on [28, 28]"
            ),
            (reconstruct + ["--data", fashion, "--clean", unlabelled], 65, "has 20 rows, but"),
            (generate + ["--traverse", "--latents", "5"], 64, "no latent 5, but 0 to 4"),
            (generate + ["--data", fashion, "--interpolate", "3,10000"], 64, "row 10000 is not in"),
            (generate + ["--data", fashion, "--interpolate", "3,-1"], 64, "must be numbers from 0"),
            (generate + ["--data", fashion, "--interpolate", "3"], 64, "must be two rows"),
            (generate + ["--interpolate", "3,4"], 64, "--interpolate needs the data"),
            (generate + ["--label", "7"], 64, "--label needs the data"),
            (generate + ["--data", fashion, "--label", "ten"], 64, "has the label 'ten', but 0, 1, 2"),
            (generate + ["--data", unlabelled, "--label", "7"], 65, "has no labels beside it"),
            (generate + ["--data", unlabelled, "--from", "mixture", "--components", "21"], 64, "more than there are rows"),
            (generate + ["--traverse", "--label", "7", "--data", fashion], 64, "give one"),
            (generate + ["--count", "0"], 64, "--count must be at least 1"),
            (["generate", "--checkpoint", plain, "--output", output], 64, "a plain autoencoder has no prior"),
            (["generate", "--checkpoint", plain, "--output", output, "--traverse"], 64, "needs --data"),
            (
                ["generate", "--checkpoint", plain, "--output", output, "--traverse", "--data", digits, "--grid", "g.png"], 64,
                "the rows have the shape [64]"
            ),
            (["generate", "--checkpoint", run, "--output", fashion], 73, "is there already"),
            (
                ["reconstruct", "--checkpoint", run, "--data", fashion, "--output", output, "--grid", fashion], 64,
                ".h5 cannot be written here"
            ),
        ]
        let before = try Data(contentsOf: URL(fileURLWithPath: fashion))
        for (index, (arguments, status, text)) in cases.enumerated() {
            // Every fifth on two ranks: starting them takes most of the time.
            let outcome =
                try index % 5 == 0 ? mpiVAE(ranks: 2, arguments) : Program.run(Program.built("mpi-vae"), arguments)
            #expect(outcome.status == status && outcome.errors.contains(text), "\(arguments): \(outcome)")
            #expect(outcome.errors.components(separatedBy: text).count == 2, "one rank speaks: \(outcome)")
            #expect(!FileManager.default.fileExists(atPath: output), "\(arguments)")
        }
        #expect(try Data(contentsOf: URL(fileURLWithPath: fashion)) == before)
        for _ in 0..<2 {
            let outcome = try mpiVAE("generate", "--checkpoint", run, "--output", output, "--force")
            #expect(outcome.status == 0, "\(outcome)")
        }
    }
}

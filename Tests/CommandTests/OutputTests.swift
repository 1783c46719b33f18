import Foundation
import TestSupport
import Testing

/// What a run leaves behind, read by programs that are not ours.
@Suite(.serialized)
struct OutputTests {
    @Test func embeddingsOfRealDataOpenInPython() throws {
        let folder = try TemporaryFolder()
        let fashion = try Fixtures.fashion.get()
        let run = folder.path("run")
        let trained = try mpiVAE(
            ranks: 2,
            [
                "train", "--data", fashion, "--test-fraction", "0.2", "--validation-fraction", "0.1", "--output", run,
                "--global-batch", "128", "--epochs", "10",
            ])
        #expect(trained.status == 0 && trained.output.contains("test  elbo"), "\(trained)")
        #expect(trained.output.split(separator: "\n").filter { $0.hasPrefix("epoch") }.count == 10, "one line an epoch")
        // Labels in the file's order, figures that add up, and codes that know more of the classes than random projections.
        let python = try Program.python(
            """
            import h5py, numpy as np, sys
            from sklearn.neighbors import KNeighborsClassifier
            e, d = h5py.File(sys.argv[1] + "/embeddings.h5", "r"), h5py.File(sys.argv[2], "r")
            z, label, split = e["latent/mean"][:], e["label"][:], e["split"][:]
            assert z.shape == (10000, 20) and z.dtype == np.float32 and np.isfinite(z).all()
            assert (label == d["label"][:]).all() and (e["row"][:] == np.arange(10000)).all() and (e["id"][:] == np.arange(10000)).all()
            assert np.bincount(split).tolist() == [7000, 1000, 2000], np.bincount(split)
            assert list(e["split"].attrs["values"]) == ["train", "validation", "test", "new"]
            assert np.allclose(e["elbo"][:], -(e["reconstruction_error"][:] + e["kl"][:]), rtol=1e-6)
            m, v = z.astype("f8"), e["latent/log_variance"][:].astype("f8")
            assert np.allclose(0.5 * (m ** 2 + np.exp(v) - 1 - v).sum(1), e["kl"][:], rtol=1e-4)
            assert e["latent/mean"].attrs["long_name"] and e["kl"].attrs["units"] == "nats"
            train, test = split == 0, split == 2
            x = d["data"][:].reshape(10000, 784) / 255.
            p = x @ np.random.default_rng(1).normal(size=(784, 20))
            score = lambda a: KNeighborsClassifier(10).fit(a[train], label[train]).score(a[test], label[test])
            ours, random = score(z), score(p)
            print(ours, random)
            assert ours > random + 0.03, (ours, random)
            """, [run, fashion])
        #expect(python.status == 0, "\(python)")
    }

    @Test func checkpointsOpenInPython() throws {
        let folder = try TemporaryFolder()
        let run = folder.path("run")
        let digits = try Fixtures.digits.get()
        let trained = try mpiVAE(
            "train", "--data", digits, "--likelihood", "gaussian", "--hidden", "32", "--latent", "4", "--epochs", "2",
            "--global-batch", "64", "--output", run)
        #expect(trained.status == 0, "\(trained)")
        // The forward pass in numpy from the file alone: the ELBO of the rows must be that of the embeddings.
        let python = try Program.python(
            """
            import glob, h5py, numpy as np, sys
            c = h5py.File(sorted(glob.glob(sys.argv[1] + "/checkpoints/*.h5"))[-1], "r")
            assert c.attrs["format"] == "mpi-vae checkpoint" and c.attrs["epoch"] == 2 and c.attrs["shards"] == 8
            p = c["parameters"]
            assert p["encoder/0/weight"].shape == (64, 32) and p["decoder/1/bias"].shape == (64,)
            assert c["optimizer/m/encoder/1/weight"].shape == (32, 8) and (c["optimizer/v/encoder/1/weight"][:] >= 0).all()
            x = h5py.File(sys.argv[2], "r")["data"][:]
            e = h5py.File(sys.argv[1] + "/embeddings.h5", "r")
            h = np.maximum(x @ p["encoder/0/weight"][:] + p["encoder/0/bias"][:], 0) @ p["encoder/1/weight"][:] + p["encoder/1/bias"][:]
            assert np.allclose(h[:, :4], e["latent/mean"][:], atol=1e-4)
            assert np.allclose(np.clip(h[:, 4:], -20, 20), e["latent/log_variance"][:], atol=1e-4)
            print("right")
            """, [run, digits])
        #expect(python.output == "right\n", "\(python)")
        let columns = try String(contentsOfFile: "\(run)/metrics.csv", encoding: .utf8).split(separator: "\n")[0]
        #expect(
            columns
                == "epoch,step,train_loss,validation_elbo,validation_reconstruction,validation_kl,samples_per_second,data_wait_s,reduce_wait_s,learning_rate,beta,digest"
        )
        let inspected = try mpiVAE("inspect", "\(run)/best.h5")
        #expect(
            inspected.output.contains("mpi-vae checkpoint") && inspected.output.contains("/parameters/encoder/0/weight  "),
            "\(inspected)")
        let json = try mpiVAE("inspect", "\(run)/embeddings.h5", "--json")
        let object = try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: Any]
        #expect(object?["format"] as? String == "mpi-vae embeddings" && (object?["datasets"] as? [Any])?.count == 10, "\(json)")
    }

    /// Every row once and the same figures on any number of ranks; what training said of the validation rows is what `evaluate`
    /// says of them.
    @Test func evaluateAndEmbedOnAnyRanks() throws {
        let folder = try TemporaryFolder()
        let (digits, run) = (try Fixtures.digits.get(), folder.path("run"))
        let trained = try mpiVAE(
            ranks: 3,
            [
                "train", "--data", digits, "--validation-data", digits, "--likelihood", "gaussian", "--hidden", "16", "--latent",
                "3",
                "--epochs", "3", "--global-batch", "64", "--output", run,
            ])
        #expect(trained.status == 0, "\(trained)")
        let alone = try mpiVAE(ranks: 1, ["evaluate", "--checkpoint", run, "--data", digits, "--json"])
        #expect(alone.status == 0, "\(alone)")
        let report = try #require(try JSONSerialization.jsonObject(with: Data(alone.output.utf8)) as? [String: Any])
        let figures = report.compactMapValues { $0 as? Double }
        #expect(figures["rows"] == 1797)
        #expect(abs(figures["elbo"]! + figures["reconstruction"]! + figures["kl"]!) < 1e-9)
        let best = try metrics(run).dropFirst().compactMap { Double($0[3]) }.max()
        #expect(figures["elbo"] == best)
        for ranks in [2, 3, 8] {
            #expect(
                try mpiVAE(ranks: ranks, ["evaluate", "--checkpoint", run, "--data", digits, "--json"]).output == alone.output)
        }
        for ranks in [1, 3] {
            let outcome = try mpiVAE(
                ranks: ranks, ["embed", "--checkpoint", run, "--data", digits, "--output", folder.path("\(ranks).h5")])
            #expect(outcome.status == 0, "\(outcome)")
        }
        #expect(
            try Data(contentsOf: folder.url.appendingPathComponent("1.h5"))
                == Data(contentsOf: folder.url.appendingPathComponent("3.h5")))
    }

    /// No data, no configuration: it says what it does, and the factors lie beside the shapes.
    @Test func withoutDataItTrainsOnShapes() throws {
        let folder = try TemporaryFolder()
        let outcome = try mpiVAE("train", "--max-steps", "2", "--hidden", "32", folder: folder.url)
        #expect(outcome.status == 0 && outcome.errors.contains("training on generated shapes"), "\(outcome)")
        let python = try Program.python(
            """
            import h5py, numpy as np, sys
            f = h5py.File(sys.argv[1], "r")
            x, factors = f["data"][:], f["factors"][:]
            assert x.shape == (12288, 32, 32) and x.dtype == np.uint8 and set(np.unique(x)) == {0, 255}
            assert list(f["factors"].attrs["names"]) == ["shape", "scale", "rotation", "x", "y"]
            assert (f["label"][:] == factors[:, 0]).all()
            on = (x > 0).reshape(len(x), -1).sum(1)
            assert on.min() > 10, on.min()
            # Factors are what they say: x and y are where the shape is, scale is its size; none touches the border.
            columns, rows = np.meshgrid(np.arange(32), np.arange(32))
            cx = ((x > 0) * columns).sum((1, 2)) / on; cy = ((x > 0) * rows).sum((1, 2)) / on
            assert np.corrcoef(cx, factors[:, 3])[0, 1] > 0.97 and np.corrcoef(cy, factors[:, 4])[0, 1] > 0.97
            assert np.corrcoef(on, factors[:, 1] ** 2)[0, 1] > 0.7
            assert x[:, 0].max() == 0 and x[:, -1].max() == 0 and x[:, :, 0].max() == 0 and x[:, :, -1].max() == 0
            print("right")
            """, [folder.path("runs/default/shapes.h5")])
        #expect(python.output == "right\n", "\(python)")
    }

    /// A group stands for the data in it, with its labels; each part of the data may come from a place of its own.
    @Test func partsOfOneFileByTheirGroups() throws {
        let folder = try TemporaryFolder()
        let source = "/usr/share/datasets/fashion-mnist/t10k"
        for name in ["train", "test"] {
            let imported = try mpiVAE(
                "import", "idx", "--images", "\(source)-images-idx3-ubyte.gz", "--labels", "\(source)-labels-idx1-ubyte.gz",
                "--output", folder.path("both.h5"), "--name", name)
            #expect(imported.status == 0, "\(imported)")
        }
        let outcome = try mpiVAE(
            ranks: 2,
            [
                "train", "--data", folder.path("both.h5:/train"), "--test-data", folder.path("both.h5:/test/data"), "--output",
                folder.path("run"), "--hidden", "8", "--epochs", "1",
            ])
        #expect(outcome.status == 0 && outcome.output.contains("of 10000 rows"), "\(outcome)")
        let python = try Program.python(
            """
            import h5py, numpy as np, sys
            e, d = h5py.File(sys.argv[1] + "/run/embeddings.h5", "r"), h5py.File(sys.argv[1] + "/both.h5", "r")
            assert (e["label"][:] == np.concatenate([d["train/label"][:], d["test/label"][:]])).all()
            assert (e["row"][:] == np.tile(np.arange(10000), 2)).all() and (e["source"][:] == np.repeat([0, 1], 10000)).all()
            assert (e["split"][:] == np.repeat([0, 2], 10000)).all()
            assert list(e.attrs["sources"]) == [sys.argv[1] + "/both.h5:/train/data", sys.argv[1] + "/both.h5:/test/data"]
            """, [folder.url.path])
        #expect(python.status == 0, "\(python)")
    }

    @Test func theConfigurationFileOfTheFolderIsUsed() throws {
        let folder = try TemporaryFolder()
        let text = "[model]\nhidden = [16]\nlatent = 3\n[run]\nmax-steps = 2\noutput = \"here\"\n"
        try Data(text.utf8).write(to: folder.url.appendingPathComponent("mpi-vae.toml"))
        let outcome = try mpiVAE("train", "--latent", "2", folder: folder.url)
        #expect(outcome.status == 0 && outcome.errors.contains("mpi-vae.toml"), "\(outcome)")
        let resolved = try String(contentsOfFile: folder.path("here/config.toml"), encoding: .utf8)
        #expect(resolved.contains("hidden = [16]\nlatent = 2\n"))
    }

    @Test func earlyStoppingAndKeptCheckpoints() throws {
        let folder = try TemporaryFolder()
        let arguments = [
            "train", "--data", try Fixtures.digits.get(), "--validation-fraction", "0.3", "--likelihood", "gaussian", "--hidden",
            "8", "--latent", "2", "--lr", "0.3", "--global-batch", "64", "--epochs", "60", "--early-stopping", "2", "--output",
            folder.path("run"), "--keep", "3", "--checkpoint-every-epochs", "1",
        ]
        let outcome = try mpiVAE(ranks: 2, arguments)
        let epochs = outcome.output.split(separator: "\n").count { $0.hasPrefix("epoch") }
        #expect(outcome.status == 0 && epochs < 60, "\(outcome)")
        let kept = try FileManager.default.contentsOfDirectory(atPath: folder.path("run/checkpoints"))
        #expect(kept.count == min(3, epochs))
        let again = try mpiVAE(ranks: 1, arguments)
        #expect(again.status == 0 && again.errors.contains("nothing to do"), "\(again)")
    }
}

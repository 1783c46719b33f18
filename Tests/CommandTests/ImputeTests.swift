import Foundation
import TestSupport
import Testing

/// Missing values filled in, and all others as they were.
@Suite(.serialized)
struct ImputeTests {
    @Test func missingValuesAreFilled() throws {
        let folder = try TemporaryFolder()
        let made = try Program.python(
            """
            import h5py, numpy as np, sys
            g = np.random.default_rng(5)
            z = g.normal(size=(600, 2))
            x = z @ g.normal(size=(2, 12)) + 0.1 * g.normal(size=(600, 12)) + 3
            holes = g.random(x.shape) < 0.2
            with h5py.File(sys.argv[1], "w") as f:
                f["truth"], f["whole"] = x, x.astype("f4")
                f["seen"] = (~holes).astype("u1")
                f["data"], f["noise"] = np.where(holes, np.nan, x), np.where(holes, np.nan, 5 + 2 * g.normal(size=x.shape))
                f["id"] = np.arange(600)
            """, [folder.path("d.h5")])
        #expect(made.status == 0, "\(made)")
        let data = folder.path("d.h5")
        let trained = try mpiVAE(
            "train", "--data", data + ":/data", "--nan", "mask", "--scale", "standardize", "--likelihood", "gaussian",
            "--variance", "feature", "--hidden", "64", "--latent", "2", "--epochs", "150", "--global-batch", "64", "--lr",
            "3e-3", "--output", folder.path("run"))
        #expect(trained.status == 0, "\(trained)")
        for ranks in [1, 3] {
            let outcome = try mpiVAE(
                ranks: ranks,
                [
                    "impute", "--checkpoint", folder.path("run"), "--data", data + ":/data", "--draws", "20", "--samples", "200",
                    "--output", folder.path("\(ranks).h5"),
                ])
            #expect(outcome.status == 0 && outcome.output.contains("of 7200 values"), "\(outcome)")
        }
        #expect(
            try Data(contentsOf: URL(fileURLWithPath: folder.path("1.h5")))
                == Data(contentsOf: URL(fileURLWithPath: folder.path("3.h5"))))
        let masked = try mpiVAE(
            "impute", "--checkpoint", folder.path("run"), "--data", data + ":/whole", "--mask", "/seen", "--output",
            folder.path("m.h5"))
        #expect(masked.status == 0, "\(masked)")
        let python = try Program.python(
            """
            import h5py, numpy as np, sys
            d, o, m = (h5py.File(sys.argv[1] + name, "r") for name in ["/d.h5", "/1.h5", "/m.h5"])
            x, t, f = d["data"][:], d["truth"][:], o["data"][:]
            holes = np.isnan(x)
            assert (o["imputed"][:] == holes).all() and f.dtype == np.float64 and (o["id"][:] == np.arange(600)).all()
            assert (f[~holes].view("i8") == x[~holes].view("i8")).all() and np.isfinite(f).all()
            draws = o["draws"][:]
            assert draws.shape == (600, 20, 12)
            assert all((draws[:, k][~holes].view("i8") == x[~holes].view("i8")).all() for k in range(20))
            mean = np.broadcast_to(np.nanmean(x, 0), x.shape)
            error = lambda v: ((v - t)[holes] ** 2).mean()
            assert error(f) < 0.3 * error(mean), (error(f), error(mean))
            assert error(draws.mean(1)) < 0.3 * error(mean), error(draws.mean(1))
            spread = draws.std(1)[holes]
            assert (spread > 0).all() and 0.3 < spread.mean() / np.sqrt(error(draws.mean(1))) < 3, spread.mean()
            w = d["whole"][:]
            assert m["data"].dtype == np.float32 and (m["data"][:][~holes].view("i4") == w[~holes].view("i4")).all()
            assert (m["imputed"][:] == holes).all() and abs(m["data"][:] - f).max() < 1e-4
            """, [folder.url.path])
        #expect(python.status == 0, "\(python)")
        // Held-out values are as near, and their ranks among draws as often in the middle, as they should be.
        let noise = try mpiVAE(
            "train", "--data", data + ":/noise", "--nan", "mask", "--scale", "standardize", "--likelihood", "gaussian",
            "--variance",
            "feature", "--hidden", "4", "--latent", "1", "--epochs", "30", "--global-batch", "64", "--lr", "3e-3", "--output",
            folder.path("noise"), "--no-report")
        #expect(noise.status == 0, "\(noise)")
        func evaluated(_ name: String, ranks: Int) throws -> String {
            let outcome = try mpiVAE(
                ranks: ranks,
                [
                    "evaluate", "--checkpoint", folder.path(name == "data" ? "run" : name), "--data", "\(data):/\(name)",
                    "--held-out",
                    "0.2", "--json",
                ])
            #expect(outcome.status == 0, "\(outcome)")
            return outcome.output
        }
        let figures = try evaluated("data", ranks: 1)
        #expect(try figures == evaluated("data", ranks: 3))
        let calibrated = try Program.python(
            """
            import h5py, json, numpy as np, sys
            r, n, x = json.loads(sys.argv[1]), json.loads(sys.argv[2]), h5py.File(sys.argv[3])["data"][:]
            there = (~np.isnan(x)).sum(1)
            assert r["held_out_values"] == np.where(there > 1, np.maximum(1, np.floor(.2 * there)), 0).sum(), r
            assert r["imputed_error"] < .3 and .4 < r["imputed_coverage50"] < .75 and .85 < r["imputed_coverage90"] < 1, r
            # Of noise alone all that can be known is its distribution, which the model has.
            assert abs(n["imputed_error"] - 1) < .15 and abs(n["imputed_coverage50"] - .5) < .06, n
            assert abs(n["imputed_coverage90"] - .9) < .04, n
            """, [figures, try evaluated("noise", ranks: 1), data])
        #expect(calibrated.status == 0, "\(calibrated)")
        let none = try mpiVAE(
            ranks: 2,
            ["impute", "--checkpoint", folder.path("run"), "--data", data + ":/whole", "--output", folder.path("none.h5")])
        #expect(none.status == 65 && none.errorLines.count == 1 && none.errors.contains("no missing values"), "\(none)")
        #expect(!FileManager.default.fileExists(atPath: folder.path("none.h5")))
    }
}

import Foundation
import TestSupport
import Testing

/// Rows whose channels come first, through networks that take maps: all that is written has the layout of the data.
@Suite(.serialized)
struct LayoutTests {
    private let folder: TemporaryFolder

    /// The same 60 images [9, 7] of 3 colours, channels first and last, some values missing under /mask; series [6, 20], features first.
    private static let files = Result {
        let folder = try TemporaryFolder()
        let python = try Program.python(
            """
            import h5py, numpy as np, sys
            g = np.random.default_rng(3)
            y, x = np.mgrid[:9, :7]
            s = g.random((60, 1, 1, 3)) * 6
            v = 0.5 + 0.4 * np.sin(x[None, :, :, None] * 0.7 + y[None, :, :, None] * 0.4 + s)
            mask = (g.random(v.shape) > 0.2).astype("u1")
            with h5py.File(sys.argv[1] + "/x.h5", "w") as f:
                for name, turn in [("last", lambda a: a), ("first", lambda a: np.moveaxis(a, 3, 1))]:
                    f[name + "/data"], f[name + "/mask"] = turn(v).astype("f4"), turn(mask)
                f["series"] = np.moveaxis(v.reshape(60, 63, 3), 2, 1).astype("f4")
                f["many/data"] = g.random((60, 9, 5, 7)).astype("f4")
            """, [folder.url.path])
        if python.status != 0 { throw CannotRun(description: "\(python)") }
        return folder
    }

    init() throws { folder = try TemporaryFolder() }

    private func train(_ run: String, _ data: String, ranks: Int = 1, _ options: [String]) throws -> Outcome {
        let arguments =
            [
                "train", "--data", "\(try Self.files.get().path("x.h5")):/\(data)", "--network", "conv", "--channels", "6,8",
                "--hidden",
                "16", "--latent", "3", "--likelihood", "gaussian", "--global-batch", "20", "--shards", "4", "--no-report",
                "--output",
                folder.path(run),
            ] + options
        return try ranks == 1 ? mpiVAE(arguments: arguments) : mpiVAE(ranks: ranks, arguments)
    }

    private func expectDone(_ outcome: Outcome) { #expect(outcome.status == 0, "\(outcome)") }

    /// Trained on 1 and 3 ranks and applied: all that is written lies as the data do, and is as good as with channels last.
    @Test(arguments: [[], ["--nan", "mask"], ["--likelihood", "gaussian-learned", "--corruption", "masking"]])
    func channelsFirst(options: [String]) throws {
        let usual = ["--epochs", "120", "--lr", "5e-3", "--scale", "standardize", "--scale-by", "global", "--beta", "0.01"]
        let isMasked = options.contains("mask")
        /// The mask lies beside the data.
        func mask(_ name: String) -> [String] { isMasked ? ["--mask", "\(name)/mask"] : [] }
        func all(_ name: String) -> [String] { options + usual + mask(name) }
        let trained = try train("first", "first", all("first"))
        expectDone(trained)
        #expect(
            trained.errors.contains("rows of shape [3, 9, 7] are taken for chw, maps of 9x7 with 3 channels (if they are not"),
            "\(trained)")
        expectDone(try train("3", "first", ranks: 3, all("first")))
        #expect(try newestCheckpoint(folder.path("3")) == newestCheckpoint(folder.path("first")))
        expectDone(try train("last", "last", all("last")))
        for name in ["first", "last"] {
            let data =
                ["--checkpoint", folder.path(name), "--data", "\(try Self.files.get().path("x.h5")):/\(name)"] + mask(name)
            for command in ["reconstruct", "embed", "score"] + (isMasked ? ["impute"] : []) {
                expectDone(try mpiVAE(ranks: 2, [command] + data + ["--output", folder.path("\(name)-\(command).h5")]))
            }
            expectDone(
                try mpiVAE(
                    "generate", "--checkpoint", folder.path(name), "--count", "5", "--output", folder.path("\(name)-samples.h5"),
                    "--grid",
                    folder.path("\(name).png")))
        }
        let python = try Program.python(
            """
            import h5py, numpy as np, os, sys
            d, data = sys.argv[1] + "/", h5py.File(sys.argv[2], "r")
            r = {}
            for name, back in [("first", lambda a: np.moveaxis(a, 1, 3)), ("last", lambda a: a)]:
                x, m = back(data[name + "/data"][:]), back(data[name + "/mask"][:])
                there = m == 1 if len(sys.argv) > 3 else np.ones(x.shape, bool)
                f = h5py.File(d + name + "-reconstruct.h5", "r")["data"]
                assert f.shape == data[name + "/data"].shape
                r[name] = back(f[:])
                # What it reconstructs is the row; with its axes exchanged it would be worse than the mean.
                error = ((r[name] - x)[there] ** 2).mean() / x.var()
                turned = r[name].reshape(60, 3, 9, 7).transpose(0, 2, 3, 1) if name == "last" else f[:].reshape(60, 9, 7, 3)
                wrong = ((turned - x)[there] ** 2).mean() / x.var()
                assert error < 0.75 and wrong > 1.2, (name, error, wrong)
                assert h5py.File(d + name + "-samples.h5", "r")["data"].shape == (5,) + f.shape[1:]
                s = h5py.File(d + name + "-score.h5", "r")["score"]
                assert len(s) == 6 and all(np.isfinite(s[k][:]).all() for k in s)
                if len(sys.argv) > 3:
                    i = h5py.File(d + name + "-impute.h5", "r")
                    filled = back(i["data"][:])
                    assert (back(i["imputed"][:]) == 1 - m).all() and np.abs(filled - x)[there].max() < 1e-5
                    assert ((filled - x)[~there] ** 2).mean() < 0.6 * x.var()
                # The row's own values, and the hidden layers once: not the rows again with their axes exchanged.
                assert (s["sap"][:] >= s["squared_error"][:]).all()
            # With a mask both models exchange axes, so they have the same first weights, and train to the same bits.
            if len(sys.argv) > 3: assert (r["first"] == r["last"]).all()
            names = sorted(h5py.File(d + "first/best.h5", "r")["parameters/encoder"])
            assert names == ["1", "2", "3", "4"], names
            assert os.path.getsize(d + "first.png") > 100
            """, [folder.url.path, try Self.files.get().path("x.h5")] + (isMasked ? ["mask"] : []))
        #expect(python.status == 0, "\(options): \(python)")
    }

    /// A layout is said, and must be of such rows; what no shape tells must be said.
    @Test func whatIsSaid() throws {
        let series = try train("series", "series", ["--layout", "ft", "--epochs", "1"])
        expectDone(series)
        #expect(series.errors.contains("rows of shape [3, 63] are taken for ft, maps of 63 with 3 channels\n"), "\(series)")
        let shapes = try Program.python(
            """
            import h5py, sys
            p = h5py.File(sys.argv[1], "r")["parameters"]
            assert p["encoder/1/weight"].shape == (4, 3, 6) and p["encoder/2/weight"].shape == (4, 6, 8), dict(p["encoder"])
            """, [folder.path("series/best.h5")])
        #expect(shapes.status == 0, "\(shapes)")
        for (data, layout, status, text) in [
            ("series", "chw", 78, "layout chw is of rows of 3 axes"), ("many", "t", 78, "layout t is of rows of one axis"),
            ("many", "whc", 78, "must be one of auto, t, tf, ft, hw"),
        ] as [(String, String, Int32, String)] {
            let refused = try train("run", data, ["--layout", layout])
            #expect(refused.status == status && refused.errorLines.count == 1 && refused.errors.contains(text), "\(refused)")
        }
        let volume = try train("volume", "many", ["--epochs", "1"])
        expectDone(volume)
        #expect(volume.errors.contains("are taken for dhw, maps of 9x5x7 with 1 channel (if they are not"), "\(volume)")
        expectDone(try train("many", "many", ["--epochs", "1", "--layout", "chw"]))
        let other = try train("many", "many", ["--epochs", "2", "--layout", "hwc"])
        #expect(other.status == 78 && other.errors.contains(#"layout is "hwc", but was "chw" in the checkpoint"#), "\(other)")
        let plain = try train("plain", "first", ["--network", "mlp", "--epochs", "1"])
        #expect(plain.status == 0 && !plain.errors.contains("taken for"), "\(plain)")
    }
}

import Foundation
import TestSupport
import Testing

/// A small spread on a large offset keeps its digits: energies, times, frequencies, in whatever type and form they are stored.
///
/// A linear autoencoder's code is x W + b with as many latents as inputs, so that numpy reads the prepared rows back from the
/// embeddings.
@Suite(.serialized)
struct SmallSpreadTests {
    private static let files = Result {
        let folder = try TemporaryFolder()
        let python = try Program.python(
            """
            import h5py, numpy as np, scipy.sparse as sp, sys
            folder = sys.argv[1] + "/"
            r, i = np.random.default_rng(6), np.arange(2000)
            energy = np.column_stack([-1.2e6 + 0.1 * r.normal(size=2000), 5.5e6 + 0.1 * r.normal(size=2000)])
            ticks = np.column_stack([1_700_000_000_000_000 + i * 250, 2**40 + (i * 11) % 60]).astype("i8")
            with h5py.File(folder + "x.h5", "w") as f:
                f["energy"], f["ticks"] = energy, ticks
                f["frequency"] = np.column_stack([1_200_000_000 + i, 2_000_000_000 + (i * 7) % 2000]).astype("i4")
                f["nanoseconds"] = np.column_stack([1_700_000_000_000_000_000 + i * 100_000, 2**62 + (i * 7) % 90 * 2**20])
                f["u4"] = np.column_stack([4_000_000_000 + i, 3_999_999_000 - i % 30]).astype("u4")
                f["u8"] = np.column_stack([2**63 + i.astype("u8") * 2**15, 2**53 + i.astype("u8") * 8])
                f["u2"] = np.column_stack([60000 + i % 900, 30000 + i % 500]).astype("u2")
                f["i2"] = np.column_stack([30000 + i % 9, -32000 - i % 5]).astype("i2")
                f["f4"] = np.column_stack([8388600 + i % 8, 1e6 + i * 0.0625]).astype("f4")
                f.create_dataset("big", data=energy.astype(">f8"), chunks=(37, 1), compression="gzip", shuffle=True)
                f.create_dataset("ticks-big", data=ticks.astype(">i8"), chunks=(64, 2), compression="gzip")
                f["long"] = energy.astype(np.longdouble)
                odd = h5py.h5t.STD_I64BE.copy(); odd.set_precision(60)
                d = h5py.h5d.create(f.id, b"odd", odd, h5py.h5s.create_simple((2000, 2)))
                d.write(h5py.h5s.ALL, h5py.h5s.ALL, ticks)
                f["seen"] = (r.random((2000, 2)) > 0.2).astype("u1")
                f["holes"] = np.where(f["seen"][:] == 0, np.nan, energy)
                f["masked"] = np.where(f["seen"][:] == 0, 0, ticks)
                f["images"] = (2**30 + r.integers(0, 99, (2000, 3, 3)) + 9 * np.arange(9).reshape(3, 3)).astype("i4")
                for name in ("csr", "csc"):
                    m = getattr(sp, name + "_matrix")(np.where(i[:, None] < 10, 0, energy))
                    g = f.create_group(name)
                    g.attrs["encoding-type"], g.attrs["shape"] = name + "_matrix", m.shape
                    g["data"], g["indices"], g["indptr"] = m.data, m.indices, m.indptr
                f["counts"] = (1_000_000_000 + np.column_stack([i, (i * 7) % 2000, (i * 3) % 100])).astype("i8")
                f["joined/bytes"] = r.integers(0, 255, (2000, 2)).astype("u1")
                f["joined/times"] = ticks
                f["joined/values"] = energy
                f["huge"], f["small"] = 1e100 + 1e90 * r.normal(size=(2000, 2)), 1e-50 * (3 + r.normal(size=(2000, 2)))
            for k, (part, kind) in enumerate(zip(np.split(ticks, [100, 101, 250]), ("i8", "f8", ">i8", ">f8"))):
                with h5py.File(f"{folder}part-{k}.h5", "w") as f: f["data"] = part.astype(kind)
            """, [folder.url.path])
        if python.status != 0 { throw CannotRun(description: "\(python)") }
        return folder
    }

    struct Case: Sendable, CustomTestStringConvertible {
        let data: String
        /// What numpy makes of the files in double precision.
        let expected: String
        var features = 2
        var options = ["--scale", "standardize"]
        /// Whether the rows are also read as they are needed, on two ranks.
        var streams = false

        var testDescription: String { "\(data) \(options.joined(separator: " "))" }
    }

    private static let standardize = ["--scale", "standardize"]
    private static let types =
        ["energy", "frequency", "u2", "i2", "f4"].map {
            Case(data: "x.h5:/\($0)", expected: "standardized(f['\($0)'][:].astype('f8'))")
        } + [
            Case(
                data: "x.h5:/nanoseconds+/u4+/u8+/big+/long+/ticks-big+/odd+/huge+/small",
                expected:
                    "standardized(np.hstack([f[n][:].astype('f8') for n in 'nanoseconds u4 u8 big long ticks ticks huge small'.split()]))",
                features: 18)
        ]
    private static let forms = [
        Case(data: "x.h5:/odd", expected: "standardized(f['ticks'][:].astype('f8'))", streams: true),
        Case(
            data: "x.h5:/csr", expected: "standardized(np.where(np.arange(2000)[:, None] < 10, 0, f['energy'][:]))", streams: true
        ),
        Case(
            data: "x.h5:/csc", expected: "standardized(np.where(np.arange(2000)[:, None] < 10, 0, f['energy'][:]))", streams: true
        ),
        Case(
            data: "x.h5:/joined/values+/joined/bytes+/joined/times",
            expected: "standardized(np.c_[f['energy'][:], f['joined/bytes'][:] / 255, f['ticks'][:]])", features: 6, streams: true
        ),
        Case(data: "part-*.h5", expected: "standardized(f['ticks'][:].astype('f8'))", streams: true),
        Case(
            data: "x.h5:/ticks", expected: "standardized(f['ticks'][5::3].astype('f8'))",
            options: standardize + ["--rows", "5::3"]),
        Case(
            data: "x.h5:/holes", expected: "standardized(f['holes'][:])", options: standardize + ["--nan", "mask"], streams: true),
        Case(
            data: "x.h5:/holes", expected: "standardized(f['holes'][:][~np.isnan(f['holes'][:]).any(1)])",
            options: standardize + ["--nan", "drop"]),
        Case(
            data: "x.h5:/masked", expected: "standardized(np.where(f['seen'][:] == 0, np.nan, f['ticks'][:]))",
            options: standardize + ["--nan", "mask", "--mask", "/seen"], streams: true),
    ]
    private static let preparations = [
        Case(
            data: "x.h5:/ticks", expected: "np.clip((r := f['ticks'][:] - f['ticks'][:][t].min(0)) / r[t].max(0), 0, 1)",
            options: ["--scale", "min-max"], streams: true),
        Case(
            data: "x.h5:/counts", expected: "standardized(f['counts'][:].astype('f8'), None)", features: 3,
            options: standardize + ["--scale-by", "global"]),
        Case(
            data: "x.h5:/counts", expected: "standardized(np.log1p((n := f['counts'][:]) / n.sum(1, keepdims=True) * 1e4))",
            features: 3, options: standardize + ["--library-size", "10000", "--transform", "log1p"], streams: true),
        Case(
            data: "x.h5:/u2", expected: "standardized(np.log1p(f['u2'][:].astype('f8')))",
            options: standardize + ["--transform", "log1p"]),
        Case(
            data: "x.h5:/energy", expected: "np.clip(standardized(f['energy'][:]), -0.5, 0.5)",
            options: standardize + ["--clip", "0.5"]),
        Case(
            data: "x.h5:/ticks", expected: "(f['ticks'][:] > 2**40 + 30) * 1.0",
            options: ["--binarize", "fixed", "--threshold", "1099511627806"]),
    ]
    static let cases = types + forms + preparations

    @Test(arguments: cases)
    func rowsKeepTheirDigits(what: Case) throws {
        let folder = try TemporaryFolder()
        let (files, run) = (try Self.files.get(), folder.path("run"))
        // The encoder sees the mask beside the values.
        let latent = what.features * (what.options.contains("mask") ? 2 : 1)
        func train(_ run: String, ranks: Int, _ options: [String]) throws -> Outcome {
            try mpiVAE(
                ranks: ranks,
                [
                    "train", "--data", files.path(what.data), "--model", "ae", "--hidden", "none", "--likelihood", "mse",
                    "--latent",
                    "\(latent)", "--global-batch", "40", "--epochs", "1", "--mixing-rows", "32", "--validation-fraction", "0.1",
                    "--threads", "1", "--no-report", "--output", run,
                ] + what.options + options)
        }
        let outcome = try train(run, ranks: 1, [])
        #expect(outcome.status == 0, "\(outcome)")
        let python = try Program.python(
            Self.readBack + "same(prepared(e), \(what.expected)); print('right')", [files.url.path, run])
        #expect(python.output == "right\n", "\(python)")
        guard what.streams else { return }
        // A rank has 900 rows of 4 bytes a value, and 12 bytes more of each.
        let memory = 900 * (4 * what.features + 12) * 9 / 10
        let streamed = try train(folder.path("streamed"), ranks: 2, ["--memory", "\(memory)"])
        #expect(streamed.status == 0 && streamed.errors.contains("read their rows again"), "\(streamed)")
        #expect(try newestCheckpoint(folder.path("streamed")) == newestCheckpoint(run))
    }

    private static let readBack = """
        import h5py, numpy as np, os, sys
        os.chdir(sys.argv[1])
        f, c, e = h5py.File("x.h5", "r"), h5py.File(sys.argv[2] + "/best.h5", "r"), h5py.File(sys.argv[2] + "/embeddings.h5", "r")
        t = e["split"][:] == 0
        p = c["parameters/encoder/0"]
        def prepared(embeddings):
            code = embeddings["latent/mean"][:] - p["bias"][:].astype("f8")
            return code @ np.linalg.inv(p["weight"][:].astype("f8"))
        def standardized(raw, axis=0):
            # numpy's own means of so large numbers are not good enough to be compared with.
            raw = raw - np.nanmedian(raw, axis)
            return (raw - np.nanmean(raw[t], axis)) / np.nanstd(raw[t], axis)
        def same(x, expected):
            for k in range(expected.shape[1]):
                seen = ~np.isnan(expected[:, k])
                one, other = x[seen, k], expected[seen, k]
                assert abs(one - other).max() < 1e-4 * (1 + abs(other).max()), (k, one, other)
                assert np.ptp(other) == 0 or np.corrcoef(one, other)[0, 1] > 0.9999, (k, one, other)

        """

    /// A model of energies far from 0, applied by every command; a linear one of two features can restore them.
    @Test func commandsKeepTheDigits() throws {
        let folder = try TemporaryFolder()
        let (files, run) = (try Self.files.get(), folder.path("run"))
        func command(ranks: Int = 2, _ arguments: String...) throws -> Outcome {
            let outcome = try mpiVAE(ranks: ranks, arguments)
            #expect(outcome.status == 0, "\(arguments): \(outcome)")
            return outcome
        }
        let data = files.path("x.h5:/energy")
        _ = try command(
            "train", "--data", data, "--scale", "standardize", "--hidden", "none", "--latent", "2", "--likelihood", "gaussian",
            "--likelihood-scale", "0.1", "--epochs", "40", "--lr", "0.02", "--global-batch", "80", "--validation-data",
            files.path("x.h5:/big"), "--output", run)
        _ = try command("embed", "--checkpoint", run, "--data", data, "--output", folder.path("e.h5"))
        _ = try command(
            "reconstruct", "--checkpoint", run, "--data", data, "--clean", files.path("x.h5:/big"), "--output",
            folder.path("r.h5"))
        _ = try command("generate", "--checkpoint", run, "--count", "1000", "--output", folder.path("g.h5"))
        _ = try command("score", "--checkpoint", run, "--data", data, "--output", folder.path("s.h5"))
        let evaluated = try command("evaluate", "--checkpoint", run, "--data", data, "--json")
        try evaluated.output.write(toFile: folder.path("evaluated.json"), atomically: true, encoding: .utf8)
        let python = try Program.python(
            """
            import h5py, json, numpy as np, sys
            x = h5py.File(sys.argv[1], "r")["energy"][:]
            e, r, g, s, own = (h5py.File(f"{sys.argv[2]}/{n}.h5", "r") for n in ["e", "r", "g", "s", "run/embeddings"])
            spread = x.std(0)
            assert r["data"].dtype == np.float64 and g["data"].dtype == np.float64
            residual = (r["data"][:] - x) / spread
            assert abs(residual).max() < 0.2 and residual.std() < 0.05, residual
            assert (e["latent/mean"][:] == own["latent/mean"][:2000]).all() and (own["latent/mean"][:2000] == own["latent/mean"][2000:]).all()
            assert (e["elbo"][:] == own["elbo"][:2000]).all()
            z = (g["data"][:] - x.mean(0)) / spread
            assert abs(z.mean(0)).max() < 0.3 and (abs(z.std(0) - 1) < 0.3).all(), z
            expected = (residual ** 2).sum(1)
            assert abs(s["score/squared_error"][:] - expected).max() < 1e-3 * expected.max()
            figures = json.load(open(sys.argv[2] + "/evaluated.json"))
            assert abs(figures["mean_squared_error"] - (residual ** 2).mean()) < 1e-3 * (residual ** 2).mean(), figures
            psnr = 10 * np.log10(np.ptp(x) ** 2 / ((r["data"][:] - x) ** 2).mean())
            assert abs(r.attrs["output_psnr"] - psnr) < 1e-6 and np.isinf(r.attrs["input_psnr"])
            print("right")
            """, [files.path("x.h5"), folder.url.path])
        #expect(python.output == "right\n", "\(python)")
    }

    /// Missing times are filled in to within their spread; images of large numbers keep their contrast.
    @Test func filledAndShown() throws {
        let folder = try TemporaryFolder()
        let files = try Self.files.get()
        let made = try Program.python(
            """
            import h5py, numpy as np, sys
            r = np.random.default_rng(8)
            z = r.normal(size=(600, 1))
            with h5py.File(sys.argv[1], "w") as f:
                f["truth"] = np.rint(1_700_000_000_000_000 + 1000 * (z + 0.1 * r.normal(size=(600, 4)))).astype("i8")
                f["seen"] = (r.random((600, 4)) > 0.2).astype("u1")
            """, [folder.path("t.h5")])
        #expect(made.status == 0, "\(made)")
        let times = ["--data", folder.path("t.h5:/truth"), "--mask", "/seen"]
        let trained = try mpiVAE(
            arguments: [
                "train", "--nan", "mask", "--scale", "standardize", "--hidden", "16", "--latent", "1", "--likelihood", "gaussian",
                "--likelihood-scale", "0.2", "--epochs", "150", "--lr", "0.01", "--global-batch", "40", "--output",
                folder.path("times"),
            ] + times)
        #expect(trained.status == 0, "\(trained)")
        let imputed = try mpiVAE(
            ranks: 2,
            ["impute", "--checkpoint", folder.path("times"), "--draws", "3", "--output", folder.path("i.h5")] + times)
        #expect(imputed.status == 0, "\(imputed)")
        let images = files.path("x.h5:/images")
        let shown = try mpiVAE(
            "train", "--data", images, "--scale", "min-max", "--scale-by", "global", "--hidden", "none", "--latent", "9",
            "--model",
            "ae",
            "--likelihood", "mse", "--epochs", "30", "--lr", "0.02", "--global-batch", "80", "--output", folder.path("images"))
        #expect(shown.status == 0, "\(shown)")
        let reconstructed = try mpiVAE(
            "reconstruct", "--checkpoint", folder.path("images"), "--data", images, "--grid", folder.path("grid.png"), "--output",
            folder.path("r.h5"))
        #expect(reconstructed.status == 0, "\(reconstructed)")
        let python = try Program.python(
            """
            import h5py, numpy as np, sys
            import matplotlib.image
            t, i, r = (h5py.File(f"{sys.argv[1]}/{n}.h5", "r") for n in "tir")
            truth, holes = t["truth"][:], t["seen"][:] == 0
            assert i["data"].dtype == np.float64 and (i["data"][:][~holes] == truth[~holes]).all()
            error = (i["data"][:] - truth)[holes]
            assert error.std() < 300 and abs(error.mean()) < 100, error
            error = (i["draws"][:] - truth[:, None])[np.broadcast_to(holes[:, None], (600, 3, 4))]
            assert 100 < error.std() < 600 and abs(error.mean()) < 100, error
            x = h5py.File(sys.argv[2], "r")["images"][:]
            assert r["data"].dtype == np.float64 and (r["data"][:] - x).std() < 0.3 * x.std()
            grid = matplotlib.image.imread(sys.argv[1] + "/grid.png")
            assert len(np.unique(grid)) > 50, np.unique(grid)
            print("right")
            """, [folder.url.path, files.path("x.h5")])
        #expect(python.output == "right\n", "\(python)")
    }

    /// Which features never change is decided in double precision, and so is what can be kept.
    @Test func limits() throws {
        let folder = try TemporaryFolder()
        let made = try Program.python(
            """
            import h5py, numpy as np, sys
            i = np.arange(200)
            with h5py.File(sys.argv[1], "w") as f:
                f["same"] = np.column_stack([np.full(200, 1e9 + 0.25), 1e9 + i * 2**-20, 0.3 + (i % 2) * 2**-54, np.where(i == 7, 2**53 - 1, 2**53)])
                f["large"] = np.where(i[:, None] == 7, 1e100, i[:, None] * [1, 2])
                f["larger"] = np.where(i[:, None] == 7, -1e300, i[:, None] * [1, 2])
                f["close"] = i[:, None] * [1e-150, 1]
                f["ones"] = np.where(i[:, None] % 2 == 0, 1 + 2**-52, [0, 0.5])
                f["above"] = np.where(i[:, None] == 7, 1.0000001234567, [0, 0.5])
                f["infinite"] = np.where(i[:, None] == 7, np.inf, [0, 0.5])
                f["far"] = np.where(i[:, None] == 7, 1e38, i[:, None] * [1e-10, 1e-10])
            """, [folder.path("d.h5")])
        #expect(made.status == 0, "\(made)")
        func train(_ data: String, _ options: [String] = []) throws -> Outcome {
            try mpiVAE(
                ranks: 2,
                [
                    "train", "--data", folder.path("d.h5:/\(data)"), "--hidden", "4", "--latent", "2", "--epochs", "1",
                    "--global-batch", "40", "--resume", "never", "--no-report", "--output", folder.path("\(UUID())"),
                ] + options)
        }
        func refused(_ outcome: Outcome, _ text: String) {
            #expect(outcome.status == 65 && outcome.errorLines.count == 1 && outcome.errors.contains(text), "\(text): \(outcome)")
        }
        let scaled = ["--likelihood", "mse", "--scale", "standardize"]
        let same = try train("same", scaled)
        #expect(same.status == 0 && same.errors.contains("1 features are the same in all training rows"), "\(same)")
        #expect(same.errors.contains("2 features differ in the last digits"), "\(same)")
        #expect(try train("large", scaled).status == 0)
        #expect(try train("large", ["--scale", "min-max"]).status == 0)
        refused(try train("large", ["--likelihood", "mse"]), "row 7, column 0 is 1e+100")
        refused(try train("larger", scaled), "row 7, column 0 is -1e+300")
        refused(try train("close", scaled), "column 0 differ by 1.99")
        // What rounds to 1 is 1.
        #expect(try train("ones").status == 0)
        refused(try train("above"), "row 7, column 0 is 1.0000001234567, but the likelihood bernoulli")
        refused(try train("infinite", scaled), "row 7, column 0 is infinite")
        let rows = ["--rows", "8:"]
        refused(
            try train("far", scaled + rows + ["--validation-data", folder.path("d.h5:/far")]),
            "row 7, column 0 is so far from the training rows")
    }
}

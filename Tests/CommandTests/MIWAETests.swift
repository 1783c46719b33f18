import Foundation
import TestSupport
import Testing

/// Training by importance weights, and what is imputed by them.
@Suite(.serialized)
struct MIWAETests {
    private static let options = [
        "--hidden", "32", "--latent", "2", "--epochs", "60", "--samples", "10", "--shards", "4", "--lr", "3e-3",
    ]

    /// The same bits on 1 and 3 ranks, straight through and in two parts, by any number of threads; missing values are filled better than by means.
    @Test func tables() throws {
        let folder = try TemporaryFolder()
        let made = try Program.python(
            """
            import h5py, numpy as np, sys
            g = np.random.default_rng(5)
            z = g.normal(size=(500, 2))
            x = 4 * z @ g.normal(size=(2, 8)) + 0.3 * g.standard_t(4, size=(500, 8)) + 3
            holes = g.random(x.shape) < 0.5
            with h5py.File(sys.argv[1], "w") as f: f["truth"], f["data"] = x, np.where(holes, np.nan, x).astype("f4")
            """, [folder.path("d.h5")])
        #expect(made.status == 0, "\(made)")
        let data = folder.path("d.h5") + ":/data"
        func train(_ name: String, _ ranks: Int, _ more: String...) throws {
            let outcome = try mpiVAE(
                ranks: ranks,
                ["train", "--data", data, "--model", "miwae", "--output", folder.path(name)] + Self.options + more)
            #expect(outcome.status == 0, "\(outcome)")
        }
        try train("one", 1, "--threads", "2")
        try train("three", 2, "--max-steps", "150")
        try train("three", 3)
        #expect(try newestCheckpoint(folder.path("one")) == newestCheckpoint(folder.path("three")))
        for ranks in [1, 3] {
            let outcome = try mpiVAE(
                ranks: ranks,
                [
                    "impute", "--checkpoint", folder.path("one"), "--data", data, "--samples", "100", "--draws", "3", "--output",
                    folder.path("\(ranks).h5"),
                ])
            #expect(outcome.status == 0, "\(outcome)")
        }
        #expect(
            try Data(contentsOf: URL(fileURLWithPath: folder.path("1.h5")))
                == Data(contentsOf: URL(fileURLWithPath: folder.path("3.h5"))))
        let python = try Program.python(
            """
            import h5py, numpy as np, sys
            d, f = h5py.File(sys.argv[1] + "/d.h5")["data"][:], h5py.File(sys.argv[1] + "/1.h5")["data"][:]
            t, holes = h5py.File(sys.argv[1] + "/d.h5")["truth"][:], np.isnan(d)
            error = lambda v: ((v - t)[holes] ** 2).mean()
            mean = error(np.broadcast_to(np.nanmean(d, 0), d.shape))
            print(error(f), mean)
            assert (f[~holes] == d[~holes]).all() and error(f) < .25 * mean
            """, [folder.url.path])
        #expect(python.status == 0, "\(python)")
    }

    /// On rows without missing values, whatever the likelihood and the network.
    @Test func wholeRows() throws {
        let folder = try TemporaryFolder()
        var seen: Set<[[Substring]]> = []
        let kinds = [[], ["--samples", "5"], ["--network", "conv", "--channels", "4"], ["--normalization", "batch"]]
        for (index, kind) in kinds.enumerated() {
            var runs: [[[Substring]]] = []
            for ranks in [1, 3] {
                let run = folder.path("\(index)-\(ranks)")
                let outcome = try mpiVAE(
                    ranks: ranks,
                    [
                        "train", "--model", "iwae", "--hidden", "16", "--latent", "3", "--epochs", "1", "--output", run,
                    ] + kind)
                #expect(outcome.status == 0, "\(outcome)")
                runs.append(try metrics(run))
            }
            #expect(runs[0] == runs[1] && seen.insert(runs[0]).inserted, "\(kind)")
        }
    }

    @Test func refused() throws {
        let folder = try TemporaryFolder()
        func refuse(_ text: String, _ arguments: String...) throws {
            let outcome = try mpiVAE(arguments: ["train", "--objective", "iwae", "--output", folder.path("x")] + arguments)
            #expect(outcome.status == 78 && outcome.errorLines.count == 1 && outcome.errors.contains(text), "\(outcome)")
        }
        try refuse("has no posterior", "--model", "ae")
        try refuse("mse is no distribution", "--likelihood", "mse")
        try refuse("no KL term", "--beta", "2")
        try refuse("a whole number of 2 to 10000", "--samples", "1")
    }
}

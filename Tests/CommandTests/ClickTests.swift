import TestSupport
import Testing

/// Items that are held out and ranked by `evaluate`.
struct ClickTests {
    /// Users of two tastes: a model finds them, and ranks what is held out better than by chance; the same figures on 1 and 3 ranks.
    @Test func heldOut() throws {
        let folder = try TemporaryFolder()
        let made = try Program.python(
            """
            import h5py, numpy as np, sys
            g = np.random.default_rng(2)
            taste = g.integers(0, 4, 600)
            x = (g.random((600, 200)) < np.where(np.arange(200) // 50 == taste[:, None], .3, .01)).astype("f4")
            h5py.File(sys.argv[1], "w")["data"] = x
            """, [folder.path("d.h5")])
        #expect(made.status == 0, "\(made)")
        let trained = try mpiVAE(
            "train", "--model", "mult-vae", "--data", folder.path("d.h5"), "--hidden", "32", "--latent", "4", "--epochs", "40",
            "--global-batch", "64", "--output", folder.path("run"))
        #expect(trained.status == 0, "\(trained)")
        let options = [
            "evaluate", "--checkpoint", folder.path("run"), "--data", folder.path("d.h5"), "--held-out", "0.2", "--json",
        ]
        let (one, three) = (try mpiVAE(arguments: options), try mpiVAE(ranks: 3, options))
        #expect(one.status == 0 && one.output == three.output, "\(one) \(three)")
        let judged = try Program.python(
            """
            import json, sys
            found = json.loads(sys.argv[1])
            print(found)
            # A user likes 50 items, of which some 12 were seen: of the 38 left 20 are ranked first.
            assert found["held_out_rows"] == 600 and .35 < found["recall_at20"] < found["recall_at50"] <= 1
            assert found["recall_at50"] > .6 and .25 < found["ndcg_at100"] < .7
            """, [one.output])
        #expect(judged.status == 0, "\(judged)")
    }

    /// What has no items, and shares that are none.
    @Test func refused() throws {
        let folder = try TemporaryFolder()
        let data = try Fixtures.digits.get() + ":/data"
        let trained = try mpiVAE(
            "train", "--data", data, "--hidden", "8", "--latent", "2", "--likelihood", "gaussian", "--scale", "standardize",
            "--epochs", "1",
            "--output", folder.path("run"))
        #expect(trained.status == 0, "\(trained)")
        let gaussian = try mpiVAE("evaluate", "--checkpoint", folder.path("run"), "--data", data, "--held-out", "0.2")
        #expect(gaussian.status == 78 && gaussian.errorLines.count == 1, "\(gaussian)")
        #expect(gaussian.errors.contains("--held-out is for items that rows have or have not"), "\(gaussian)")
        let share = try mpiVAE("evaluate", "--checkpoint", folder.path("run"), "--data", data, "--held-out", "1.5")
        #expect(share.status == 64 && share.errors.contains("--held-out must be at least 0 and below 1"), "\(share)")
    }
}

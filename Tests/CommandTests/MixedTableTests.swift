import Foundation
import TestSupport
import Testing

/// A table of numbers, counts and categories, a fifth of it missing, from its CSV file to all commands that apply its model.
@Suite(.serialized)
struct MixedTableTests {
    private static let files = Result {
        let folder = try TemporaryFolder()
        let made = try Program.python(
            """
            import numpy as np, sys
            g = np.random.default_rng(11)
            def table(name, n, first="", holes=.2):
                t, u = g.normal(size=(2, n))
                columns = [
                    170 + 9 * t + 3 * g.normal(size=n), g.poisson(np.exp(1 + .8 * u)), (g.random(n) < 1 / (1 + np.exp(-3 * t))) * 1,
                    60 + 8 * t + 6 * u + 2 * g.normal(size=n),
                    np.clip(np.floor(2.5 + 1.3 * u + .3 * g.normal(size=n)), 0, 4)]
                seen = g.random((n, 5)) >= holes
                cell = lambda x, j, i: "%g" % x if seen[i, j] else ""
                with open(sys.argv[1] + "/" + name + ".csv", "w") as f:
                    f.write("height,visits,sex,weight,site\\n" + first)
                    for i in range(n): f.write(",".join(cell(c[i], j, i) for j, c in enumerate(columns)) + "\\n")
            table("train", 1500)
            table("test", 600)
            table("category", 30, "170,1,0,60,7\\n")
            table("fraction", 30, "170,1,.5,60,1\\n")
            table("negative", 30, "170,-1,0,60,1\\n")
            """, [folder.url.path])
        try #require(made.status == 0, "\(made)")
        for name in ["train", "test", "category", "fraction", "negative"] {
            let outcome = try mpiVAE(
                "import", "csv", folder.path("\(name).csv"), "--output", folder.path("\(name).h5"))
            try #require(outcome.status == 0, "\(outcome)")
        }
        return folder
    }

    private static let likelihoods = "gaussian variance=feature: height,weight; poisson: visits; categorical: sex,site"
    private static let model = [
        "--nan", "mask", "--scale", "standardize", "--hidden", "32", "--latent", "2", "--lr", "3e-3", "--shards", "6",
        "--global-batch", "60", "--likelihoods",
    ]

    private func bytes(_ folder: TemporaryFolder, _ name: String) throws -> [Data] {
        try [1, 3].map { try Data(contentsOf: URL(fileURLWithPath: folder.path("\(name)\($0).h5"))) }
    }

    /// Every column is described better than by its own distribution, and every command's output is the same from 1 and 3 ranks.
    @Test func table() throws {
        let folder = try Self.files.get()
        let (data, test) = (folder.path("train.h5"), folder.path("test.h5"))
        var figures: Set<String> = []
        for ranks in [1, 3] {
            let run = folder.path("run\(ranks)")
            let trained = try mpiVAE(
                ranks: ranks, ["train", "--data", data, "--epochs", "60", "--output", run] + Self.model + [Self.likelihoods])
            #expect(trained.status == 0, "\(trained)")
            func apply(_ command: String, _ arguments: String...) throws {
                let outcome = try mpiVAE(
                    ranks: ranks, [command, "--checkpoint", run, "--output", folder.path("\(command)\(ranks).h5")] + arguments)
                #expect(outcome.status == 0, "\(command): \(outcome)")
            }
            for command in ["embed", "score", "reconstruct"] { try apply(command, "--data", test) }
            try apply("impute", "--data", test, "--draws", "5", "--samples", "20")
            try apply("generate", "--count", "300")
            let evaluated = try mpiVAE(ranks: ranks, ["evaluate", "--checkpoint", run, "--data", test, "--json"])
            #expect(evaluated.status == 0 && figures.insert(evaluated.output).inserted == (ranks == 1), "\(evaluated)")
        }
        #expect(try metrics(folder.path("run1")) == metrics(folder.path("run3")))
        for command in ["embed", "score", "reconstruct", "generate", "impute"] {
            let files = try bytes(folder, command)
            #expect(files[0] == files[1], "\(command)")
        }
        let python = try Program.python(
            """
            import h5py, json, numpy as np, sys
            f = lambda name: h5py.File(sys.argv[1] + "/" + name + ".h5", "r")
            train, test = f("train")["data"][:], f("test")["data"][:]
            names = ["height", "visits", "sex", "weight", "site"]
            report = json.loads(sys.argv[2])
            parts = {c["name"]: c for p in report["parts"] for c in p["columns"]}
            assert [p["name"] for p in report["parts"]] == ["gaussian variance=feature: height,weight", "poisson: visits", "categorical: sex,site"]
            assert abs(sum(p["loss"] for p in report["parts"]) - report["reconstruction"]) < 1e-4 * report["reconstruction"]
            for j, name in enumerate(names):
                x = test[:, j][~np.isnan(test[:, j])]
                assert parts[name]["values"] == len(x)
                if name in ("height", "weight"):
                    marginal = .5 * np.log(2 * np.pi * np.e) + np.log(x.std() / np.nanstd(train[:, j]))
                else:
                    share = np.unique(x, return_counts=True)[1] / len(x)
                    marginal = -(share * np.log(share)).sum()
                print(name, parts[name]["loss"], marginal)
                assert parts[name]["loss"] < marginal - .02, name
            assert parts["height"]["loss"] < .9 and parts["sex"]["loss"] < .45
            # Values in the units of the table: means of numbers and counts, the most likely categories.
            for file in ["reconstruct1", "generate1", "impute1"]:
                d = f(file)["data"][:]
                assert np.isfinite(d).all() and 150 < d[:, 0].mean() < 190 and (d[:, 1] >= 0).all(), file
                assert set(np.unique(d[:, 2])) == {0, 1} and set(np.unique(d[:, 4])) <= set(range(5)), file
            i = f("impute1")
            holes = np.isnan(test)
            assert ((i["imputed"][:] == 1) == holes).all() and np.allclose(i["data"][:][~holes], test[~holes])
            draws = i["draws"][:]
            assert (draws[:, :, 1] == draws[:, :, 1].round()).all() and set(np.unique(draws[:, :, 4])) == set(range(5))
            assert set(np.unique(draws[:, :, 2])) == {0, 1} and draws[:, :, 0].std(1)[holes[:, 0]].min() > 0
            r = f("reconstruct1")["data"][:]
            right = (r[:, 2] == test[:, 2])[~holes[:, 2]].mean()
            assert right > .8, right
            """, [folder.url.path, figures.first ?? ""])
        #expect(python.status == 0, "\(python)")
    }

    /// Without missing values, from a configuration file, and on with another number of ranks: the same bits as in one go.
    @Test func resumed() throws {
        let folder = try Self.files.get()
        let file = folder.path("table.toml")
        let text = """
            [preparation]
            nan = "drop"
            scale = "min-max"
            [model]
            likelihoods = ["gaussian: height,weight", "nb dispersion=cell: visits", "bernoulli: sex", "categorical 6: site"]
            hidden = [16]
            latent = 2
            [training]
            global-batch = 80
            epochs = 4
            """
        try Data(text.utf8).write(to: URL(fileURLWithPath: file))
        func train(_ name: String, _ ranks: Int, _ arguments: String...) throws -> Outcome {
            try mpiVAE(
                ranks: ranks,
                ["train", "--config", file, "--data", folder.path("train.h5"), "--output", folder.path(name)] + arguments)
        }
        let whole = try train("whole", 1)
        let first = try train("parts", 2, "--epochs", "2")
        let second = try train("parts", 3)
        for outcome in [whole, first, second] { #expect(outcome.status == 0, "\(outcome)") }
        #expect(try newestCheckpoint(folder.path("whole")) == newestCheckpoint(folder.path("parts")))
        // Other likelihoods are another model.
        let other = try train("parts", 1, "--epochs", "5", "--likelihoods", Self.likelihoods)
        #expect(other.status == 78 && other.errors.contains("likelihoods is"), "\(other)")
        let explained = try mpiVAE(
            "train", "--config", file, "--data", folder.path("train.h5"), "--explain")
        #expect(explained.status == 0 && explained.output.contains("one-hot 6"), "\(explained)")
    }

    @Test func refused() throws {
        let folder = try Self.files.get()
        func refuse(_ status: Int32, _ texts: [String], _ data: String, _ likelihoods: String, _ more: String...) throws {
            let outcome = try mpiVAE(
                ranks: 2,
                [
                    "train", "--data", folder.path("\(data).h5"), "--epochs", "1", "--output", folder.path("x"), "--likelihoods",
                    likelihoods,
                ]
                    + Self.model.dropLast() + more)
            #expect(outcome.status == status && outcome.errorLines.count == 1, "\(likelihoods) \(more): \(outcome)")
            for text in texts { #expect(outcome.errors.contains(text), "\(text): \(outcome)") }
        }
        // What is wrong with a list.
        try refuse(78, ["give LIKELIHOOD: COLUMNS"], "train", "gaussian")
        try refuse(78, ["must be one of", "nearest: poisson"], "train", "poison: visits")
        try refuse(78, ["'3' must be KEY=VALUE"], "train", "poisson 3: visits")
        try refuse(78, ["'1' must be a number of categories"], "train", "categorical 1: sex")
        try refuse(78, ["'beta' is none of"], "train", "gaussian beta=2: height")
        try refuse(78, ["variance is 'most'"], "train", "gaussian variance=most: height")
        // What does not fit the table.
        try refuse(78, ["no feature is called 'hight'", "nearest: height"], "train", "gaussian: hight")
        try refuse(78, ["the columns sex, site are in no part"], "train", "gaussian: height,weight; poisson: visits")
        try refuse(78, ["the column visits is in several parts"], "train", Self.likelihoods + "; nb: visits")
        // What does not go with it.
        try refuse(
            78, ["likelihood gaussian does not go with likelihoods"], "train", Self.likelihoods, "--likelihood", "gaussian")
        try refuse(78, ["binarize does not go with"], "train", Self.likelihoods, "--binarize", "fixed")
        try refuse(78, ["variance value is for"], "train", "poisson: 0:5", "--variance", "value")
        // Data that a column's likelihood does not allow.
        try refuse(65, ["row 0, column 1 is -1"], "negative", Self.likelihoods)
        try refuse(65, ["row 0, column 2 is 0.5", "the column sex has categories"], "fraction", Self.likelihoods)
        try refuse(
            65, ["row 0, column 4 is 7", "the column site has categories, whole numbers of 0 to 4", "say how many"], "category",
            Self.likelihoods.replacing("categorical: sex,site", with: "categorical 5: sex,site"))
    }
}

import Foundation
import TestSupport
import Testing

/// Models of counts, from a sparse file of cells to all commands that apply them.
@Suite(.serialized)
struct CountTests {
    private static let files = Result {
        let folder = try TemporaryFolder()
        let python = try Program.python(
            """
            import anndata, h5py, numpy as np, scipy.sparse as sp, sys
            d = sys.argv[1] + "/"
            g = np.random.default_rng(3)
            cells, genes = 300, 40
            kind = np.arange(cells) % 3
            rho = np.exp(g.normal(size=(3, genes)))
            rho /= rho.sum(1, keepdims=True)
            mean = g.lognormal(4, .3, cells)[:, None] * rho[kind]
            c = np.exp(g.normal(size=genes) * .5 + 1)
            x = g.negative_binomial(c, c / (c + mean)).astype("f4")
            x[g.random(x.shape) < .2] = 0
            x[5] = 0
            a = anndata.AnnData(sp.csr_matrix(x), dtype="f4")
            a.obs["cell_type"] = [["B", "T", "NK"][k] for k in kind]
            a.write_h5ad(d + "cells.h5ad")
            holes = g.random(x.shape) < .1
            with h5py.File(d + "d.h5", "w") as f:
                f["x"], f["data"], f["negative"], f["bytes"] = x, np.where(holes, np.nan, x), x - 1, x.astype("u1")
                f["fraction"] = x + .5 * (np.arange(genes) == 7)
                f["wide"] = f["fraction"][:].astype("f8")
                f["words"], f["batch"] = x.astype("u2"), np.arange(cells) % 2
            """, [folder.url.path])
        try #require(python.status == 0, "\(python)")
        return folder
    }

    private static let model = [
        "--hidden", "16", "--latent", "2", "--epochs", "6", "--global-batch", "60", "--shards", "6", "--lr", "3e-3",
    ]

    /// Every command's output is the same from 1 and 3 ranks.
    @Test func cells() throws {
        let folder = try Self.files.get()
        let (data, holes) = (folder.path("cells.h5ad"), folder.path("d.h5:/data"))
        var figures: Set<String> = []
        for ranks in [1, 3] {
            let run = folder.path("run\(ranks)")
            func apply(_ arguments: String...) throws {
                let outcome = try mpiVAE(ranks: ranks, arguments)
                #expect(outcome.status == 0, "\(arguments): \(outcome)")
            }
            let trained = try mpiVAE(
                ranks: ranks,
                ["train", "--data", data, "--likelihood", "zinb", "--validation-fraction", "0.1", "--output", run] + Self.model)
            #expect(trained.status == 0, "\(trained)")
            for command in ["embed", "score", "reconstruct"] {
                try apply(command, "--checkpoint", run, "--data", data, "--output", folder.path("\(command)\(ranks).h5"))
            }
            let evaluated = try mpiVAE(ranks: ranks, ["evaluate", "--checkpoint", run, "--data", data, "--samples", "10"])
            #expect(evaluated.status == 0 && figures.insert(evaluated.output).inserted == (ranks == 1), "\(evaluated)")
            try apply(
                "reconstruct", "--checkpoint", run, "--data", data, "--library", "1000", "--output",
                folder.path("normalized\(ranks).h5"))
            try apply("generate", "--checkpoint", run, "--library", "500", "--output", folder.path("generate\(ranks).h5"))
            let masked = try mpiVAE(
                ranks: ranks,
                ["train", "--data", holes, "--nan", "mask", "--likelihood", "zinb", "--output", folder.path("holes\(ranks)")]
                    + Self.model)
            #expect(masked.status == 0, "\(masked)")
            try apply(
                "impute", "--checkpoint", folder.path("holes\(ranks)"), "--data", holes, "--draws", "5", "--samples", "20",
                "--output", folder.path("impute\(ranks).h5"))
        }
        #expect(try metrics(folder.path("run1")) == metrics(folder.path("run3")))
        for command in ["embed", "score", "reconstruct", "normalized", "generate", "impute"] {
            let files = try [1, 3].map { try Data(contentsOf: URL(fileURLWithPath: folder.path("\(command)\($0).h5"))) }
            #expect(files[0] == files[1], "\(command)")
        }
        let python = try Program.python(
            """
            import h5py, numpy as np, sys
            f = lambda name: h5py.File(sys.argv[1] + "/" + name, "r")
            x, holes = f("d.h5")["x"][:], np.isnan(f("d.h5")["data"][:])
            r = f("reconstruct1.h5")["data"][:]
            assert np.isfinite(r).all() and (r[5] == 0).all() and (r >= 0).all()
            # Means of counts that may be 0 for another reason are less than the counts.
            assert (r.sum(1) <= x.sum(1) * (1 + 1e-5)).all() and r.sum() > .4 * x.sum()
            n = f("normalized1.h5")["data"][:]
            assert np.abs(n.sum(1) - 1000).max() < 0.01
            # Without the probability of zeros, which is between 0 and 1.
            some = x.sum(1) > 0
            share = (r[some] / x[some].sum(1, keepdims=True)) / (n[some] / 1000)
            assert (share < 1 + 1e-4).all() and share.max() > 0.7 and share.min() < 0.6, (share.min(), share.max())
            g = f("generate1.h5")
            assert g.attrs["library"] == 500 and (g["data"][:].sum(1) <= 500.01).all() and g["data"][:].sum(1).mean() > 200
            i = f("impute1.h5")
            assert ((i["imputed"][:] == 1) == holes).all() and (i["data"][:][~holes] == x[~holes]).all()
            draws = i["draws"][:]
            assert (draws == draws.round()).all() and (draws >= 0).all() and np.isfinite(i["data"][:]).all()
            assert .3 < draws.transpose(0, 2, 1)[holes].mean() / x[holes].mean() < 3
            """, [folder.url.path])
        #expect(python.status == 0, "\(python)")
    }

    /// Every likelihood of counts, and dispersions from the decoder: other bits, the same on 1 and 2 ranks.
    @Test func likelihoods() throws {
        let folder = try Self.files.get()
        var seen: Set<[[Substring]]> = []
        let ofBatches = ["zinb", "--dispersion", "gene-batch", "--condition", "/batch", "--condition-in", "decoder"]
        let kinds = [
            ["poisson"], ["multinomial"], ["nb"], ["nb", "--dispersion", "cell"], ["zinb", "--dispersion", "cell"], ofBatches,
        ]
        for (index, kind) in kinds.enumerated() {
            var runs: [[[Substring]]] = []
            for ranks in [1, 2] {
                let run = folder.path("kind\(index)-\(ranks)")
                let outcome = try mpiVAE(
                    ranks: ranks,
                    ["train", "--data", folder.path("d.h5:/words"), "--output", run, "--likelihood"] + kind + Self.model)
                #expect(outcome.status == 0, "\(kind): \(outcome)")
                runs.append(try metrics(run))
            }
            #expect(runs[0] == runs[1] && seen.insert(runs[0]).inserted, "\(kind)")
        }
    }

    @Test func refused() throws {
        let folder = try Self.files.get()
        func refuse(_ status: Int32, _ text: String, _ arguments: String...) throws {
            let outcome = try mpiVAE(ranks: 2, ["train", "--epochs", "1", "--output", folder.path("x")] + arguments)
            #expect(
                outcome.status == status && outcome.errorLines.count == 1 && outcome.errors.contains(text),
                "\(arguments): \(outcome)")
        }
        for (name, text) in [
            ("negative", "column"), ("fraction", "column 7 is"), ("wide", "column 7 is"), ("bytes", "bytes are"),
        ] {
            try refuse(65, text, "--data", folder.path("d.h5:/\(name)"), "--likelihood", "nb")
        }
        try refuse(78, "leave out transform", "--data", folder.path("d.h5:/x"), "--likelihood", "nb", "--transform", "log1p")
        try refuse(78, "is for --likelihood nb or zinb", "--data", folder.path("d.h5:/x"), "--dispersion", "cell")
        try refuse(
            78, "give --condition, and", "--data", folder.path("d.h5:/x"), "--likelihood", "nb", "--dispersion", "gene-batch")
        try refuse(
            78, "is for --likelihood gaussian, log-normal or student-t", "--data", folder.path("d.h5:/x"), "--likelihood", "nb",
            "--variance", "value")
    }
}

import Foundation
import TestSupport
import Testing

/// Pages about counts with named features, and what maps are coloured by.
@Suite(.serialized)
struct ReportCellTests {
    /// 34 types of cells of 40 genes, a batch and a number beside them; a model of their counts.
    private static let cells = Result {
        let folder = try TemporaryFolder()
        let made = try Program.python(
            """
            import anndata, numpy as np, pandas as pd, sys, warnings
            warnings.simplefilter("ignore")
            r = np.random.default_rng(1)
            n, genes = 700, 40
            # The first type is the most frequent, the last one the rarest.
            kind = np.repeat(np.arange(34), np.linspace(34, 4, 34).astype(int))
            kind = r.permutation(np.concatenate([kind, np.zeros(n - len(kind), int)]))
            rates = np.exp(r.normal(0, 1, genes) + r.normal(0, 1, (34, genes))[kind])
            mean = 300 * rates / rates.sum(1, keepdims=True)
            counts = r.poisson(mean * r.gamma(2, 0.5, mean.shape))
            obs = {"batch": pd.Categorical([f"b{k % 2}" for k in kind]), "cell_type": pd.Categorical([f"type {k:02d}" for k in kind]),
                   "total": counts.sum(1).astype("f8") + 0.5, "assay": "v3"}
            anndata.AnnData(counts.astype("f4"), obs=pd.DataFrame(obs, index=[f"cell-{i}" for i in range(n)]),
                            var=pd.DataFrame(index=[f"GENE{i}" for i in range(genes)])).write_h5ad(sys.argv[1])
            """, [folder.path("cells.h5ad")])
        if made.status != 0 { throw CannotRun(description: "\(made)") }
        let trained = try mpiVAE(
            ranks: 2,
            [
                "train", "--data", folder.path("cells.h5ad"), "--labels", "cell_type", "--likelihood", "nb", "--hidden", "64",
                "--latent", "4", "--validation-fraction", "0.3", "--lr", "5e-3", "--epochs", "30", "--global-batch", "64",
                "--output", folder.path("run"),
            ])
        if trained.status != 0 { throw CannotRun(description: "\(trained)") }
        return folder
    }

    private func python(_ text: String, _ arguments: [String]) throws {
        let outcome = try Program.python("\(ReportTests.parsing)\n\(text)\nprint(\"right\")", arguments)
        #expect(outcome.output == "right\n", "\(outcome)")
    }

    /// The page of train is that of report on three ranks, and says of counts what a model that fits would draw.
    @Test func counts() throws {
        let folder = try Self.cells.get()
        let (run, other) = (folder.path("run"), folder.path("other.html"))
        let three = try mpiVAE(ranks: 3, ["report", run, "--output", other, "--force"])
        #expect(three.status == 0, "\(three)")
        let (page, again) = (
            FileManager.default.contents(atPath: "\(run)/report.html"), FileManager.default.contents(atPath: other)
        )
        #expect(page != nil && page == again)
        try python(
            """
            import anndata, csv, h5py, numpy as np
            run, text = sys.argv[1], open(sys.argv[1] + "/report.html").read()
            headings, graphics = parse(text)
            assert headings[-7:] == ["Reconstructions", "Worst rows", "Errors by feature", "Posterior predictive check",
                                     "Features of the latents", "How it was made", "Configuration"], headings
            e = h5py.File(run + "/embeddings.h5")
            held = e["split"][:] == 1
            x = anndata.read_h5ad(sys.argv[2]).X[held].astype("f8")
            spread, zeros = graphics[-2:]
            # Of every gene a point at the logarithms of its mean and variance, and one of what was drawn.
            data, drawn = [p for p in spread.iter("path") if p.get("stroke-linecap") == "round"]
            places = np.array(points(data))
            for axis, values in enumerate([x.mean(0), x.var(0)]):
                assert len(places) == 40 and abs(abs(np.corrcoef(places[:, axis], np.log10(values))[0, 1]) - 1) < 1e-4
            assert len(points(drawn)) == 40
            shares = [float(n) for n in re.findall(r"0\\.\\d{3}", zeros.get("aria-label"))]
            assert abs(shares[0] - (x == 0).mean()) < 6e-4 and 0 < abs(shares[1] - shares[0]) < 0.05, shares
            ratio = float(re.search(r"is ([\\d.]+) for the variance", text)[1])
            assert 0.5 < ratio < 1.5, ratio
            # Latents by their KL, of each the genes that it moves most.
            lines = list(csv.DictReader(open(run + "/latent-features.csv")))
            m, v = e["latent/mean"][:].astype("f8"), e["latent/log_variance"][:].astype("f8")
            order = np.argsort(-0.5 * (m ** 2 + np.exp(v) - 1 - v).mean(0))
            tops = [l for l in lines if l["rank"] == "1"]
            assert len(lines) == 160 and [int(l["latent"]) for l in tops] == list(order)
            for latent in order:
                changes = [float(l["difference_in_deviations"]) for l in lines if int(l["latent"]) == latent]
                assert len(changes) == 40 and changes == sorted(changes, key=lambda c: -abs(c))
            for top in tops:
                change = float(top["difference_in_deviations"])
                assert (float(top["high"]) > float(top["low"])) == (change > 0)
                # Rows as large as those there are: the difference by the gene's standard deviation.
                gene = int(top["feature"].removeprefix("GENE"))
                assert abs((float(top["high"]) - float(top["low"])) / x[:, gene].std() - change) < 1e-4 * abs(change)
                assert "%s (%s%s)" % (top["feature"], "+" * (change > 0), figure(change, 2)) in text
            """, [run, folder.path("cells.h5ad")])
    }

    /// 30 classes are told apart by colour and shape, the others named; numbers have a scale.
    @Test func colours() throws {
        let folder = try Self.cells.get()
        let page = folder.path("coloured.html")
        let outcome = try mpiVAE(
            "report", folder.path("run"), "--colour", "/obs/total,batch,assay", "--output", page, "--force")
        #expect(outcome.status == 0, "\(outcome)")
        try python(
            """
            import anndata, numpy as np
            from collections import Counter
            text = open(sys.argv[1]).read()
            headings, graphics = parse(text)
            names = ["cell_type", "/obs/total", "batch", "assay"]
            assert [h for h in headings if h.startswith("Map")] == ["Map of the codes by " + n for n in names]
            maps = [g for g in graphics if g.get("aria-label").startswith("Map of 700 codes")]
            # One class alone is said.
            assert len(maps) == 6 and "All rows have v3." in text
            obs = anndata.read_h5ad(sys.argv[2]).obs
            counts = Counter(obs.cell_type)
            paths = [p for p in maps[0].iter("path") if p.get("stroke-linecap") == "round"]
            looks = {(p.get("stroke"), re.search(r"M[-\\d. ]+([a-z])", p.get("d"))[1]): len(points(p)) for p in paths}
            # Crosses have two strokes.
            assert len(paths) == len(looks) == 31 and "4 others" in text and "Others: " + ", ".join(
                sorted(k for k, _ in counts.most_common()[30:])) in text
            assert [k for k, c in looks.items() if k[0] == "#bbbbbb"][0][1] == "h"
            entries = re.findall(r"</svg>(type \\d\\d) \\((\\d+)\\)</span>", text)
            assert dict((k, int(c)) for k, c in entries) == dict(counts.most_common(30)) and entries == sorted(entries)
            # A scale from the hundredth to the last hundredth: the points' steps go with their numbers.
            steps = [p for p in maps[2].iter("path") if p.get("stroke-linecap") == "round"]
            assert 15 < len(steps) <= 24 and sum(len(points(p)) for p in steps) == 700
            total = np.sort(obs.total)
            assert f"at most {total[6]:.4g}" in text and f"at least {total[692]:.4g}" in text
            assert f"from {total[0]:.4g} to {total[-1]:.4g}" in maps[2].get("aria-label")
            assert [len(points(p)) for p in maps[4].iter("path") if p.get("stroke-linecap") == "round"] == sorted(
                Counter(obs.batch).values(), reverse=True)
            """, [page, folder.path("cells.h5ad")])
        let wrong = try mpiVAE(ranks: 2, ["report", folder.path("run"), "--colour", "nothing", "--output", page, "--force"])
        #expect(wrong.status == 65 && wrong.errorLines.count == 1 && wrong.errors.contains("nothing"), "\(wrong)")
    }

    /// On telephones and desks, as Chromium has it.
    @Test func layout() throws {
        let folder = try Self.cells.get()
        #expect(try PageLayout.faults([folder.path("run/report.html")]) == "")
    }
}

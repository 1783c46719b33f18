import Foundation
import TestSupport
import Testing

/// Pages and tables of `score` and `impute`, and what a run's page says of factors.
@Suite(.serialized)
struct ResultPageTests {
    private static let sensors = Result {
        let folder = try TemporaryFolder()
        let made = try Program.python(
            """
            import h5py, numpy as np, sys
            r = np.random.default_rng(3)
            x = r.normal(size=(500, 2)) @ r.normal(size=(2, 6)) + 0.2 * r.normal(size=(500, 6))
            kind = np.where(r.random(500) < 0.1, "=fault, b", np.where(r.random(500) < 0.1, "fault a", "fine"))
            x[kind != "fine"] += r.normal(0, 2, ((kind != "fine").sum(), 6))
            x[r.random(x.shape) < 0.05] = np.nan
            with h5py.File(sys.argv[1], "w") as f:
                f["data"], f["label"] = x.astype("f4"), kind.astype("S")
                f["id"] = np.array([f"day {i}" for i in range(500)], "S")
                f["feature_names"] = np.array([f"sensor {i}" for i in range(6)], "S")
            """, [folder.path("d.h5")])
        if made.status != 0 { throw CannotRun(description: "\(made)") }
        let trained = try mpiVAE(
            "train", "--data", folder.path("d.h5"), "--nan", "mask", "--scale", "standardize", "--likelihood", "gaussian-learned",
            "--fit-normal", "fine", "--validation-fraction", "0.2", "--hidden", "16", "--latent", "2", "--epochs", "20",
            "--global-batch", "32", "--no-report", "--output", folder.path("run"))
        if trained.status != 0 { throw CannotRun(description: "\(trained)") }
        return folder
    }

    private func python(_ text: String, _ folder: TemporaryFolder) throws {
        let outcome = try Program.python("\(ReportTests.parsing)\n\(text)\nprint(\"right\")", [folder.url.path])
        #expect(outcome.output == "right\n", "\(outcome)")
    }

    private func run(ranks: Int, _ command: String, _ more: [String]) throws -> Outcome {
        let folder = try Self.sensors.get()
        return try mpiVAE(ranks: ranks, [command, "--checkpoint", folder.path("run"), "--data", folder.path("d.h5")] + more)
    }

    @Test func scores() throws {
        let folder = try Self.sensors.get()
        for ranks in [1, 3] {
            let outcome = try run(
                ranks: ranks, "score",
                [
                    "--normal", "fine", "--quantile", "0.9,0.99", "--output", folder.path("s\(ranks).h5"), "--csv",
                    folder.path("s\(ranks).csv"), "--report", folder.path("s\(ranks).html"),
                ])
            #expect(outcome.status == 0 && outcome.output.contains("s\(ranks).html"), "\(outcome)")
        }
        let table = try Data(contentsOf: URL(fileURLWithPath: folder.path("s1.csv")))
        #expect(try table == Data(contentsOf: URL(fileURLWithPath: folder.path("s3.csv"))))
        let safe = try run(
            ranks: 1, "score", ["--output", folder.path("safe.h5"), "--csv", folder.path("safe.csv"), "--csv-safe"])
        #expect(safe.status == 0, "\(safe)")
        try python(
            """
            import csv, h5py, numpy as np
            from sklearn.metrics import roc_auc_score, average_precision_score
            folder = sys.argv[1]
            h = h5py.File(folder + "/s1.h5")
            names = [n for n in "reconstruction elbo squared_error mahalanobis sap nap".split()]
            head, *rows = csv.reader(open(folder + "/s1.csv"))
            assert head == ["id", "label"] + names + ["above_" + n for n in names]
            assert [r[0] for r in rows] == [f"day {i}" for i in range(500)]
            labels = h["label"].asstr()[:]
            assert [r[1] for r in rows] == list(labels)
            for k, name in enumerate(names):
                assert (np.array([r[2 + k] for r in rows], "f4") == h["score/" + name][:]).all(), name
                assert ([int(r[8 + k]) for r in rows] == h["above/" + name][:]).all(), name
            safe = list(csv.DictReader(open(folder + "/safe.csv")))
            assert {r["label"] for r in safe} == {"'=fault, b", "fault a", "fine"} and list(safe[0]) == ["id", "label"] + names
            pages = [open(f"{folder}/s{n}.html").read() for n in (1, 3)]
            headings, graphics = parse(pages[0])
            assert headings == ["Rows", "How well the scores find anomalies", "By label", "Distribution of the scores", "Thresholds",
                                "Highest scores", "How it was made"], headings
            # Alike but for the command, the time, and the number of ranks.
            assert len({p[:p.index("How it was made")] for p in pages}) == 1
            text, odd = pages[0], labels != "fine"
            for name in names:
                s = h["score/" + name][:]
                auc, precision = "%.4f" % roc_auc_score(odd, s), "%.4f" % average_precision_score(odd, s)
                assert f"{name}, AUC {auc}" in text and f">{auc}</td>" in text and f">{precision}</td>" in text, name
                for q, t in zip((0.9, 0.99), h["threshold/" + name][:]):
                    assert f'data-head="quantile">{q:g}</td><td data-head="threshold">{t:.6g}</td><td data-head="rows above">{(s > t).sum()}<' in text
            assert len(graphics) == 7 and len(list(graphics[0].iter("polyline"))) == 7
            for graphic, name in zip(graphics[1:], names):
                assert f"Histogram of {name}." in graphic.get("aria-label")
                # Steps of two kinds of rows, and two thresholds with their names.
                assert len(list(graphic.iter("polyline"))) == 2 and len([p for p in graphic.iter("path") if p.get("class") == "rule"]) == 2
                assert {"0.9", "0.99"} <= set(words(graphic))
            best = max(names, key=lambda n: roc_auc_score(odd, h["score/" + n][:]))
            table = text[text.index("Highest scores"):]
            shown = re.findall(r'data-head="row">(\\d+)<', table)
            assert [int(n) for n in shown] == list(np.argsort(-h["score/" + best][:], kind="stable")[:15]), best
            """, folder)
        for (more, text) in [
            (["--csv", "-"], "--csv -: standard output"), (["--report", "x.txt"], "x.txt"), (["--csv", "x.h5"], "x.h5"),
            (["--csv", folder.path("s1.csv")], "is there already"),
        ] {
            let outcome = try run(ranks: 2, "score", ["--output", folder.path("no.h5")] + more)
            #expect(
                [64, 73].contains(outcome.status) && outcome.errorLines.count == 1 && outcome.errors.contains(text), "\(outcome)")
            #expect(!FileManager.default.fileExists(atPath: folder.path("no.h5")))
        }
    }

    /// Ids that are the rows' numbers are not said twice.
    @Test func idsThatSayNothing() throws {
        let folder = try TemporaryFolder()
        let made = try Program.python(
            """
            import h5py, numpy as np, sys
            x = np.random.default_rng(1).normal(0, 1, (200, 4)).astype("f4")
            x[::7, 1] = np.nan
            with h5py.File(sys.argv[1], "w") as f: f["data"], f["id"], f["label"] = x, np.arange(200), ["normal"] * 200
            """, [folder.path("d.h5")])
        #expect(made.status == 0, "\(made)")
        let commands = [
            "train --data d.h5 --nan mask --likelihood gaussian --hidden 8 --latent 2 --epochs 2 --output run",
            "score --checkpoint run --data d.h5 --output s.h5 --report s.html",
            "impute --checkpoint run --data d.h5 --draws 2 --output i.h5 --report i.html",
        ]
        for command in commands {
            let outcome = try mpiVAE(arguments: command.split(separator: " ").map(String.init), folder: folder.url)
            #expect(outcome.status == 0, "\(outcome)")
        }
        try python(
            """
            for name in ("s", "i"):
                text = open(f"{sys.argv[1]}/{name}.html").read()
                assert "<th>row</th>" in text and "<th>id</th>" not in text
            assert "/draws has values that differ as much" in text
            # One label is no reason for colours.
            text = open(sys.argv[1] + "/run/report.html").read()
            assert "<h2>Map of the codes</h2>" in text and "codes, all with label normal." in text and "normal (200)" not in text
            """, folder)
    }

    /// All pages on telephones and desks.
    @Test func layout() throws {
        let folder = try Self.sensors.get()
        for (command, page) in [("score", "layout-scores"), ("impute", "layout-imputed")] {
            let outcome = try run(
                ranks: 1, command, ["--output", folder.path("\(page).h5"), "--report", folder.path("\(page).html"), "--force"])
            #expect(outcome.status == 0, "\(outcome)")
        }
        #expect(try PageLayout.faults(["layout-scores", "layout-imputed"].map { folder.path("\($0).html") }) == "")
    }

    @Test func imputedValues() throws {
        let folder = try Self.sensors.get()
        let whole = try run(ranks: 2, "impute", ["--output", folder.path("i.h5"), "--report", folder.path("i.html")])
        #expect(whole.status == 0 && whole.output.contains("i.html"), "\(whole)")
        for ranks in [1, 3] {
            let outcome = try run(ranks: ranks, "impute", ["--output", folder.path("i\(ranks).csv")])
            #expect(outcome.status == 0, "\(outcome)")
        }
        let table = try Data(contentsOf: URL(fileURLWithPath: folder.path("i1.csv")))
        #expect(try table == Data(contentsOf: URL(fileURLWithPath: folder.path("i3.csv"))))
        let printed = try run(ranks: 1, "impute", ["--format", "csv", "--output", "-"])
        #expect(printed.status == 0 && Data(printed.output.utf8) == table, "\(printed.errors)")
        try python(
            """
            import csv, h5py, numpy as np
            folder = sys.argv[1]
            h, x = h5py.File(folder + "/i.h5"), h5py.File(folder + "/d.h5")["data"][:]
            head, *rows = csv.reader(open(folder + "/i1.csv"))
            assert head == ["id", "label"] + [f"sensor {i}" for i in range(6)] + ["imputed"]
            holes = np.isnan(x)
            assert (np.array([r[2:8] for r in rows], "f4") == h["data"][:]).all()
            assert [int(r[8]) for r in rows] == list(holes.sum(1)) and [r[0] for r in rows] == [f"day {i}" for i in range(500)]
            text = open(folder + "/i.html").read()
            headings, (chart,) = parse(text)
            assert headings == ["What was missing", "Missing values by row", "Features", "Rows that lacked most", "How it was made"]
            assert f"<b>{holes.sum()}</b>" in text and f"<b>{100 * holes.mean():.2f}%</b>" in text
            assert f"<b>{holes.any(1).sum()} of 500</b>" in text
            counts = np.bincount(holes.sum(1))
            heights = np.array([float(r.get("height")) for r in chart.iter("rect")])
            assert abs(heights / heights.sum() - counts / counts.sum()).max() < 0.01
            for i in range(6):
                seen, filled = x[~holes[:, i], i].astype("f8"), h["data"][:][holes[:, i], i].astype("f8")
                cells = [f"sensor {i}", str(holes[:, i].sum())] + [figure(v) for s in (seen, filled) for v in (s.mean(), s.std())]
                assert cells in [re.findall(r">([^<]*)</td>", r) for r in text.split("<tr>")], cells
            most = np.argsort(-holes.sum(1), kind="stable")[:15]
            table = text[text.index("Rows that lacked most"):]
            assert [int(n) for n in re.findall(r'data-head="row">(\\d+)<', table)] == list(most)
            """, folder)
        for (more, text) in [
            (["--output", folder.path("x.csv"), "--draws", "2"], "--draws"),
            (["--format", "h5", "--output", "x.csv"], "--format"),
            (["--output", folder.path("x.h5"), "--csv-safe"], "--csv-safe"), (["--output", "-"], "standard output is for text"),
        ] {
            let outcome = try run(ranks: 2, "impute", more)
            #expect(outcome.status == 64 && outcome.errorLines.count == 1 && outcome.errors.contains(text), "\(outcome)")
        }
    }

    /// The table behind the mutual information gap, against scikit-learn.
    @Test func factors() throws {
        let folder = try TemporaryFolder()
        let trained = try mpiVAE(
            "train", "--hidden", "32", "--latent", "3", "--epochs", "2", "--output", "run", folder: folder.url)
        #expect(trained.status == 0, "\(trained)")
        try python(
            """
            import h5py, numpy as np
            from sklearn.metrics import mutual_info_score
            run = sys.argv[1] + "/run"
            text = open(run + "/report.html").read()
            assert "Factors and latents" in parse(text)[0]
            z, f = h5py.File(run + "/embeddings.h5")["latent/mean"][:].astype("f8"), h5py.File(run + "/shapes.h5")["factors"][:]
            # The rows that the map shows.
            step = -(-len(z) // 3000)
            z, f = z[::step], f[::step]
            assert f"{len(z)} rows" in text
            def cut(v):
                v = v.astype("f8")
                return np.minimum(19, ((v - v.min()) / (v.max() - v.min()) * 20).astype(int))
            shares = []
            for j in range(5):
                g = cut(f[:, j]) if len(np.unique(f[:, j])) > 20 else np.unique(f[:, j], return_inverse=True)[1]
                shares.append([mutual_info_score(cut(z[:, i]), g) / mutual_info_score(g, g) for i in range(3)])
            shares = np.array(shares).T
            for i in range(3):
                cells = [f"latent {i}"] + ["%.3f" % s for s in shares[i]]
                assert cells in [re.findall(r">([^<]*)</td>", r) for r in text.split("<tr>")], cells
            gaps = np.sort(shares, 0)[-1] - np.sort(shares, 0)[-2]
            assert "mutual information gap, is %.3f" % gaps.mean() in text
            for name in ("shape", "scale", "rotation", "x", "y"): assert f"<th>{name}</th>" in text
            """, folder)
    }
}

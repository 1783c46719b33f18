import Foundation
import TestSupport
import Testing

/// The page about a run, taken apart by Python.
@Suite(.serialized)
struct ReportTests {
    /// Python that takes a page apart: its headings, and its graphics as XML. It must be well-formed, need nothing else, hold no number that is
    /// none, and say of every picture what is seen.
    static let parsing = """
        import math, re, sys, xml.etree.ElementTree as xml
        from html.parser import HTMLParser
        class Check(HTMLParser):
            def __init__(self):
                super().__init__()
                self.open, self.headings = [], []
            def attributes(self, tag, attributes):
                for name, value in attributes:
                    assert name not in ("src", "href") or value.startswith("data:image/png"), (name, value[:50])
                assert tag not in ("script", "link", "iframe"), tag
                known = dict(attributes)
                if tag == "img": assert len(known["alt"]) > 20, known
                if known.get("role") == "img": assert len(known["aria-label"]) > 20, known
                if tag == "svg": assert known.get("role") == "img" or known.get("aria-hidden") == "true", known
            def handle_starttag(self, tag, attributes):
                if tag not in ("meta", "img"): self.open.append(tag)
                self.attributes(tag, attributes)
            def handle_startendtag(self, tag, attributes): self.attributes(tag, attributes)
            def handle_endtag(self, tag): assert self.open.pop() == tag, tag
            def handle_data(self, data):
                if self.open and self.open[-1] == "h2": self.headings.append(data)
        def parse(text):
            check = Check()
            check.feed(text)
            assert check.open == [] and "http" not in text and "url(" not in text and "{{" not in text
            assert "prefers-color-scheme: dark" in text and "@media print" in text
            graphics = [xml.fromstring(s) for s in re.findall(r"<svg(?: class=.tiles.)? viewBox[^>]*role=.img.*?</svg>", text, re.S)]
            for graphic in graphics:
                for element in graphic.iter():
                    words = " ".join(element.attrib.values()) + (element.text or "" if element.tag == "text" else "")
                    if element.tag != "image": assert not re.search(r"(?<![a-z])-?(nan|inf)(?![a-z])", words), words
                assert all(float(r.get("height")) >= 0 for r in graphic.iter("rect"))
            return check.headings, graphics
        def points(path):
            return [tuple(map(float, p)) for p in re.findall(r"M(-?[\\d.]+) (-?[\\d.]+)", path.get("d"))]
        # Significant digits without an exponent where a figure is of a usual size.
        def figure(value, digits=4):
            size = abs(float(value))
            if size == 0: return "0"
            if not 1e-4 <= size < 1e7: return "%.*e" % (digits - 1, value)
            return "%.*f" % (max(0, digits - 1 - math.floor(math.log10(size))), value)
        def words(graphic): return [t.text for t in graphic.iter("text")]
        """

    @Test func pageHoldsEverything() throws {
        let folder = try TemporaryFolder()
        let (data, run, page) = (folder.path("data.h5"), folder.path("run"), folder.path("run/report.html"))
        let made = try Program.python(
            """
            import h5py, numpy as np, sys
            x = h5py.File(sys.argv[1], "r")
            with h5py.File(sys.argv[2], "w") as f:
                f["data"] = x["data"][:1200]
                # A label that would be markup.
                f["label"] = [b"<b>&shoe" if y > 5 else b"shirt" for y in x["label"][:1200]]
            """, [try Fixtures.fashion.get(), data])
        #expect(made.status == 0, "\(made)")
        let trained = try mpiVAE(
            ranks: 2,
            [
                "train", "--data", data, "--validation-fraction", "0.2", "--hidden", "32", "--latent", "5", "--epochs", "3",
                "--global-batch", "96", "--schedule", "cosine", "--output", run,
            ])
        #expect(trained.status == 0, "\(trained)")
        // Written by train, and the same when asked for.
        let written = try Data(contentsOf: URL(fileURLWithPath: page))
        let outcome = try mpiVAE("report", run)
        #expect(outcome.status == 0, "\(outcome)")
        #expect(try Data(contentsOf: URL(fileURLWithPath: page)) == written && written.count < 2_000_000)
        let grid = folder.path("grid.png")
        let traversed = try mpiVAE(
            "generate", "--checkpoint", run, "--data", data, "--traverse", "--steps", "9", "--grid", grid, "--output",
            folder.path("codes.h5"))
        #expect(traversed.status == 0, "\(traversed)")
        let python = try Program.python(
            """
            \(Self.parsing)
            import base64, csv, h5py, html, io, numpy as np
            from PIL import Image
            text, run = open(sys.argv[1]).read(), sys.argv[2]
            headings, (loss, rate, speed, waits, kl, codes, third, pairs, worst, samples, traversals) = parse(text)
            assert "<b>&" not in text and "&lt;b&gt;&amp;shoe" in text
            assert headings == ["The best model", "Loss", "Course of the training", "Waits per rank", "KL per latent",
                                "Map of the codes by label", "Reconstructions", "Worst rows", "Samples", "Traversals",
                                "How it was made", "Configuration"], headings
            rows = list(csv.DictReader(open(run + "/metrics.csv")))
            lines = [[float(p.split(",")[1]) for p in l.get("points").split()] for l in loss.iter("polyline")]
            # Both lines in one scale: lower is better, and lower on the page is a larger y.
            values = [[float(r["train_loss"]) for r in rows], [-float(r["validation_elbo"]) for r in rows]]
            fit = np.polyfit(np.ravel(values), np.ravel(lines), 1)
            assert fit[0] < 0 and abs(np.polyval(fit, values) - lines).max() < 0.2
            # The best epoch is marked, with a point on each line.
            best = h5py.File(run + "/best.h5").attrs["step"]
            number, = [i for i, r in enumerate(rows) if int(r["step"]) == best]
            assert f"best, epoch {number + 1}" in words(loss) and f"best model is that of epoch {number + 1}." in loss.get("aria-label")
            assert [abs(float(c.get("cy")) - l[number]) < 0.11 for c, l in zip(loss.iter("circle"), lines)] == [True, True]
            for cell in ["%.3f" % float(rows[number]["train_loss"]), rows[number]["step"]]: assert f">{cell}</td>" in text
            # A cosine falls, as does its line on the page.
            line = [float(p.split(",")[1]) for l in rate.iter("polyline") for p in l.get("points").split()]
            rates = [float(r["learning_rate"]) for r in rows]
            assert rates[2] < rates[1] < rates[0] < 1e-3 and np.corrcoef(line, rates)[0, 1] < -0.9999
            line = [float(p.split(",")[1]) for l in speed.iter("polyline") for p in l.get("points").split()]
            assert np.corrcoef(line, [float(r["samples_per_second"]) for r in rows])[0, 1] < -0.999
            # Bars of the parts on top of each other, rank by rank, of the mean over the epochs.
            times = list(csv.DictReader(open(run + "/ranks.csv")))
            assert len(times) == 6 and [t["rank"] for t in times] == ["0", "1"] * 3
            parts = np.array([[float(t[c]) for c in ("compute_s", "data_wait_s", "reduce_wait_s")] for t in times])
            parts = parts.reshape(3, 2, 3).mean(0)
            bars = np.array([[float(r.get("y")), float(r.get("height"))] for r in waits.iter("rect")]).reshape(2, 3, 2)
            assert abs(bars[:, :, 1] / bars[:, :, 1].sum() - parts / parts.sum()).max() < 0.002
            assert abs(bars[:, 1:].sum(2) - bars[:, :2, 0]).max() < 0.11
            e = h5py.File(run + "/embeddings.h5")
            m, v = e["latent/mean"][:].astype("f8"), e["latent/log_variance"][:].astype("f8")
            expected = 0.5 * (m ** 2 + np.exp(v) - 1 - v).mean(0)
            heights = np.array([float(r.get("height")) for r in kl.iter("rect")])
            assert len(heights) == 5 and abs(heights / heights.max() - expected / expected.max()).max() < 0.01
            assert f"{(m.var(0) > 0.01).sum()} of 5 latents are active" in text
            # The parts apart; the first figure is that of rows that were not trained on.
            split, elbo = e["split"][:], e["elbo"][:].astype("f8")
            for part, name in [(0, "training"), (1, "validation")]:
                assert ">%s rows</td><td data-head=\\"rows\\">%d</td><td data-head=\\"ELBO\\">%.3f<" % (
                    name, (split == part).sum(), elbo[split == part].mean()) in text
            assert "<b>%.3f</b><span>ELBO of 240 validation rows" % elbo[split == 1].mean() in text
            # The maps are those of numpy's principal components, up to scale and sign, a path for each label.
            z = m - m.mean(0)
            directions = np.linalg.svd(z, full_matrices=False)[2][:3]
            shirt = e["label"].asstr()[:] == "shirt"
            for graphic, axes in [(codes, (0, 1)), (third, (2, 1))]:
                paths = [p for p in graphic.iter("path") if p.get("stroke-linecap") == "round"]
                found = {len(points(p)): p for p in paths}
                assert len(paths) == len({p.get("stroke") for p in paths}) == 2 and set(found) == {shirt.sum(), (~shirt).sum()}
                places = np.array(points(found[shirt.sum()]) + points(found[(~shirt).sum()]))
                for k, axis in enumerate(axes):
                    order = np.concatenate([z[shirt] @ directions[axis], z[~shirt] @ directions[axis]])
                    assert abs(np.corrcoef(order, places[:, k])[0, 1]) > 0.9999
            # Pictures in lines; rows that were not trained on, evenly over them, and those with the largest errors, with their figures.
            def images(graphic):
                return [np.asarray(Image.open(io.BytesIO(base64.b64decode(i.get("href").split(",")[1])))) for i in graphic.iter("image")]
            assert [[i.shape for i in images(g)] for g in (pairs, worst, samples, traversals)] == [
                [(28, 2 + 8 * 58)] * 4, [(28, 2 + 8 * 58)] * 2, [(28, 2 + 8 * 30)] * 8, [(28, 2 + 9 * 30)] * 5]
            x, error = h5py.File(sys.argv[3])["data"], e["reconstruction_error"][:]
            held, last = np.flatnonzero(split == 1)[np.arange(32) * 240 // 32], np.argsort(-error, kind="stable")[:16]
            for graphic, order in [(pairs, held), (worst, last)]:
                for line, some in zip(images(graphic), order.reshape(-1, 8)):
                    for place, row in enumerate(some): assert (line[:, 2 + 58 * place:30 + 58 * place] == x[row]).all(), row
                assert [w for w in words(graphic) if w[0].isdigit()] == [figure(error[row]) for row in order]
            # The lines of latents by their KL, as generate --traverse has them by number.
            tiles = np.asarray(Image.open(sys.argv[4])).astype(int)[2:].reshape(5, 30, -1)[:, :28]
            shown = np.stack(images(traversals)).astype(int)
            order = np.argsort(-expected)
            assert abs(shown - tiles[order]).max() <= 1 and np.ptp(shown) > 100
            assert words(traversals) == ["%g" % n for n in np.linspace(-3, 3, 9)] + [f"latent {n}" for n in order]
            assert html.escape(open(run + "/config.toml").read()).replace("&#x27;", "&#39;") in text
            text = text.replace("<span>", "").replace("</span>", "")
            for fact in ["mpi-vae train --data", "2 ranks with 1 thread each", "Open MPI", e.file.attrs["program"]]: assert fact in text, fact
            print("right")
            """, [page, run, data, grid])
        #expect(python.output == "right\n", "\(python)")
        let other = folder.path("other.html")
        let three = try mpiVAE(ranks: 3, ["report", run, "--output", other])
        #expect(three.status == 0, "\(three)")
        #expect(try Data(contentsOf: URL(fileURLWithPath: other)) == Data(contentsOf: URL(fileURLWithPath: page)))

        // Without embeddings and data: what is left.
        for name in ["run/embeddings.h5", "data.h5"] { try FileManager.default.removeItem(atPath: folder.path(name)) }
        let less = try mpiVAE("report", run)
        #expect(less.status == 0 && less.errors.isEmpty, "\(less)")
        let left = try String(contentsOfFile: page, encoding: .utf8)
        #expect(left.contains("<h2>Loss</h2>") && left.contains("<h2>Samples</h2>") && left.contains("(not found)"))
        #expect(!left.contains("<h2>Reconstructions</h2>") && !left.contains("<h2>KL per latent</h2>"))

        try FileManager.default.copyItem(atPath: "\(run)/best.h5", toPath: folder.path("alone.h5"))
        for (arguments, status, text) in [
            ([run, "--output", other], 73, "is there already"), ([folder.path("none")], 66, "none"),
            ([folder.path("alone.h5")], 66, "is not the folder of a run"),
        ] as [([String], Int32, String)] {
            let outcome = try mpiVAE(ranks: 2, ["report"] + arguments)
            #expect(outcome.status == status && outcome.errorLines.count == 1 && outcome.errors.contains(text), "\(outcome)")
        }
    }

    /// Rows that are no images, labels of which some are not normal, models without prior, and what --no-report leaves out.
    @Test func tablesAndAnomalies() throws {
        let folder = try TemporaryFolder()
        let (data, run) = (folder.path("cancer.h5"), folder.path("run"))
        let made = try Program.python(
            """
            import h5py, sys
            from sklearn.datasets import load_breast_cancer
            d = load_breast_cancer()
            with h5py.File(sys.argv[1], "w") as f:
                for name, rows in [("train", slice(0, 400)), ("test", slice(400, None))]:
                    f[name + "/data"], f[name + "/label"] = d.data[rows], d.target[rows]
            with h5py.File(sys.argv[2], "w") as f: f["data"] = d.data[:400][d.target[:400] == 1]
            """, [data, folder.path("normal.h5")])
        #expect(made.status == 0, "\(made)")
        let options = [
            "train", "--data", "\(data):/train", "--scale", "standardize", "--likelihood", "gaussian", "--hidden", "16",
            "--latent",
            "3", "--epochs", "20", "--global-batch", "32",
        ]
        // A page that cannot be written is no failure.
        try FileManager.default.createDirectory(atPath: "\(run)/report.html/x", withIntermediateDirectories: true)
        let fitted = ["--fit-normal", "1", "--test-data", "\(data):/test", "--output", run]
        let trained = try mpiVAE(arguments: options + fitted)
        #expect(trained.status == 0 && trained.errorLines.isEmpty, "\(trained)")
        #expect(trained.errors.contains("no \(run)/report.html: "), "\(trained)")
        try FileManager.default.removeItem(atPath: "\(run)/report.html")
        let again = try mpiVAE(arguments: options + fitted)
        #expect(again.status == 0 && again.output.contains("wrote \(run)/report.html"), "\(again)")
        let embedded = folder.path("embedded.html")
        try FileManager.default.copyItem(atPath: "\(run)/report.html", toPath: embedded)
        let scored = try mpiVAE(
            "score", "--checkpoint", run, "--data", "\(data):/test", "--output", "\(run)/scores.h5")
        #expect(scored.status == 0, "\(scored)")
        let reported = try mpiVAE("report", run)
        #expect(reported.status == 0, "\(reported)")

        let means = try mpiVAE(
            "reconstruct", "--checkpoint", run, "--data", folder.path("normal.h5"), "--output", folder.path("means.h5"))
        #expect(means.status == 0, "\(means)")

        let plain = folder.path("plain")
        let ae = try mpiVAE(arguments: options + ["--model", "ae", "--output", plain])
        #expect(ae.status == 0, "\(ae)")
        let python = try Program.python(
            """
            \(Self.parsing)
            import csv, h5py, numpy as np
            from sklearn.metrics import roc_auc_score
            always = ["The best model", "Loss", "Course of the training"]
            last = ["How it was made", "Configuration"]
            e = h5py.File(sys.argv[2] + "/embeddings.h5")
            rows = e["split"][:] != 0
            wrong = e["label"][:][rows] != 1
            assert 20 < wrong.sum() < rows.sum() == 169
            s = h5py.File(sys.argv[2] + "/scores.h5")["score"]
            x = np.concatenate([h5py.File(sys.argv[4])["train/data"][:]])
            x = x[h5py.File(sys.argv[4])["train/label"][:] == 1]
            # Features whose reconstructions have least of their variance, whatever their units.
            y = h5py.File(sys.argv[5])["data"][:]
            explained = 1 - ((x - y) ** 2).mean(0) / x.var(0)
            for path, scores in [(sys.argv[1], {"reconstruction": e["reconstruction_error"][:][rows], "elbo": -e["elbo"][:][rows]}),
                                 (sys.argv[2] + "/report.html", {k: s[k][:] for k in s})]:
                text = open(path).read()
                headings, graphics = parse(text)
                assert headings == always + ["KL per latent", "Map of the codes by label", "Anomalies", "Reconstructions",
                                             "Worst rows", "Errors by feature", "Posterior predictive check",
                                             "Features of the latents", "Samples", "Traversals"] + last, headings
                # Loss, speed, KL, two maps, curves; then rows, worst rows, means and deviations as drawn, samples and latents, each a
                # graphic; of a row two lines, of a latent five.
                assert [len(list(g.iter("polyline"))) for g in graphics[6:]] == [2] * 12 + [1] * 2 + [1] * 6 + [5] * 3
                for name, values in scores.items():
                    assert "%s, AUC %.4f" % (name, roc_auc_score(wrong, values)) in text, (name, roc_auc_score(wrong, values))
                curves = [l.get("points").split() for l in graphics[5].iter("polyline")]
                assert len(curves) == 1 + len(scores) and len({c[0] for c in curves}) == len({c[-1] for c in curves}) == 1
                assert f"{wrong.sum()} anomalies from {(~wrong).sum()} normal rows" in text
                table = re.findall(r">feature (\\d+)</td>.*?variance explained.>(-?[\\d.]+)<", text, re.S)
                assert [int(f) for f, _ in table] == list(np.argsort(explained)[:10]), table
                assert abs(np.array([float(v) for _, v in table]) - np.sort(explained)[:10]).max() < 1e-3
                # Errors of 1 are in the rows that are drawn, beside what the codes know: variances add up to more than there is.
                ratio = float(re.search(r"is ([\\d.]+) for the standard deviation", text)[1])
                assert 1 < ratio < 1.4142, ratio
            assert len(s) == 6
            # A feature that a latent moves most goes with its codes.
            z = e["latent/mean"][:][e["source"][:] == 0]
            tops = [l for l in csv.DictReader(open(sys.argv[2] + "/latent-features.csv")) if l["rank"] == "1"]
            assert len(tops) == 3
            for top in tops:
                going = np.corrcoef(z[:, int(top["latent"])], x[:, int(top["feature"].split()[1])])[0, 1]
                assert going * np.sign(float(top["difference_in_deviations"])) > 0.3, (top, going)
            text = open(sys.argv[3] + "/report.html").read()
            headings, graphics = parse(text)
            error = h5py.File(sys.argv[3] + "/embeddings.h5")["reconstruction_error"][:].astype("f8").mean()
            assert "<b>%.3f</b><span>reconstruction error of 400 training rows" % error in text and "KL of" not in text
            assert headings == always + ["Map of the codes by label", "Reconstructions", "Worst rows", "Errors by feature",
                                         "Features of the latents", "Traversals"] + last, headings
            print("right")
            """, [embedded, run, plain, data, folder.path("means.h5")])
        #expect(python.output == "right\n", "\(python)")

        // Figures beyond all measure, and a table that is none, do not stop the page, nor the run that goes on.
        let extreme = try Program.python(
            """
            import h5py, sys, re
            path = sys.argv[1] + "/metrics.csv"
            lines = open(path).read().splitlines()
            rows = [l.split(",") for l in lines]
            for row, loss in zip(rows[1:], ["1e+36", "inf", "nan"]):
                row[2] = loss
            open(path, "w").write("".join(",".join(r) + "\\n" for r in rows))
            with h5py.File(sys.argv[1] + "/embeddings.h5", "r+") as f:
                f["latent/mean"][0] = float("nan")
                f["latent/mean"][1] = float("inf")
                f["latent/mean"][2] = 1e36
            """, [plain])
        #expect(extreme.status == 0, "\(extreme)")
        let odd = try mpiVAE("report", plain)
        #expect(odd.status == 0, "\(odd)")
        try "no table\nat all\n".write(toFile: "\(plain)/metrics.csv", atomically: true, encoding: .utf8)
        let on = try mpiVAE(arguments: options + ["--model", "ae", "--output", plain])
        #expect(on.status == 0 && on.errors.contains("nothing to do"), "\(on)")

        let none = try mpiVAE(arguments: options + ["--no-report", "--output", folder.path("none")])
        #expect(none.status == 0 && !FileManager.default.fileExists(atPath: folder.path("none/report.html")), "\(none)")
    }
}

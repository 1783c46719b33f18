import Foundation
import TestSupport
import Testing

/// The page about a run, taken apart by Python.
@Suite(.serialized)
struct ReportTests {
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
            "train", "--data", data, "--validation-fraction", "0.2", "--hidden", "32", "--latent", "5", "--epochs", "3",
            "--global-batch",
            "96", "--output", run)
        #expect(trained.status == 0, "\(trained)")
        let outcome = try mpiVAE("report", run)
        #expect(outcome.status == 0, "\(outcome)")
        let python = try Program.python(
            """
            import base64, csv, h5py, html, io, numpy as np, re, sys, xml.etree.ElementTree as xml
            from html.parser import HTMLParser
            from PIL import Image
            text, run = open(sys.argv[1]).read(), sys.argv[2]
            class Check(HTMLParser):
                open, headings = [], []
                def handle_starttag(self, tag, attributes):
                    if tag not in ("meta", "img"): self.open.append(tag)
                    for name, value in attributes:
                        assert name not in ("src", "href") or value.startswith("data:image/png"), (name, value[:50])
                    assert tag not in ("script", "link", "iframe"), tag
                def handle_startendtag(self, tag, attributes): pass
                def handle_endtag(self, tag): assert self.open.pop() == tag, tag
                def handle_data(self, data):
                    if self.open and self.open[-1] == "h2": self.headings.append(data)
            check = Check()
            check.feed(text)
            assert check.open == [] and "http" not in text and "<b>&" not in text and "&lt;b&gt;&amp;shoe" in text
            assert check.headings == ["The best model", "Loss", "KL per latent", "Map of the codes", "Reconstructions", "Samples",
                                      "Configuration", "Environment"], check.headings
            loss, kl, codes = [xml.fromstring(s) for s in re.findall(r"<svg.*?</svg>", text, re.S)]
            rows = list(csv.DictReader(open(run + "/metrics.csv")))
            lines = [[float(p.split(",")[1]) for p in l.get("points").split()] for l in loss.iter("polyline")]
            # Both lines in one scale: lower is better, and lower on the page is a larger y.
            values = [[float(r["train_loss"]) for r in rows], [-float(r["validation_elbo"]) for r in rows]]
            fit = np.polyfit(np.ravel(values), np.ravel(lines), 1)
            assert fit[0] < 0 and abs(np.polyval(fit, values) - lines).max() < 0.2
            e = h5py.File(run + "/embeddings.h5")
            m, v = e["latent/mean"][:].astype("f8"), e["latent/log_variance"][:].astype("f8")
            expected = 0.5 * (m ** 2 + np.exp(v) - 1 - v).mean(0)
            heights = np.array([float(r.get("height")) for r in kl.iter("rect")])
            assert len(heights) == 5 and abs(heights / heights.max() - expected / expected.max()).max() < 0.01
            assert "%.3f" % expected.sum() in text and "%.3f" % e["elbo"][:].astype("f8").mean() in text
            # The map is that of numpy's principal components, up to scale and sign.
            points = np.array([[float(c.get("cx")), float(c.get("cy"))] for c in codes.iter("circle")])
            assert len(points) == 1200
            z = m - m.mean(0)
            for k, direction in enumerate(np.linalg.svd(z, full_matrices=False)[2][:2]):
                assert abs(np.corrcoef(z @ direction, points[:, k])[0, 1]) > 0.9999
            colours = np.array([c.get("fill") for c in codes.iter("circle")])
            shirt = e["label"].asstr()[:] == "shirt"
            assert len(set(colours[shirt])) == 1 and len(set(colours[~shirt])) == 1 and len(set(colours)) == 2
            images = [Image.open(io.BytesIO(base64.b64decode(i))) for i in re.findall(r"data:image/png;base64,([^\\"]*)", text)]
            assert [i.size for i in images] == [(2 + 8 * 58, 2 + 4 * 30), (2 + 8 * 30, 2 + 8 * 30)], [i.size for i in images]
            assert (np.asarray(images[0])[2:30, 2:30] == h5py.File(sys.argv[3])["data"][0]).all()
            assert html.escape(open(run + "/config.toml").read()).replace("&#x27;", "'") in text
            print("right")
            """, [page, run, data])
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

        for (arguments, status, text) in [
            ([run, "--output", other], 73, "is there already"), ([folder.path("none")], 66, "none"),
            (["\(run)/best.h5"], 66, "is not the folder of a run"),
        ] as [([String], Int32, String)] {
            let outcome = try mpiVAE(ranks: 2, ["report"] + arguments)
            #expect(outcome.status == status && outcome.errorLines.count == 1 && outcome.errors.contains(text), "\(outcome)")
        }
    }
}

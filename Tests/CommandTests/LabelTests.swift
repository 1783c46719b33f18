import Foundation
import TestSupport
import Testing

/// Labels however they are written: missing ones are none, numbers and truth values are what they are, whole numbers keep all bits.
@Suite(.serialized)
struct LabelTests {
    /// Files of 40 rows of 4 features, and a run on such rows.
    private static let files = Result {
        let folder = try TemporaryFolder()
        let made = try Program.python(
            """
            import anndata, h5py, numpy as np, pandas as pd, sys
            d = sys.argv[1] + "/"
            x = np.random.default_rng(1).random((40, 4)).astype("f4"); i = np.arange(40)
            def write(name, **columns):
                with h5py.File(d + name + ".h5", "w") as f:
                    f["data"] = x
                    for key, value in columns.items(): f[key] = value
            text, string = np.array(["a", "b", ""], object)[i % 3], h5py.string_dtype()
            write("float", label=(i % 2).astype("f8")); write("int", label=i % 2); write("bool", label=i % 2 == 1); write("column", label=(i % 2)[:, None])
            write("bytes", label=np.array([b"a", b"b", b""])[i % 3]); write("texts", label=text.astype(string)[:, None]); write("nan", label=np.where(i % 3 == 2, np.nan, i % 3))
            write("half", label=i / 2); write("onehot", label=np.eye(4)[i % 4]); write("plain"); write("names", label=text.astype(string), id=text.astype(string))
            write("big", label=(2**63 + i.astype("u8") % 3), id=np.array([2**64 - 1 - int(k) for k in i], "u8")); write("signed", label=-2**63 + i % 2, id=2**53 + 1 + i)
            obs = pd.DataFrame({"t": pd.Categorical(["A", "B", None, "A"] * 10), "k": pd.array([1, 2, None, 1] * 10, dtype="Int64"), "ok": pd.array([True, None, False, True] * 10, dtype="boolean"),
                "u": np.array([2**63 + 5, 7] * 20, "u8")}, index=[f"c{k}" for k in i])
            anndata.AnnData(x, obs=obs, dtype="f4").write_h5ad(d + "cells.h5ad")
            """, [folder.url.path])
        if made.status != 0 { throw CannotRun(description: "\(made)") }
        let trained = try mpiVAE(
            "train", "--data", folder.path("plain.h5"), "--likelihood", "mse", "--hidden", "4", "--latent", "2", "--epochs", "1",
            "--no-report", "--output", folder.path("run"))
        if trained.status != 0 { throw CannotRun(description: "\(trained)") }
        return folder
    }

    private func apply(_ command: String, _ data: String, ranks: Int = 1, _ options: [String]) throws -> Outcome {
        let folder = try Self.files.get()
        let files = data.split(separator: ",").map { folder.path(String($0)) }.joined(separator: ",")
        let arguments = [command, "--checkpoint", folder.path("run"), "--data", files] + options
        return try ranks == 1 ? mpiVAE(arguments: arguments) : mpiVAE(ranks: ranks, arguments)
    }

    /// Rows without a label are neither normal nor anomalies, and in no class.
    @Test(arguments: [
        ("cells.h5ad", "t", "A", 20, 10), ("cells.h5ad", "k", "2", 10, 20), ("cells.h5ad", "/obs/ok", "True", 20, 10),
        ("bytes.h5", "", "b", 13, 14),
        ("texts.h5", "", "a", 14, 13), ("nan.h5", "", "1", 13, 14),
    ])
    func noLabelIsNoLabel(data: String, labels: String, normal: String, normalRows: Int, anomalies: Int) throws {
        let folder = try TemporaryFolder()
        let options = labels.isEmpty ? [] : ["--labels", labels]
        let missing = 40 - normalRows - anomalies
        let scored = try apply(
            "score", data, ranks: 2, options + ["--normal", normal, "--json", "--output", folder.path("s.h5")])
        #expect(scored.status == 0 && scored.errors.contains("\(missing) rows have no label"), "\(scored)")
        #expect(
            scored.output.contains("\"anomalies\":\(anomalies),") && scored.output.contains("\"rows_without_label\":\(missing)"),
            "\(scored)")
        let evaluated = try apply("evaluate", data, options + ["--json", "--output", folder.path("e.h5")])
        #expect(evaluated.status == 0 && evaluated.errors.contains("\(missing) of 40 rows have no label"), "\(evaluated)")
        #expect(
            evaluated.output.contains("\"classes\":2,\"code_rows\":\(40 - missing),")
                && evaluated.output.contains("\"rows_without_label\":\(missing)"), "\(evaluated)")
        let readBack = """
            import h5py, json, numpy as np, sys
            from sklearn.metrics import roc_auc_score
            d, normal, report = sys.argv[1] + "/", sys.argv[2], json.loads(sys.argv[3])
            s = h5py.File(d + "s.h5", "r")
            y = s["label"].asstr()[:] if s["label"].dtype == object else s["label"][:]
            there = y != "" if y.dtype == object else ~np.isnan(y)
            isnormal = y == (normal if y.dtype == object else float(normal))
            assert abs(roc_auc_score(~isnormal[there], s["score/elbo"][:][there]) - report["area_under_roc"]["elbo"]) < 1e-6
            e = h5py.File(d + "e.h5", "r")
            assert len(e["row"]) == there.sum() and there[e["row"][:]].all() and len(e["class"].attrs["classes"]) == 2

            """
        // How a file holds labels is the same to all commands.
        guard data == "cells.h5ad" && labels == "t" || data == "nan.h5" else {
            let python = try Program.python(readBack, [folder.url.path, normal, scored.output])
            #expect(python.status == 0, "\(python)")
            return
        }
        let generated = try apply("generate", data, options + ["--label", normal, "--output", folder.path("g.h5")])
        #expect(generated.status == 0 && generated.errors.contains("\(missing) rows of"), "\(generated)")
        let trained = try mpiVAE(
            arguments: [
                "train", "--data", Self.files.get().path(data), "--fit-normal", normal, "--likelihood", "mse", "--hidden", "4",
                "--latent", "2",
                "--epochs", "1", "--output", folder.path("run"),
            ] + options)
        #expect(trained.status == 0 && trained.errors.contains("\(missing) rows of"), "\(trained)")
        let python = try Program.python(
            readBack + """
                g, r = (h5py.File(d + name, "r") for name in ["g.h5", "run/embeddings.h5"])
                assert g.attrs["fit_rows"] == isnormal.sum() and len(r["row"]) == isnormal.sum()
                """, [folder.url.path, normal, scored.output])
        #expect(python.status == 0, "\(python)")
    }

    /// The map of a report colours classes alone.
    @Test func reportsShowNoClassOfNothing() throws {
        let folder = try TemporaryFolder()
        let trained = try mpiVAE(
            "train", "--data", Self.files.get().path("cells.h5ad"), "--labels", "t", "--likelihood", "mse", "--hidden", "4",
            "--latent",
            "2", "--epochs", "1", "--output", folder.path("run"))
        #expect(trained.status == 0, "\(trained)")
        let page = try String(contentsOfFile: folder.path("run/report.html"), encoding: .utf8)
        #expect(page.contains("</svg>no label (10)</span>"), "\(page.suffix(3000))")
    }

    /// 0 and 1 are the same as numbers of any kind, and as truth values.
    @Test func numbersAndTruthValues() throws {
        let folder = try TemporaryFolder()
        for (data, normal) in [
            ("float.h5", "0"), ("float.h5", "False"), ("bool.h5", "0"), ("bool.h5", "false"), ("int.h5", "0.0"),
            ("column.h5", "0"),
        ] {
            let outcome = try apply("score", data, ["--normal", normal, "--json", "--output", folder.path("s.h5"), "--force"])
            #expect(outcome.status == 0 && outcome.output.contains("\"anomalies\":20,"), "\(data) \(normal): \(outcome)")
        }
        var reports: Set<String> = []
        for data in ["float.h5", "int.h5", "bool.h5", "column.h5"] {
            let outcome = try apply("evaluate", data, ["--json"])
            #expect(outcome.status == 0 && outcome.output.contains("\"classes\":2"), "\(outcome)")
            reports.insert(outcome.output)
        }
        #expect(reports.count == 1)
        let halves = try apply("evaluate", "half.h5", ["--json"])
        #expect(halves.status == 0 && halves.errors.contains("not whole numbers or text"), "\(halves)")
        let unknown = try apply("score", "bool.h5", ranks: 2, ["--normal", "2", "--output", folder.path("x.h5")])
        #expect(unknown.status == 64 && unknown.errors.contains("has the label '2', but False, True"), "\(unknown)")
        let label = try apply("generate", "float.h5", ranks: 2, ["--label", "2", "--output", folder.path("x.h5")])
        #expect(
            label.status == 64 && label.errors.contains("has the label '2', but 0, 1") && label.errorLines.count == 1, "\(label)")
    }

    /// Labels and ids of several kinds in several files are text; those that only some files have are said.
    @Test func kindsInSeveralFiles() throws {
        let folder = try TemporaryFolder()
        let cases: [(String, String, String, String)] = [
            ("int.h5,float.h5", "['0', '1'] * 40", "", ""), ("int.h5,bool.h5", "[0, 1] * 40", "", ""),
            ("float.h5,bool.h5", "['0', '1'] * 40", "", ""),
            ("bool.h5,names.h5", "['False', 'True'] * 20 + (['a', 'b', ''] * 14)[:40]", "rows go by their numbers", ""),
            ("int.h5,plain.h5", "['0', '1'] * 20 + [''] * 40", "has no labels beside it", ""),
            ("onehot.h5", "None", "has the shape [40, 4]", ""),
            (
                "signed.h5,big.h5", "[str(-2**63 + k % 2) for k in range(40)] + [str(2**63 + k % 3) for k in range(40)]", "",
                "[str(2**53 + 1 + k) for k in range(40)] + [str(2**64 - 1 - k) for k in range(40)]"
            ),
        ]
        for (index, (data, wanted, text, ids)) in cases.enumerated() {
            let outcome = try apply("embed", data, ranks: index == 0 ? 2 : 1, ["--output", folder.path("e.h5"), "--force"])
            #expect(
                outcome.status == 0 && (text.isEmpty ? outcome.errors.isEmpty : outcome.errors.contains(text)),
                "\(data): \(outcome)")
            let python = try Program.python(
                """
                import h5py, sys
                f = h5py.File(sys.argv[1], "r")
                def column(name): return [x.decode() if isinstance(x, bytes) else x for x in f[name][:].tolist()] if name in f else None
                assert column("label") == \(wanted), column("label")
                assert column("id") == \(ids.isEmpty ? "None" : ids), column("id")
                """, [folder.path("e.h5")])
            #expect(python.status == 0, "\(data): \(python)")
        }
        let scored = try apply("score", "int.h5,float.h5", ["--normal", "1", "--json", "--output", folder.path("s.h5")])
        #expect(scored.status == 0 && scored.output.contains("\"anomalies\":40,"), "\(scored)")
    }

    /// Whole numbers of 64 bits in all that is written.
    @Test func wholeNumbersKeepTheirBits() throws {
        let folder = try TemporaryFolder()
        for format in ["h5", "h5ad", "csv"] {
            for data in ["big.h5", "signed.h5"] {
                let outcome = try apply("embed", data, ["--format", format, "--output", folder.path("\(data).\(format)")])
                #expect(outcome.status == 0, "\(outcome)")
            }
            let cells = try apply(
                "embed", "cells.h5ad", ["--labels", "u", "--format", format, "--output", folder.path("u.\(format)")])
            #expect(cells.status == 0, "\(cells)")
        }
        let normal = "\(UInt64(1) << 63)"
        let scored = try apply("score", "big.h5", ["--normal", normal, "--json", "--output", folder.path("s.h5")])
        #expect(scored.status == 0 && scored.output.contains("\"anomalies\":26,"), "\(scored)")
        let evaluated = try apply("evaluate", "big.h5", ["--output", folder.path("e.h5")])
        #expect(evaluated.status == 0, "\(evaluated)")
        let imported = try mpiVAE("import", "hdf5", "--data", Self.files.get().path("big.h5"), "--output", folder.path("i.h5"))
        #expect(imported.status == 0, "\(imported)")
        let python = try Program.python(
            """
            import anndata, csv, h5py, numpy as np, sys
            d, k = sys.argv[1] + "/", range(40)
            big, ids = [2**63 + i % 3 for i in k], [2**64 - 1 - i for i in k]
            for name in ["big.h5.h5", "s.h5", "i.h5"]:
                f = h5py.File(d + name, "r")
                assert f["label"].dtype == f["id"].dtype == np.uint64 and f["label"][:].tolist() == big and f["id"][:].tolist() == ids, name
            f = h5py.File(d + "signed.h5.h5", "r"); assert f["label"][:].tolist() == [-2**63 + i % 2 for i in k] and f["id"][:].tolist() == [2**53 + 1 + i for i in k]
            a = anndata.read_h5ad(d + "big.h5.h5ad"); assert list(a.obs_names) == [str(i) for i in ids] and a.obs["label"].tolist() == big
            rows = list(csv.DictReader(open(d + "big.h5.csv"))); assert [r["label"] for r in rows] == [str(i) for i in big] and [r["id"] for r in rows] == [str(i) for i in ids]
            wanted = [2**63 + 5, 7] * 20
            assert h5py.File(d + "u.h5", "r")["label"][:].tolist() == wanted and anndata.read_h5ad(d + "u.h5ad").obs["label"].tolist() == wanted
            assert [r["label"] for r in csv.DictReader(open(d + "u.csv"))] == [str(i) for i in wanted]
            assert list(h5py.File(d + "e.h5", "r")["class"].attrs["classes"]) == [str(2**63 + i) for i in range(3)]
            """, [folder.url.path])
        #expect(python.status == 0, "\(python)")
    }
}

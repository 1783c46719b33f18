import Foundation
import TestSupport
import Testing

/// Files of every version of anndata: names, labels, `obs` and `var` are read from all of them, and what is written opens in all.
@Suite(.serialized)
struct AnnDataVersionTests {
    /// `0.7.8.h5ad` and so on: 30 cells of 4 genes, of 6 in raw, with columns of every kind that the version knows; and a run each
    /// for rows of 4, of 6, and of 6 without names.
    private static let files = Result {
        let folder = try TemporaryFolder()
        for version in AnnDataVersion.allCases {
            let made = try version.python(
                """
                import anndata, h5py, numpy as np, pandas as pd, scipy.sparse as sp, sys
                path, version = sys.argv[1:3]
                old, new, n = version.startswith("0.7"), version.startswith("0.12"), 30
                x = np.random.default_rng(3).poisson(2, (n, 6)).astype("f4")
                obs = {
                    "kind": pd.Categorical(["B", "T", None] * 10, categories=["T", "B"]),
                    "stage": pd.Categorical(["late", "early", "mid"] * 10, categories=["early", "mid", "late"], ordered=True),
                    "lane": pd.Categorical([3, 1, 2] * 10), "depth": np.arange(n, dtype="i4"), "good": np.arange(n) % 2 == 0,
                    "share": np.where(np.arange(n) % 3, np.arange(n) / 8, np.nan), "note": [f"n{i}" for i in range(n)]}
                if not old:
                    obs["reads"] = pd.array([2**62 + 1, None, 3] * 10, dtype="Int64")
                    obs["kept"] = pd.array([True, None, False] * 10, dtype="boolean")
                obs = pd.DataFrame(obs, index=[f"cell-{i}" for i in range(n)])
                var = pd.DataFrame({"long": [f"gene {i}" for i in range(6)]}, index=[f"g{i}" for i in range(6)])
                a = anndata.AnnData(sp.csr_matrix(x), obs=obs, var=var, **({} if new else {"dtype": "f4"}))
                a.layers["counts"] = sp.csc_matrix(x); a.obsm["X_raw"] = x.copy(); a.uns["info"] = {"who": "me", "list": np.array(["a", "b"])}
                a.raw = a; a = a[:, :4].copy()
                if new:
                    anndata.settings.allow_write_nullable_strings = True
                    a.obs.index = a.obs.index.astype("string"); a.var.index = a.var.index.astype("string")
                    a.obs["team"] = pd.array([f"t{i}" for i in range(n)], dtype="string")
                    a.obs["zone"] = pd.Categorical(pd.array(["u", None, "v"] * 10, dtype="string"))
                a.write_h5ad(path, compression="gzip")
                with h5py.File(path, "r+") as f:
                    columns = list(f["obs"].attrs["column-order"])
                    if new:
                        anndata.io.write_elem(f["obs"], "blank", pd.array(["x", None, "y"] * 10, dtype="string")); columns.append("blank")
                        del f["obs/zone/categories"]; anndata.io.write_elem(f["obs/zone"], "categories", pd.array(["u", "v"], dtype="string"))
                    if not old: f["obs/bytes"] = np.array([b"x%d" % i for i in range(n)]); columns.append("bytes")
                    f["obs"].attrs["column-order"] = columns
                    # What anndata does not write.
                    f.create_dataset("uns/mine/bytes", data=np.array([b"a", b"bcd"]), compression="gzip"); f["uns/mine"].attrs["x"] = [1, 2]
                """, [folder.path("\(version.rawValue).h5ad"), version.rawValue])
            if made.status != 0 { throw CannotRun(description: "\(version): \(made)") }
        }
        for (object, name) in [("X", "four"), ("raw/X", "six"), ("obsm/X_raw", "nameless")] {
            let trained = try mpiVAE(
                "train", "--data", folder.path("0.8.0.h5ad:/\(object)"), "--likelihood", "mse", "--hidden", "4", "--latent", "2",
                "--epochs", "1", "--output", folder.path(name))
            if trained.status != 0 { throw CannotRun(description: "\(trained)") }
        }
        return folder
    }

    private func embed(
        _ data: String, _ run: String = "four", ranks: Int = 1, options: [String], to output: String
    ) throws -> Outcome {
        let folder = try Self.files.get()
        return try mpiVAE(
            ranks: ranks,
            ["embed", "--checkpoint", folder.path(run), "--data", folder.path(data), "--output", output] + options)
    }

    /// Ids, and labels by the names of columns, from each version's files and from all objects whose rows are those of obs.
    @Test func labelsByTheirColumns() throws {
        let folder = try TemporaryFolder()
        var cases: [(String, String, String, String)] = []
        for version in AnnDataVersion.allCases {
            let file = "\(version.rawValue).h5ad"
            cases += [
                (file, "four", "kind", "['B', 'T', ''] * 10"),
                ("\(file):/layers/counts", "four", "stage", "['late', 'early', 'mid'] * 10"),
                ("\(file):/raw/X", "six", "lane", "['3', '1', '2'] * 10"),
                ("\(file):/obsm/X_raw", "nameless", "depth", "list(range(30))"),
            ]
        }
        let new = "0.12.19.h5ad"
        cases += [
            (new, "four", "reads", "[str(2**62 + 1), '', '3'] * 10"), (new, "four", "/obs/kept", "['True', '', 'False'] * 10"),
            (new, "four", "obs/zone", "['u', '', 'v'] * 10"), (new, "four", "team", "[f't{i}' for i in range(30)]"),
            (new, "four", "good", "[True, False] * 15"), (new, "four", "bytes", "[f'x{i}' for i in range(30)]"),
            (new, "four", "share", "['' if i % 3 == 0 else i / 8 for i in range(30)]"),
        ]
        var script = "import h5py, sys\nd = sys.argv[1] + '/'\n"
        for (index, (data, run, labels, wanted)) in cases.enumerated() {
            let outcome = try embed(
                data, run, ranks: index == 0 ? 2 : 1, options: ["--labels", labels], to: folder.path("\(index).h5"))
            #expect(outcome.status == 0, "\(data) \(labels): \(outcome)")
            script += """
                f = h5py.File(d + "\(index).h5", "r"); have = f["label"][:].tolist(); have = [x.decode() if isinstance(x, bytes) else "" if x != x else x for x in have]
                assert have == \(wanted), ("\(data)", "\(labels)", have[:4])
                assert [x.decode() for x in f["id"][:]] == [f"cell-{i}" for i in range(30)], "\(data)"

                """
        }
        let python = try Program.python(script, [folder.url.path])
        #expect(python.status == 0, "\(python)")
        for data in ["0.7.8.h5ad", "0.12.19.h5ad:/obsm/X_raw"] {
            let refused = try embed(
                data, data.contains("obsm") ? "nameless" : "four", options: ["--labels", "knid"], to: folder.path("x.h5"))
            #expect(refused.status == 65 && refused.errorLines.count == 1, "\(refused)")
            #expect(refused.errors.contains("no labels at knid") && refused.errors.contains("the columns kind, "), "\(refused)")
            #expect(!refused.errors.contains("codes") && !refused.errors.contains("__categories"), "\(refused)")
        }
    }

    /// Columns of every kind, of every version, survive in what every version from 0.8 on opens.
    @Test func framesSurvive() throws {
        let (folder, files) = (try TemporaryFolder(), try Self.files.get())
        for version in AnnDataVersion.allCases {
            for (object, run) in [("X", "four"), ("layers/counts", "four"), ("raw/X", "six"), ("obsm/X_raw", "nameless")] {
                let name = object.replacingOccurrences(of: "/", with: "-")
                let outcome = try embed(
                    "\(version.rawValue).h5ad:/\(object)", run, options: ["--format", "h5ad"],
                    to: folder.path("\(version.rawValue)_\(name).h5ad"))
                #expect(outcome.status == 0 && !outcome.errors.contains("left out"), "\(version) \(object): \(outcome)")
            }
            let copied = try embed(
                "\(version.rawValue).h5ad", ranks: 2, options: ["--format", "h5ad", "--with-input"],
                to: folder.path("\(version.rawValue)_with.h5ad"))
            #expect(copied.status == 0, "\(version): \(copied)")
            let difference = try Program.run(
                "/usr/bin/h5diff", ["-c", files.path("\(version.rawValue).h5ad"), folder.path("\(version.rawValue)_with.h5ad")])
            #expect(
                difference.output.split(separator: "\n").allSatisfy {
                    $0.contains("column-order") || $0.hasPrefix("and <column-order>")
                },
                "\(version): \(difference)")
        }
        for reader in AnnDataVersion.allCases {
            // A copy of its input is read by the version that wrote that, and by newer ones.
            let writers = AnnDataVersion.allCases.filter { reader != .v0_7 || $0 == .v0_7 }
            let python = try reader.python(
                """
                import anndata, os, pandas as pd, sys
                d, reader, versions, n = sys.argv[1] + "/", sys.argv[2], sys.argv[3].split(","), 30
                objects = {"X": 4, "layers-counts": 4, "raw-X": 6, "obsm-X_raw": 0, "with": 4}
                for version in versions:
                    for name, genes in objects.items():
                        if name == "with" and version.startswith("0.12") and reader != version: continue
                        if name != "with" and reader.startswith("0.7"): continue
                        a, place = anndata.read_h5ad(f"{d}{version}_{name}.h5ad"), (version, name)
                        assert [str(x) for x in a.obs_names] == [f"cell-{i}" for i in range(n)], place
                        def same(column, wanted):
                            have = [None if pd.isna(x) else x.decode() if isinstance(x, bytes) else x for x in a.obs[column]]
                            assert have == wanted, (place, column, have[:4])
                        same("kind", ["B", "T", None] * 10); same("stage", ["late", "early", "mid"] * 10); same("lane", [3, 1, 2] * 10)
                        same("depth", list(range(n))); same("good", [i % 2 == 0 for i in range(n)]); same("note", [f"n{i}" for i in range(n)])
                        same("share", [i / 8 if i % 3 else None for i in range(n)]); assert a.obs["depth"].dtype == "int32", place
                        stage, kind = a.obs["stage"].cat, a.obs["kind"].cat
                        assert stage.ordered and list(stage.categories) == ["early", "mid", "late"] and not kind.ordered, place
                        assert list(kind.categories) == ["T", "B"], place
                        if not version.startswith("0.7"):
                            same("reads", [2**62 + 1, None, 3] * 10); same("kept", [True, None, False] * 10); same("bytes", [f"x{i}" for i in range(n)])
                        if version.startswith("0.12"):
                            same("team", [f"t{i}" for i in range(n)]); same("zone", ["u", None, "v"] * 10); same("blank", ["x", None, "y"] * 10)
                        assert a.obsm["X_vae"].shape == (n, 2) and a.obs["split"].isin(["train", "new"]).all() and "elbo" in a.obs, place
                        assert [str(x) for x in a.var_names] == [f"g{i}" for i in range(genes)], place
                        if genes: assert list(a.var["long"]) == [f"gene {i}" for i in range(genes)], place
                        if name == "with": assert a.X.shape == (n, 4) and a.raw.X.shape == (n, 6) and a.uns["info"]["who"] == "me", place
                print("right")
                """, [folder.url.path, reader.rawValue, writers.map(\.rawValue).joined(separator: ",")])
            #expect(python.output == "right\n", "\(reader): \(python)")
        }
    }

    /// A column that cannot be kept is named, and why.
    @Test func columnsThatCannotBeKept() throws {
        let folder = try TemporaryFolder()
        let made = try AnnDataVersion.v0_12.python(
            """
            import h5py, numpy as np, shutil, sys
            shutil.copy(sys.argv[1], sys.argv[2])
            with h5py.File(sys.argv[2], "r+") as f:
                o = f["obs"]; o["two"] = np.zeros((30, 2)); o["short"] = np.arange(29); o["complex"] = np.zeros(30, "c8"); o.create_group("nested")
                o.copy("kind", "wrong"); o["wrong/codes"][3] = 2
                o.attrs["column-order"] = list(o.attrs["column-order"]) + ["two", "short", "complex", "nested", "wrong", "gone"]
            """, [Self.files.get().path("0.12.19.h5ad"), folder.path("odd.h5ad")])
        #expect(made.status == 0, "\(made)")
        let outcome = try mpiVAE(
            "embed", "--checkpoint", Self.files.get().path("four"), "--data", folder.path("odd.h5ad"), "--format", "h5ad",
            "--output",
            folder.path("out.h5ad"))
        #expect(outcome.status == 0, "\(outcome)")
        for text in [
            "left out of /obs: /obs/two has the shape [30, 2]", "/obs/short has the shape [29]", "/obs/complex holds neither",
            "/obs/nested is", "/obs/wrong/codes has a code 2 for 2 categories", "/obs/gone is not there",
        ] {
            #expect(outcome.errors.contains(text), "\(text): \(outcome)")
        }
        let python = try AnnDataVersion.v0_8.python(
            "import anndata, sys; a = anndata.read_h5ad(sys.argv[1]); assert 'two' not in a.obs and list(a.obs['zone'])[0] == 'u'",
            [folder.path("out.h5ad")])
        #expect(python.status == 0, "\(python)")
    }

    /// What is there stays: codes and columns of an earlier copy.
    @Test func copiesOfCopies() throws {
        let (folder, files) = (try TemporaryFolder(), try Self.files.get())
        let first = try embed(
            "0.10.9.h5ad", options: ["--format", "h5ad", "--with-input", "--labels", "kind"], to: folder.path("1.h5ad"))
        #expect(first.status == 0, "\(first)")
        let second = try mpiVAE(
            "embed", "--checkpoint", files.path("four"), "--data", folder.path("1.h5ad"), "--format", "h5ad", "--with-input",
            "--output", folder.path("2.h5ad"))
        #expect(second.status == 0 && second.errors.contains("the codes are /obsm/X_vae_2"), "\(second)")
        let python = try AnnDataVersion.v0_10.python(
            """
            import anndata, sys
            a = anndata.read_h5ad(sys.argv[1])
            assert (a.obsm["X_vae"] == a.obsm["X_vae_2"]).all() and (a.obs["elbo"] == a.obs["vae_elbo"]).all() and "vae_2" in a.uns
            assert list(a.obs["label"].astype(object).fillna("none")) == ["B", "T", "none"] * 10
            """, [folder.path("2.h5ad")])
        #expect(python.status == 0, "\(python)")
    }

    @Test func inputsThatCannotBeCopied() throws {
        let (folder, files) = (try TemporaryFolder(), try Self.files.get())
        let made = try Program.python(
            """
            import h5py, numpy as np, sys
            f = h5py.File(sys.argv[1], "w"); f["data"] = np.ones((30, 4), "f4")
            """, [folder.path("plain.h5")])
        #expect(made.status == 0, "\(made)")
        let file = files.path("0.8.0.h5ad")
        for (data, options, text) in [
            (file, ["--rows", "0:10", "--format", "h5ad"], "only 10 of 30 rows"),
            ("\(file),\(file)", ["--format", "h5ad"], "are several"),
            (folder.path("plain.h5"), ["--format", "h5ad", "--feature-names", "none"], "has no obs"),
            (file, ["--format", "csv"], "is for --format h5ad"),
        ] {
            let outcome = try mpiVAE(
                arguments: [
                    "embed", "--checkpoint", files.path("four"), "--data", data, "--with-input", "--output", folder.path("out"),
                ] + options)
            #expect(outcome.status == 64 && outcome.errorLines.count == 1 && outcome.errors.contains(text), "\(text): \(outcome)")
            #expect(!FileManager.default.fileExists(atPath: folder.path("out")))
        }
    }
}

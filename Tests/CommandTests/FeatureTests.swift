import Foundation
import TestSupport
import Testing

/// Features by their names and places: chosen, put in order, refused, kept in what is written.
@Suite(.serialized)
struct FeatureTests {
    /// A table of 60 rows and 6 features called A to F in several files and orders, and without names.
    private static let files = Result {
        let folder = try TemporaryFolder()
        let python = try Program.python(
            """
            import h5py, numpy as np, sys
            d = sys.argv[1] + "/"
            x = np.random.default_rng(5).random((60, 6)).astype("f4")
            text = h5py.string_dtype()
            def write(name, order, rows=slice(None), names="ABCDEF", x=x, **more):
                with h5py.File(d + name, "w") as f:
                    f["data"] = x[rows][:, order]
                    if names: f["feature_names"] = np.array([names[i] for i in order], text)
                    for k, v in more.items(): f[k] = v
            write("a.h5", [0, 1, 2, 3, 4, 5], good=np.array([1, 0, 1, 1, 0, 1], bool), other=np.array(list("UVWXYZ"), text))
            write("b.h5", [5, 2, 0, 1, 4, 3])
            write("first.h5", [0, 1, 2, 3, 4, 5], slice(0, 25))
            write("second.h5", [3, 4, 5, 0, 1, 2], slice(25, 60))
            write("plain-second.h5", [0, 1, 2, 3, 4, 5], slice(25, 60), names=None)
            write("less.h5", [0, 1, 2, 3], names="ABCDEF")
            write("more.h5", [2, 0, 6, 1, 3, 5, 4], names="ABCDEFG", x=np.hstack([x, x[:, :1]]))
            write("plain.h5", [0, 1, 2, 3, 4, 5], names=None)
            write("chosen.h5", [0, 2, 3, 5])
            write("wide.h5", [0, 1, 2, 3, 4, 5], x=x.astype("f8"))
            write("bytes.h5", [0, 1, 2, 3, 4, 5], x=(x * 255).astype("u1"))
            large = np.random.default_rng(6).random((6000, 50)).astype("f4")
            with h5py.File(d + "large.h5", "w") as f: f["data"] = large
            with h5py.File(d + "large-chosen.h5", "w") as f: f["data"] = large[:, 3:40:2]
            write("bytes-chosen.h5", [1, 2, 5], x=(x * 255).astype("u1"))
            """, [folder.url.path])
        if python.status != 0 { throw CannotRun(description: "\(python)") }
        return folder
    }

    private func file(_ name: String) throws -> String {
        try name.split(separator: ",").map { try Self.files.get().path(String($0)) }.joined(separator: ",")
    }

    private func train(_ data: String, _ run: String, ranks: Int = 1, _ options: [String] = []) throws -> Outcome {
        let arguments =
            [
                "train", "--data", try file(data), "--hidden", "5", "--latent", "2", "--global-batch", "16", "--epochs", "2",
                "--no-report", "--output", run,
            ] + options
        return try ranks == 1 ? mpiVAE(arguments: arguments) : mpiVAE(ranks: ranks, arguments)
    }

    private func codes(_ run: String, _ data: String, _ options: [String] = []) throws -> (outcome: Outcome, text: String) {
        let folder = try TemporaryFolder()
        let outcome = try mpiVAE(
            arguments: ["embed", "--checkpoint", run, "--data", file(data), "--output", folder.path("z.csv"), "--format", "csv"]
                + options)
        return (outcome, (try? String(contentsOfFile: folder.path("z.csv"), encoding: .utf8)) ?? "")
    }

    @Test func namesPutFeaturesInOrder() throws {
        let folder = try TemporaryFolder()
        let run = folder.path("run")
        #expect(try train("a.h5", run).status == 0)
        let own = try codes(run, "a.h5")
        #expect(own.outcome.status == 0 && !own.outcome.errors.contains("order of"), "\(own.outcome)")
        let other = try codes(run, "b.h5")
        #expect(other.outcome.status == 0 && other.text == own.text, "\(other.outcome)")
        #expect(other.outcome.errors.contains("features are put into the order of the model"), "\(other.outcome)")
        let more = try codes(run, "more.h5")
        #expect(more.outcome.status == 0 && more.text == own.text, "\(more.outcome)")
        #expect(more.outcome.errors.contains("1 of 7 features are left out"), "\(more.outcome)")
        let plain = try codes(run, "plain.h5", ["--feature-names", "none"])
        #expect(plain.outcome.status == 0 && plain.text == own.text, "\(plain.outcome)")
    }

    /// What else `FeatureColumnsTests` refuses ends a command the same way.
    @Test func otherFeaturesAreRefused() throws {
        let folder = try TemporaryFolder()
        #expect(try train("a.h5", folder.path("run")).status == 0)
        let outcome = try mpiVAE(
            ranks: 3, ["score", "--checkpoint", folder.path("run"), "--data", file("less.h5"), "--output", folder.path("s.h5")])
        #expect(outcome.status == 65 && outcome.errorLines.count == 1, "\(outcome)")
        #expect(outcome.errors.contains("lacks 2 of the 6 features of the model, as E, F"), "\(outcome)")
        let columns = try train("a.h5", folder.path("other"), ranks: 2, ["--columns", "A,Q"])
        #expect(columns.status == 65 && columns.errorLines.count == 1, "\(columns)")
        #expect(columns.errors.contains("no feature is called 'Q'"), "\(columns)")
    }

    @Test func filesAreJoinedByNames() throws {
        let folder = try TemporaryFolder()
        #expect(try train("a.h5", folder.path("whole")).status == 0)
        let joined = try train("first.h5,second.h5", folder.path("joined"), ranks: 2)
        #expect(joined.status == 0 && joined.errors.contains("features are put into the order of"), "\(joined)")
        #expect(try metrics(folder.path("joined")) == metrics(folder.path("whole")))
        let refused = try train("first.h5,plain-second.h5", folder.path("refused"))
        #expect(refused.status == 65 && refused.errors.contains("has no names"), "\(refused)")
        // Validation data are put in order, too.
        let validated = try train("a.h5", folder.path("validated"), ["--validation-data", file("b.h5")])
        let straight = try train("a.h5", folder.path("straight"), ["--validation-data", file("a.h5")])
        #expect(validated.status == 0 && straight.status == 0, "\(validated)")
        #expect(try metrics(folder.path("validated")) == metrics(folder.path("straight")))
    }

    /// Each way; what else texts mean is in `FeatureColumnsTests`.
    @Test(arguments: [("a.h5", "F, D,C,A"), ("plain.h5", "0,2,3,-1"), ("b.h5:/data", "A,C,D,F"), ("wide.h5", "/mask")])
    func columnsAreChosen(data: String, columns: String) throws {
        let folder = try TemporaryFolder()
        #expect(try train("chosen.h5", folder.path("chosen")).status == 0)
        if columns == "/mask" {
            let python = try Program.python(
                "import h5py, sys; f = h5py.File(sys.argv[1], 'a'); f.pop('mask', None); f['mask'] = [2.0, 0, 1, 1, 0, 1]",
                [file(data)])
            #expect(python.status == 0, "\(python)")
        }
        let outcome = try train(data, folder.path("run"), ranks: 2, ["--columns", columns])
        #expect(outcome.status == 0 && outcome.errors.contains("60 rows of 4 "), "\(outcome)")
        // Of b.h5 the order is another one.
        if !data.hasPrefix("b.h5") { #expect(try metrics(folder.path("run")) == metrics(folder.path("chosen"))) }
        let names = try Program.python(
            """
            import h5py, sys
            f = h5py.File(sys.argv[1] + "/best.h5", "r")
            print("".join(x.decode() for x in f["features/name"][:]) if "features" in f else "none")
            """, [folder.path("run")])
        #expect(names.output == (data == "plain.h5" ? "none\n" : data.hasPrefix("b.h5") ? "FCAD\n" : "ACDF\n"), "\(names)")
    }

    /// Bytes stay bytes; rows that are read again in every epoch are the same.
    @Test func chosenBytesAndStreams() throws {
        let folder = try TemporaryFolder()
        #expect(try train("bytes-chosen.h5", folder.path("chosen")).status == 0)
        #expect(try train("bytes.h5", folder.path("memory"), ["--columns", "B,C,F"]).status == 0)
        #expect(try metrics(folder.path("memory")) == metrics(folder.path("chosen")))
        let options = ["--global-batch", "40", "--mixing-rows", "16", "--epochs", "1"]
        #expect(try train("large-chosen.h5", folder.path("large"), options).status == 0)
        let streamed = try train(
            "large.h5", folder.path("streamed"), ranks: 2, options + ["--columns", "3:40:2", "--memory", "200K"])
        #expect(streamed.status == 0 && streamed.errors.contains("read their rows again"), "\(streamed)")
        #expect(try metrics(folder.path("streamed")) == metrics(folder.path("large")))
    }

    /// A model of chosen features takes them by name from the file that they were chosen of; what is written has the names.
    @Test func namesGoAlong() throws {
        let folder = try TemporaryFolder()
        let run = folder.path("run")
        #expect(try train("a.h5", run, ["--columns", "B,D,E", "--feature-names", "/feature_names"]).status == 0)
        let written = try mpiVAE(
            "reconstruct", "--checkpoint", run, "--data", file("b.h5"), "--output", folder.path("r.h5"))
        #expect(written.status == 0 && written.errors.contains("3 of 6 features are left out"), "\(written)")
        #expect(try mpiVAE("generate", "--checkpoint", run, "--output", folder.path("g.h5")).status == 0)
        #expect(
            try mpiVAE("import", "hdf5", "--data", file("a.h5"), "--columns", "B,D,E", "--output", folder.path("i.h5")).status
                == 0)
        for name in ["r.h5", "g.h5", "i.h5"] {
            let python = try Program.python(
                "import h5py, sys; f = h5py.File(sys.argv[1]); print(b''.join(f['feature_names'][:]), f['data'].shape[1])",
                [folder.path(name)])
            #expect(python.output == "b'BDE' 3\n", "\(python)")
            #expect(
                try mpiVAE("evaluate", "--checkpoint", run, "--data", folder.path(name), "--json").status == 0, "\(name)")
        }
        // Other names at another path.
        let other = try codes(run, "a.h5", ["--feature-names", "/other"])
        #expect(other.outcome.status == 65 && other.outcome.errors.contains("lacks 3 of the 3 features"), "\(other.outcome)")
        let nowhere = try codes(run, "a.h5", ["--feature-names", "/nowhere"])
        #expect(nowhere.outcome.status == 65 && nowhere.outcome.errors.contains("/nowhere"), "\(nowhere.outcome)")
    }

    /// Genes of AnnData files: dense, sparse and of layers in other orders, other genes, and highly variable ones.
    @Test func genes() throws {
        let folder = try TemporaryFolder()
        let made = try Program.python(
            """
            import anndata, numpy as np, pandas as pd, scipy.sparse as sp, sys
            d, g = sys.argv[1] + "/", np.random.default_rng(0)
            x = g.random((40, 5)).astype("f4")
            def cells(x, genes): return anndata.AnnData(x, var=pd.DataFrame(index=list(genes)), dtype="f4")
            a = cells(x, "ABCDE")
            a.var["highly_variable"] = [True, False, True, True, False]
            a.write_h5ad(d + "1.h5ad")
            b = a[:, list("DCBEA")].copy()
            b.X = sp.csr_matrix(b.X)
            b.layers["turned"] = sp.csc_matrix(b.X)
            b.write_h5ad(d + "2.h5ad")
            cells(x, "VWXYZ").write_h5ad(d + "3.h5ad")
            cells(x[:, [2, 0, 3]], "CAD").write_h5ad(d + "4.h5ad")
            """, [folder.url.path])
        #expect(made.status == 0, "\(made)")
        func codes(_ run: String, _ data: String) throws -> (Outcome, String) {
            let outcome = try mpiVAE(
                "embed", "--checkpoint", folder.path(run), "--data", folder.path(data), "--format", "csv", "--force", "--output",
                folder.path("z.csv"))
            return (outcome, outcome.status == 0 ? try String(contentsOfFile: folder.path("z.csv"), encoding: .utf8) : "")
        }
        func train(_ run: String, _ options: [String]) throws -> Outcome {
            try mpiVAE(
                arguments: [
                    "train", "--data", folder.path("1.h5ad"), "--hidden", "4", "--latent", "2", "--global-batch", "8", "--epochs",
                    "2",
                    "--no-report", "--output", folder.path(run),
                ] + options)
        }
        #expect(try train("all", []).status == 0)
        let own = try codes("all", "1.h5ad")
        for data in ["2.h5ad", "2.h5ad:/layers/turned"] {
            let (outcome, text) = try codes("all", data)
            #expect(outcome.errors.contains("put into the order of the model") && text == own.1 && !text.isEmpty, "\(outcome)")
        }
        let (refused, _) = try codes("all", "3.h5ad")
        #expect(
            refused.status == 65 && refused.errors.contains("lacks 5 of the 5 features of the model, as A, B, C"), "\(refused)")
        let chosen = try train("chosen", ["--columns", "/var/highly_variable"])
        #expect(chosen.status == 0 && chosen.errors.contains("40 rows of 3 "), "\(chosen)")
        let variable = try codes("chosen", "1.h5ad")
        for data in ["2.h5ad", "4.h5ad"] { #expect(try codes("chosen", data).1 == variable.1 && !variable.1.isEmpty, "\(data)") }
    }
}

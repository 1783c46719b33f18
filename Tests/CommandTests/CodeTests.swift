import Foundation
import TestSupport
import Testing

/// Rows that come back from files of codes.
@Suite(.serialized)
struct CodeTests {
    private static let types = ["float32", "float16", "int8"]

    /// From `float32` the same bits as from the rows; from the others as near as the types let hope; on 1 and 3 ranks the same file; as `evaluate` says.
    @Test func digits() throws {
        let folder = try TemporaryFolder()
        let data = try Fixtures.digits.get() + ":/data"
        let run = folder.path("run")
        let trained = try mpiVAE(
            "train", "--data", data, "--hidden", "64", "--latent", "6", "--likelihood", "gaussian", "--scale", "standardize",
            "--epochs", "30",
            "--output", run)
        #expect(trained.status == 0, "\(trained)")
        let whole = try mpiVAE("reconstruct", "--checkpoint", run, "--data", data, "--output", folder.path("whole.h5"))
        #expect(whole.status == 0, "\(whole)")
        for type in Self.types {
            for ranks in [1, 3] {
                let codes = folder.path("\(type)-\(ranks).h5")
                let embedded = try mpiVAE(
                    ranks: ranks, ["embed", "--checkpoint", run, "--data", data, "--dtype", type, "--output", codes])
                #expect(embedded.status == 0, "\(embedded)")
                let decoded = try mpiVAE(
                    ranks: ranks,
                    [
                        "reconstruct", "--checkpoint", run, "--codes", folder.path("\(type)-1.h5"), "--output",
                        folder.path("\(type)-\(ranks)-rows.h5"),
                    ])
                #expect(decoded.status == 0, "\(decoded)")
            }
            for end in ["", "-rows"] {
                #expect(
                    try Data(contentsOf: URL(fileURLWithPath: folder.path("\(type)-1\(end).h5")))
                        == Data(contentsOf: URL(fileURLWithPath: folder.path("\(type)-3\(end).h5"))))
            }
            let told = try mpiVAE("evaluate", "--checkpoint", run, "--data", data, "--dtype", type, "--json")
            #expect(told.status == 0, "\(told)")
            let python = try Program.python(
                """
                import h5py, json, numpy as np, sys
                folder, type, told, data = sys.argv[1:]
                told = json.loads(told)["compression"]
                rows, codes, whole = (h5py.File(f"{folder}/{name}.h5") for name in (f"{type}-1-rows", f"{type}-1", "whole"))
                path, name = data.rsplit(":", 1)
                truth = h5py.File(path)[name][:]
                assert codes["codes"].dtype == type and codes["codes"].shape == (1797, 6) and "log_variance" not in codes
                assert (rows["row"][:] == np.arange(1797)).all() and (rows["label"][:] == whole["label"][:]).all()
                assert (rows["id"][:] == whole["id"][:]).all()
                difference = np.abs(rows["data"][:] - whole["data"][:]).max()
                assert (difference == 0) == (type == "float32") and difference < {"float32": 1e-9, "float16": .1, "int8": 2}[type], difference
                error = rows["data"][:].astype(float) - truth
                bytes = {"float32": 4, "float16": 2, "int8": 1}[type] * 6
                print(told, difference)
                assert told["row_bytes"] == bytes and abs(told["ratio"] - 64 * 4 / bytes) < 1e-9
                assert abs(told["root_mean_squared_error"] / np.sqrt((error**2).mean()) - 1) < 1e-5
                assert abs(told["largest_error"] / np.abs(error).max() - 1) < 1e-5
                assert abs(told["psnr"] - 10 * np.log10(np.ptp(truth) ** 2 / (error**2).mean())) < 1e-4
                if type == "int8":
                    q, z = codes["codes"][:], h5py.File(f"{folder}/float32-1.h5")["codes"][:]
                    assert q.min(0).max() == -127 and q.max(0).min() == 127
                    assert (np.abs(codes["offset"][:] + codes["scale"][:] * q - z) <= .501 * codes["scale"][:]).all()
                """, [folder.url.path, type, told.output, data])
            #expect(python.status == 0, "\(type): \(python)")
        }
    }

    /// Counts, whose sums, and conditions, are kept beside the codes; rows that were brought to a sum; some rows of a file.
    @Test func whatElseIsNeeded() throws {
        let folder = try TemporaryFolder()
        let made = try Program.python(
            """
            import h5py, numpy as np, sys
            g = np.random.default_rng(3)
            with h5py.File(sys.argv[1], "w") as f:
                f["data"] = g.poisson(g.gamma(1, 2, (300, 20))).astype("i4")
                f["batch"] = np.array(["a", "b"], "S")[g.integers(0, 2, 300)]
            """, [folder.path("d.h5")])
        #expect(made.status == 0, "\(made)")
        let data = folder.path("d.h5") + ":/data"
        let kinds = [
            ["--likelihood", "nb", "--condition", "/batch", "--condition-in", "both"],
            ["--likelihood", "gaussian", "--library-size", "100", "--transform", "log1p"],
        ]
        for (number, kind) in kinds.enumerated() {
            let run = folder.path("run\(number)")
            let trained = try mpiVAE(
                arguments: [
                    "train", "--data", data, "--hidden", "16", "--latent", "3", "--epochs", "3", "--global-batch", "64",
                    "--output", run,
                ]
                    + kind)
            #expect(trained.status == 0, "\(trained)")
            let (codes, rows, whole) = (folder.path("c\(number).h5"), folder.path("r\(number).h5"), folder.path("w\(number).h5"))
            for arguments in [
                ["embed", "--data", data, "--dtype", "float32", "--output", codes],
                ["reconstruct", "--codes", codes, "--output", rows, "--rows", "100:200"],
                ["reconstruct", "--data", data, "--output", whole],
            ] {
                let outcome = try mpiVAE(arguments: [arguments[0], "--checkpoint", run] + arguments.dropFirst())
                #expect(outcome.status == 0, "\(outcome)")
            }
            let python = try Program.python(
                """
                import h5py, numpy as np, sys
                rows, whole = h5py.File(sys.argv[1]), h5py.File(sys.argv[2])
                assert (rows["data"][:] == whole["data"][100:200]).all() and rows["data"].dtype == whole["data"].dtype
                assert (rows["row"][:] == np.arange(100, 200)).all()
                """, [rows, whole])
            #expect(python.status == 0, "\(python)")
        }
        // Codes of one model, decoded by the other.
        let mixed = try mpiVAE(
            "reconstruct", "--checkpoint", folder.path("run1"), "--codes", folder.path("c0.h5"), "--output", folder.path("x.h5"))
        #expect(mixed.status == 65 && mixed.errorLines.count == 1 && mixed.errors.contains("codes of another model"), "\(mixed)")
        let none = try mpiVAE(
            "reconstruct", "--checkpoint", folder.path("run1"), "--codes", folder.path("d.h5"), "--output", folder.path("x.h5"))
        #expect(none.status == 65 && none.errorLines.count == 1 && none.errors.contains("no file of codes"), "\(none)")
        for (text, arguments) in [
            ("--codes stands in place of --data", ["--codes", "c.h5", "--data", data]),
            ("--labels", ["--codes", "c.h5", "--labels", "/x"]),
            ("--codes", []),
        ] {
            let refused = try mpiVAE(arguments: ["reconstruct", "--checkpoint", folder.path("run1")] + arguments)
            #expect(refused.status == 64 && refused.errorLines.count == 1, "\(text): \(refused)")
        }
    }
}

import Foundation
import TestSupport
import Testing

/// Models in other programs: onnxruntime computes what the program computes, safetensors and numpy read what it wrote.
@Suite(.serialized)
struct ExportTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
        let python = try Program.python(ExportCases.data, [folder.path("data.h5")])
        if python.status != 0 { throw CannotRun(description: "\(python)") }
    }

    /// Runs lines of Python with the packages that `scripts/setup --tests` fetches.
    private func python(_ script: String, _ arguments: [String]) throws -> Outcome {
        let cache = ProcessInfo.processInfo.environment["XDG_CACHE_HOME"] ?? "\(NSHomeDirectory())/.cache"
        let packages = "\(cache)/mpi-vae/exports"
        guard FileManager.default.fileExists(atPath: packages) else {
            throw CannotRun(description: "\(packages) is missing: scripts/setup --tests fetches it")
        }
        return try Program.run(
            "/usr/bin/python3", ["-c", script] + arguments,
            environment: ["PYTHONPATH": "\(packages):\(repositoryPath("python"))"], timeout: 300)
    }

    /// The lines of a shell that train a model, export it, and let the program itself apply it.
    private func script(_ item: ExportCase) throws -> String {
        let data = "--data data.h5:/\(item.data)"
        let train = "train \(data) --output \(item.name) --latent 2 --epochs 2 --global-batch 16 --shards 2 --lr 0.01 --no-report"
        let exports = item.parts.map { "export --checkpoint \(item.name) --part \($0) --output \(item.name)-\($0).onnx" }
        let lines =
            ["\(train) \(item.flags)"] + exports + ["reconstruct --checkpoint \(item.name) \(data) --output \(item.name).h5"]
        let program = try Program.built("mpi-vae")
        return "set -e\n" + lines.map { "\(program) \($0)\n" }.joined()
    }

    /// Every network, layer, likelihood and preparation, to 1e-5.
    @Test func onnxRuntimeAgrees() throws {
        // Two at a time, since each spends its time on starting.
        for first in stride(from: 0, to: ExportCases.all.count, by: 2) {
            let some = ExportCases.all[first..<min(first + 2, ExportCases.all.count)]
            let running = try some.map {
                try Program.start("/bin/bash", ["-c", script($0)], folder: folder.url)
            }
            for (item, program) in zip(some, running) {
                let outcome = try program.wait(timeout: 60)
                #expect(outcome.status == 0, "\(item.name): \(outcome)")
            }
        }
        let cases = ExportCases.all.map { [$0.name, $0.data, $0.parts, $0.flags] as [Any] }
        let json = String(decoding: try JSONSerialization.data(withJSONObject: cases), as: UTF8.self)
        let outcome = try python(ExportCases.comparison, [folder.url.path, json])
        #expect(outcome.status == 0, "\(outcome)")
        #expect(outcome.output.split(separator: "\n").count { $0.hasSuffix("agrees") } == ExportCases.all.count, "\(outcome)")
    }

    /// The cases have all that there is, as the program lists it.
    @Test func casesAreAll() throws {
        func names(_ flag: String) throws -> [String] {
            let outcome = try mpiVAE("train", "--\(flag)", "none of these", folder: folder.url)
            return try #require(outcome.errors.components(separatedBy: "must be one of ").last).components(separatedBy: ", ")
                .map { $0.trimmingCharacters(in: .whitespacesAndNewlines) }
        }
        let all = ExportCases.all.map(\.flags).joined(separator: " ")
        let likelihoods = try names("likelihood")
        #expect(likelihoods.contains("zinb") && likelihoods.contains("laplace"), "\(likelihoods)")
        for name in likelihoods { #expect(all.contains("--likelihood \(name) "), "\(name)") }
        // Of lists of blocks.
        let listed = try mpiVAE("train", "--encoder", "banana", folder: folder.url).errors
        let words = try #require(listed.components(separatedBy: "there are ").last).components(separatedBy: ", ")
            .map { $0.split(separator: " ")[0].trimmingCharacters(in: .whitespacesAndNewlines) }
        #expect(words.contains("attention") && words.contains("unit-norm"), "\(words)")
        for word in words { #expect(all.contains(word), "\(word)") }
    }

    private func train(_ name: String, ranks: Int = 1, _ flags: [String]) throws {
        let arguments =
            [
                "train", "--data", folder.path("data.h5:/signed"), "--output", folder.path(name), "--latent", "2", "--epochs",
                "2",
                "--global-batch", "18", "--shards", "6", "--hidden", "9", "--likelihood", "gaussian", "--no-report",
            ] + flags
        let outcome = try ranks == 1 ? mpiVAE(arguments: arguments) : mpiVAE(ranks: ranks, arguments)
        #expect(outcome.status == 0, "\(outcome)")
    }

    /// What a run writes at its end is what `export` writes of it, from any number of ranks.
    @Test func runsWriteTheirModel() throws {
        for ranks in [1, 3] { try train("run\(ranks)", ranks: ranks, ["--scale", "standardize"]) }
        for part in ["encoder", "decoder"] {
            let output = folder.path("\(part).onnx")
            #expect(
                try mpiVAE("export", "--checkpoint", folder.path("run1"), "--part", part, "--output", output).status == 0)
            for ranks in [1, 3] {
                #expect(
                    FileManager.default.contentsEqual(atPath: output, andPath: folder.path("run\(ranks)/\(part).onnx")),
                    "\(part) of \(ranks) ranks")
            }
        }
    }

    /// Parameters by name; the numpy lines are those of docs/export.md in PyTorch.
    @Test func arraysAreRead() throws {
        try train("run", ["--scale", "standardize", "--activation", "relu"])
        for (output, more) in [
            ("all.safetensors", []), ("encoder.npz", ["--part", "encoder"]), ("all.npz", []), ("again.safetensors", []),
            ("decoder.safetensors", ["--part", "decoder"]),
        ] as [(String, [String])] {
            let outcome = try mpiVAE(
                arguments: ["export", "--checkpoint", "run", "--output", output] + more, folder: folder.url)
            #expect(outcome.status == 0 && outcome.output.hasPrefix("wrote \(output), "), "\(outcome)")
        }
        #expect(
            FileManager.default.contentsEqual(
                atPath: folder.path("all.safetensors"), andPath: folder.path("again.safetensors")))
        let outcome = try python(
            #"""
            import h5py, json, numpy as np, sys, zipfile
            from safetensors import safe_open
            from safetensors.numpy import load_file
            folder = sys.argv[1]
            checkpoint = h5py.File(f"{folder}/run/best.h5")
            wanted = {n: checkpoint["parameters"][n][()] for n in checkpoint["parameters"].attrs["order"]}
            wanted |= {f"normalization/{n}": checkpoint["normalization"][n][()] for n in ("shift", "factor")}
            p, z = load_file(f"{folder}/all.safetensors"), np.load(f"{folder}/all.npz")
            assert set(p) == set(wanted) == set(z.files) - {"metadata"}
            for n, v in wanted.items():
                for own in (p[n], z[n]): assert own.dtype == v.dtype and own.shape == v.shape and (own == v).all(), n
            parts = {"encoder/": np.load(f"{folder}/encoder.npz").files, "decoder/": load_file(f"{folder}/decoder.safetensors")}
            for start, names in parts.items():
                assert set(names) - {"metadata"} == {n for n in wanted if n.startswith((start, "normalization"))}
            assert zipfile.ZipFile(f"{folder}/all.npz").testzip() is None
            meta = safe_open(f"{folder}/all.safetensors", "np").metadata()
            assert meta == json.loads(str(z["metadata"])) and meta["digest"] == checkpoint.attrs["digest"]
            assert meta["part"] == "both" and meta["likelihood"] == "gaussian" and "standardize" in meta["preparation"]

            def network(x, name):
                last = max(int(n.split("/")[1]) for n in p if n.startswith(name))
                for i in range(last + 1):
                    x = x @ p[f"{name}/{i}/weight"] + p[f"{name}/{i}/bias"]
                    if i < last: x = np.maximum(x, 0)
                return x
            rows = h5py.File(f"{folder}/data.h5")["signed"][()]
            x = ((rows - p["normalization/shift"]) * p["normalization/factor"]).astype("f4")
            mean, log_variance = np.split(network(x, "encoder"), 2, 1)
            latent = h5py.File(f"{folder}/run/embeddings.h5")["latent"]
            assert np.abs(mean - latent["mean"]).max() < 1e-5 and np.abs(log_variance - latent["log_variance"]).max() < 1e-5
            """#, [folder.url.path])
        #expect(outcome.status == 0, "\(outcome)")
    }

    /// On several ranks the first writes, and what was computed in bfloat16 is said to be.
    @Test func ranksAndPrecision() throws {
        try train("run", try hasBF16() ? ["--precision", "bf16"] : [])
        for (ranks, name) in [(1, "one"), (2, "two")] {
            let arguments = ["export", "--checkpoint", folder.path("run"), "--output", folder.path("\(name).onnx")]
            let outcome = try ranks == 1 ? mpiVAE(arguments: arguments) : mpiVAE(ranks: ranks, arguments)
            #expect(outcome.status == 0 && outcome.output.split(separator: "\n").count == 5, "\(outcome)")
            #expect(outcome.output.contains("input   rows: float32 [batch, 12], rows as they stand in the file"), "\(outcome)")
            #expect(try outcome.errors.contains("trained in bf16") == hasBF16(), "\(outcome)")
        }
        #expect(FileManager.default.contentsEqual(atPath: folder.path("one.onnx"), andPath: folder.path("two.onnx")))
    }

    @Test func refusals() throws {
        try train("run", [])
        func expect(_ status: Int32, _ text: String, _ arguments: String...) throws {
            let outcome = try mpiVAE(arguments: ["export"] + arguments, folder: folder.url)
            #expect(outcome.status == status && outcome.errorLines.count == 1, "\(arguments): \(outcome)")
            #expect(outcome.errors.contains(text), "\(text): \(outcome)")
        }
        try expect(66, "no-such-run", "--checkpoint", "no-such-run")
        try expect(65, "not a checkpoint", "--checkpoint", "data.h5")
        try expect(64, "'tflite' is none of onnx, safetensors, npz", "--checkpoint", "run", "--format", "tflite")
        try expect(64, "'head' is none of encoder, decoder, both", "--checkpoint", "run", "--part", "head")
        try expect(64, "but --format asks for NPZ", "--checkpoint", "run", "--format", "npz", "--output", "a.onnx")
        try expect(64, ".pt cannot be written here, but ONNX (.onnx)", "--checkpoint", "run", "--output", "a.pt")
        try expect(64, "standard output is for text", "--checkpoint", "run", "--output", "-")
        try FileManager.default.createDirectory(atPath: folder.path("folder"), withIntermediateDirectories: false)
        try expect(73, "is a folder", "--checkpoint", "run", "--output", "folder")
        try expect(73, "cannot create", "--checkpoint", "run", "--output", "nowhere/a.onnx")
        #expect(try mpiVAE("export", "--checkpoint", "run", folder: folder.url).status == 0)
        try expect(73, "model.onnx is there already", "--checkpoint", "run")
        #expect(try mpiVAE("export", "--checkpoint", "run", "--force", folder: folder.url).status == 0)
        try FileManager.default.copyItem(atPath: folder.path("run/best.h5"), toPath: folder.path("model"))
        try expect(73, "is read by this command", "--checkpoint", "model", "--output", "model", "--force")
        // What has no operators is said by name, and the parameters are there all the same.
        try train("pooled", ["--layout", "t", "--encoder", "max-pool k2 s2 p2, dense 9", "--decoder", "dense 12"])
        try expect(65, "cannot be written as ONNX: max-pool with a padding", "--checkpoint", "pooled", "--output", "pooled.onnx")
        let left = try FileManager.default.contentsOfDirectory(atPath: folder.url.path).filter { !$0.hasSuffix(".h5") }.sorted()
        #expect(left == ["folder", "model", "model.onnx", "pooled", "run"])
        // A run has both parts, unless it was told or there can be none; the model is there all the same.
        func parts(_ run: String) throws -> [String] {
            try FileManager.default.contentsOfDirectory(atPath: folder.path(run)).filter { $0.hasSuffix(".onnx") }.sorted()
        }
        #expect(try parts("run") == ["decoder.onnx", "encoder.onnx"] && parts("pooled") == ["decoder.onnx"])
        try train("plain", ["--no-onnx"])
        #expect(try parts("plain").isEmpty)
    }
}

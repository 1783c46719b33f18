import Foundation
import TestSupport
import Testing

/// Bad input ends with one line that says what, where, and what to do, the right status, on one rank, and nothing lost.
@Suite(.serialized)
struct BadInputTests {
    /// Files that are wrong in one way each, made by h5py.
    static let files = Result {
        let folder = try TemporaryFolder()
        let python = try Program.python(
            """
            import h5py, numpy as np, sys
            d = sys.argv[1] + "/"
            x = np.random.default_rng(1).random((100, 6)).astype("f4")
            with h5py.File(d + "good.h5", "w") as f:
                f["images"] = x; f["table/rows"] = x; f["table/mask"] = x[:, :2]; f["line"] = x[0]; f["names"] = ["a", "b"]
                f["empty"] = np.zeros((0, 6)); f["narrow"] = np.zeros((100, 0)); f["other"] = x[:, :5]
                f["pairs"] = np.zeros(100, dtype=[("a", "f4"), ("b", "i4")]).reshape(50, 2); f["few"] = x[:5]
                f["complex"] = x.astype("c8"); f["large"] = x * 7
                f.create_dataset("claim", (2**50 // 64, 64), "f4", chunks=(1024, 64))
                bad = x.copy(); bad[41, 3] = np.nan; f["nan"] = bad
                bad = x.copy(); bad[99, 5] = np.inf; f["inf"] = bad
            open(d + "garbage.h5", "w").write("not hdf5"); open(d + "empty.h5", "w")
            b = open(d + "good.h5", "rb").read(); open(d + "cut.h5", "wb").write(b[:len(b) // 2])
            """, [folder.url.path])
        if python.status != 0 { throw CannotRun(description: "\(python)") }
        return folder
    }

    /// Runs on some ranks, in each test on several at least once: starting them takes most of the time. Expects the status, one line with the texts, a quick end, and no run that looks trained.
    private func expect(
        _ status: Int32, _ texts: [String], _ arguments: [String], ranks: Int = 1, environment: [String: String] = [:]
    ) throws {
        let folder = try TemporaryFolder()
        let start = Date()
        let arguments =
            ["train", "--hidden", "4", "--global-batch", "8", "--epochs", "1", "--output", folder.path("run")] + arguments
        let outcome =
            try ranks == 1
            ? mpiVAE(arguments: arguments, environment: environment)
            : mpiVAE(ranks: ranks, arguments, environment: environment, timeout: 30)
        #expect(outcome.status == status && !outcome.timedOut, "\(arguments): \(outcome)")
        #expect(outcome.errorLines.count == 1, "\(arguments): \(outcome)")
        for text in texts { #expect(outcome.errorLines.first?.contains(text) == true, "\(text): \(outcome)") }
        #expect(Date().timeIntervalSince(start) < 15)
        #expect(!FileManager.default.fileExists(atPath: folder.path("run/embeddings.h5")))
    }

    private func file(_ name: String) throws -> String { try Self.files.get().path(name) }

    @Test func missingFile() throws {
        try expect(66, ["none.h5", "no such file"], ["--data", "/none/none.h5"], ranks: 3)
        try expect(66, ["none.h5"], ["--data", try file("good.h5") + ":/images", "--validation-data", "none.h5"])
        try expect(66, ["none.toml"], ["--config", "none.toml"])
        try expect(66, ["none.h5"], ["--data", try file("good.h5") + ":/images", "--resume", "/none/none.h5"], ranks: 3)
    }

    @Test func notHDF5() throws {
        for name in ["garbage.h5", "empty.h5"] { try expect(65, [name, "not an HDF5 file"], ["--data", try file(name)]) }
        try expect(65, ["cut.h5", "damaged or incomplete"], ["--data", try file("cut.h5")], ranks: 3)
        try expect(65, ["is a folder"], ["--data", try Self.files.get().url.path])
    }

    @Test func wrongDataSetName() throws {
        // Those there with shapes, the nearest first.
        try expect(
            65, ["has no data set /imagse; there are /images [100, 6] float32, "], ["--data", try file("good.h5") + ":/imagse"])
        try expect(65, ["has no data set /table/row; there are /table/rows"], ["--data", try file("good.h5") + ":/table/row"])
        try expect(65, ["has no /data and", "name one as"], ["--data", try file("good.h5")], ranks: 3)
        try expect(65, ["is not a data set"], ["--data", try file("good.h5") + ":/table"])
    }

    @Test func wrongShapes() throws {
        let good = try file("good.h5")
        try expect(65, ["/line", "[6]", "at least 2 dimensions"], ["--data", good + ":/line"])
        try expect(65, ["/empty", "nothing in it"], ["--data", good + ":/empty"])
        try expect(65, ["/narrow", "nothing in it"], ["--data", good + ":/narrow"])
        try expect(65, ["/other", "[5]", "[6]"], ["--data", good + ":/images", "--validation-data", good + ":/other"], ranks: 3)
        try expect(65, ["/claim", "never written"], ["--data", good + ":/claim"])
    }

    @Test func notNumbers() throws {
        let good = try file("good.h5")
        try expect(65, ["/names", "string", "must hold numbers"], ["--data", good + ":/names"], ranks: 3)
        try expect(65, ["/pairs", "must hold numbers"], ["--data", good + ":/pairs"])
        try expect(65, ["/complex", "must hold numbers"], ["--data", good + ":/complex"])
    }

    @Test func notFinite() throws {
        let good = try file("good.h5")
        for ranks in [1, 3, 8] {
            try expect(65, ["/nan: row 41, column 3 is not a number"], ["--data", good + ":/nan"], ranks: ranks)
        }
        try expect(65, ["/inf: row 99, column 5 is infinite"], ["--data", good + ":/inf"], ranks: 3)
        try expect(65, ["/nan: row 41, column 3"], ["--data", good + ":/images", "--validation-data", good + ":/nan"], ranks: 3)
        try expect(65, ["/large: row", "0...1", "--likelihood gaussian"], ["--data", good + ":/large"])
        // A learning rate that blows up.
        try expect(
            65, ["loss is not finite in step"],
            ["--data", good + ":/large", "--likelihood", "mse", "--optimizer", "sgd", "--lr", "1e18", "--epochs", "50"], ranks: 3)
    }

    @Test func rowsShardsAndRanks() throws {
        let good = try file("good.h5")
        try expect(65, ["5 rows", "8 shards", "--shards 5"], ["--data", good + ":/few"], ranks: 3)
        try expect(78, ["3 ranks", "2 shards", "--shards 3"], ["--data", good + ":/images", "--shards", "2"], ranks: 3)
        try expect(
            78, ["global-batch 10", "8 shards", "8 or 16"], ["--data", good + ":/images", "--global-batch", "10"])
        try expect(65, ["leave no row to train on"], ["--data", good + ":/few", "--validation-fraction", "0.95"])
    }

    @Test func configuration() throws {
        let folder = try TemporaryFolder()
        try Data("[training]\nepochs = 1\nepoch = 2\n".utf8).write(to: folder.url.appendingPathComponent("bad.toml"))
        try expect(
            78, ["bad.toml:3", "unknown key 'epoch'", "nearest is 'epochs'"], ["--config", folder.path("bad.toml")], ranks: 3)
        // The TOML library does not survive these.
        for header in ["[.data]", "[\u{e4}]", "[[[data]]]", "[", "  [ ="] {
            try Data("\n\(header)\n".utf8).write(to: folder.url.appendingPathComponent("header.toml"))
            try expect(78, ["header.toml:2: not valid TOML"], ["--config", folder.path("header.toml")])
        }
        try expect(78, ["--lr is 'fast'"], ["--lr", "fast"])
        for size in ["much", "0", "-1G", "99999999999T"] {
            try expect(78, ["--memory is '\(size)'", "800M or 4G"], ["--memory=\(size)"])
        }
        try expect(78, ["MPI_VAE_LATNET", "nearest is MPI_VAE_LATENT"], [], ranks: 3, environment: ["MPI_VAE_LATNET": "3"])
    }

    @Test func unwritableFolders() throws {
        let folder = try TemporaryFolder()
        try Data().write(to: folder.url.appendingPathComponent("file"))
        let good = try file("good.h5") + ":/images"
        try expect(73, ["file/run", "--output"], ["--data", good, "--output", folder.path("file/run")], ranks: 3)
        // Root may write anywhere but into /proc.
        try expect(73, ["/proc/run", "--output"], ["--data", good, "--output", "/proc/run"])
    }

    @Test func checkpoints() throws {
        let folder = try TemporaryFolder()
        let good = try file("good.h5")
        let (run, data) = (folder.path("run"), good + ":/images")
        func train(_ arguments: String..., ranks: Int = 1) throws -> Outcome {
            let arguments =
                [
                    "train", "--data", data, "--hidden", "4", "--global-batch", "8", "--epochs", "6", "--keep", "3",
                    "--checkpoint-every-epochs", "1", "--output", run,
                ] + arguments
            return try ranks == 1 ? mpiVAE(arguments: arguments) : mpiVAE(ranks: ranks, arguments)
        }
        func damage(_ path: String) throws {
            var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
            bytes[bytes.count / 2] ^= 16
            try bytes.write(to: URL(fileURLWithPath: path))
        }
        #expect(try train("--epochs", "3").status == 0)
        let straight = try newestCheckpoint(run)
        let names = try FileManager.default.contentsOfDirectory(atPath: "\(run)/checkpoints").sorted()
        #expect(names.count == 3)

        // The newest is damaged: the one before is taken, which is said, and the bits are the same.
        try damage("\(run)/checkpoints/\(names[2])")
        let fallback = try train("--epochs", "3", ranks: 3)
        #expect(
            fallback.status == 0 && fallback.errors.contains("skipping a checkpoint: \(run)/checkpoints/\(names[2])"),
            "\(fallback)")
        #expect(try newestCheckpoint(run) == straight)

        // Others that cannot be gone on with.
        func refused(_ status: Int32, _ text: String, _ outcome: Outcome) {
            #expect(outcome.status == status && outcome.errorLines.count == 1, "\(outcome)")
            #expect(outcome.errorLines.first?.contains(text) == true, "\(text): \(outcome)")
        }
        refused(78, "latent is 3, but was 20 in the checkpoint", try train("--latent", "3"))
        refused(78, "seed is 2, but was 1", try train("--seed", "2"))
        refused(78, "9 ranks, but only 8 shards in the checkpoint", try train(ranks: 9))
        refused(65, "data are not those", try train("--data", good + ":/large", ranks: 3))
        refused(65, "rows of shape [6], the data have [5]", try train("--data", good + ":/other"))
        refused(73, "already holds a run", try train("--resume", "never", ranks: 3))
        refused(65, "not a checkpoint", try train("--resume", good))
        #expect(try newestCheckpoint(run) == straight, "nothing was lost")
        refused(
            65, "trained on [6]",
            try mpiVAE(ranks: 3, ["evaluate", "--checkpoint", run, "--data", good + ":/other"]))
        refused(66, "no checkpoint", try mpiVAE("evaluate", "--checkpoint", folder.url.path, "--data", data))
        refused(
            73, "/none/e.h5", try mpiVAE(ranks: 3, ["embed", "--checkpoint", run, "--data", data, "--output", "/none/e.h5"]))

        for name in names { try damage("\(run)/checkpoints/\(name)") }
        refused(65, "none of the 3 checkpoints", try train("--epochs", "9", ranks: 3))

        // Damage of the configuration in a checkpoint is damage of the checkpoint: the best one is still good.
        let best = try Data(contentsOf: URL(fileURLWithPath: "\(run)/best.h5"))
        var spoiled = best
        let key = try #require(best.range(of: Data("likelihood-scale = ".utf8)))
        spoiled[key.upperBound] = UInt8(ascii: "*")
        // `BitFlipTests` flips bits anywhere.
        try spoiled.write(to: folder.url.appendingPathComponent("spoiled.h5"))
        refused(
            65, "damaged", try mpiVAE("evaluate", "--checkpoint", folder.path("spoiled.h5"), "--data", data))
    }
}

import Foundation
import TestSupport
import Testing

/// The promise: the same configuration gives the same bytes on any number of ranks, on one node or several, straight through or
/// killed and resumed.
@Suite(.serialized)
struct SameBitsTests {
    private static let models: [[String]] = [
        ["--model", "vae", "--hidden", "64", "--latent", "8", "--likelihood", "bernoulli"],
        [
            "--model", "ae", "--hidden", "48,24", "--latent", "5", "--likelihood", "mse", "--activation", "gelu", "--optimizer",
            "adamw", "--weight-decay", "0.01", "--clip-norm", "5",
        ],
        [
            "--model", "vae", "--hidden", "40", "--likelihood", "gaussian-learned", "--activation", "silu", "--optimizer", "sgd",
            "--lr", "1e-6", "--momentum", "0.9", "--beta-schedule", "linear", "--beta-warmup-epochs", "1.5", "--schedule",
            "cosine", "--warmup-steps", "5",
        ],
        ["--model", "vae", "--hidden", "70,40", "--normalization", "layer", "--initialization", "pytorch", "--clip-norm", "50"],
        ["--model", "vae", "--hidden", "64", "--wire", "bf16", "--micro-batch", "16"],
        [
            "--encoder",
            "conv 4 k4 s4, batch-norm, relu, residual (conv 4 k3 p1, relu, conv 4 k1), dropout 0.1, dense 16, batch-norm, silu",
            "--clip-norm", "5",
        ],
    ]

    private func arguments(_ run: String, _ options: [String]) throws -> [String] {
        [
            "train", "--data", try Fixtures.fashion.get(), "--validation-fraction", "0.1", "--test-fraction", "0.05",
            "--global-batch", "400", "--epochs", "2", "--seed", "3", "--shards", "8", "--output", run,
        ] + options
    }

    private func train(
        _ run: String, ranks: Int, _ options: [String], environment: [String: String] = [:]
    ) throws {
        let outcome = try mpiVAE(ranks: ranks, arguments(run, options), environment: environment)
        #expect(outcome.status == 0, "\(ranks) ranks: \(outcome)")
    }

    @Test(arguments: models)
    func onAnyNumberOfRanks(model: [String]) throws {
        let folder = try TemporaryFolder()
        try train(folder.path("1"), ranks: 1, model)
        let alone = try newestCheckpoint(folder.path("1"))
        for ranks in model == Self.models[0] ? [2, 3, 4, 5, 8] : [3, 8] {
            let run = folder.path("\(ranks)")
            try train(run, ranks: ranks, model)
            #expect(try newestCheckpoint(run) == alone, "\(ranks) ranks")
            #expect(
                try Data(contentsOf: URL(fileURLWithPath: "\(run)/best.h5"))
                    == Data(contentsOf: URL(fileURLWithPath: "\(folder.path("1"))/best.h5")))
            #expect(try metrics(run) == metrics(folder.path("1")), "\(ranks) ranks")
        }
    }

    /// Whatever instructions the processor has, however many rows go through at once, whatever threads share them.
    @Test(arguments: models + [["--model", "vae", "--hidden", "33", "--activation", "tanh", "--corruption", "masking"]])
    func onAnyProcessor(model: [String]) throws {
        let folder = try TemporaryFolder()
        // The steps of an epoch's end too, to which shards give fewer rows.
        let model = model + ["--rows", "0:2003", "--global-batch", "400", "--micro-batch", "0"]
        try train(folder.path("best"), ranks: 1, model)
        let instructions = ["scalar"] + (Self.has("avx2") ? ["avx2"] : []) + (Self.has("avx512f") ? ["avx512"] : [])
        for (index, name) in instructions.enumerated() {
            let options = [[], ["--micro-batch", "77"], ["--micro-batch", "20", "--threads", "2"]][index]
            let run = folder.path(name)
            try train(run, ranks: [3, 1, 8][index], model + options, environment: ["MPI_VAE_ISA": name])
            #expect(try newestCheckpoint(run) == newestCheckpoint(folder.path("best")), "\(name)")
            #expect(try metrics(run) == metrics(folder.path("best")), "\(name)")
        }
    }

    /// Shards of maps and sequences that go through in pieces: a row gives a term for each position.
    @Test(arguments: ["fp32", "bf16"]) func shardsOfMapsInPieces(precision: String) throws {
        let folder = try TemporaryFolder()
        let options = [
            "--encoder",
            "conv 8 k3 p1, group-norm 2, relu, residual (conv 8 k3 p1), max-pool k2 s2, tokens, residual (position-norm, attention 2), "
                + "positions learned, dense 12",
            "--decoder", "dense 14x14x4, relu, transposed-conv 28x28x1 k4 s2 p1", "--precision", precision, "--rows", "0:300",
            "--global-batch", "140", "--shards", "2", "--epochs", "1",
        ]
        try train(folder.path("whole"), ranks: 1, options)
        for (ranks, rows) in [(1, "48"), (2, "1")] {
            let run = folder.path(rows)
            try train(run, ranks: ranks, options + ["--micro-batch", rows])
            #expect(try newestCheckpoint(run) == newestCheckpoint(folder.path("whole")), "at most \(rows) rows at once")
        }
    }

    /// On one that has no fused multiply-add, made by QEMU.
    @Test func onAnOldProcessor() throws {
        let folder = try TemporaryFolder()
        func arguments(_ run: String) throws -> [String] {
            [
                "train", "--data", try Fixtures.fashion.get(), "--rows", "0:300", "--epochs", "1", "--hidden", "16",
                "--latent", "3", "--global-batch", "100", "--shards", "4", "--threads", "1", "--no-report",
                "--output", folder.path(run),
            ]
        }
        let here = try mpiVAE(arguments: try arguments("here"))
        let command = ["-cpu", "Nehalem", try Program.built("mpi-vae")] + (try arguments("old"))
        let old = try Program.run("/usr/bin/qemu-x86_64", command, timeout: 120)
        #expect(here.status == 0 && old.status == 0 && old.errors.contains("kernels: scalar"), "\(here) \(old)")
        #expect(try newestCheckpoint(folder.path("old")) == newestCheckpoint(folder.path("here")))
    }

    /// Whether the processor has some instructions.
    private static func has(_ flag: String) -> Bool {
        let text = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
        return text.split(whereSeparator: \.isWhitespace).contains { $0 == flag }
    }

    /// More than the processor has, and what is no name, end the program before it does anything.
    @Test(arguments: ["avx1024", "neon"])
    func instructionsThatAreNotThere(name: String) throws {
        let outcome = try mpiVAE(ranks: 2, ["doctor"], environment: ["MPI_VAE_ISA": name])
        #expect(outcome.status == 78 && outcome.errorLines.count == 1 && outcome.errors.contains("MPI_VAE_ISA"), "\(outcome)")
    }

    /// Products in bfloat16; `ProcessorTests` has processors without instructions for them, where they are refused.
    @Test(.enabled(if: try hasBF16())) func inBF16() throws {
        let folder = try TemporaryFolder()
        let options = ["--hidden", "64", "--precision", "bf16"]
        try train(folder.path("1"), ranks: 1, options)
        for ranks in [2, 3, 8] {
            try train(folder.path("\(ranks)"), ranks: ranks, options)
            #expect(try newestCheckpoint(folder.path("\(ranks)")) == newestCheckpoint(folder.path("1")), "\(ranks) ranks")
        }
        // It learns as fp32 does.
        try train(folder.path("fp32"), ranks: 1, ["--hidden", "64"])
        let (rounded, exact) = (try metrics(folder.path("1")).last![3], try metrics(folder.path("fp32")).last![3])
        #expect(rounded != exact && abs(Double(rounded)! / Double(exact)! - 1) < 0.005, "\(rounded), \(exact)")
    }

    /// As on several nodes, without shared memory, and with threads.
    @Test func onAnyMachine() throws {
        let folder = try TemporaryFolder()
        try train(folder.path("fp32"), ranks: 1, Self.models[1])
        try train(folder.path("bf16"), ranks: 1, Self.models[1] + ["--wire", "bf16"])
        let machines: [(Int, [String: String], wire: String, [String])] = [
            (5, ["MPI_VAE_TEST_RANKS_PER_NODE": "2"], "fp32", ["--threads", "2"]),
            (4, ["MPI_VAE_TEST_RANKS_PER_NODE": "2"], "fp32", []), (3, ["MPI_VAE_TEST_NO_SHARED_MEMORY": "1"], "fp32", []),
            (1, [:], "fp32", ["--threads", "3"]), (3, ["MPI_VAE_TEST_RANKS_PER_NODE": "2"], "bf16", []),
        ]
        for (place, (ranks, environment, wire, options)) in machines.enumerated() {
            let run = folder.path("\(place)")
            try train(run, ranks: ranks, Self.models[1] + ["--wire", wire] + options, environment: environment)
            #expect(try newestCheckpoint(run) == newestCheckpoint(folder.path(wire)), "\(machines[place])")
        }
    }

    /// On two hosts, with a network between them: namespaces with addresses and names of their own, which need root.
    @Test(arguments: [["--clip-norm", "3"], ["--wire", "bf16"]])
    func onTwoHosts(options: [String]) throws {
        let folder = try TemporaryFolder()
        let options = Self.models[0] + options
        try train(folder.path("1"), ranks: 1, options)
        let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../../scripts/two-hosts").standardized.path
        let command = ["10", "0", "2", try Program.built("mpi-vae")] + (try arguments(folder.path("2"), options))
        let isRoot = getuid() == 0
        let outcome = try Program.run(isRoot ? script : "/usr/bin/sudo", (isRoot ? [] : ["-E", script]) + command, timeout: 120)
        #expect(outcome.status == 0, "\(outcome)")
        #expect(outcome.errors.contains("4 ranks"), "\(outcome)")
        #expect(try newestCheckpoint(folder.path("2")) == newestCheckpoint(folder.path("1")))
    }

    /// Sums in another order must show, or the tests above could not fail.
    @Test func anotherOrderOfSumsShows() throws {
        let folder = try TemporaryFolder()
        try train(folder.path("1"), ranks: 1, Self.models[0])
        // Of one rank the sum is the tree's.
        try train(folder.path("3"), ranks: 3, Self.models[0] + ["--reduction", "allreduce"])
        #expect(try newestCheckpoint(folder.path("3")) != newestCheckpoint(folder.path("1")))
    }

    /// MPI's own reduction differs by rounding only.
    @Test func allreduceAgrees() throws {
        let folder = try TemporaryFolder()
        let options = Self.models[0] + ["--epochs", "10", "--max-steps", "100"]
        try train(folder.path("ordered"), ranks: 3, options)
        try train(folder.path("allreduce"), ranks: 3, options + ["--reduction", "allreduce"])
        let python = try Program.python(
            """
            import glob, h5py, numpy as np, sys
            a, b = (h5py.File(glob.glob(p + "/checkpoints/*100.h5")[0], "r")["parameters"] for p in sys.argv[1:])
            names = []
            a.visititems(lambda name, x: names.append(name) if isinstance(x, h5py.Dataset) else None)
            assert len(names) == 8, names
            x = np.concatenate([a[n][:].ravel() for n in names]); y = np.concatenate([b[n][:].ravel() for n in names])
            print(np.linalg.norm(x - y) / np.linalg.norm(x))
            """, [folder.path("ordered"), folder.path("allreduce")])
        let difference = try #require(Double(python.output.trimmingCharacters(in: .whitespacesAndNewlines)), "\(python)")
        #expect(difference > 0 && difference < 1e-5, "relative difference \(difference) after 100 steps")
    }

    /// A run of 30 epochs that nothing happens to.
    private static let straight = Result {
        let folder = try TemporaryFolder()
        try SameBitsTests().train(folder.path("straight"), ranks: 2, models[0] + ["--epochs", "30"])
        return folder
    }

    /// Killed at a moment that nobody chose, on 8 ranks, and gone on with on 3.
    @Test(arguments: [0.9, 1.7])
    func killedAndResumed(delay: Double) throws {
        let folder = try TemporaryFolder()
        let options = Self.models[0] + ["--epochs", "30"]
        let straight = try Self.straight.get().path("straight")
        let running = try Program.startMPI(
            ranks: 8, Program.built("mpi-vae"), arguments(folder.path("killed"), options + ["--checkpoint-every-steps", "3"]))
        let end = Date().addingTimeInterval(30)
        func checkpoints() -> Int {
            ((try? FileManager.default.contentsOfDirectory(atPath: folder.path("killed/checkpoints"))) ?? [])
                .count { $0.hasPrefix("step-") }
        }
        while checkpoints() == 0, Date() < end { usleep(1000) }
        usleep(UInt32(delay * 400_000) + UInt32.random(in: 0..<100_000))
        let ranks = running.descendants(named: "mpi-vae")
        #expect(ranks.count == 8, "the run was over before it could be killed")
        if let victim = ranks.randomElement() { kill(victim, SIGKILL) }
        let outcome = try running.wait(timeout: 20)
        #expect(outcome.status != 0 && !outcome.timedOut, "\(outcome)")
        #expect(checkpoints() > 0)

        try train(folder.path("killed"), ranks: 3, options)
        #expect(try newestCheckpoint(folder.path("killed")) == newestCheckpoint(straight))
        #expect(try metrics(folder.path("killed")) == metrics(straight))
    }

    /// SIGUSR1 to the launcher: saved after the same step on all ranks, exit code 75, and resumed with the same bits.
    @Test func stoppedAndResumed() throws {
        let folder = try TemporaryFolder()
        let options = Self.models[0] + ["--epochs", "30"]
        let running = try Program.startMPI(
            ranks: 4, Program.built("mpi-vae"), arguments(folder.path("stopped"), options))
        let end = Date().addingTimeInterval(30)
        while !FileManager.default.fileExists(atPath: folder.path("stopped/best.h5")), Date() < end { usleep(1000) }
        for launcher in running.descendants(named: "mpirun") { kill(launcher, SIGUSR1) }
        let outcome = try running.wait(timeout: 20)
        #expect(outcome.status == 75 && outcome.errors.contains("saved: the same command goes on"), "\(outcome)")
        try train(folder.path("stopped"), ranks: 3, options)
        #expect(try newestCheckpoint(folder.path("stopped")) == newestCheckpoint(Self.straight.get().path("straight")))
    }

    /// A run in pieces, by steps, is the run in one.
    @Test func inPieces() throws {
        let folder = try TemporaryFolder()
        try train(folder.path("straight"), ranks: 1, Self.models[2])
        for (steps, ranks) in [(7, 2), (22, 5), (23, 1), (0, 3)] {
            try train(folder.path("pieces"), ranks: ranks, Self.models[2] + ["--max-steps", "\(steps)"])
        }
        #expect(try newestCheckpoint(folder.path("pieces")) == newestCheckpoint(folder.path("straight")))
        #expect(try metrics(folder.path("pieces")) == metrics(folder.path("straight")))
    }
}

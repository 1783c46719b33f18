import Foundation
import TestSupport
import Testing

/// A step that has run before allocates nothing, and calls MPI no more than it must: counted in the program itself, over steps of one
/// epoch.
@Suite(.serialized)
struct AllocationTests {
    /// How the ranks are told to lie on nodes of their own.
    private static let apart = ["MPI_VAE_TEST_RANKS_PER_NODE": "1"]

    /// A layer of each kind.
    private static let listed =
        "conv 8 k4 s4, batch-norm, relu, residual (conv 8 k3 p1, group-norm 2, relu, conv 8 k1), dropout 0.1, max-pool k2 s2, tokens, "
        + "positions learned, residual (position-norm, attention 2), dense 16, layer-norm"

    /// Ranks of one node make no call. Between nodes sums are exchanged, flags told and parameters gathered, and norms where they are
    /// clipped.
    @Test(
        arguments: [
            (1, [:], 0, ["--model", "vae", "--threads", "1"]),
            (1, [:], 0, ["--model", "vae", "--threads", "3", "--clip-norm", "1"]),
            (1, [:], 0, ["--model", "ae", "--likelihood", "mse", "--optimizer", "adamw", "--clip-norm", "1"]),
            (1, [:], 0, ["--model", "vae", "--freeze", "encoder", "--clip-norm", "1"]),
            (2, [:], 0, ["--model", "vae", "--freeze", "decoder", "--clip-norm", "1"]),
            (1, [:], 0, ["--scale", "min-max", "--binarize", "dynamic", "--corruption", "gaussian"]),
            (2, [:], 0, ["--model", "vae"]),
            (
                3, [:], 0,
                [
                    "--model", "vae", "--likelihood", "gaussian-learned", "--hidden", "64,32", "--normalization", "layer",
                    "--clip-norm", "1",
                ]
            ),
            (1, [:], 0, ["--encoder", listed, "--threads", "2"]), (2, [:], 0, ["--encoder", listed, "--wire", "bf16"]),
            (2, apart, 3, ["--model", "vae"]), (3, apart, 4, ["--model", "vae", "--clip-norm", "1"]),
        ] as [(Int, [String: String], Int, [String])])
    func aStepAllocatesNothing(ranks: Int, environment: [String: String], calls: Int, options: [String]) throws {
        let folder = try TemporaryFolder()
        // As many digits in both: texts about them take the same memory.
        let counts = try [14, 94].map { steps in
            try count(
                ranks: ranks, environment, steps: steps, options + ["--output", folder.path("\(steps)")], folder
            )
        }
        #expect(counts[0]["others"]! > 1000, "the counter counts: \(counts)")
        // One a step would be 80.
        // What MPI takes for its messages is its own affair.
        for owner in calls == 0 ? ["others", "MPI"] : ["others"] {
            #expect(abs(counts[1][owner]! - counts[0][owner]!) < 20, "\(owner): \(counts) in 14 and in 94 steps")
        }
        #expect(counts[0]["calls"]! > 0, "the counter counts: \(counts)")
        #expect(counts[1]["calls"]! - counts[0]["calls"]! == 80 * calls, "calls of MPI: \(counts) in 14 and in 94 steps")
    }

    /// What rank 0 allocates from its start to its end, by owner, and how often it calls MPI.
    private func count(
        ranks: Int, _ environment: [String: String], steps: Int, _ options: [String], _ folder: TemporaryFolder
    ) throws -> [String: Int] {
        let program = try Program.built("mpi-vae")
        let counter = try Program.built("libAllocationCounter.so")
        let result = folder.path("count")
        let script = """
            export ALLOCATIONS_TO="$0$OMPI_COMM_WORLD_RANK"; export LD_PRELOAD="$1"; shift; exec "$@"
            """
        let outcome = try Program.mpirun(
            ranks: ranks, "/bin/sh",
            ["-c", script, result, counter, program, "train", "--data", Fixtures.fashion.get(), "--global-batch", "64"]
                + ["--max-steps", "\(steps)"] + options, environment: environment)
        #expect(outcome.status == 0, "\(outcome)")
        let text = try String(contentsOfFile: "\(result)0", encoding: .utf8)
        return Dictionary(
            uniqueKeysWithValues: text.split(separator: "\n").map { line in
                let words = line.split(separator: " ")
                return (String(words[0]), Int(words[1])!)
            })
    }
}

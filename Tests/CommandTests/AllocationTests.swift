import Foundation
import TestSupport
import Testing

/// A step that has run before allocates nothing: counted in the program itself, over steps of one epoch.
@Suite(.serialized)
struct AllocationTests {
    @Test(arguments: [
        (1, ["--model", "vae"]), (1, ["--model", "ae", "--likelihood", "mse", "--optimizer", "adamw", "--clip-norm", "1"]),
        (1, ["--scale", "min-max", "--binarize", "dynamic", "--corruption", "gaussian"]), (2, ["--model", "vae"]),
        (3, ["--model", "vae", "--likelihood", "gaussian-learned", "--hidden", "64,32", "--normalization", "layer"]),
    ])
    func aStepAllocatesNothing(ranks: Int, options: [String]) throws {
        let folder = try TemporaryFolder()
        // As many digits in both: texts about them take the same memory.
        let counts = try [14, 94].map { steps in
            try allocations(ranks: ranks, steps: steps, options + ["--output", folder.path("\(steps)")], folder)
        }
        #expect(counts[0]["others"]! > 1000, "the counter counts: \(counts)")
        // One a step would be 80.
        for owner in ["others", "MPI"] {
            #expect(abs(counts[1][owner]! - counts[0][owner]!) < 20, "\(owner): \(counts) in 14 and in 94 steps")
        }
    }

    /// What rank 0 allocates from its start to its end, by owner.
    private func allocations(ranks: Int, steps: Int, _ options: [String], _ folder: TemporaryFolder) throws -> [String: Int] {
        let program = try Program.built("mpi-vae")
        let counter = try Program.built("libAllocationCounter.so")
        let result = folder.path("count")
        let script = """
            export ALLOCATIONS_TO="$0$OMPI_COMM_WORLD_RANK"; export LD_PRELOAD="$1"; shift; exec "$@"
            """
        let outcome = try Program.mpirun(
            ranks: ranks, "/bin/sh",
            ["-c", script, result, counter, program, "train", "--data", Fixtures.fashion.get(), "--global-batch", "64"]
                + ["--max-steps", "\(steps)"] + options)
        #expect(outcome.status == 0, "\(outcome)")
        let text = try String(contentsOfFile: "\(result)0", encoding: .utf8)
        return Dictionary(
            uniqueKeysWithValues: text.split(separator: "\n").map { line in
                let words = line.split(separator: " ")
                return (String(words[0]), Int(words[1])!)
            })
    }
}

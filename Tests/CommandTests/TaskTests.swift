import Foundation
import TestSupport
import Testing

/// Commands without ranks, started in several tasks: none does nothing and calls it done.
@Suite(.serialized)
struct TaskTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
        let python = try Program.python(
            """
            import h5py, numpy as np, sys
            d = sys.argv[1] + "/"
            np.savetxt(d + "x.csv", np.ones((20, 4)), delimiter=",")
            with h5py.File(d + "good.h5", "w") as f: f["data"] = np.ones((20, 4), "f4")
            with h5py.File(d + "bad.h5", "w") as f: f["data"] = np.full((20, 4), np.inf, "f4")
            """, [folder.url.path])
        if python.status != 0 { throw CannotRun(description: "\(python)") }
    }

    private func lines(_ text: String) -> [Substring] { text.split(separator: "\n") }

    @Test func onceUnderMPI() throws {
        for (arguments, status, start) in [
            (["config"], Int32(0), "# All keys"), (["check", folder.path("good.h5")], 0, "\(folder.path("good.h5")): good"),
            (["check", folder.path("bad.h5")], 65, "\(folder.path("bad.h5")): not good"),
            (["inspect", folder.path("good.h5")], 0, folder.path("good.h5")),
            (["check", folder.path("none.h5")], 66, ""), (["inspect", folder.path("none.h5")], 66, ""),
            (["slurm", "--", "--latent", "2"], 0, "#!/usr/bin/env bash"),
            (["slurm", "--nodes", "0"], 64, ""), (["--version"], 0, "mpi-vae 0.1.0"), ([], 0, "OVERVIEW"),
        ] {
            let alone = try mpiVAE(arguments: arguments)
            let outcome = try mpiVAE(ranks: 3, arguments)
            #expect(outcome.status == status && alone.status == status, "\(arguments): \(outcome) \(alone)")
            #expect(outcome.output == alone.output && outcome.output.hasPrefix(start), "\(arguments): \(outcome)")
            #expect(outcome.errorLines.count == (status == 0 ? 0 : 1), "\(arguments): \(outcome)")
        }
    }

    @Test func importsAreRefused() throws {
        for arguments in [
            ["import", "csv", "--file", folder.path("x.csv")], ["import", "--rechunk", folder.path("good.h5")],
            ["import", "images", folder.url.path], ["import", "npy", "--file", folder.path("x.npy")],
        ] {
            let outcome = try mpiVAE(ranks: 3, arguments + ["--output", folder.path("out.h5")])
            #expect(outcome.status == 64 && outcome.errorLines.count == 1, "\(arguments): \(outcome)")
            #expect(outcome.errors.contains("is done by one process, but 3 were started"), "\(outcome)")
            #expect(!FileManager.default.fileExists(atPath: folder.path("out.h5")))
        }
        #expect(
            try mpiVAE(ranks: 1, ["import", "csv", "--file", folder.path("x.csv"), "--output", folder.path("one.h5")]).status == 0
        )
    }

    /// As srun starts tasks without PMI: each sees its number, and no other.
    @Test func tasksOfSlurm() throws {
        func task(_ rank: Int, _ arguments: [String], isStep: Bool = true) throws -> Outcome {
            var environment = ["SLURM_PROCID": "\(rank)", "SLURM_NTASKS": "3", "SLURM_JOB_ID": "7"]
            if isStep { environment.merge(["SLURM_STEP_ID": "0", "SLURM_STEP_NUM_TASKS": "3"]) { $1 } }
            return try mpiVAE(arguments: arguments, environment: environment)
        }
        let csv = ["import", "csv", "--file", folder.path("x.csv"), "--output", folder.path("slurm.h5")]
        for rank in 0..<3 {
            for (name, status) in [("good.h5", Int32(0)), ("bad.h5", 65), ("none.h5", 66)] {
                let outcome = try task(rank, ["check", folder.path(name)])
                #expect(outcome.status == status, "\(outcome)")
                #expect((outcome.output + outcome.errors).isEmpty == (rank > 0), "\(rank): \(outcome)")
            }
            #expect(try task(rank, ["config"]).output.isEmpty == (rank > 0))
            let refused = try task(rank, csv)
            #expect(refused.status == 64 && refused.errorLines.count == (rank == 0 ? 1 : 0), "\(refused)")
        }
        #expect(!FileManager.default.fileExists(atPath: folder.path("slurm.h5")))
        // The script of a job with many tasks is none of them.
        #expect(try task(0, csv, isStep: false).status == 0)
    }
}

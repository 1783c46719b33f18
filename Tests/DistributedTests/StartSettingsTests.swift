import Distributed
import Foundation
import TestSupport
import Testing

/// What Open MPI is told: little where a launcher has started it on several nodes, much where nobody has.
struct StartSettingsTests {
    private let one = [
        "OMPI_MCA_pml": "ob1", "OMPI_MCA_btl": "self", "OMPI_MCA_ess_singleton_isolated": "1",
        "OMPI_MCA_orte_create_session_dirs": "0",
    ]

    @Test func oneRank() {
        #expect(StartSettings.wanted([:]) == one)
        // The shell of a batch job is no step of Slurm's.
        #expect(StartSettings.wanted(["SLURM_JOB_ID": "7", "SLURM_PROCID": "0"]) == one)
        #expect(StartSettings.wanted(["PMIX_RANK": "0"]) == [:])
        #expect(StartSettings.wanted(["SLURM_STEP_ID": "0", "SLURM_STEP_NUM_NODES": "2"]) == [:])
    }

    @Test func ranksOfOneNodeAndOfSeveral() {
        let cores = ProcessInfo.processInfo.activeProcessorCount
        func wanted(local: Int, all: Int, _ more: [String: String] = [:]) -> [String: String] {
            let place = ["OMPI_COMM_WORLD_LOCAL_SIZE": "\(local)", "OMPI_COMM_WORLD_SIZE": "\(all)"]
            return StartSettings.wanted(place.merging(more) { $1 })
        }
        #expect(wanted(local: 1, all: 1) == ["OMPI_MCA_pml": "ob1"])
        #expect(wanted(local: 1, all: 2) == [:])
        #expect(wanted(local: 1, all: 1, ["OMPI_MCA_mtl": "psm2"]) == [:])
        #expect(wanted(local: cores + 1, all: cores + 1) == ["OMPI_MCA_pml": "ob1", "OMPI_MCA_mpi_yield_when_idle": "1"])
        #expect(wanted(local: cores + 1, all: 2 * cores + 2) == ["OMPI_MCA_mpi_yield_when_idle": "1"])
        #expect(
            StartSettings.wanted(["PMIX_RANK": "0", "SLURM_STEP_ID": "0", "SLURM_STEP_NUM_NODES": "1"]) == ["OMPI_MCA_pml": "ob1"]
        )
    }

    /// Only where Slurm by itself starts ranks on several nodes do they wait.
    @Test func pause() {
        let step = ["PMIX_RANK": "0", "SLURM_STEP_ID": "0", "SLURM_STEP_NUM_NODES": "2"]
        #expect(StartSettings.pause(step) == 250_000)
        #expect(StartSettings.pause(step.merging(["SLURM_STEP_NUM_NODES": "1"]) { $1 }) == 0)
        #expect(StartSettings.pause(step.merging(["OMPI_COMM_WORLD_SIZE": "2"]) { $1 }) == 0)
        #expect(StartSettings.pause(step.merging(["SLURM_PMIX_FENCE": "ring"]) { $1 }) == 0)
        #expect(StartSettings.pause([:]) == 0)
    }

    /// Many programs of one rank begin and end at once, none in another's way, and give what they start nothing of it.
    @Test func manyOfOneRankAtOnce() throws {
        let program = try Program.built("RankCases")
        let script = "for i in $(seq 12); do \"$1\" singleton & done; wait"
        for _ in 0..<2 {
            let outcome = try Program.run("/bin/sh", ["-c", script, "sh", program])
            #expect(outcome.output == String(repeating: "size 1\n", count: 12), "\(outcome)")
            #expect(outcome.errors == "", "\(outcome)")
        }
        #expect(try Program.run(program, ["variables"]).output == "")
        #expect(try Program.run(program, ["variables"], environment: ["OMPI_MCA_btl": "self,vader"]).output == "btl self,vader\n")
    }
}

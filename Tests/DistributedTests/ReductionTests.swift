import TestSupport
import Testing

/// The ordered reduction under a real mpirun: the same bits for every number of ranks, with shared memory, across node groups,
/// and by messages alone. The cases compare with sums written down once more (Tests/RankCases/Reduction.swift).
@Suite(.serialized)
struct ReductionTests {
    /// How the ranks are told to lie on nodes.
    static let topologies: [[String: String]] = [
        [:], ["MPI_VAE_TEST_RANKS_PER_NODE": "2"], ["MPI_VAE_TEST_RANKS_PER_NODE": "3"], ["MPI_VAE_TEST_NO_SHARED_MEMORY": "1"],
    ]

    private func digest(
        ranks: Int, _ options: [String], environment: [String: String] = [:]
    ) throws -> String {
        let outcome = try Program.mpirun(
            ranks: ranks, Program.built("RankCases"), ["reduction"] + options, environment: environment)
        #expect(outcome.status == 0, "\(ranks) ranks, \(options), \(environment): \(outcome)")
        return outcome.output
    }

    @Test(arguments: [
        ["shards=8", "parameters=20000"], ["shards=8", "parameters=20000", "clip=0.5", "threads=2"],
        ["shards=5", "parameters=4096"], ["shards=13", "parameters=70001", "clip=0.01"],
        ["shards=64", "parameters=9000"], ["shards=9", "parameters=3"],
        ["shards=8", "parameters=20000", "wire=bf16"], ["shards=8", "parameters=9000", "piece=4096"],
        ["shards=13", "parameters=9001", "wire=bf16", "clip=0.1"],
        ["shards=8", "parameters=30000", "wire=bf16", "grouped"],
        ["shards=13", "parameters=21001", "wire=bf16", "clip=0.1", "grouped"],
        ["shards=5", "parameters=30000", "clip=0.5", "grouped", "threads=2"],
    ])
    func sameBitsOnAnyRanks(options: [String]) throws {
        let shards = Int(options[0].dropFirst("shards=".count))!
        let alone = try digest(ranks: 1, options)
        #expect(alone.hasPrefix("parameters "))
        for ranks in [2, 3, 4, 8] where ranks <= shards {
            // Each way with some ranks, and 8 ranks in every way.
            for topology in ranks == 8 ? Self.topologies : [Self.topologies[0], Self.topologies[ranks - 1]] {
                #expect(try digest(ranks: ranks, options, environment: topology) == alone, "\(ranks) ranks, \(topology)")
            }
        }
    }

    /// The same terms in another order must show, or the test above could not fail.
    @Test func anotherOrderHasOtherBits() throws {
        let right = try digest(ranks: 1, ["shards=8"])
        #expect(try digest(ranks: 1, ["shards=8", "misorder"]) != right)
        #expect(try digest(ranks: 2, ["shards=8", "misorder"]) != right)
        #expect(try digest(ranks: 3, ["shards=8", "kind=allreduce"]) != right)
    }

    @Test(arguments: [1, 2, 3, 4, 8])
    func collectives(ranks: Int) throws {
        // In one call each, and in pieces as large transfers go.
        for (piece, topologies) in [
            ("piece=67108864", Self.topologies), ("piece=8", [Self.topologies[1]]), ("piece=40", [Self.topologies[3]]),
        ] {
            for environment in topologies {
                let outcome = try Program.mpirun(
                    ranks: ranks, Program.built("RankCases"), ["collectives", piece], environment: environment)
                #expect(outcome.status == 0 && outcome.output == "collectives of \(ranks) ranks: right\n", "\(outcome)")
            }
        }
    }

    /// Many runs of a sweep leave no groups of ranks and no memory behind; without freeing they do.
    @Test func groupsAreFreed() throws {
        for environment in Self.topologies {
            let outcome = try Program.mpirun(
                ranks: 4, Program.built("RankCases"), ["groups", "runs=150"], environment: environment)
            #expect(outcome.status == 0 && outcome.output == "groups of 4 ranks: freed\n", "\(outcome)")
            let kept = try Program.mpirun(
                ranks: 4, Program.built("RankCases"), ["groups", "runs=150", "keep"], environment: environment)
            #expect(kept.status == 70 && kept.errors.contains("KiB behind"), "\(kept)")
        }
    }
}

/// One rank's trouble ends the whole job, at once, with one line and the right status.
@Suite(.serialized)
struct FailureTests {
    @Test func oneRankThatThrowsEndsTheJob() throws {
        let outcome = try Program.mpirun(ranks: 4, Program.built("RankCases"), ["rank-dies", "rank=2"], timeout: 20)
        #expect(!outcome.timedOut && outcome.status == 65, "\(outcome)")
        #expect(outcome.errorLines.count == 1 && outcome.errorLines[0].contains("rank 2 of 4"), "\(outcome)")
    }

    @Test func severalRanksThatFailTogetherSpeakOnce() throws {
        let outcome = try Program.mpirun(ranks: 4, Program.built("RankCases"), ["together", "from=1"], timeout: 20)
        #expect(!outcome.timedOut && outcome.status == 66, "\(outcome)")
        #expect(outcome.errorLines.count == 1 && outcome.errorLines[0].contains("nothing there, on purpose"), "\(outcome)")
    }

    /// A launcher that started several worlds of one rank each is found out.
    @Test func worldsOfOneRankAreRefused() throws {
        let program = try Program.built("RankCases")
        let slurm = try Program.run(
            program, ["singleton"], environment: ["SLURM_STEP_ID": "0", "SLURM_PROCID": "1", "SLURM_STEP_NUM_TASKS": "4"])
        #expect(slurm.status == 69 && slurm.errors.contains("srun --mpi=pmix"), "\(slurm)")
        let other = try Program.run(program, ["singleton"], environment: ["PMI_SIZE": "3"])
        #expect(other.status == 69 && other.errors.contains("the mpirun of the MPI library"), "\(other)")
        #expect(try Program.run(program, ["singleton"]).output == "size 1\n")
    }
}

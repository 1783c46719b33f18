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

    /// The digests of several cases, each of which has its options.
    private func digests(
        ranks: Int, _ cases: [[String]], environment: [String: String] = [:]
    ) throws -> [Substring] {
        let outcome = try Program.mpirun(
            ranks: ranks, Program.built("RankCases"), ["reduction"] + cases.joined(separator: ["--"]), environment: environment)
        #expect(outcome.status == 0, "\(ranks) ranks, \(environment): \(outcome)")
        let lines = outcome.output.split(separator: "\n")
        #expect(lines.count == cases.count && lines.allSatisfy { $0.hasPrefix("parameters ") }, "\(outcome)")
        return lines
    }

    private static let cases = [
        ["shards=8", "parameters=20000"], ["shards=8", "parameters=20000", "clip=0.5", "threads=2"],
        ["shards=5", "parameters=4096"], ["shards=13", "parameters=70001", "clip=0.01"],
        ["shards=64", "parameters=9000"], ["shards=9", "parameters=3"],
        ["shards=8", "parameters=20000", "wire=bf16"], ["shards=8", "parameters=9000", "piece=4096"],
        ["shards=13", "parameters=9001", "wire=bf16", "clip=0.1"],
        ["shards=8", "parameters=30000", "wire=bf16", "grouped"],
        ["shards=13", "parameters=21001", "wire=bf16", "clip=0.1", "grouped"],
        ["shards=5", "parameters=30000", "clip=0.5", "grouped", "threads=2"],
        ["shards=8", "parameters=20000", "clip=0.5", "frozen"],
        ["shards=5", "parameters=30000", "clip=0.5", "grouped", "frozen"],
    ]

    /// All cases in one start of the program; a rank has a shard at least.
    @Test func sameBitsOnAnyRanks() throws {
        let alone = try digests(ranks: 1, Self.cases)
        for ranks in [2, 3, 4, 8] {
            let places = Self.cases.indices.filter { ranks <= Int(Self.cases[$0][0].dropFirst("shards=".count))! }
            // Each way with some ranks, and 8 ranks in every way.
            for topology in ranks == 8 ? Self.topologies : [Self.topologies[0], Self.topologies[ranks - 1]] {
                let found = try digests(ranks: ranks, places.map { Self.cases[$0] }, environment: topology)
                for (place, digest) in zip(places, found) {
                    #expect(digest == alone[place], "\(ranks) ranks, \(topology), \(Self.cases[place])")
                }
            }
        }
    }

    /// The same terms in another order must show, or the test above could not fail.
    @Test func anotherOrderHasOtherBits() throws {
        let digests = try digests(ranks: 1, [["shards=8"], ["shards=8", "misorder"]])
        #expect(digests[1] != digests[0])
        #expect(try self.digests(ranks: 2, [["shards=8", "misorder"]])[0] != digests[0])
        #expect(try self.digests(ranks: 3, [["shards=8", "kind=allreduce"]])[0] != digests[0])
    }

    @Test(arguments: [1, 2, 3, 4, 8])
    func collectives(ranks: Int) throws {
        // In one call each, and in pieces as large transfers go.
        let pieces = [
            ["piece=67108864"], ["piece=67108864", "--", "piece=8"], ["piece=67108864"], ["piece=67108864", "--", "piece=40"],
        ]
        for (environment, pieces) in zip(Self.topologies, pieces) {
            let outcome = try Program.mpirun(
                ranks: ranks, Program.built("RankCases"), ["collectives"] + pieces, environment: environment)
            let wanted = String(repeating: "collectives of \(ranks) ranks: right\n", count: (pieces.count + 1) / 2)
            #expect(outcome.status == 0 && outcome.output == wanted, "\(outcome)")
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

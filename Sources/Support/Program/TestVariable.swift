internal import Glibc

/// Variables of the environment that only tests set, to make happen what otherwise happens seldom. All of them are here, but for
/// `MPI_VAE_TEST_BF16`, which the kernels read.
public enum TestVariable: String, CaseIterable, Sendable {
    /// `on` where the others may be set: some change results without a word, so none works by accident.
    case permission = "MPI_VAE_TEST_FAULTS"
    /// `POINT:NAME` kills the process at a point of writing a file whose name begins so.
    case killAt = "MPI_VAE_TEST_KILL_AT"
    /// The same, but sends it SIGUSR1.
    case stopAt = "MPI_VAE_TEST_STOP_AT"
    /// Takes locks of files away, as on file systems that have none.
    case noFileLocks = "MPI_VAE_TEST_NO_FLOCK"
    /// Takes the memory away that ranks of a node share.
    case noSharedMemory = "MPI_VAE_TEST_NO_SHARED_MEMORY"
    /// Makes groups of so many ranks, as on several nodes.
    case ranksPerNode = "MPI_VAE_TEST_RANKS_PER_NODE"
    /// `RANK:STEP` changes a bit of a rank's parameters.
    case flipBit = "MPI_VAE_TEST_FLIP_BIT"
    /// `RANK:MICROSECONDS` makes each step of a rank take longer.
    case slowRank = "MPI_VAE_TEST_SLOW_RANK"
    /// The number that the program takes its arithmetic to be.
    case arithmetic = "MPI_VAE_TEST_ARITHMETIC"
    /// The most values of a row that the score nap is whitened by.
    case mostWhitened = "MPI_VAE_TEST_MOST_WHITENED"

    /// The variables for tests that are set, with their values.
    ///
    /// - Throws: ``Failure`` (78) where there are some without ``permission``.
    public static func allowed(in environment: [String: String]) throws(Failure) -> [String] {
        let set = environment.filter { $0.key.hasPrefix("MPI_VAE_TEST_") && $0.key != permission.rawValue }.sorted {
            $0.key < $1.key
        }
        guard let first = set.first else { return [] }
        guard environment[permission.rawValue] == "on" else {
            throw Failure(
                .configuration,
                "environment: \(first.key) makes faults for the tests of mpi-vae, and is refused elsewhere: unset it")
        }
        return set.map { "\($0.key)=\($0.value.printable())" }
    }

    /// nil where it is not set.
    public var value: String? { getenv(rawValue).map { String(cString: $0) } }

    /// Whole numbers with colons between them; none where it is not set.
    public var numbers: [Int] { value?.split(separator: ":").compactMap { Int($0) } ?? [] }

    public var isSet: Bool { value != nil }

    /// Of `RANK:MICROSECONDS` the time, if it is this rank that is meant.
    public func delay(ofRank rank: Int) -> UInt32 {
        let numbers = numbers
        return numbers.count == 2 && numbers[0] == rank ? UInt32(clamping: numbers[1]) : 0
    }
}

internal import Foundation

/// A moment in the writing of a file at which a test ends the process, as a power cut would.
///
/// `MPI_VAE_TEST_KILL_AT=renamed:step-0000000020` kills it (SIGKILL) when a file whose name begins so has just got its name.
package enum FaultPoint: String {
    case opened, written, synced, renamed, pruned

    private static let wanted = getenv("MPI_VAE_TEST_KILL_AT").map { String(cString: $0) }

    package func reach(_ name: String) {
        guard let wanted = Self.wanted, "\(rawValue):\(name)".hasPrefix(wanted) else { return }
        kill(getpid(), SIGKILL)
    }
}

internal import Foundation

/// A moment in the writing of a file at which a test ends the process, as a power cut would, or asks it to stop.
///
/// `MPI_VAE_TEST_KILL_AT=renamed:step-0000000020` kills it (SIGKILL) when a file whose name begins so has just got its name;
/// `MPI_VAE_TEST_STOP_AT` sends SIGUSR1 instead.
package enum FaultPoint: String {
    case opened, written, synced, renamed, pruned

    private static let faults = [wanted("MPI_VAE_TEST_KILL_AT", SIGKILL), wanted("MPI_VAE_TEST_STOP_AT", SIGUSR1)]
        .compactMap(\.self)

    private static func wanted(_ variable: String, _ signal: Int32) -> (point: String, signal: Int32)? {
        getenv(variable).map { (String(cString: $0), signal) }
    }

    package func reach(_ name: String) {
        for fault in Self.faults where "\(rawValue):\(name)".hasPrefix(fault.point) { kill(getpid(), fault.signal) }
    }
}

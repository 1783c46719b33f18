internal import Foundation
internal import Support

/// A moment in the writing of a file at which a test ends the process, as a power cut would, or asks it to stop.
///
/// `MPI_VAE_TEST_KILL_AT=renamed:step-0000000020` kills it (SIGKILL) when a file whose name begins so has just got its name;
/// `MPI_VAE_TEST_STOP_AT` sends SIGUSR1 instead.
package enum FaultPoint: String {
    case opened, written, synced, renamed, pruned

    private static let faults = [(TestVariable.killAt, SIGKILL), (.stopAt, SIGUSR1)].compactMap { variable, signal in
        variable.value.map { (point: $0, signal: signal) }
    }

    package func reach(_ name: String) {
        for fault in Self.faults where "\(rawValue):\(name)".hasPrefix(fault.point) { kill(getpid(), fault.signal) }
    }
}

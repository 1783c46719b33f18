internal import Foundation

/// Whether the process was asked to stop. A handler may do nothing but set a flag; the step asks for it.
package enum StopSignal {
    private nonisolated(unsafe) static let flag: UnsafeMutablePointer<sig_atomic_t> = {
        let flag = UnsafeMutablePointer<sig_atomic_t>.allocate(capacity: 1)
        flag.initialize(to: 0)
        return flag
    }()

    /// SIGTERM, SIGINT, SIGUSR1 and SIGUSR2 ask the run to save and stop; a second one, of any kind, ends the process at once. What was
    /// asked before, between two runs of a sweep, still holds.
    package static func install() {
        // Memory is taken here: in a handler that has interrupted malloc it would wait for itself.
        _ = flag
        for number in [SIGTERM, SIGINT, SIGUSR1, SIGUSR2] {
            signal(number) { number in
                if StopSignal.flag.pointee != 0 {
                    signal(number, SIG_DFL)
                    kill(getpid(), number)
                }
                StopSignal.flag.pointee = 1
            }
        }
    }

    package static var wasGiven: Bool { flag.pointee != 0 }
}

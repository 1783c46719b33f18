/// An error that knows the status its process should exit with, by sysexits(3).
public protocol ExitStatusError: Error {
    var exitStatus: Int32 { get }
}

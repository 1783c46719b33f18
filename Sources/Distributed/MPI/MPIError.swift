internal import CMPI

/// An MPI call that failed, with the library's own text.
public struct MPIError: Error, Sendable, CustomStringConvertible {
    public let call: String
    public let code: Int32
    public let message: String

    public var description: String { "\(call) failed: \(message) (MPI error \(code))" }
}

/// Throws if an MPI call did not succeed: the only place that looks at a return code.
@inline(__always)
func check(_ code: Int32, _ call: StaticString) throws(MPIError) {
    if code != MPI_SUCCESS { throw failedCall(code, call) }
}

private func failedCall(_ code: Int32, _ call: StaticString) -> MPIError {
    var text = [CChar](repeating: 0, count: Int(MPI_MAX_ERROR_STRING))
    var length: Int32 = 0
    MPI_Error_string(code, &text, &length)
    let bytes = text.prefix(Int(length)).map { UInt8(bitPattern: $0) }
    return MPIError(call: "\(call)", code: code, message: String(decoding: bytes, as: UTF8.self))
}

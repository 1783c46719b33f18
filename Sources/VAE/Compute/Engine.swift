internal import COneDNN

/// A call of oneDNN that failed.
public struct ComputeError: Error, Sendable, CustomStringConvertible {
    public let call: String
    public let status: Int32

    public var description: String {
        let reason =
            switch status {
            case 1: "out of memory"
            case 3: "not available in this build of the library"
            default: "status \(status)"
            }
        return "oneDNN: \(call) failed: \(reason)"
    }
}

/// oneDNN's processor engine, one for the process.
final class Engine: @unchecked Sendable {
    let handle: dnnl_engine_t

    init() throws(ComputeError) {
        var handle: dnnl_engine_t?
        try check(conednn_engine(&handle), "dnnl_engine_create")
        self.handle = handle!
    }

    deinit { dnnl_engine_destroy(handle) }
}

@inline(__always)
func check(_ status: Int32, _ call: String) throws(ComputeError) {
    if status != 0 { throw ComputeError(call: call, status: status) }
}

/// The version of the oneDNN library that the program runs with.
public func oneDNNVersion() -> String {
    let version = dnnl_version()!.pointee
    return "\(version.major).\(version.minor).\(version.patch)"
}

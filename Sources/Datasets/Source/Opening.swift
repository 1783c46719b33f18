package import Distributed
internal import HDF5

extension World {
    /// Opens files on every rank: first on root, which reads their attributes for all. Throws one ``SharedFailure`` on all ranks if `body`
    /// throws on any. Collective.
    package func opening<Result>(_ body: () throws -> Result) throws -> Result {
        var result: Result?
        let record = AttributeRecord()
        try onRoot { result = try record.recording(body) }
        let bytes = try together { isRoot && size > 1 ? try record.encoded() : [] }
        let known = try communicator.broadcast(bytes)
        return try together { try result ?? AttributeRecord(known).playing(body) }
    }
}

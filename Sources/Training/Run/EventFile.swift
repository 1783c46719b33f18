internal import Foundation
package import Support

/// An event file in the folder of a run, which TensorBoard reads while it grows. Written by root alone.
package final class EventFile {
    private let file: GrowingFile
    private static var now: Double { Date().timeIntervalSince1970 }

    /// - Parameters:
    ///   - step: where the run stands.
    ///   - part: what else the name says, for the files of one second.
    package init(_ folder: RunFolder, host: String, step: Int, part: String) throws {
        // TensorBoard looks for `tfevents` in names, and takes files in their order.
        let name = "events.out.tfevents.\(String(format: "%010ld", Int(Self.now))).\(host).\(part)"
        file = try GrowingFile("\(folder.path)/\(name)", bytes: EventRecord.version(time: Self.now).bytes)
        if step > 0 { try file.append(bytes: EventRecord.start(time: Self.now, step: step + 1).bytes) }
    }

    /// Adds what `body` puts into a record.
    package func append(step: Int, _ body: (inout EventRecord) throws -> Void) throws {
        var record = EventRecord(time: Self.now, step: step)
        try body(&record)
        try file.append(bytes: record.bytes)
    }
}

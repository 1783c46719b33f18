package import Foundation
package import Support

/// What a child that looks at a file may take, and its signs of life.
package enum ChildLimits {
    /// Bytes for anything but a checkpoint, which is read whole.
    package static let memory = 150 << 20
    /// Seconds of computing between two signs of life.
    package static let computing = 10

    /// Seconds that reading a whole file may take, at 10 MiB/s.
    package static func seconds(toRead path: String) -> Int { fileSize(path) / (10 << 20) }

    package static func fileSize(_ path: String) -> Int {
        var status = stat()
        return stat(path, &status) == 0 ? Int(status.st_size) : 0
    }

    /// The bytes that count against `RLIMIT_DATA`: proc(5), /proc/pid/statm.
    package static var memoryInUse: Int {
        let pages = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8))?.split(separator: " ")
        return (pages.flatMap { $0.count > 5 ? Int($0[5]) : nil } ?? 0) * sysconf(Int32(_SC_PAGESIZE))
    }

    /// A blank, which JSON does not mind; and time for the next piece of work.
    package static func giveSignOfLife() {
        allowMoreComputing()
        // A child whose parent is gone works for nobody.
        do { try write(Data(" ".utf8)) } catch { exit(error.exitStatus) }
    }

    /// From the start on, for what is read of files: 64 times what they have, for texts and numbers may be compressed, but no more than there is.
    package static func limitMemory(toRead paths: [String]) {
        let size = paths.reduce(0) { $0 + fileSize($1) }
        limit(
            __rlimit_resource_t(RLIMIT_DATA.rawValue), to: memoryInUse + min(memory + 64 * size, max(memory, availableMemory())))
    }

    /// For checkpoints: a file of `size` bytes is read whole.
    package static func allowReading(wholeFileOf size: Int) {
        limit(__rlimit_resource_t(RLIMIT_DATA.rawValue), to: memory + 8 * size)
        allowMoreComputing(seconds: computing + size / (20 << 20))
    }

    package static func allowMoreComputing(seconds: Int = computing) {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        limit(__rlimit_resource_t(RLIMIT_CPU.rawValue), to: usage.ru_utime.tv_sec + usage.ru_stime.tv_sec + seconds)
    }

    package static func limit(_ resource: __rlimit_resource_t, to value: Int) {
        var limits = rlimit()
        getrlimit(resource, &limits)
        limits.rlim_cur = min(rlim_t(value), limits.rlim_max)
        setrlimit(resource, &limits)
    }

    package static func write(_ data: Data) throws(Failure) {
        var rest = data[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Foundation.write(1, $0.baseAddress!, $0.count) }
            if count < 0, errno == EINTR { continue }
            if count <= 0 { throw Failure(.inputOutput, "the report cannot be written") }
            rest = rest.dropFirst(count)
        }
    }
}

internal import Foundation

/// The memory that this node's processes can still take, in bytes, within the limit of the job's control group.
package func availableMemory() -> Int {
    func text(_ path: String) -> String? { try? String(contentsOfFile: path, encoding: .utf8) }
    func number(_ path: String) -> Int? { text(path).flatMap { Int($0.trimmingCharacters(in: .whitespacesAndNewlines)) } }
    var free = Int.max
    if let line = text("/proc/meminfo")?.split(separator: "\n").first(where: { $0.hasPrefix("MemAvailable:") }),
        let kilobytes = line.split(separator: " ").dropFirst().first.flatMap({ Int($0) })
    {
        free = kilobytes * 1024
    }
    // Version 2, then version 1 of control groups.
    for line in text("/proc/self/cgroup")?.split(separator: "\n") ?? [] {
        let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3 else { continue }
        let pairs =
            parts[0] == "0"
            ? ("/sys/fs/cgroup\(parts[2])/memory.max", "/sys/fs/cgroup\(parts[2])/memory.current")
            : ("/sys/fs/cgroup/memory\(parts[2])/memory.limit_in_bytes", "/sys/fs/cgroup/memory\(parts[2])/memory.usage_in_bytes")
        if let limit = number(pairs.0), let used = number(pairs.1) { free = min(free, max(0, limit - used)) }
    }
    return free
}

/// The memory that this process may still take by its own limits (`ulimit -v`, `-d`), in bytes.
package func allowedMemory() -> Int {
    // In pages: the size, ..., and the data.
    let pages = ((try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8)) ?? "").split { " \n".contains($0) }
        .compactMap { Int($0) }
    var allowed = Int.max
    for (resource, index) in [(RLIMIT_AS, 0), (RLIMIT_DATA, 5)] where pages.count > index {
        var limits = rlimit()
        if getrlimit(__rlimit_resource_t(resource.rawValue), &limits) == 0, limits.rlim_cur < rlim_t(Int.max) {
            allowed = min(allowed, max(0, Int(limits.rlim_cur) - pages[index] * sysconf(Int32(_SC_PAGESIZE))))
        }
    }
    return allowed
}

internal import Foundation

/// The memory that this node's processes can still take, in bytes, within the limit of the job's control group.
func availableMemory() -> Int {
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

internal import Foundation
internal import Support

/// Keeps texts of attributes from taking more memory than they should, in a child process that looks into a file.
///
/// The library takes the memory that the length of a text claims, up to 4 GiB, before it looks for the text. How long it claims to be cannot
/// be asked, so what the process may take is limited while such texts are read: that is for processes of one thread, which do nothing else.
public enum TextGuard {
    /// The bytes that an attribute's texts may take.
    public static let most = 64 << 20

    nonisolated(unsafe) private static var isOn = false
    /// What the first attribute that wanted more was, and where.
    nonisolated(unsafe) public private(set) static var refusal: String?

    public static func begin() { isOn = true }

    /// Calls `read`, within the limit; nil where it failed, which is noted.
    static func limiting<Status: SignedInteger>(_ place: String, _ read: () -> Status) -> Status {
        guard isOn else { return read() }
        let resource = __rlimit_resource_t(RLIMIT_DATA.rawValue)
        var before = rlimit()
        getrlimit(resource, &before)
        var limited = before
        limited.rlim_cur = min(before.rlim_cur, rlim_t(dataInUse + most))
        setrlimit(resource, &limited)
        let status = read()
        setrlimit(resource, &before)
        if status < 0, refusal == nil {
            refusal = "\(place): cannot be read: damaged, or claims more than \(sizeText(most)) of text"
        }
        return status
    }

    /// The bytes that count against `RLIMIT_DATA`: proc(5), /proc/pid/statm.
    private static var dataInUse: Int {
        let pages = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8))?.split(separator: " ")
        return (pages.flatMap { $0.count > 5 ? Int($0[5]) : nil } ?? 0) * sysconf(Int32(_SC_PAGESIZE))
    }
}

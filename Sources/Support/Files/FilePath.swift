internal import Glibc

/// Paths as users type them, taken apart by their bytes: any name that a file system takes is one, `g` and `-` and `é` too.
public enum FilePath {
    /// All before the last component: empty for a bare name, `/` for what lies at the top.
    public static func folder(of path: String) -> String {
        let bytes = withoutEndingSlashes(path)
        guard let slash = bytes.lastIndex(of: UInt8(ascii: "/")) else { return "" }
        return text(withoutEndingSlashes(text(bytes[...slash])))
    }

    /// The last component, without slashes behind it; `/` for the top.
    public static func name(of path: String) -> String {
        let bytes = withoutEndingSlashes(path)
        guard bytes.count > 1, let slash = bytes.lastIndex(of: UInt8(ascii: "/")) else { return text(bytes) }
        return text(bytes[(slash + 1)...])
    }

    /// What the name ends in behind its last dot, in small letters; empty for none, and for names that only begin with a dot.
    public static func fileExtension(of path: String) -> String {
        let name = Array(name(of: path).utf8)
        guard let dot = name.lastIndex(of: UInt8(ascii: ".")), name[..<dot].contains(where: { $0 != UInt8(ascii: ".") }) else {
            return ""
        }
        return text(name[(dot + 1)...]).lowercased()
    }

    /// The path from the top, without the components `.` and `..`; links are not followed.
    public static func absolute(_ path: String) -> String {
        let whole = path.utf8.first == UInt8(ascii: "/") ? path : "\(currentFolder)/\(path)"
        var parts: [String] = []
        for part in whole.utf8.split(separator: UInt8(ascii: "/")).map({ text($0) }) where part != "." {
            if part == ".." { _ = parts.popLast() } else { parts.append(part) }
        }
        return "/" + parts.joined(separator: "/")
    }

    /// The path with `~` or `~user` at its start replaced by the home folder, as shells do, unless there is something of that name here.
    public static func expandingHome(_ path: String) -> String {
        guard path.utf8.first == UInt8(ascii: "~"), !exists(path) else { return path }
        let end = path.utf8.firstIndex(of: UInt8(ascii: "/")) ?? path.endIndex
        let user = String(path[..<end].dropFirst())
        return home(of: user).map { $0 + path[end...] } ?? path
    }

    /// Whether there is anything, also by way of links.
    public static func exists(_ path: String) -> Bool { mode(path) != nil }

    public static func isFolder(_ path: String) -> Bool { mode(path).map { $0 & S_IFMT == S_IFDIR } ?? false }

    /// Whether a path is itself a link, wherever it leads.
    public static func isLink(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFLNK
    }

    public static func isRegularFile(_ path: String) -> Bool { mode(path).map { $0 & S_IFMT == S_IFREG } ?? false }

    /// The path as one word of a shell, for commands that are shown.
    public static func shellWord(_ path: String) -> String {
        let plain = path.utf8.allSatisfy {
            switch $0 {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x80...: true
            default: "/._-+,:=@%".utf8.contains($0)
            }
        }
        return plain && !path.isEmpty
            ? path : "'" + path.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
    }

    private static var currentFolder: String {
        guard let folder = getcwd(nil, 0) else { return "" }
        defer { free(folder) }
        return String(cString: folder)
    }

    /// - Parameter user: empty for who runs this.
    private static func home(of user: String) -> String? {
        if user.isEmpty, let home = getenv("HOME"), home.pointee != 0 { return String(cString: home) }
        let entry = user.isEmpty ? getpwuid(getuid()) : getpwnam(user)
        return entry?.pointee.pw_dir.map { String(cString: $0) }
    }

    private static func mode(_ path: String) -> mode_t? {
        var status = stat()
        return stat(path, &status) == 0 ? status.st_mode : nil
    }

    private static func withoutEndingSlashes(_ path: String) -> [UInt8] {
        var bytes = Array(path.utf8)
        while bytes.count > 1, bytes.last == UInt8(ascii: "/") { bytes.removeLast() }
        return bytes
    }

    private static func text(_ bytes: some Sequence<UInt8>) -> String { String(decoding: Array(bytes), as: UTF8.self) }
}

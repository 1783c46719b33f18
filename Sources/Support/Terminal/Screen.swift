internal import Foundation

/// The terminal on which a user sees what this process writes to stdout or stderr, also through mpirun, which stands between.
///
/// Under mpirun a rank's stdout is a terminal of no size and its stderr a pipe, whatever the user sees: what counts is where the launcher
/// writes to.
public final class Screen: Sendable {
    /// Of the terminal, to ask for its size.
    private let descriptor: Int32
    private let isOwned: Bool

    private init(_ descriptor: Int32, isOwned: Bool) { (self.descriptor, self.isOwned) = (descriptor, isOwned) }

    deinit { if isOwned { close(descriptor) } }

    /// Where a user says that there is one.
    static let assumed = Screen(-1, isOwned: false)

    /// Characters in a line, as wide as the window is now; nil where that is not known.
    var width: Int? {
        var size = winsize()
        return ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0 ? Int(size.ws_col) : nil
    }

    /// The same, or what is usual.
    public var columns: Int { width ?? 80 }

    /// The terminal behind a descriptor of this process; nil where there is none, or one that cannot rewrite a line.
    ///
    /// - Parameters:
    ///   - number: of stdout or stderr.
    ///   - isLaunched: whether mpirun or its like started this process.
    public static func behind(_ number: Int32, isLaunched: Bool) -> Screen? {
        if ["", "dumb"].contains(ProcessInfo.processInfo.environment["TERM"] ?? "") { return nil }
        if !isLaunched { return isatty(number) == 1 ? Screen(number, isOwned: false) : nil }
        guard let launcher = Ancestor.launcher, launcher.passesLinesOn else { return nil }
        // A terminal in the background of another session must not become ours.
        let descriptor = open("/proc/\(launcher.id)/fd/\(number)", O_WRONLY | O_NOCTTY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { return nil }
        let screen = Screen(descriptor, isOwned: true)
        return isatty(descriptor) == 1 ? screen : nil
    }
}

/// A process that this one descends from.
private struct Ancestor {
    let id: Int32
    private let words: [String]

    /// mpirun or its like on this host, through whatever stands between (a proxy, a debugger, a shell script).
    static var launcher: Ancestor? {
        var id = getppid()
        for _ in 0..<8 where id > 1 {
            guard let ancestor = Ancestor(id: id) else { return nil }
            if names.contains(ancestor.name) { return ancestor }
            guard let parent = ancestor.parent else { return nil }
            id = parent
        }
        return nil
    }

    /// Debian's names have the kind of MPI behind a dot.
    private static let names: Set = ["mpirun", "mpiexec", "orterun", "prterun"]

    private init?(id: Int32) {
        guard let text = try? String(contentsOfFile: "/proc/\(id)/cmdline", encoding: .utf8), !text.isEmpty else { return nil }
        self.id = id
        words = text.split(separator: "\0").map(String.init)
    }

    private var name: String { String((words[0] as NSString).lastPathComponent.prefix { $0 != "." }) }

    private var parent: Int32? {
        // Behind the name, which may have anything in it: state, parent.
        guard let text = try? String(contentsOfFile: "/proc/\(id)/stat", encoding: .utf8),
            let end = text.lastIndex(of: ")")
        else { return nil }
        let fields = text[text.index(after: end)...].split(separator: " ")
        return fields.count > 1 ? Int32(fields[1]) : nil
    }

    /// Whether it writes what ranks write as it is: not into files of its own, and with nothing before each line.
    var passesLinesOn: Bool {
        let changing = [
            "tag-output", "timestamp-output", "output-filename", "output", "xml", "prepend-rank", "l", "outfile-pattern",
        ]
        // What stands behind the program's name are its own flags.
        let own = ((CommandLine.arguments.first ?? "") as NSString).lastPathComponent
        return !words.dropFirst().prefix { ($0 as NSString).lastPathComponent != own }.contains { word in
            word.hasPrefix("-") && changing.contains(String(word.drop { $0 == "-" }.prefix { $0 != "=" }))
        }
    }
}

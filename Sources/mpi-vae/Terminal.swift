@preconcurrency internal import Glibc
internal import Support

/// Prints results, which may quote names and labels out of files, on stdout.
func print(_ text: String) { ProgressLine.result(text.withoutControls) }

/// What the program says: messages on stderr, results on stdout. Either may be closed, or a full disk.
enum Terminal {
    /// Takes the numbers 0 to 2 where they are closed: else the next file that is opened would get one, and messages with it.
    ///
    /// They are opened the wrong way round, so that reading and writing fail as before.
    static func holdPlaces() {
        for number in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO] where fcntl(number, F_GETFD) < 0 {
            _ = open("/dev/null", number == STDIN_FILENO ? O_WRONLY : O_RDONLY)
        }
    }

    /// A line on stderr, in one write. Where it cannot be written there is nobody to tell.
    static func say(_ line: String) {
        ProgressLine.write("\(line)\n", to: STDERR_FILENO)
    }

    /// The line that names a file that was written; none for standard output, which results are read from.
    static func sayWritten(_ path: String, _ more: String = "") {
        if path != "-" { print("wrote \(path)\(more)") }
    }

    /// Says nothing from now on, for another process says the same.
    static func silence() {
        let nothing = open("/dev/null", O_WRONLY | O_CLOEXEC)
        guard nothing >= 0 else { return }
        for number in [STDOUT_FILENO, STDERR_FILENO] { dup2(nothing, number) }
        close(nothing)
    }

    /// Writes out what was printed; false if something of it is lost.
    static func flush() -> Bool { fflush(stdout) == 0 && ferror(stdout) == 0 }
}

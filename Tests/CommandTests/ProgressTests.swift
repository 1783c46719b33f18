import Foundation
import TestSupport
import Testing

/// What users see while a command works: on a terminal, in a file, through mpirun.
struct ProgressTests {
    /// Runs words on a terminal of some columns, follows what it shows as a terminal does, and prints as JSON: the exit status, the lines
    /// that stay, and all states of the line that was rewritten.
    private static let terminal = """
        import json, os, pty, re, select, struct, fcntl, sys, termios
        columns, words = int(sys.argv[1]), sys.argv[2:]
        child, master = pty.fork()
        if child == 0:
            os.environ["TERM"] = "xterm"
            os.execvp(words[0], words)
        fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", 25, columns, 0, 0))
        raw = b""
        while True:
            ready, _, _ = select.select([master], [], [], 60)
            if not ready: break
            try: piece = os.read(master, 65536)
            except OSError: break
            if not piece: break
            raw += piece
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        lines, states, line, place = [], [], "", 0
        for token in re.findall(r"\\x1b\\[K|\\r|\\n|[^\\x1b\\r\\n]+|\\x1b", raw.decode()):
            if token == "\\r": place = 0
            elif token == "\\n": lines.append(line); line, place = "", 0
            elif token == "\\x1b[K":
                line = line[:place]
                if line: states.append(line)
            else: line, place = line[:place] + token + line[place + len(token):], place + len(token)
        print(json.dumps({"status": status, "lines": lines, "states": states, "last": line}))
        """

    private struct Seen: Decodable {
        let status: Int
        /// Those that stay.
        let lines: [String]
        /// Of the line that is rewritten.
        let states: [String]
        let last: String
    }

    private static func look(columns: Int, _ words: [String]) throws -> Seen {
        let outcome = try Program.python(terminal, ["\(columns)"] + words)
        return try JSONDecoder().decode(Seen.self, from: Data(outcome.output.utf8))
    }

    private static func words(_ run: String, ranks: Int?) throws -> [String] {
        let launcher = ranks.map { ["/usr/bin/mpirun", "-n", "\($0)"] } ?? []
        return launcher + [
            try Program.built("mpi-vae"), "train", "--output", run, "--epochs", "3", "--hidden", "256", "--global-batch", "64",
            "--no-report",
        ]
    }

    /// The bar fits the terminal, whether mpirun stands between or not, and no line that stays has a rest of it.
    @Test(.serialized, arguments: [80, 40], [nil, 2])
    func terminal(columns: Int, ranks: Int?) throws {
        let folder = try TemporaryFolder()
        let seen = try Self.look(columns: columns, try Self.words(folder.path("run"), ranks: ranks))
        #expect(seen.status == 0 && seen.last.isEmpty, "\(seen)")
        let epochs = seen.states.filter { $0.contains(try! Regex("^epoch [123]/3 +[0-9]+%")) }
        #expect(epochs.count > 5, "\(seen.states)")
        #expect(seen.states.allSatisfy { $0.count < columns })
        #expect(epochs.contains { $0.contains(" left") } && epochs.contains { $0.contains("[#") == (columns == 80) })
        #expect(seen.lines.filter { $0.hasPrefix("epoch ") }.count == 3, "\(seen.lines)")
        let starts = ["mpi-vae: ", "epoch ", "test  elbo", "wrote ", "  "]
        #expect(seen.lines.allSatisfy { line in starts.contains { line.hasPrefix($0) } }, "\(seen.lines)")
        #expect(seen.lines.allSatisfy { !$0.contains("% [") && !$0.contains(" left") })
        // Broken between words; names of files stay whole.
        let wide = seen.lines.filter { $0.count >= columns && !$0.hasPrefix("wrote ") }
        #expect(wide.allSatisfy { !$0.drop { $0 == " " }.contains(" ") } && seen.lines.contains { $0.hasPrefix("  ") }, "\(wide)")
    }

    /// No control characters get into files and pipes, and of a short run no lines of progress.
    @Test(arguments: [nil, 2]) func file(ranks: Int?) throws {
        let folder = try TemporaryFolder()
        let words = try Self.words(folder.path("run"), ranks: ranks)
        let outcome = try Program.run(words[0], Array(words.dropFirst()))
        #expect(outcome.status == 0)
        let text = outcome.output + outcome.errors
        #expect(!text.contains("\r") && !text.contains("\u{1B}") && !text.contains("left"), "\(outcome)")
    }

    @Test func quietAndVerbose() throws {
        let folder = try TemporaryFolder()
        func errors(_ more: String) throws -> Outcome {
            try Program.run(
                Program.built("mpi-vae"), ["train", "--output", folder.path(more), "--epochs", "1", "--hidden", "8", more])
        }
        let quiet = try errors("--quiet")
        #expect(quiet.status == 0 && quiet.errors.isEmpty && !quiet.output.contains("epoch "), "\(quiet)")
        #expect(quiet.output.contains("wrote "), "results are said")
        let verbose = try errors("--verbose")
        #expect(verbose.status == 0 && verbose.errors.contains("threads: "), "\(verbose)")
        let both = try mpiVAE("train", "--quiet", "--verbose")
        #expect(both.status == 64 && both.errors.contains("not both"), "\(both)")
    }

    /// `metrics.jsonl` has what `metrics.csv` has, and the losses of steps between, also of a run that went on.
    @Test func objects() throws {
        let folder = try TemporaryFolder()
        let run = folder.path("run")
        func train(_ more: [String]) throws {
            let words = [
                "train", "--output", run, "--epochs", "2", "--hidden", "8", "--global-batch", "256", "--log-every", "10",
            ]
            let outcome = try mpiVAE(ranks: 2, words + ["--no-report"] + more)
            #expect(outcome.status == 0, "\(outcome)")
        }
        try train(["--max-steps", "13"])
        try train([])
        let python = try Program.python(
            """
            import json, pandas, sys
            lines = [json.loads(line) for line in open(sys.argv[1] + "/metrics.jsonl")]
            table = pandas.read_csv(sys.argv[1] + "/metrics.csv", float_precision="round_trip")
            epochs = [line for line in lines if "train_loss" in line]
            for column in table.columns:
                if table[column].notna().all(): assert [line[column] for line in epochs] == table[column].tolist(), column
            steps = [line for line in lines if "loss" in line]
            assert [line["step"] for line in steps] == list(range(10, table.step.max() + 1, 10)), steps
            assert all(set(line) == {"epoch", "step", "loss", "learning_rate", "beta"} for line in steps)
            # Parts of the epoch, whose mean is between theirs.
            first = [line["loss"] for line in steps if line["epoch"] == 1]
            assert min(first) < epochs[0]["train_loss"] < max(first), (first, epochs[0])
            assert pandas.read_json(sys.argv[1] + "/metrics.jsonl", lines=True).shape[0] == len(lines)
            """, [run])
        #expect(python.status == 0, "\(python)")
    }
}

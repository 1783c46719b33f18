import Foundation
import TestSupport

/// What a command said and took, with all the processes that it started.
struct Measured: Decodable, CustomStringConvertible {
    /// 128 plus the signal for one that was killed, -1 for one that was still running at its limit.
    let status: Int
    let output: String
    let errors: String
    let seconds: Double
    /// Of all its processes together.
    let processorSeconds: Double
    /// Of the process that took most.
    let megabytes: Double

    var errorLines: [Substring] { errors.split(separator: "\n").filter { $0.contains("mpi-vae: error:") } }

    /// Whether it ended in some seconds, not counted what it waited because the machine was busy, which is never long.
    func took(lessThan limit: Double) -> Bool { min(seconds, processorSeconds) < limit && seconds < limit + 5 }

    var description: String {
        "status \(status), \(seconds) s, \(processorSeconds) s of processors, \(megabytes) MB\n\(output)\(errors)"
    }

    /// Runs `mpi-vae` with each of the arguments, one after the other.
    ///
    /// - Parameters:
    ///   - ranks: under mpirun; without it if nil.
    ///   - limit: the seconds after which one is ended.
    static func run(_ commands: [[String]], ranks: Int? = nil, limit: Double = 60, timeout: Double = 300) throws -> [Measured] {
        let launcher = ranks.map { ["/usr/bin/mpirun", "-n", "\($0)"] } ?? []
        let lines = try commands.map { launcher + [try Program.built("mpi-vae")] + $0 }
        let python = try Program.python(
            """
            import json, os, sys, tempfile, time
            results = []
            for command in json.loads(sys.argv[1]):
                with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
                    start = time.monotonic()
                    pid = os.posix_spawn(command[0], command, os.environ,
                        file_actions=[(os.POSIX_SPAWN_DUP2, out.fileno(), 1), (os.POSIX_SPAWN_DUP2, err.fileno(), 2)])
                    while True:
                        # Its resources are those of all its descendants that were waited for.
                        done, status, usage = os.wait4(pid, os.WNOHANG)
                        if done or time.monotonic() - start > float(sys.argv[2]): break
                        time.sleep(0.002)
                    if not done: os.kill(pid, 9); os.waitpid(pid, 0)
                    code = os.waitstatus_to_exitcode(status) if done else -1
                    out.seek(0); err.seek(0)
                    results.append({"status": 128 - code if code < -1 else code, "seconds": time.monotonic() - start,
                        "processorSeconds": usage.ru_utime + usage.ru_stime,
                        "megabytes": usage.ru_maxrss / 1000, "output": out.read().decode("utf8", "replace"),
                        "errors": err.read().decode("utf8", "replace")})
            print(json.dumps(results))
            """, [String(decoding: try JSONEncoder().encode(lines), as: UTF8.self), "\(limit)"], timeout: timeout)
        if python.status != 0 { throw CannotRun(description: "\(python)") }
        return try JSONDecoder().decode([Measured].self, from: Data(python.output.utf8))
    }
}

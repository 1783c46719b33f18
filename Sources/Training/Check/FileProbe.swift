internal import Foundation
internal import HDF5

/// Looks into files in a child process.
///
/// HDF5 1.10 can crash on a damaged file, run forever, or take any amount of memory. A child may do so without harm, within limits.
public enum FileProbe: String, CaseIterable, Sendable {
    /// Reads everything.
    case check
    /// Lists what there is.
    case inspect
    /// Opens data as every rank will do next.
    case open
    /// Copies the frames of an AnnData file.
    case frames
    /// Reads a checkpoint as the first rank will do next.
    case checkpoint

    /// The hidden command of the program that ``answer(_:)`` is called by.
    public static let command = "probe-file"

    /// What a child may take for anything but a checkpoint, which is read whole.
    private static let memoryLimit = 150 << 20
    /// Seconds of computing between two signs of life, and of waiting for one.
    private static let computingLimit = 10
    private static let patience = 120

    // MARK: In the parent

    /// The report of a child on a file. Throws ``Failure``, also the one that the child met with.
    func report<Report: Decodable>(_: Report.Type, on file: String) throws -> Report {
        try JSONDecoder().decode(Report.self, from: try Self.output([Self.command, rawValue, file], file))
    }

    /// Throws ``Failure`` if the HDF5 library crashes when it opens data, `file.h5[:/path]`, or if strings beside them cannot be read;
    /// anything else that is wrong with them is left to those who open them next.
    static func survives(_ specification: String, _ options: DataOptions) throws {
        let text = String(decoding: try JSONEncoder().encode(options), as: UTF8.self)
        _ = try output([command, open.rawValue, specification, text], specification)
    }

    /// What a child writes. Throws ``Failure``, also the one that the child met with.
    private static func output(_ arguments: [String], _ file: String) throws -> Data {
        let (output, end) = try ChildProcess.run(arguments, patience: patience)
        if let failure = failure(end, file) { throw failure }
        if case .exited(let status) = end, status != 0 {
            let message = String(decoding: output, as: UTF8.self).trimmingCharacters(in: .whitespaces)
            throw Failure(ExitCode(rawValue: status) ?? .internal, message.isEmpty ? "\(file): no report" : message)
        }
        return output
    }

    /// The same for the copying of the frames of an AnnData file.
    ///
    /// - Parameter paths: of `obs` and `var`, or of one of them.
    static func framesSurvive(_ path: String, _ paths: [String], rows: Int, features: Int) throws {
        let (_, end) = try ChildProcess.run(
            [command, frames.rawValue, path, "\(rows)", "\(features)"] + paths, patience: patience + seconds(toRead: path))
        if let failure = failure(end, path) { throw failure }
    }

    /// Throws ``Failure`` if the HDF5 library crashes when it reads a checkpoint; anything else that is wrong with it is left to who
    /// reads it next. Its strings lie in a heap without a checksum.
    static func survives(checkpoint path: String) throws {
        let (_, end) = try ChildProcess.run([command, checkpoint.rawValue, path], patience: patience + seconds(toRead: path))
        if let failure = failure(end, path) { throw failure }
    }

    /// Seconds that reading a whole file may take, at 10 MiB/s.
    private static func seconds(toRead path: String) -> Int { fileSize(path) / (10 << 20) }

    private static func fileSize(_ path: String) -> Int {
        var status = stat()
        return stat(path, &status) == 0 ? Int(status.st_size) : 0
    }

    private static func failure(_ end: ChildProcess.End, _ file: String) -> Failure? {
        switch end {
        case .exited: nil
        case .silent: Failure(.inputOutput, "\(file): nothing could be read for \(patience) seconds: is its disk well?")
        case .killed(SIGXCPU): Failure(.badData, "\(file): damaged: the HDF5 library does not come to an end with it")
        case .killed(SIGINT), .killed(SIGUSR1), .killed(SIGUSR2), .killed(SIGTERM), .killed(SIGHUP), .killed(SIGKILL):
            Failure(.unavailable, "\(file): the process that looked at it was killed")
        case .killed: Failure(.badData, "\(file): damaged: the HDF5 library crashes on it")
        }
    }

    // MARK: In the child

    /// Does what was asked for and writes the report, or the error, to stdout; gives the status to exit with.
    public func answer(_ arguments: [String]) -> Int32 {
        Self.limit(__rlimit_resource_t(RLIMIT_CORE.rawValue), to: 0)
        // Opening may mean to read where the rows of a sparse matrix begin.
        Self.allowMoreComputing(seconds: [.open, .frames].contains(self) ? 6 * Self.computingLimit : Self.computingLimit)
        do {
            let file = arguments.first ?? ""
            switch self {
            case .check:
                Self.limit(__rlimit_resource_t(RLIMIT_DATA.rawValue), to: Self.memoryLimit)
                try Self.write(try JSONEncoder().encode(FileCheck.report(on: file)))
            case .inspect:
                Self.limit(__rlimit_resource_t(RLIMIT_DATA.rawValue), to: Self.memoryLimit)
                try Self.write(try JSONEncoder().encode(Inspection.summary(of: file)))
            case .checkpoint:
                Self.allowMoreComputing(seconds: Self.computingLimit + Self.seconds(toRead: file))
                _ = try Checkpoint.readHere(file, .model)
            case .open:
                var options = try JSONDecoder().decode(DataOptions.self, from: Data((arguments.dropFirst().first ?? "{}").utf8))
                // Rows by their labels would be read without a limit.
                options.onlyLabels = ""
                if let source = try? DataSource.open(file, options) { try Self.readStrings(source, file) }
            case .frames:
                guard arguments.count >= 3, let rows = Int(arguments[1]), let features = Int(arguments[2]) else { break }
                Self.allowMoreComputing(seconds: 6 * Self.computingLimit + Self.seconds(toRead: file))
                let copy = try File.inMemory(file)
                try AnnDataFrames(file, Array(arguments[3...]), rows: rows, features: features).copy(into: copy)
                _ = try copy.closeInMemory()
            }
            return 0
        } catch {
            try? Self.write(Data("\(error)".utf8))
            return (error as? Failure)?.exitStatus ?? ExitCode.internal.rawValue
        }
    }

    /// Reads the labels and ids of rows that are strings.
    ///
    /// What strings consist of has no checksum in any file, and is what the library crashes on most. It takes the memory that the length
    /// of a string claims, up to 4 GiB, before it looks for the string.
    private static func readStrings(_ source: DataSource, _ specification: String) throws {
        let size = try DataSpecification(specification).items.reduce(0) { $0 + fileSize($1.file) }
        let inUse = memoryInUse
        let rows = 4096
        for values in [source.labels, source.ids].compactMap(\.self) where values.kind == .strings {
            limit(
                __rlimit_resource_t(RLIMIT_DATA.rawValue),
                to: inUse + memoryLimit + 8 * size + 4 * values.storedSize(ofRows: rows))
            for first in stride(from: 0, to: min(source.rowCount, 1 << 20), by: rows) {
                do throws(HDF5Error) {
                    _ = try values.strings(source.selection.rows(first..<min(first + rows, source.rowCount)))
                } catch {
                    throw Failure(error)
                }
                giveSignOfLife()
            }
        }
    }

    /// The bytes that count against `RLIMIT_DATA`: proc(5), /proc/pid/statm.
    private static var memoryInUse: Int {
        let pages = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8))?.split(separator: " ")
        return (pages.flatMap { $0.count > 5 ? Int($0[5]) : nil } ?? 0) * sysconf(Int32(_SC_PAGESIZE))
    }

    /// A blank, which JSON does not mind; and time for the next piece of work.
    static func giveSignOfLife() {
        allowMoreComputing()
        // A child whose parent is gone works for nobody.
        do { try write(Data(" ".utf8)) } catch { exit(error.exitStatus) }
    }

    /// For checkpoints: a file of `size` bytes is read whole.
    static func allowReading(wholeFileOf size: Int) {
        limit(__rlimit_resource_t(RLIMIT_DATA.rawValue), to: memoryLimit + 8 * size)
        allowMoreComputing(seconds: computingLimit + size / (20 << 20))
    }

    private static func allowMoreComputing(seconds: Int = computingLimit) {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        limit(__rlimit_resource_t(RLIMIT_CPU.rawValue), to: usage.ru_utime.tv_sec + usage.ru_stime.tv_sec + seconds)
    }

    private static func limit(_ resource: __rlimit_resource_t, to value: Int) {
        var limits = rlimit()
        getrlimit(resource, &limits)
        limits.rlim_cur = min(rlim_t(value), limits.rlim_max)
        setrlimit(resource, &limits)
    }

    private static func write(_ data: Data) throws(Failure) {
        var rest = data[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Foundation.write(1, $0.baseAddress!, $0.count) }
            if count < 0, errno == EINTR { continue }
            if count <= 0 { throw Failure(.inputOutput, "the report cannot be written") }
            rest = rest.dropFirst(count)
        }
    }
}

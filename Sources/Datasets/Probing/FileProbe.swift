internal import Foundation
internal import HDF5
internal import Support

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
    /// Reads what the folder of a run has of its rows, as a report will do next.
    case results

    /// The hidden command of the program that answers.
    public static let command = "probe-file"

    /// The status of a child that met an attribute which claims too much, and what it writes before it says which.
    package static let refusalStatus: Int32 = 3
    package static let refusalMark = "\u{1}"

    /// Seconds of waiting for a sign of life.
    private static let patience = 120

    /// The report of a child on a file. Throws ``Failure``, also the one that the child met with.
    package func report<Report: Decodable>(_: Report.Type, on file: String) throws -> Report {
        try JSONDecoder().decode(Report.self, from: try Self.output([Self.command, rawValue, file], file))
    }

    /// Throws ``Failure`` if the HDF5 library crashes when it opens data, `file.h5[:/path]`, or if strings beside them cannot be read;
    /// anything else that is wrong with them is left to those who open them next.
    package static func survives(_ specification: String, _ options: DataOptions) throws {
        let text = String(decoding: try JSONEncoder().encode(options), as: UTF8.self)
        _ = try output([command, open.rawValue, specification, text], specification)
    }

    /// What a child writes. Throws ``Failure``, also the one that the child met with.
    private static func output(_ arguments: [String], _ file: String) throws -> Data {
        let (output, end) = try ChildProcess.run(arguments, patience: patience)
        if let failure = failure(end, output, file) { throw failure }
        if case .exited(let status) = end, status != 0 {
            let message = String(decoding: output, as: UTF8.self).trimmingCharacters(in: .whitespaces)
            throw Failure(ExitCode(rawValue: status) ?? .internal, message.isEmpty ? "\(file): no report" : message)
        }
        return output
    }

    /// The same for the copying of the frames of an AnnData file.
    ///
    /// - Parameter paths: of `obs` and `var`, or of one of them.
    package static func framesSurvive(_ path: String, _ paths: [String], rows: Int, features: Int) throws {
        let (output, end) = try ChildProcess.run(
            [command, frames.rawValue, path, "\(rows)", "\(features)"] + paths,
            patience: patience + ChildLimits.seconds(toRead: path))
        if let failure = failure(end, output, path) { throw failure }
    }

    /// Throws ``Failure`` if the HDF5 library crashes when it reads a checkpoint; anything else that is wrong with it is left to who
    /// reads it next. Its strings lie in a heap without a checksum.
    package static func survives(checkpoint path: String) throws {
        let (output, end) = try ChildProcess.run(
            [command, checkpoint.rawValue, path], patience: patience + ChildLimits.seconds(toRead: path))
        if let failure = failure(end, output, path) { throw failure }
    }

    /// The same for the embeddings and scores in the folder of a run.
    package static func survives(resultsIn folder: String) throws {
        let (output, end) = try ChildProcess.run([command, results.rawValue, folder], patience: patience)
        if let failure = failure(end, output, folder) { throw failure }
    }

    private static func failure(_ end: ChildProcess.End, _ output: Data, _ file: String) -> Failure? {
        switch end {
        case .exited(refusalStatus):
            Failure(.badData, String(decoding: output, as: UTF8.self).components(separatedBy: refusalMark).last ?? file)
        case .exited: nil
        case .silent: Failure(.inputOutput, "\(file): nothing could be read for \(patience) seconds: is its disk well?")
        case .killed(SIGXCPU): Failure(.badData, "\(file): damaged: the HDF5 library does not come to an end with it")
        case .killed(SIGINT), .killed(SIGUSR1), .killed(SIGUSR2), .killed(SIGTERM), .killed(SIGHUP), .killed(SIGKILL):
            Failure(.unavailable, "\(file): the process that looked at it was killed")
        case .killed: Failure(.badData, "\(file): damaged: the HDF5 library crashes on it")
        }
    }
}

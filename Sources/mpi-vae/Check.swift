internal import Analysis
internal import ArgumentParser
internal import Datasets
internal import Foundation
internal import Support
internal import Training

struct Check: ReadingCommand, SpeakingCommand {
    static let configuration = CommandConfiguration(
        abstract: "Read HDF5 files whole and say whether they are good.",
        discussion: "Exits with 0 if all are good, 65 if not, 66 if one is missing, 77 if one may not be read.")

    @Argument(help: "The files.", transform: FilePath.expandingHome) var files: [String]
    @Flag(help: "Write JSON.") var json = false
    @OptionGroup var speech: SpeechFlags

    func run() throws {
        var reports: [String] = []
        var bad: [(file: String, problems: [String])] = []
        var unread: Failure?
        for file in files {
            do {
                let check = try FileCheck(file)
                reports.append(json ? try check.json() : check.text())
                if !json { print(reports.last!) }
                if !check.problems.isEmpty { bad.append((file, check.problems)) }
            } catch let failure as Failure where files.count > 1 {
                if !json { print(failure.message) }
                unread = unread ?? failure
            }
        }
        if json { print("[\(reports.joined(separator: ",\n"))]") }
        try fail(bad, unread, of: files.count)
    }

    private func fail(_ bad: [(file: String, problems: [String])], _ unread: Failure?, of count: Int) throws {
        if let unread, bad.isEmpty { throw unread }
        guard let (file, problems) = bad.first else { return }
        let more = problems.count > 1 ? ", and \(problems.count - 1) more" : ""
        let others =
            bad.count > 1 || unread != nil ? "; \(bad.count + (unread == nil ? 0 : 1)) of \(count) files are not good" : ""
        throw Failure(.badData, "\(file): \(problems[0])\(more)\(others)")
    }
}

/// What the program calls itself by to look into a file that may make it crash.
struct ProbeFile: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: FileProbe.command, shouldDisplay: false)

    @Argument var probe: String
    @Argument var arguments: [String]

    func run() throws {
        guard let probe = FileProbe(rawValue: probe) else { throw ValidationError("unknown probe '\(probe)'") }
        Foundation.exit(probe.answer(arguments))
    }
}

internal import Foundation
internal import Importing
internal import Pages
internal import Support
internal import Training

/// How a run was made: command, time, machine, versions, digests.
struct RunProvenance {
    let run: RunFolder
    /// nil where the run did not come to its end.
    let summary: RunSummary?
    let checkpoint: Checkpoint
    let configuration: Configuration
    /// Empty where there were none.
    let testData: String
    /// The data as they are called now.
    let data: String

    func add(to page: inout HTMLPage) {
        var rows: [(String, String)] = []
        if let summary {
            rows += [
                ("command", CommandProvenance.text(summary.command)), ("in the folder", summary.folder),
                ("finished", CommandProvenance.date(summary.finished)),
                ("duration", "\(Self.duration(summary.seconds)), of which \(Self.duration(summary.trainingSeconds)) in steps"),
                (
                    "machine",
                    "\(summary.host): \(Self.count(summary.ranks, "rank")) with \(Self.count(summary.threads, "thread")) each, \(Self.count(summary.shards, "shard"))"
                ),
            ]
        }
        rows += [("data", data)]
        if !testData.isEmpty { rows.append(("test data", testData)) }
        rows += startRows
        rows += [
            ("digest", "\(checkpoint.digest ?? "none") of the parameters after step \(checkpoint.progress.step)"),
            ("arithmetic", "\(checkpoint.history.arithmetic)"), ("version", summary?.program ?? "mpi-vae \(programVersion)"),
        ]
        let libraries = summary?.libraries ?? Dictionary(uniqueKeysWithValues: libraryVersions().map { ($0.library, $0.version) })
        rows.append(
            (
                "libraries",
                libraries.sorted { $0.key < $1.key }.map { $1.contains($0) ? $1 : "\($0) \($1)" }.joined(separator: ", ")
            ))
        page.section("How it was made", HTMLPage.table(rows))
    }

    /// Where the first parameters came from, and which of them stayed; nothing for those of most runs.
    private var startRows: [(String, String)] {
        let training = configuration.training
        var rows: [(String, String)] = []
        if !training.fromDigest.isEmpty {
            let path = (try? RunRecord(of: run))?.configuration.training.from ?? ""
            rows.append(("first parameters", "\(training.fromPart.rawValue) of \(path), digest \(training.fromDigest)"))
        }
        if training.freeze != .none { rows.append(("frozen", training.freeze.rawValue)) }
        return rows
    }

    private static func count(_ number: Int, _ name: String) -> String { "\(number) \(name)\(number == 1 ? "" : "s")" }

    static func duration(_ seconds: Double) -> String {
        guard seconds.isFinite, seconds < 1e9 else { return "unknown" }
        let whole = Int(seconds.rounded())
        switch whole {
        case ..<10: return String(format: "%.2f s", seconds)
        case ..<60: return "\(whole) s"
        case ..<3600: return "\(whole / 60) min \(whole % 60) s"
        default: return "\(whole / 3600) h \(whole / 60 % 60) min"
        }
    }
}

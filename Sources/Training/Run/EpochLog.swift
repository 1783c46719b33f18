internal import Foundation
internal import Support
internal import VAE

/// A CSV file that grows by some lines each epoch, which begin with epoch and step. Written by root alone.
struct EpochLog {
    private let path: String
    private let columns: [String]

    /// Opens the log of a run that stands at `step`: lines of later steps, which are about to be run again, are dropped.
    ///
    /// What an older version wrote may lack the last columns, which are empty there.
    init(_ path: String, columns: [String], resumedAt step: Int) throws {
        self.path = path
        self.columns = columns
        var lines = [columns.csvLine]
        if step > 0, let text = try? String(contentsOfFile: path, encoding: .utf8) {
            let old = text.split(separator: "\n")
            let width = old.first?.split(separator: ",").count ?? 0
            let missing = String(repeating: ",", count: max(0, columns.count - width))
            lines += old.dropFirst().filter { line in
                let fields = line.split(separator: ",", omittingEmptySubsequences: false)
                return fields.count == width && 2...columns.count ~= width && Int(fields[1]).map { $0 <= step } ?? false
            }.map { $0 + missing }
        }
        try RunFolder(path: "").write(Array((lines.joined(separator: "\n") + "\n").utf8), to: path)
    }

    /// Adds lines, in one write. Throws ``Failure``.
    func append(_ lines: [[String]]) throws {
        let text = lines.map { $0.csvLine + "\n" }.joined()
        guard let handle = FileHandle(forWritingAtPath: path) else {
            throw Failure(.inputOutput, "cannot append to \(path)")
        }
        do {
            try handle.seekToEnd()
            try handle.write(contentsOf: Data(text.utf8))
            try handle.close()
        } catch {
            throw Failure(.inputOutput, "cannot append to \(path): \(error.localizedDescription)")
        }
    }
}

/// What a run notes of every epoch: `metrics.csv`, one line an epoch, and `ranks.csv`, one for each rank. Written by root alone.
struct RunLogs {
    private let metrics: EpochLog
    private let ranks: EpochLog

    static let metricsColumns =
        ["epoch", "step", "train_loss", "validation_elbo"] + EvidenceLowerBound.terms.map { "validation_\($0.name)" }
        + ["samples_per_second", "data_wait_s", "reduce_wait_s", "learning_rate", "beta", "digest"]
    static let ranksColumns = ["epoch", "step", "rank", "host", "rows", "compute_s", "data_wait_s", "reduce_wait_s"]

    init(_ folder: RunFolder, resumedAt step: Int) throws {
        metrics = try EpochLog(folder.metrics, columns: Self.metricsColumns, resumedAt: step)
        ranks = try EpochLog(folder.ranks, columns: Self.ranksColumns, resumedAt: step)
    }

    /// What is noted of an epoch, besides its times.
    struct Epoch {
        let epoch: Int
        let step: Int
        let trainLoss: Double
        let validation: Evaluation?
        let learningRate: Float
        let beta: Float
        /// ``ParameterDigest`` at its end.
        let digest: String
    }

    /// - Parameter times: those of all ranks.
    func append(_ epoch: Epoch, _ times: [RankTimes], hosts: [String]) throws {
        func field(_ value: Double?) -> String { value.map { "\($0)" } ?? "" }
        func seconds(_ value: Double) -> String { String(format: "%.6f", value) }
        let own = times[0]
        let figures = ["\(epoch.epoch)", "\(epoch.step)", field(epoch.trainLoss), field(epoch.validation?.elbo)]
        let terms = EvidenceLowerBound.terms.indices.map { field(epoch.validation?.terms[$0]) }
        let rest = [
            String(format: "%.1f", own.allRows / own.seconds), seconds(own.data), seconds(own.wait), "\(epoch.learningRate)",
            "\(epoch.beta)", epoch.digest,
        ]
        try metrics.append([figures + terms + rest])
        try ranks.append(
            times.enumerated().map { rank, times in
                [
                    "\(epoch.epoch)", "\(epoch.step)", "\(rank)", hosts[rank], "\(Int(times.rows))", seconds(times.compute),
                    seconds(times.data), seconds(times.wait),
                ]
            })
    }
}

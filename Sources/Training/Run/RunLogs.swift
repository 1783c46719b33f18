internal import Foundation
internal import Support
internal import VAE

/// What a run notes of every epoch: a line of `metrics.csv` and of `metrics.jsonl`, and in `ranks.csv` one for each rank; between epochs
/// lines of steps in `metrics.jsonl`. Written by root alone.
struct RunLogs {
    private let metrics: GrowingFile
    private let ranks: GrowingFile
    private let objects: GrowingFile
    /// For TensorBoard, where it is wanted.
    private let events: EventFile?

    static let metricsColumns =
        ["epoch", "step", "train_loss", "validation_elbo"] + EvidenceLowerBound.terms.map { "validation_\($0.name)" }
        + ["samples_per_second", "data_wait_s", "reduce_wait_s", "learning_rate", "beta", "digest"]
    static let ranksColumns = ["epoch", "step", "rank", "host", "rows", "compute_s", "data_wait_s", "reduce_wait_s"]

    /// Opens the logs of a run that stands at `step`: lines of later steps, which are about to be run again, are dropped.
    ///
    /// - Parameter host: what event files are named after; nil for none.
    init(_ folder: RunFolder, resumedAt step: Int, eventsOf host: String?) throws {
        metrics = try GrowingFile(folder.metrics, lines: try Self.table(folder.metrics, Self.metricsColumns, until: step))
        ranks = try GrowingFile(folder.ranks, lines: try Self.table(folder.ranks, Self.ranksColumns, until: step))
        objects = try GrowingFile(folder.metricObjects, lines: try Self.objects(folder.metricObjects, until: step))
        events = try host.map { try EventFile(folder, host: $0, step: step, part: "run-\(step)") }
    }

    /// The lines of a table up to a step, which stands second in them.
    ///
    /// What an older version wrote may lack the last columns, which are empty there.
    private static func table(_ path: String, _ columns: [String], until step: Int) throws(Failure) -> [String] {
        let old = try lines(path, until: step)
        let width = old.first?.split(separator: ",").count ?? 0
        let missing = String(repeating: ",", count: max(0, columns.count - width))
        return [columns.csvLine]
            + old.dropFirst().filter { line in
                let fields = line.split(separator: ",", omittingEmptySubsequences: false)
                return fields.count == width && 2...columns.count ~= width && Int(fields[1]).map { $0 <= step } ?? false
            }.map { $0 + missing }
    }

    /// The objects up to a step, one a line.
    private static func objects(_ path: String, until step: Int) throws(Failure) -> [String] {
        try lines(path, until: step).filter { line in
            guard let found = line.firstMatch(of: /^\{"epoch":[0-9]+,"step":([0-9]+),.*\}$/) else { return false }
            return Int(found.1).map { $0 <= step } ?? false
        }.map(String.init)
    }

    /// Throws ``Failure`` (65) for a file that no run makes so large. What is a link is none of ours.
    private static func lines(_ path: String, until step: Int) throws(Failure) -> [Substring] {
        guard step > 0, !FilePath.isLink(path), FilePath.isRegularFile(path) else { return [] }
        guard let text = PlainFile.text(path, most: most, mayBeLink: false) else {
            throw Failure(
                .badData, "\(path): cannot be read, or has more than \(sizeText(most)): move it away, and the run goes on")
        }
        return text.split(separator: "\n")
    }

    private static let most = 1 << 30

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
        try metrics.append([(figures + terms + rest).csvLine])
        try objects.append([Self.object(Self.metricsColumns, figures + terms + rest)])
        try events?.append(step: epoch.step) { record in
            record.add("loss/train", epoch.trainLoss)
            if let validation = epoch.validation {
                record.add("validation/elbo", validation.elbo)
                for (term, value) in zip(EvidenceLowerBound.terms, validation.terms) {
                    record.add("validation/\(term.name)", value)
                }
            }
            record.add("schedule/learning_rate", Double(epoch.learningRate))
            record.add("schedule/beta", Double(epoch.beta))
            record.add("time/rows_per_second", own.allRows / own.seconds)
            record.add("time/data_wait_s", own.data)
            record.add("time/reduce_wait_s", own.wait)
        }
        try ranks.append(
            times.enumerated().map { rank, times in
                [
                    "\(epoch.epoch)", "\(epoch.step)", "\(rank)", hosts[rank], "\(Int(times.rows))", seconds(times.compute),
                    seconds(times.data), seconds(times.wait),
                ].csvLine
            })
    }

    /// Notes the mean loss of the rows since the line before, in nats.
    func append(epoch: Int, step: Int, loss: Double, learningRate: Float, beta: Float) throws {
        let values = ["\(epoch)", "\(step)", "\(loss)", "\(learningRate)", "\(beta)"]
        try objects.append([Self.object(["epoch", "step", "loss", "learning_rate", "beta"], values)])
        try events?.append(step: step) { $0.add("loss/steps", loss) }
    }

    /// One line of JSON; figures that are not there, or not finite, are left out.
    private static func object(_ names: [String], _ values: [String]) -> String {
        let members = zip(names, values).compactMap { name, value in
            if name != "digest", let number = Double(value) { return number.isFinite ? "\"\(name)\":\(value)" : nil }
            return value.isEmpty ? nil : "\"\(name)\":\"\(value)\""
        }
        return "{\(members.joined(separator: ","))}"
    }
}

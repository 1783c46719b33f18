internal import Foundation

/// `metrics.csv`: one line an epoch. Written by root alone.
struct MetricsLog {
    private let path: String
    static let columns = [
        "epoch", "step", "train_loss", "validation_elbo", "validation_reconstruction", "validation_kl",
        "samples_per_second", "data_wait_s", "reduce_wait_s",
    ]

    /// Opens the log of a run that stands at `step`: lines of later steps, which are about to be run again, are dropped.
    init(_ path: String, resumedAt step: Int) throws {
        self.path = path
        var lines = [Self.columns.joined(separator: ",")]
        if step > 0, let text = try? String(contentsOfFile: path, encoding: .utf8) {
            lines += text.split(separator: "\n").dropFirst().map(String.init).filter { line in
                let fields = line.split(separator: ",", omittingEmptySubsequences: false)
                return fields.count == Self.columns.count && Int(fields[1]).map { $0 <= step } ?? false
            }
        }
        try RunFolder(path: "").write(Array((lines.joined(separator: "\n") + "\n").utf8), to: path)
    }

    /// Adds a line, in one write. nil leaves a field empty.
    func append(
        epoch: Int, step: Int, trainLoss: Double, validation: Evaluation?, samplesPerSecond: Double, dataSeconds: Double,
        reduceSeconds: Double
    ) throws {
        func field(_ value: Double?) -> String { value.map { "\($0)" } ?? "" }
        let line = [
            "\(epoch)", "\(step)", field(trainLoss), field(validation?.elbo), field(validation?.reconstruction),
            field(validation?.kl), String(format: "%.1f", samplesPerSecond), String(format: "%.6f", dataSeconds),
            String(format: "%.6f", reduceSeconds),
        ].joined(separator: ",")
        guard let handle = FileHandle(forWritingAtPath: path) else {
            throw Failure(.inputOutput, "cannot append to \(path)")
        }
        do {
            try handle.seekToEnd()
            try handle.write(contentsOf: Data("\(line)\n".utf8))
            try handle.close()
        } catch {
            throw Failure(.inputOutput, "cannot append to \(path): \(error.localizedDescription)")
        }
    }
}

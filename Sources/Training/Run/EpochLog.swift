internal import Foundation
internal import HDF5
internal import Support
internal import VAE

/// A CSV file that grows by some lines each epoch, which begin with epoch and step. Written by root alone.
///
/// It stays open: under its name others may put a link during the run.
final class EpochLog {
    private let path: String
    private var descriptor: Int32

    /// Opens the log of a run that stands at `step`: lines of later steps, which are about to be run again, are dropped.
    ///
    /// What an older version wrote may lack the last columns, which are empty there.
    init(_ path: String, columns: [String], resumedAt step: Int) throws {
        self.path = path
        var lines = [columns.csvLine]
        if step > 0, FilePath.isRegularFile(path), let text = try? String(contentsOfFile: path, encoding: .utf8) {
            let old = text.split(separator: "\n")
            let width = old.first?.split(separator: ",").count ?? 0
            let missing = String(repeating: ",", count: max(0, columns.count - width))
            lines += old.dropFirst().filter { line in
                let fields = line.split(separator: ",", omittingEmptySubsequences: false)
                return fields.count == width && 2...columns.count ~= width && Int(fields[1]).map { $0 <= step } ?? false
            }.map { $0 + missing }
        }
        descriptor = try Self.publish(Array((lines.joined(separator: "\n") + "\n").utf8), path)
    }

    deinit { close(descriptor) }

    /// Adds lines, in one write. Throws ``Failure``.
    func append(_ lines: [[String]]) throws {
        let text = Array(lines.map { $0.csvLine + "\n" }.joined().utf8)
        guard isInPlace else {
            // Somebody removed or replaced it: it is made anew, whole.
            let all = try content() + text
            close(descriptor)
            descriptor = -1
            descriptor = try Self.publish(all, path)
            return
        }
        var written = 0
        while written < text.count {
            let count = text.withUnsafeBytes { write(descriptor, $0.baseAddress! + written, $0.count - written) }
            if count < 0, errno == EINTR { continue }
            if count <= 0 { throw failure("append to") }
            written += count
        }
    }

    /// Whether what has the name now is the file that is open.
    private var isInPlace: Bool {
        var (held, named) = (stat(), stat())
        return fstat(descriptor, &held) == 0 && lstat(path, &named) == 0 && held.st_dev == named.st_dev
            && held.st_ino == named.st_ino
    }

    private func content() throws -> [UInt8] {
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = pread(descriptor, &piece, piece.count, off_t(bytes.count))
            if count < 0, errno == EINTR { continue }
            if count < 0 { throw failure("read") }
            if count == 0 { return bytes }
            bytes += piece[..<count]
        }
    }

    private static func publish(_ bytes: [UInt8], _ path: String) throws -> Int32 {
        do throws(FileError) { return try AtomicFile.writeToAppend(bytes, to: path) } catch { throw Failure(error) }
    }

    private func failure(_ action: String) -> Failure {
        Failure(.inputOutput, "cannot \(action) \(path): \(String(cString: strerror(errno)).lowercased())")
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

internal import Foundation
internal import Support

/// What a benchmark found: means over ranks, seconds and bytes.
public struct BenchmarkReport: Codable, Sendable {
    /// A matrix product alone, operations per second of one thread.
    public struct Product: Codable, Sendable {
        public var name: String
        public var operationsPerRow: Double
        /// As the step runs it, and the best found for the same matrices.
        public var used: Double
        public var best: Double
    }

    /// A part of a step.
    public struct Phase: Codable, Sendable {
        public var name: String
        public var seconds: Double
    }

    public var processor: String
    public var ranks: Int
    public var ranksPerNode: Int
    public var threads: Int
    public var precision: String
    public var wire: String
    public var shards: Int
    public var globalBatch: Int
    public var parameters: Int
    public var products: [Product]
    /// Floating-point operations of one thread that does nothing but multiply-adds in fp32.
    public var multiplyAddsPerSecond: Double
    /// Of one rank, with all at work.
    public var memoryBytesPerSecond: Double
    public var barrierSeconds: Double
    public var latencySeconds: Double?
    public var exchangeBytesPerSecond: Double?
    public var stepSeconds: Double
    public var phases: [Phase]
    /// Of one rank, data and shared memory among them.
    public var residentBytes: Double
    public var dataBytes: Double

    /// Rows per second of all ranks.
    public var samplesPerSecond: Double { Double(globalBatch) / stepSeconds }

    /// The least time that the products of one row take one thread, at the best speeds found.
    public var boundSecondsPerRow: Double { products.reduce(0) { $0 + $1.operationsPerRow / $1.best } }

    /// The part of a step that the products would take at their best.
    public var shareOfBound: Double {
        boundSecondsPerRow * Double(globalBatch) / Double(ranks * threads) / stepSeconds
    }

    /// For people.
    public func text() -> String {
        var lines = [
            "\(processor); \(ranks) ranks, \(ranksPerNode) on this node, \(threads) threads each",
            "\(parameters) parameters, \(precision), global batch \(globalBatch), \(shards) shards",
            "",
            "products, GFLOP/s per thread      as used     best",
        ]
        func row(_ name: String, _ columns: String...) -> String {
            "  " + name.padded(to: 28) + columns.joined()
        }
        func number(_ value: Double, _ format: String = "%12.1f") -> String { String(format: format, value) }
        for product in products {
            lines.append(row(product.name, number(product.used * 1e-9), number(product.best * 1e-9, "%9.1f")))
        }
        lines += ["", "machine, per rank"]
        lines.append(row("multiply-adds of a thread", number(multiplyAddsPerSecond * 1e-9), " GFLOP/s in fp32"))
        lines.append(row("memory", number(memoryBytesPerSecond * 1e-9), " GB/s"))
        if ranksPerNode > 1 { lines.append(row("barrier of a node", number(barrierSeconds * 1e6), " us")) }
        if let latencySeconds { lines.append(row("exchange of 8 bytes", number(latencySeconds * 1e6), " us")) }
        if let exchangeBytesPerSecond {
            lines.append(row("exchange of 4 MiB", number(exchangeBytesPerSecond * 1e-9), " GB/s each way"))
        }
        lines += ["", "step                                 us    share"]
        let total = phases.reduce(0) { $0 + $1.seconds }
        for phase in phases {
            lines.append(row(phase.name, number(phase.seconds * 1e6), number(100 * phase.seconds / total, "%8.1f"), "%"))
        }
        lines.append(row("all", number(stepSeconds * 1e6), "  (median)"))
        lines += [
            "",
            String(
                format: "%.0f samples/s, %.0f per rank; products at their best would take %.1f%% of the step",
                samplesPerSecond, samplesPerSecond / Double(ranks), 100 * shareOfBound),
            String(
                format: "%.0f MiB of memory per rank, of which data %.0f MiB", residentBytes / 1_048_576, dataBytes / 1_048_576),
        ]
        return lines.joined(separator: "\n")
    }

    /// For programs: all fields, and the figures made from them.
    public func json() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        var object = try JSONSerialization.jsonObject(with: encoder.encode(self)) as! [String: Any]
        object["samplesPerSecond"] = samplesPerSecond
        object["shareOfBound"] = shareOfBound
        let data = try JSONSerialization.data(withJSONObject: object, options: [.prettyPrinted, .sortedKeys])
        return String(decoding: data, as: UTF8.self)
    }

    /// For tables: one line with its header.
    public func csv() -> String {
        let columns: [(String, String)] =
            [
                ("ranks", "\(ranks)"), ("threads", "\(threads)"), ("precision", precision), ("shards", "\(shards)"),
                ("global_batch", "\(globalBatch)"), ("parameters", "\(parameters)"),
                ("samples_per_second", "\(samplesPerSecond)"),
                ("share_of_bound", "\(shareOfBound)"), ("step_s", "\(stepSeconds)"),
            ] + phases.map { ("\($0.name)_s", "\($0.seconds)") }
        return columns.map(\.0).csvLine + "\n" + columns.map(\.1).csvLine
    }
}

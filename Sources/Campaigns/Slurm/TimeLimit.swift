internal import Support

/// A job's time as Slurm writes it: minutes, minutes:seconds, hours:minutes:seconds, days-hours[:minutes[:seconds]].
public struct TimeLimit: Sendable {
    /// As it was given.
    public let text: String
    /// In seconds.
    public let seconds: Int

    /// - Throws: ``Failure`` (64) for what Slurm would not take, and for less than a minute.
    public init(_ text: String) throws {
        let parts = text.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
        let fields = parts.last!.split(separator: ":", omittingEmptySubsequences: false).map { Self.number($0) }
        let days = parts.count == 2 ? Self.number(parts[0]) : 0
        // What the first field counts depends on whether there are days, and on how many fields there are.
        let units = parts.count == 2 ? [3600, 60, 1] : [[60], [60, 1], [3600, 60, 1]][min(fields.count, 3) - 1]
        guard let days, fields.count <= units.count, !fields.contains(nil) else { throw Self.unsuitable(text) }
        seconds = days * 86400 + zip(fields, units).reduce(0) { $0 + $1.0! * $1.1 }
        guard seconds >= 60 else { throw Self.unsuitable(text) }
        self.text = text
    }

    /// How long before the end the run is told to save, in seconds: three minutes, or a quarter of a short job.
    public var warning: Int { min(180, seconds / 4) }

    private static func number(_ text: Substring) -> Int? {
        let isNumber = (1...6).contains(text.utf8.count) && text.utf8.allSatisfy { (0x30...0x39).contains($0) }
        return isNumber ? Int(text) : nil
    }

    private static func unsuitable(_ text: String) -> Failure {
        Failure(
            .usage,
            "--time is '\(text)', but must be a time of at least a minute as Slurm writes it, for example 30 (minutes), 04:00:00, 2-12:00:00"
        )
    }
}

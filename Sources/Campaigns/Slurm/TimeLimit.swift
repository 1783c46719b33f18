internal import Support

/// A job's time as Slurm writes it: minutes, minutes:seconds, hours:minutes:seconds, days-hours[:minutes[:seconds]].
public struct TimeLimit: Sendable {
    /// As it was given.
    public let text: String
    /// In seconds.
    public let seconds: Int

    /// - Throws: ``Failure`` (64) for what Slurm would not take, and for less than a minute.
    public init(_ text: String) throws {
        guard let seconds = slurmSeconds(text), seconds >= 60 else { throw Self.unsuitable(text) }
        self.seconds = seconds
        self.text = text
    }

    /// How long before the end the run is told to save, in seconds: three minutes, or a quarter of a short job.
    public var warning: Int { min(180, seconds / 4) }

    private static func unsuitable(_ text: String) -> Failure {
        Failure(
            .usage,
            "--time is '\(text)', but must be a time of at least a minute as Slurm writes it, for example 30 (minutes), 04:00:00, 2-12:00:00"
        )
    }
}

package import Logging

/// Goes along with a run, and ends it by throwing. All that it is asked is asked on root alone.
package protocol RunObserver {
    /// Before the first step.
    func begin(_ replica: Replica) throws

    /// At the end of an epoch.
    ///
    /// - Parameter digest: the ``ParameterDigest`` there.
    /// - Returns: what to say behind the epoch's figures; nil for nothing.
    func endEpoch(_ epoch: Int, step: Int, digest: String, _ replica: Replica) throws -> String?

    /// After the last step.
    func end(step: Int, _ replica: Replica) throws
}

/// A run whose training is over.
package struct TrainedRun {
    /// With the parameters of the best model, packed.
    package let replica: Replica
    package let folder: RunFolder
    /// The checkpoint of the best model, without its parameters.
    package let best: Checkpoint
    /// The ``ParameterDigest`` after the last step; empty but on root.
    package let digest: String
    /// Since the start, on root.
    package let seconds: Double
    package let log: Logger
}

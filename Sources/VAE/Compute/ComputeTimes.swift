/// Seconds that one thread spent in each part of a model's work, since it began.
public struct ComputeTimes: Sendable {
    /// Products and activations, data to likelihood.
    public var forward = 0.0
    /// Random numbers, and the posterior's samples.
    public var noise = 0.0
    /// The loss, and its gradient with regard to the decoder's output.
    public var loss = 0.0
    public var backward = 0.0
}

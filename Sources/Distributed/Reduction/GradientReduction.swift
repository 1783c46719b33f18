/// What ranks tell each other in every step besides gradients: any of them raises a flag, all see it after the same step.
public struct StepFlags: OptionSet, Sendable {
    public let rawValue: UInt32
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// A loss is not a number or infinite: the update is left out on all ranks.
    public static let notFinite = StepFlags(rawValue: 1)
    /// This rank was asked to stop.
    public static let stop = StepFlags(rawValue: 2)
    /// This rank cannot go on: the update is left out on all ranks.
    public static let failed = StepFlags(rawValue: 4)

    /// Rank 0 wants the state saved after this step.
    public static let save = StepFlags(rawValue: 8)

    /// Whether the update of the step is made.
    public var allowUpdate: Bool { isDisjoint(with: [.notFinite, .failed]) }
}

/// Where each step's time went on this rank, in seconds since the start.
public struct ReductionTimes: Sendable {
    /// Waiting for the gradients and the updates of others.
    public var wait = 0.0
    /// Summing and updating.
    public var work = 0.0
}

/// What a reduction takes of a rank's memory, in bytes.
public struct ReductionMemory: Sendable {
    public let parameters: Int
    /// Those that are kept: one for each of the nodes of the tree that the rank sums.
    public let gradients: Int
    /// What is sent to other nodes and comes from them.
    public let exchange: Int
    /// The number of parameters that the rank updates.
    public let owned: Int
}

/// Updates parameters of a rank: a range of them, by the summed gradient of its elements and the factor to multiply it with (below 1 where the
/// norm is clipped).
public typealias GradientUpdate =
    (_ worker: Int, _ range: Range<Int>, _ gradient: UnsafePointer<Float>, _ factor: Float) -> Void

/// Sums the gradients of all shards and updates the parameters that all ranks share.
///
/// A step is: the sums of this rank's shards are written to ``gradients``, then one thread calls ``step(flags:clipNorm:update:)``.
public protocol GradientReduction: AnyObject {
    /// The flat parameters, the same on all ranks after every step; written by `setParameters` and `step` alone.
    var parameters: UnsafeMutableBufferPointer<Float> { get }
    /// The elements of the flat parameters that this rank updates; its part of the optimiser's state.
    var owned: Range<Int> { get }
    /// Every rank's ``owned``.
    var ownedRanges: [Range<Int>] { get }
    /// The largest complete parts of the tree whose leaves are this rank's shards, in order: it sums them alone.
    var nodes: [FoldTree.Node] { get }
    /// Where the sum over the leaves of each of ``nodes`` is to be written, as flat gradients; the gaps between parameters stay 0.
    var gradients: [UnsafeMutablePointer<Float>] { get }
    var times: ReductionTimes { get }

    /// Sets all ranks' parameters to what `write` puts into the flat buffer on root. Collective.
    func setParameters(_ write: (UnsafeMutablePointer<Float>) throws -> Void) throws

    /// Sums the gradients over all shards and ranks and lets each rank update what it owns. Collective.
    ///
    /// - Parameters:
    ///   - flags: this rank's flags.
    ///   - clipNorm: the largest Euclidean norm that the summed gradient of each group keeps (Pascanu et al. 2013, algorithm 1), or nil.
    ///   - update: called with parts of ``owned``, perhaps by several workers at once.
    /// - Returns: all ranks' flags, and the norm of all groups before clipping where `clipNorm` is given.
    func step(
        flags: StepFlags, clipNorm: Double?, update: @escaping GradientUpdate
    ) throws(MPIError) -> (flags: StepFlags, norm: Double?)
}

/// The factor that brings a gradient of norm `norm` down to `limit`: PyTorch's `clip_grad_norm_`.
func clipFactor(norm: Double, limit: Double) -> Float {
    Float(min(1, limit / (norm + 1e-6)))
}

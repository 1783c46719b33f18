/// What is done to every row before the model sees it, in this order.
public struct PreparationSettings: Sendable, Equatable {
    public var missing = Missing.error
    /// The sum that each row is scaled to; 0 for none.
    public var librarySize = 0.0
    public var transform = Transform.none
    public var scale = Scale.none
    public var scaleBy = ScaleBy.feature
    /// The largest absolute value that is kept; 0 for no limit.
    public var clip = 0.0
    public var binarize = Binarize.none
    /// Above it the fixed binarisation gives 1.
    public var threshold = 0.5

    public init() {}

    /// What values that are not numbers (NaN) mean.
    public enum Missing: String, Sendable, CaseIterable {
        case error
        /// Values that are missing: the encoder sees which, and they count for nothing in the likelihood.
        case mask
        /// Rows to leave out.
        case drop
    }

    public enum Transform: String, Sendable, CaseIterable {
        case none, log1p
    }

    public enum Scale: String, Sendable, CaseIterable {
        case none
        /// To mean 0 and standard deviation 1 over the training rows.
        case standardize
        /// To 0...1 between the training rows' least and largest value; other rows are cut to it.
        case minMax = "min-max"
    }

    public enum ScaleBy: String, Sendable, CaseIterable {
        case feature, global
    }

    public enum Binarize: String, Sendable, CaseIterable {
        case none
        /// By the threshold.
        case fixed
        /// Drawn anew each epoch, with the values as probabilities (Salakhutdinov & Murray 2008, section 4).
        case dynamic
    }
}

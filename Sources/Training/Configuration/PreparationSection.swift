extension Configuration {
    /// What is done to every row before the model sees it, in this order.
    public struct Preparation: Sendable, Equatable {
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

        static let keys = ConfigurationKey.section(
            "preparation",
            .choice(
                "nan", \.preparation.missing, .decides,
                "what values that are not numbers mean: an error, missing values, or rows to leave out"),
            .number(
                "library-size", \.preparation.librarySize, [.atLeast(0)], .decides,
                "sum that each row is scaled to, say 10000 for counts of single cells; 0 for none"),
            .choice("transform", \.preparation.transform, .decides, "function of every value"),
            .choice(
                "scale", \.preparation.scale, .decides, "how features are scaled, by the training rows' statistics"),
            .choice("scale-by", \.preparation.scaleBy, .decides, "whether each feature is scaled alone"),
            .number(
                "clip", \.preparation.clip, [.atLeast(0)], .decides, "largest absolute value after scaling; 0 for no limit"),
            .choice(
                "binarize", \.preparation.binarize, .decides,
                "whether values become 0 or 1, by threshold or drawn each epoch"),
            .number(
                "threshold", \.preparation.threshold, [.atLeast(0)], .decides,
                "value above which fixed binarisation gives 1"))

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
}

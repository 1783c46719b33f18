public import Datasets

extension Configuration {
    public typealias Preparation = PreparationSettings
}

extension PreparationSettings {
    package static let keys = ConfigurationKey.section(
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
}

public import Datasets

extension Configuration {
    public struct Data: Sendable, Equatable {
        /// `file.h5` or `file.h5:/path`; empty for the generated shapes.
        public var data = ""
        public var validationData = ""
        public var testData = ""
        /// What else is used of the files.
        public var options = DataOptions()
        public var validationFraction = 0.0
        public var testFraction = 0.0
        /// Parts of the rows for cross-validation, 0 for none, and the one, from 1, that is validated on; 0 for all in turn.
        public var folds = 0
        public var fold = 0

        package static let keys = ConfigurationKey.section(
            "data",
            .file(
                "data", \.data.data, .none,
                "data set to train on, file.h5[:/path], or a group with /data in it; several files by commas or as 'run-*.h5:/path', "
                    + "data sets side by side as file.h5:/a+/b; generated shapes if none is given"),
            .text("validation-data", \.data.validationData, .none, "data set to validate on, file.h5[:/path]"),
            .text("test-data", \.data.testData, .none, "data set to test on at the end, file.h5[:/path]"),
            .text(
                "labels", \.data.options.labels, .names,
                "path of the labels in the files, as /obs/cell_type, or a column of AnnData's obs, as cell_type; those beside the data "
                    + "if none is given"),
            .text(
                "mask", \.data.options.mask, .names,
                "path of a mask of the data's shape in the files, 0 where a value is missing; for nan mask or drop"),
            .text(
                "weights", \.data.options.weights, .names,
                "path of the rows' weights in the files; all rows count alike if none is given"),
            .text(
                "condition", \.data.options.conditions, .names,
                "columns that rows are conditioned on, by commas, as /obs/batch,/obs/age: text and whole numbers are categories, others numbers, "
                    + "and so is what has :number behind it; none if none is given"),
            .text(
                "rows", \.data.options.rows, .names,
                "rows of data to use: FIRST:END[:STEP], several by commas, or the path of a mask of rows, as /good; all if none is given"
            ),
            .text(
                "columns", \.data.options.columns, .names,
                "features of data to use: FIRST:END[:STEP] or names, several by commas, or the path of a mask of features, as "
                    + "/var/highly_variable; all if none is given"),
            .text(
                "feature-names", \.data.options.featureNames, .names,
                "path of the features' names in the files; if none is given those beside the data, as /var of an AnnData file; none to go by "
                    + "places alone"),
            .text(
                "fit-normal", \.data.options.onlyLabels, .names,
                "labels of the rows of data and validation-data to use, by commas, as 0,1: the normal ones, to find anomalies; all if none "
                    + "is given"),
            .integer(
                "packed-bits", \.data.options.packedBits, from: 0, .decides,
                "numbers of a row that are packed eight a byte (numpy.packbits); 0 if they are not"),
            .integer(
                "map-size", \.data.options.mapSize, from: 0, .decidesIfGiven,
                "rows and columns of contact maps that are stored as lists; 0 for what the largest index needs"),
            .number(
                "validation-fraction", \.data.validationFraction, [.atLeast(0), .below(1)], .decides,
                "share of the rows of data, drawn by the seed, to validate on"),
            .number(
                "test-fraction", \.data.testFraction, [.atLeast(0), .below(1)], .decides,
                "share of the rows of data, drawn by the seed, to test on at the end"),
            .integer(
                "folds", \.data.folds, from: 0, .decides,
                "parts of the rows of data, drawn by the seed, each of which is validated on once (k-fold cross-validation); 0 for none"
            ),
            .integer(
                "fold", \.data.fold, from: 0, .decides,
                "the one of the folds, from 1, to validate on; sweep takes them all in turn"))
    }
}

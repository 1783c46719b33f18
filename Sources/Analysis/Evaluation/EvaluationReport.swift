internal import Statistics

/// What `evaluate` says of a model on some rows: sums over features and latents, averages over rows.
public struct EvaluationReport: Codable, Sendable, Equatable {
    /// As of ``Evaluation``.
    public var rows = 0
    public var elbo = 0.0
    public var reconstruction = 0.0
    public var kl = 0.0
    /// The KL divergence of each latent, in nats; they add up to ``kl`` where rows have no weights.
    public var klPerLatent: [Double] = []
    /// Latents whose posterior mean has a variance over the rows above 0.01 (Burda et al. 2016, section 5).
    public var activeUnits = 0
    /// Of the mean of p(x | z) at the posterior's mean, per value that is there, in the units that the model sees.
    public var meanSquaredError = 0.0
    /// `-elbo / (features ln 2)`, of the values that are there; nil for the likelihood `mse`, which is no distribution.
    public var bitsPerDimension: Double?

    /// The share of rows with a label of a class that the classifier says of their codes' means, and how many these are; nil where the model knows of
    /// no classes.
    public var classAccuracy: Double?
    public var classifiedRows: Int?

    /// What each part of a table gives to the reconstruction; nil where all columns have one likelihood.
    public var parts: [PartLoss]?

    /// K, the samples per row that the importance-weighted log-likelihood is taken with.
    public var samples: Int?
    /// log 1/K sum p(x, z) / q(z | x), in nats (Burda et al. 2016, equation 8).
    public var logLikelihood: Double?
    /// The standard error of ``logLikelihood`` that is due to the samples, by the delta method.
    public var logLikelihoodError: Double?
    /// The standard deviation over the rows, by the root of their number: how far other rows of this kind might lie.
    public var logLikelihoodRowError: Double?

    /// How well rows come back from their codes alone; nil if nobody asked.
    public var compression: Compression?

    /// Rows of at least two items, some of which were held out.
    public var heldOutRows: Int?
    /// The share of the held-out items among the 20, 50 that are ranked first, of as many as can be there (Liang et al. 2018, section 4.2).
    public var recallAt20: Double?
    public var recallAt50: Double?
    /// Normalised discounted cumulative gain of the 100 that are ranked first.
    public var ndcgAt100: Double?

    /// The values that were held out of a model that knows of missing ones; the squared error of its means of them, per value, in the units that the
    /// model sees; and the share of them within the middle half, and 90%, of draws; nil where nothing can be drawn.
    public var heldOutValues: Int?
    public var imputedError: Double?
    public var imputedCoverage50: Double?
    public var imputedCoverage90: Double?

    /// The rows that what follows was computed on.
    public var codeRows: Int?
    /// Rows that are in no class, and so not among these; nil if there are none.
    public var rowsWithoutLabel: Int?
    /// The number of labels; of the figures below only those are there that have a meaning.
    public var classes: Int?
    /// The share of rows whose 10 nearest others, by the codes' distance, have its label in majority.
    public var knnAccuracy: Double?
    /// The share of held-out rows that a logistic regression on the codes gets right.
    public var probeAccuracy: Double?
    /// Mean silhouette of the labels (Rousseeuw 1987).
    public var silhouette: Double?
    /// Of k-means clusters with the labels, k the number of labels: normalised mutual information (by the arithmetic mean) and
    /// adjusted Rand index (Hubert & Arabie 1985).
    public var nmi: Double?
    public var ari: Double?
    /// The number of batches, and how well they are mixed and labels kept: see ``BatchMixing``.
    public var batches: Int?
    public var batchSilhouette: Double?
    public var labelSilhouette: Double?
    public var graphConnectivity: Double?
    public var batchMixing: Double?
    public var labelSeparation: Double?
    /// Mutual information gap (Chen et al. 2018, equation 6), 20 bins.
    public var mutualInformationGap: Double?
}

/// -log p(x | z) of columns that have a likelihood of their own, in nats, in the units that the model sees (numbers that are scaled: by their
/// deviation).
public struct PartLoss: Codable, Sendable, Equatable {
    /// As the configuration has it.
    public var name = ""
    /// Summed over the part's columns, averaged over rows.
    public var loss = 0.0
    /// nil of those whose columns make up a distribution together.
    public var columns: [ColumnLoss]?

    /// Of one column, averaged over the values that are there.
    public struct ColumnLoss: Codable, Sendable, Equatable {
        public var name = ""
        public var loss = 0.0
        /// How many these are.
        public var values = 0
    }
}

/// Rows that come back from codes in numbers of a type, in the data's scale (of rows that are brought to a sum: with that sum).
public struct Compression: Codable, Sendable, Equatable {
    public var dtype = ""
    /// Bytes of a row's codes, and what else decoding needs.
    public var rowBytes = 0.0
    /// Bytes of the values in their file, uncompressed (of sparse rows with a place of 4 bytes each), by those of the codes.
    public var ratio = 0.0
    public var rootMeanSquaredError = 0.0
    public var largestError = 0.0
    /// 10 log10(peak^2 / mean squared error), in dB; the peak is the largest difference of values, of bytes 1.
    public var psnr = 0.0

    init(dtype: String, rowBytes: Double, ratio: Double, rootMeanSquaredError: Double, largestError: Double, psnr: Double) {
        (self.dtype, self.rowBytes, self.ratio) = (dtype, rowBytes, ratio)
        (self.rootMeanSquaredError, self.largestError, self.psnr) = (rootMeanSquaredError, largestError, psnr)
    }
}

/// What `evaluate` is to do besides the ELBO.
public struct EvaluationOptions: Sendable {
    /// K of the importance-weighted log-likelihood; 0 for none.
    public var samples = 0
    /// The share of a row's items that the model does not see and has to rank, or of its values, to impute; 0 for none.
    public var heldOut = 0.0
    /// The type of codes that rows are to come back from; nil for none.
    public var codeType: CodeType?
    /// The path of known factors `[N, F]` in the data's files; empty for none.
    public var factors = ""
    /// The path of the rows' batches in the data's files; empty for none.
    public var batches = ""
    /// The most rows that figures of the codes are computed on; 0 for all.
    public var codeRows = 10_000
    /// A file for what was found row by row; empty for none.
    public var output = ""
    public var force = false

    public init() {}
}

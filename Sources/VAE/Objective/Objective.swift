/// What training lowers.
public enum Objective: Sendable, Equatable {
    /// ``EvidenceLowerBound``, with one code of each row.
    case evidence
    /// The importance-weighted bound, log of the mean over K codes of p(x | z) p(z) / q(z | x), K of 2 or more (Burda et al. 2016, "Importance
    /// weighted autoencoders", equation 8). Of rows with missing values p(x | z) is that of the values that are there (Mattei & Frellsen 2019,
    /// "MIWAE: deep generative modelling and imputation of incomplete data sets", equation 4).
    case importance(samples: Int)

    /// The codes of each row.
    var samples: Int {
        switch self {
        case .evidence: 1
        case .importance(let samples): samples
        }
    }
}

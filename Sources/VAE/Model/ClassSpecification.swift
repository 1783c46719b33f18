/// What scANVI adds to a model of rows some of which have a label (Xu et al. 2021, "Probabilistic harmonization and annotation of single-cell
/// transcriptomics data with deep generative models", Molecular Systems Biology 17, Methods): the code z of a row has a prior by its class y and a second
/// code u, p(z | u, y) p(u) p(y), and a classifier q(y | z) says the class where it is not known. A pure value.
public struct ClassSpecification: Sendable, Equatable {
    /// The classes, of which each is as likely as the others before a row is seen.
    public var count: Int
    /// The one hidden layer of each of the three networks.
    public var hiddenSize: Int
    /// The weight of a labelled row's cross-entropy.
    public var classificationWeight: Float

    public init(count: Int, hiddenSize: Int = 128, classificationWeight: Float = 50) {
        (self.count, self.hiddenSize, self.classificationWeight) = (count, hiddenSize, classificationWeight)
    }
}

/// The networks between codes, second codes and classes; all of one hidden layer of ReLU.
struct ClassNetworks: Sendable {
    let specification: ClassSpecification
    /// q(y | z): from a code to logits of the classes.
    let classifier: Network
    /// q(u | z, y) = N(mean, exp(v)), and p(z | u, y) = N(mean, exp(v)): from a code, with the class as condition, to mean and v of the other.
    let encoder: Network
    let decoder: Network

    init(_ specification: ClassSpecification, latentSize: Int, _ plan: inout ParameterPlan) {
        self.specification = specification
        func network(_ name: String, outputs: Int, classes: Int) -> Network {
            let network = NetworkSpecification.dense(Shape(latentSize), [specification.hiddenSize, outputs], .relu, .none)
            return Network(network.conditioned(classes), name, isFirst: false, &plan)
        }
        classifier = network("classifier", outputs: specification.count, classes: 0)
        encoder = network("class-encoder", outputs: 2 * latentSize, classes: specification.count)
        decoder = network("class-decoder", outputs: 2 * latentSize, classes: specification.count)
    }

    private var all: [Network] { [classifier, encoder, decoder] }
    var blockCount: Int { all.reduce(0) { $0 + $1.blocks.count } }

    func initialize(_ parameters: UnsafeMutablePointer<Float>, _ how: Initialization, first: Int, seed: UInt64) {
        var first = first
        for network in all {
            network.initialize(parameters, how, first: first, seed: seed)
            first += network.blocks.count
        }
    }

    /// The most values that a row's classes have on their way.
    var widest: Int { specification.count * all.reduce(0) { max($0, $1.widest) } }

    func scratchBytes(_ plan: PassPlan) -> Int {
        let ofClasses = plan.samples(specification.count)
        return max(classifier.scratchBytes(plan), encoder.scratchBytes(ofClasses), decoder.scratchBytes(ofClasses))
    }
}

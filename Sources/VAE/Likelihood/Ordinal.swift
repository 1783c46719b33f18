internal import CKernels
internal import Randomness
internal import Support

extension LikelihoodName {
    public static let ordinal = LikelihoodName(known: "ordinal")
}

/// Grades 0 to K - 1 by cumulative logits, P(x <= k) = sigmoid(t_k - o), with thresholds t that each feature has as parameters (McCullagh 1980,
/// "Regression models for ordinal data", section 2).
struct Ordinal: Likelihood {
    private let grades: Int

    /// - Precondition: there are 2 grades at least.
    init(_ settings: LikelihoodSettings) { grades = settings.categories }

    var support: ValueSupport? {
        ValueSupport(
            range: 0...Double(grades - 1), isWhole: true,
            reason:
                "the likelihood ordinal has grades, whole numbers of 0 to \(grades - 1): number them so, or say how many there are"
        )
    }

    /// The lowest threshold, and the logarithms of the steps between them.
    var sharedHeads: [SharedHead] { (1..<grades).map { SharedHead(name: "threshold-\($0)") } }

    func loss(_ rows: LossRows, _ output: UnsafeMutablePointer<Float>, _ step: LossStep) {
        loss(kernel_likelihood_ordinal, settings: [Float(grades), 0], rows, output, step)
    }

    /// Calls `body` with the probabilities of all grades up to each but the last, in order, until it is done with a value.
    private func cumulative(_ output: UnsafePointer<Float>, features: Int, _ body: (_ grade: Int, _ share: Double) -> Bool) {
        let limit = Float(KERNEL_LIKELIHOOD_LOG_STEP_LIMIT)
        var threshold = Double(output[features])
        for grade in 0..<grades - 1 {
            if grade > 0 {
                threshold += Elementary.exp(Double(max(-limit, min(limit, output[(1 + grade) * features]))))
            }
            if body(grade, 1 / (1 + Elementary.exp(Double(output[0]) - threshold))) { return }
        }
    }

    /// The most likely grade, the first of those that are alike.
    func mean(
        _ output: UnsafePointer<Float>, _ library: RowLibrary, into mean: UnsafeMutablePointer<Float>, rows: Int, features: Int
    ) {
        for row in 0..<rows {
            for i in 0..<features {
                var (best, most, below) = (0, 0.0, 0.0)
                func take(_ grade: Int, _ share: Double) {
                    if share > most { (best, most) = (grade, share) }
                }
                cumulative(output + row * headCount * features + i, features: features) { grade, share in
                    take(grade, share - below)
                    below = share
                    return false
                }
                take(grades - 1, 1 - below)
                mean[row * features + i] = Float(best)
            }
        }
    }

    func export(
        _ output: OperatorGraph.Value, features: Int, _ library: LibraryValues?, into graph: inout OperatorGraph
    ) throws(NetworkError) -> [OperatorGraph.Named] {
        let (count, limit) = (grades - 1, Double(KERNEL_LIKELIHOOD_LOG_STEP_LIMIT))
        let location = graph.head(0, of: output, features)
        var steps = [graph.head(1, of: output, features)]
        if count > 1 {
            let logarithms = graph.part(output, axis: 0, 2 * features..<grades * features)
            steps.append(graph.apply(.exponential, graph.hold(logarithms, -limit, limit)))
        }
        // Each threshold is the sum of the lowest and of all steps up to it.
        let isSummed = (0..<count * count).map { $0 % count <= $0 / count ? Float(1) : 0 }
        let sums = graph.constant(.float32(isSummed), [count, count])
        let thresholds = graph.product(sums, graph.reshape(graph.join(steps), [count, features]))
        let distances = graph.apply(.difference, thresholds, graph.reshape(location, [1, features]))
        let shares = graph.flatten(graph.apply(.sigmoid, distances))
        func ends(_ value: Float) -> OperatorGraph.Value {
            let ends = graph.constant(.float32(Array(repeating: value, count: features)), [features])
            return graph.repeated(ends, forRowsOf: output)
        }
        let (none, all) = (ends(0), ends(1))
        let probabilities = graph.apply(.difference, graph.join([shares, all]), graph.join([none, shares]))
        let mean = graph.placeOfLargest(graph.reshape(probabilities, [grades, features]), axis: 0)
        let flat = graph.flatten(thresholds)
        return [("mean", graph.flatten(mean)), ("location", location)]
            + (0..<count).map {
                ("threshold_\($0 + 1)", graph.part(flat, axis: 0, $0 * features..<($0 + 1) * features))
            }
    }

    /// By the inverse of the distribution function.
    func draw(
        _ output: UnsafePointer<Float>, _ seen: SeenRows, noise: NoiseKey, features: Int, into drawn: UnsafeMutablePointer<Float>
    ) {
        mean(output, seen.library, into: drawn, rows: seen.rows.count, features: features)
        drawMissing(seen, noise: noise, features: features, into: drawn) { place, uniform in
            let (row, feature) = (place / features, place % features)
            var drawn = grades - 1
            cumulative(output + row * headCount * features + feature, features: features) { grade, share in
                if uniform < share { drawn = grade }
                return uniform < share
            }
            return Float(drawn)
        }
    }
}

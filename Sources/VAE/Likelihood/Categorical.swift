internal import CKernels
internal import Randomness
internal import Support

/// Columns in blocks of so many `categories`, of each of which one is 1 and the others 0, by the softmax of the block's outputs.
struct Categorical: Likelihood {
    private let categories: Int

    /// - Precondition: there are 2 categories at least.
    init(_ settings: LikelihoodSettings) { categories = settings.categories }

    var couplesColumns: Bool { true }

    var support: ValueSupport? {
        ValueSupport(
            range: 0...1, isWhole: true,
            reason:
                "the likelihood categorical needs indicators, 0 or 1, one column for each category: make them of category numbers, or use "
                + "--likelihood gaussian")
    }

    func loss(_ rows: LossRows, _ output: UnsafeMutablePointer<Float>, _ step: LossStep) {
        loss(kernel_likelihood_categorical, settings: [Float(categories), 0], rows, output, step)
    }

    /// Calls `body` with each block of a row's columns.
    private func forEachBlock(_ features: Int, _ body: (Range<Int>) -> Void) {
        for first in stride(from: 0, to: features, by: categories) { body(first..<min(first + categories, features)) }
    }

    func mean(
        _ output: UnsafePointer<Float>, _ library: RowLibrary, into mean: UnsafeMutablePointer<Float>, rows: Int, features: Int
    ) {
        for row in 0..<rows {
            let (own, target) = (output + row * features, mean + row * features)
            forEachBlock(features) { block in
                let top = block.reduce(-Float.infinity) { max($0, own[$1]) }
                var total = 0.0
                for i in block {
                    let share = Elementary.exp(Double(own[i] - top))
                    target[i] = Float(share)
                    total += share
                }
                for i in block { target[i] = Float(Double(target[i]) / total) }
            }
        }
    }

    func export(
        _ output: OperatorGraph.Value, features: Int, _ library: LibraryValues?, into graph: inout OperatorGraph
    ) throws(NetworkError) -> [OperatorGraph.Named] {
        let logits = graph.head(0, of: output, features)
        // The last block may be shorter.
        let whole = features / categories * categories
        var shares: [OperatorGraph.Value] = []
        for block in [0..<whole, whole..<features] where !block.isEmpty {
            let width = min(categories, block.count)
            let rows = graph.reshape(graph.part(logits, axis: 0, block), [block.count / width, width])
            shares.append(graph.flatten(graph.softmax(rows)))
        }
        return [("mean", graph.join(shares)), ("logits", logits)]
    }

    /// Of a block's missing columns one is 1, by their probabilities, if none of the others is.
    func draw(
        _ output: UnsafePointer<Float>, _ seen: SeenRows, noise: NoiseKey, features: Int, into drawn: UnsafeMutablePointer<Float>
    ) {
        mean(output, seen.library, into: drawn, rows: seen.rows.count, features: features)
        for (row, number) in seen.rows.enumerated() {
            let (x, mask, own) = (seen.x + row * features, seen.mask + row * features, drawn + row * features)
            forEachBlock(features) { block in
                let isOpen = !block.contains { mask[$0] != 0 && x[$0] > 0 }
                let total = block.reduce(0.0) { $0 + (mask[$1] == 0 ? Double(own[$1]) : 0) }
                var left = noise.uniform(row: UInt64(number), index: UInt32(block.lowerBound)) * total
                var isChosen = !isOpen
                let last = block.last { mask[$0] == 0 }
                for i in block where mask[i] == 0 {
                    let share = Double(own[i])
                    let isOne = !isChosen && (left < share || i == last)
                    left -= share
                    own[i] = isOne ? 1 : 0
                    isChosen = isChosen || isOne
                }
            }
        }
    }
}

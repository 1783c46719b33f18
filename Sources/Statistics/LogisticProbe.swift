internal import Foundation
internal import Randomness
internal import Support

/// A logistic regression on codes, to find out how well a linear function tells labels apart.
///
/// Four of five rows, drawn by the seed, are fitted and the others asked. Codes are scaled to mean 0 and standard deviation 1 over the
/// fitted rows. What is minimised is the sum over rows of -log p(label) plus half the squared weights, biases aside (as scikit-learn's
/// `LogisticRegression()` does), from 0 by L-BFGS (Nocedal & Wright 2006, algorithm 7.5) with ten pairs.
package struct LogisticProbe {
    /// The share of the rows asked whose label was right.
    package let accuracy: Double

    private static let pairs = 10
    private static let mostSteps = 500

    /// - Returns: nil if there are too few rows.
    package init?(_ codes: LabelledCodes, seed: UInt64) {
        let asked = codes.count / 5
        guard asked > 0, codes.classes.count > 1 else { return nil }
        let order = Permutation(count: codes.count, key: NoiseKey(seed: seed, epoch: 0, purpose: .probe), domain: 0)
        let fitted = (0..<codes.count).filter { order[$0] >= asked }
        let others = (0..<codes.count).filter { order[$0] < asked }
        let size = codes.latentSize
        var shift = [Double](repeating: 0, count: size)
        var factor = [Double](repeating: 1, count: size)
        for i in 0..<size {
            let values = fitted.map { Double(codes.values[$0 * size + i]) }
            let mean = values.reduce(0, +) / Double(values.count)
            let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count)
            (shift[i], factor[i]) = (mean, variance > 0 ? 1 / variance.squareRoot() : 1)
        }
        func features(_ rows: [Int]) -> [Double] {
            var features: [Double] = []
            for row in rows {
                for i in 0..<size { features.append((Double(codes.values[row * size + i]) - shift[i]) * factor[i]) }
                features.append(1)
            }
            return features
        }
        let problem = Problem(
            features: features(fitted), labels: fitted.map { codes.labels[$0] }, width: size + 1, classes: codes.classes.count)
        let weights = Self.minimize(problem)
        let test = Problem(
            features: features(others), labels: others.map { codes.labels[$0] }, width: size + 1, classes: codes.classes.count)
        accuracy = Double(test.rightCount(weights)) / Double(others.count)
    }

    /// Rows with a 1 behind their features, and their labels.
    package struct Problem {
        private let features: [Double]
        fileprivate let labels: [Int]
        fileprivate let width: Int
        fileprivate let classes: Int

        package init(features: [Double], labels: [Int], width: Int, classes: Int) {
            self.features = features
            self.labels = labels
            self.width = width
            self.classes = classes
        }

        /// The scores `[classes]` of a row with weights `[classes, width]`.
        private func score(_ row: Int, _ weights: [Double], _ scores: inout [Double]) {
            for label in 0..<classes {
                var sum = 0.0
                for i in 0..<width { sum += weights[label * width + i] * features[row * width + i] }
                scores[label] = sum
            }
        }

        /// The loss; writes its gradient.
        fileprivate func loss(_ weights: [Double], _ gradient: inout [Double]) -> Double {
            var scores = [Double](repeating: 0, count: classes)
            var loss = 0.0
            for i in weights.indices {
                let counts = i % width != width - 1
                gradient[i] = counts ? weights[i] : 0
                if counts { loss += 0.5 * weights[i] * weights[i] }
            }
            for (row, label) in labels.enumerated() {
                score(row, weights, &scores)
                let largest = scores.max()!
                var sum = 0.0
                let own = scores[label] - largest
                for i in 0..<classes {
                    scores[i] = Elementary.exp(scores[i] - largest)
                    sum += scores[i]
                }
                loss += Elementary.log(sum) - own
                for i in 0..<classes {
                    let residual = scores[i] / sum - (i == label ? 1 : 0)
                    for j in 0..<width { gradient[i * width + j] += residual * features[row * width + j] }
                }
            }
            return loss
        }

        fileprivate func rightCount(_ weights: [Double]) -> Int {
            var scores = [Double](repeating: 0, count: classes)
            return labels.indices.count { row in
                score(row, weights, &scores)
                return scores.firstIndex(of: scores.max()!)! == labels[row]
            }
        }
    }

    /// The weights `[classes, width]` that fit best.
    package static func minimize(_ problem: Problem) -> [Double] {
        func dot(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }
        var weights = [Double](repeating: 0, count: problem.classes * problem.width)
        var gradient = weights
        var loss = problem.loss(weights, &gradient)
        var history: [(s: [Double], y: [Double], rho: Double)] = []
        for _ in 0..<mostSteps {
            if gradient.allSatisfy({ abs($0) < 1e-7 * Double(problem.labels.count) }) { break }
            var direction = gradient
            var factors: [Double] = []
            for pair in history.reversed() {
                let factor = pair.rho * dot(pair.s, direction)
                factors.append(factor)
                for i in direction.indices { direction[i] -= factor * pair.y[i] }
            }
            let scale = history.last.map { dot($0.s, $0.y) / dot($0.y, $0.y) } ?? 1 / dot(gradient, gradient).squareRoot()
            for i in direction.indices { direction[i] *= scale }
            for (pair, factor) in zip(history, factors.reversed()) {
                let other = pair.rho * dot(pair.y, direction)
                for i in direction.indices { direction[i] += (factor - other) * pair.s[i] }
            }
            // The step is halved until the loss falls enough (Armijo 1966).
            let slope = dot(gradient, direction)
            guard slope > 0 else { break }
            var step = 1.0
            var tried = weights
            var triedGradient = gradient
            var triedLoss = loss
            repeat {
                for i in weights.indices { tried[i] = weights[i] - step * direction[i] }
                triedLoss = problem.loss(tried, &triedGradient)
                step /= 2
            } while triedLoss > loss - 1e-4 * 2 * step * slope && step > 1e-12
            guard triedLoss < loss else { break }
            let s = zip(tried, weights).map { $0 - $1 }
            let y = zip(triedGradient, gradient).map { $0 - $1 }
            let curvature = dot(s, y)
            if curvature > 0 {
                history.append((s, y, 1 / curvature))
                if history.count > pairs { history.removeFirst() }
            }
            (weights, gradient, loss) = (tried, triedGradient, triedLoss)
        }
        return weights
    }
}

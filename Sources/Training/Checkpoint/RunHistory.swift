internal import Datasets
internal import VAE

/// How the steps of a run were made, as far as its configuration does not say it.
package struct RunHistory: Equatable, Sendable {
    /// Steps that were made otherwise than those since.
    package struct Part: Equatable, Sendable {
        /// The last of them.
        package let end: Int
        /// What `epochs` was, to which schedules stretch.
        package let epochs: Int
        package let arithmetic: Int
    }

    /// Of a run that went on with another arithmetic, or for more epochs that changed its schedules; empty for nearly all.
    package var earlier: [Part] = []
    /// Of the newest steps.
    package var arithmetic = Arithmetic.number
    /// The order of sums in the products of the newest steps, see ``Precision/order``; empty where it is not known.
    package var products: String

    /// Of a new run.
    init(_ precision: Precision) { products = precision.order }

    private init(earlier: [Part], arithmetic: Int = Arithmetic.number, products: String) {
        (self.earlier, self.arithmetic, self.products) = (earlier, arithmetic, products)
    }

    /// The history of a run that goes on now.
    ///
    /// - Parameters:
    ///   - step: the last one that was made.
    ///   - before: the configuration until then.
    ///   - now: that of the steps to come.
    func goingOn(after step: Int, _ before: Configuration, _ now: Configuration) -> RunHistory {
        let isStretched = before.training.epochs != now.training.epochs && now.schedulesStretch
        var parts = earlier
        if isStretched || arithmetic != Arithmetic.number {
            parts.append(Part(end: step, epochs: before.training.epochs, arithmetic: arithmetic))
        }
        return RunHistory(earlier: parts, products: now.training.precision.order)
    }

    /// The numbers of all arithmetics that made its steps.
    package var arithmetics: Set<Int> { Set(earlier.map(\.arithmetic) + [arithmetic]) }
}

/// As it is kept in checkpoints: a line for each part, with the three numbers of it.
extension RunHistory {
    var earlierText: String { earlier.map { "\($0.end) \($0.epochs) \($0.arithmetic)\n" }.joined() }

    /// Of a checkpoint that says nothing of it.
    init() { self.init(earlier: [], arithmetic: Arithmetic.unnamed, products: "") }

    /// nil for a text that is none.
    init?(earlier text: String, arithmetic: Int, products: String) {
        self.init(earlier: [], arithmetic: arithmetic, products: products)
        for line in text.split(separator: "\n") {
            let numbers = line.split(separator: " ").compactMap { Int($0) }
            guard numbers.count == 3, numbers[0] > earlier.last?.end ?? 0, numbers[1] > 0 else { return nil }
            earlier.append(Part(end: numbers[0], epochs: numbers[1], arithmetic: numbers[2]))
        }
    }
}

extension Configuration {
    /// Whether what a step does depends on how many epochs are to come.
    fileprivate var schedulesStretch: Bool {
        let ratesStretch =
            switch optimizer.schedule {
            case .constant, .step: false
            case .linear, .cosine, .exponential: true
            }
        return ratesStretch || objective.betaSchedule == .cyclical
    }
}

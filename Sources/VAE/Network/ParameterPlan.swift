internal import CKernels

/// Where the parameters of a model lie, and which of them are packed for products: grows while its layers are made, takes no memory.
struct ParameterPlan: Sendable {
    private(set) var layout = ParameterLayout()
    private(set) var packings: [Packing] = []
    /// The layers of dropout so far, each of which draws its own numbers.
    private var dropoutCount = 0
    /// What is counted lies behind all that is trained, so that its place is known only once all layers were made: see ``make(_:)``.
    private var statistics = ParameterLayout()
    private let statisticsStart: Int

    private init(statisticsStart: Int) { self.statisticsStart = statisticsStart }

    /// What `layers` makes, which runs twice where it has statistics: first to count what lies before them.
    static func make<Layers>(_ layers: (inout ParameterPlan) -> Layers) -> (layers: Layers, plan: ParameterPlan) {
        var plan = ParameterPlan(statisticsStart: 0)
        var made = layers(&plan)
        guard !plan.statistics.entries.isEmpty else { return (made, plan) }
        plan = ParameterPlan(statisticsStart: plan.withStatistics().statistics)
        made = layers(&plan)
        plan.layout = plan.withStatistics()
        return (made, plan)
    }

    private func withStatistics() -> ParameterLayout {
        var all = layout
        for entry in statistics.entries { _ = all.add(entry.name, entry.shape, .statistic, entry.group) }
        return all
    }

    /// Gives the place of a parameter.
    mutating func add(_ name: String, _ shape: [Int], _ role: ParameterRole) -> Range<Int> {
        if role != .statistic { return layout.add(name, shape, role) }
        let place = statistics.add(name, shape, role)
        return statisticsStart + place.lowerBound..<statisticsStart + place.upperBound
    }

    /// The number of a layer of dropout.
    mutating func addDropout() -> Int {
        defer { dropoutCount += 1 }
        return dropoutCount
    }

    /// Gives the place of the packed weight in ``PreparedParameters``.
    mutating func add(_ packing: Packing) -> Packing.Place {
        packings.append(packing)
        return Packing.Place(index: packings.count - 1)
    }
}

/// A weight among the flat parameters that products take packed.
struct Packing: Sendable {
    enum Form: Sendable {
        /// A matrix `b[k, n]`, stored as `[n, k]` where it is transposed.
        case matrix(k: Int, n: Int, isTransposed: Bool)
        case convolution(kernel_convolution, kernel_direction)
    }

    let form: Form
    /// The first of its elements in the flat buffer.
    let source: Int
    /// What it is packed for: inference alone needs no weight of ``Use/training``.
    let use: Use

    init(_ form: Form, source: Int, use: Use = .inference) { (self.form, self.source, self.use) = (form, source, use) }

    struct Place: Sendable {
        let index: Int
    }
}

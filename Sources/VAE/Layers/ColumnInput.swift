internal import CKernels
internal import Support

/// Rows of a table as a network takes them: numbers as they are, counts and what else spans orders of magnitude by the logarithm of 1 + x,
/// categories as indicators, all 0 where the value is missing. The mask, where there is one, stays behind them.
struct ColumnInput: Layer {
    /// How some columns that follow each other are taken.
    enum Form: Sendable, Equatable {
        case value
        case logarithm
        case indicators(Int)
    }

    /// Columns of one form, and where they come to lie.
    struct Stretch: Sendable, Equatable {
        let form: Form
        var columns: Range<Int>
        let target: Int

        var end: Int {
            if case .indicators(let count) = form { return target + count }
            return target + columns.count
        }
    }

    let input: Shape
    let output: Shape
    private let stretches: [Stretch]
    private let features: Int
    private let seesMask: Bool

    /// - Parameter stretches: those of all columns, in order.
    init(_ stretches: [Stretch], seesMask: Bool) {
        self.stretches = stretches
        self.seesMask = seesMask
        features = stretches.last!.columns.upperBound
        input = Shape(seesMask ? 2 * features : features)
        output = Shape(stretches.last!.end + (seesMask ? features : 0))
    }

    /// The forms of the columns of some parts.
    static func stretches(_ parts: [ColumnPart]) -> [Stretch] {
        var forms: [Int: Form] = [:]
        for part in parts {
            let isLogarithm = part.support.map { $0.range.upperBound > 1 } ?? false
            for (place, column) in part.columns.enumerated() {
                forms[column] =
                    part.likelihood.isOfCategories ? .indicators(part.categories[place]) : isLogarithm ? .logarithm : .value
            }
        }
        return (0..<forms.count).reduce(into: [Stretch]()) { stretches, column in
            let form = forms[column]!
            if let last = stretches.last, last.form == form, form == .value || form == .logarithm {
                stretches[stretches.count - 1].columns = last.columns.lowerBound..<column + 1
            } else {
                stretches.append(Stretch(form: form, columns: column..<column + 1, target: stretches.last?.end ?? 0))
            }
        }
    }

    func initialize(_ parameters: UnsafeMutablePointer<Float>, _ how: Initialization, number: Int, seed: UInt64) {}

    func export(_ x: OperatorGraph.Value, into graph: inout OperatorGraph) throws(NetworkError) -> OperatorGraph.Value {
        var parts: [OperatorGraph.Value] = []
        for stretch in stretches {
            let own = graph.part(x, axis: 0, stretch.columns)
            switch stretch.form {
            case .value: parts.append(own)
            case .logarithm: parts.append(try Activation.symlog.export(own, into: &graph))
            case .indicators(let count):
                let all = graph.constant(.float32((0..<count).map(Float.init)), [count])
                let indicators = graph.convert(graph.apply(.isEqual, own, all), to: .float32)
                let mask =
                    seesMask
                    ? graph.part(x, axis: 0, features + stretch.columns.lowerBound..<features + stretch.columns.upperBound) : nil
                parts.append(mask.map { graph.apply(.product, indicators, $0) } ?? indicators)
            }
        }
        if seesMask { parts.append(graph.part(x, axis: 0, features..<2 * features)) }
        return graph.join(parts)
    }

    func makePass(_ plan: PassPlan, _ memory: PassMemory) -> any LayerPass { Pass(self, plan, memory) }

    private final class Pass: LayerPass {
        let output: UnsafeMutablePointer<Float>
        private let layer: ColumnInput

        init(_ layer: ColumnInput, _ plan: PassPlan, _ memory: PassMemory) {
            self.layer = layer
            output = memory.floats(plan.rows * layer.output.count)
        }

        func forward(_ x: UnsafePointer<Float>, _ step: PassStep) {
            for row in step.rows {
                let (from, to) = (x + row * layer.input.count, output + row * layer.output.count)
                for stretch in layer.stretches {
                    let (first, target) = (stretch.columns.lowerBound, to + stretch.target)
                    switch stretch.form {
                    case .value: target.update(from: from + first, count: stretch.columns.count)
                    case .logarithm:
                        kernel_activate(Activation.symlog.kernel, target, from + first, stretch.columns.count)
                    case .indicators(let count):
                        let isThere = !layer.seesMask || from[layer.features + first] != 0
                        for k in 0..<count { target[k] = isThere && from[first] == Float(k) ? 1 : 0 }
                    }
                }
                if layer.seesMask {
                    let behind = layer.output.count - layer.features
                    (to + behind).update(from: from + layer.features, count: layer.features)
                }
            }
        }

        func backwardRows(_ x: UnsafePointer<Float>, _ dy: UnsafeMutablePointer<Float>, isApplied: Bool, _ step: PassStep) {}

        /// Data have no gradient.
        var isBackwardInPlace: Bool { true }
    }
}

extension Block.Operation {
    /// The columns of a table, each part as it is taken.
    static func columns(_ parts: [ColumnPart], seesMask: Bool) -> Block.Operation {
        let stretches = ColumnInput.stretches(parts)
        let layer = ColumnInput(stretches, seesMask: seesMask)
        let text = stretches.map { stretch in
            switch stretch.form {
            case .value: "\(stretch.columns.count)"
            case .logarithm: "log \(stretch.columns.count)"
            case .indicators(let count): "one-hot \(count)"
            }
        }
        return Block.Operation(
            "columns " + text.joined(separator: " "), isAside: true, shape: { _ in layer.output },
            mirror: { _ throws(NetworkError) in throw NetworkError("stands before an encoder alone") },
            make: { _, _, _, _, _ in layer })
    }
}

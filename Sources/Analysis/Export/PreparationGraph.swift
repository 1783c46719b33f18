internal import Datasets
internal import Training
internal import VAE

/// What is done to rows before the model sees them, and how it is undone, in operators: in double precision, and then rounded once.
struct PreparationGraph {
    private let settings: PreparationSettings
    private let scaling: FeatureScaling?

    /// Of each feature 1 where it is transformed, scaled and cut; nil where all are.
    private let prepared: [Float]?

    init(_ checkpoint: Checkpoint, _ configuration: Configuration) {
        (settings, scaling) = (configuration.preparation, checkpoint.scaling)
        prepared = checkpoint.parts(configuration).map { parts in
            var prepared = [Float](repeating: 0, count: parts.columnCount)
            for column in parts.rules(configuration.preparation).prepared.joined() { prepared[column] = 1 }
            return prepared
        }
    }

    /// Rows as the model sees them.
    struct Prepared {
        /// `[features]`, 0 where a value is missing.
        let values: OperatorGraph.Value
        /// The same, 1 where a value is there; nil where none may be missing.
        let mask: OperatorGraph.Value?
        /// The sum that a row had, `[1]`; nil unless it is brought to another.
        let sum: OperatorGraph.Value?
    }

    /// The numbers of rows in files: those of training rows that are scaled and have more digits than 32-bit floats have them here too.
    var rowElement: OperatorGraph.Element { scaling?.isWide == true ? .float64 : .float32 }

    /// Whether rows may have values that are missing.
    var masks: Bool { settings.missing == .mask }

    /// Whether a decoded row must know the sum that it had.
    var scalesToSum: Bool { settings.librarySize > 0 }

    /// Whether the model sees rows as they come, but for a limit or a threshold, so that nothing is undone.
    var isRestoredAsIs: Bool { !scalesToSum && settings.transform == .none && scaling == nil }

    /// Whether values are other ones for the model, but for those that are missing.
    private var changesValues: Bool { !isRestoredAsIs || settings.clip > 0 || settings.binarize == .fixed }

    /// What the preparation does, for people.
    var text: String {
        var steps: [String] = []
        if masks { steps.append("missing values become 0") }
        if scalesToSum { steps.append("each row is brought to the sum \(settings.librarySize)") }
        if settings.transform == .log1p { steps.append("log(1 + x)") }
        if scaling != nil { steps.append("(x - shift) * factor (\(settings.scale.rawValue))") }
        if settings.scale == .minMax { steps.append("held to 0...1") }
        if settings.clip > 0 { steps.append("held to +-\(settings.clip)") }
        if settings.binarize == .fixed { steps.append("1 above \(settings.threshold), else 0") }
        return steps.isEmpty ? "none" : steps.joined(separator: ", ")
    }

    /// Of rows as they come.
    ///
    /// - Parameter mask: 1 for values that are there; nil where none may be missing.
    func prepare(_ rows: OperatorGraph.Value, mask: OperatorGraph.Value?, into graph: inout OperatorGraph) -> Prepared {
        var x = changesValues ? graph.convert(rows, to: .float64) : rows
        var seen: OperatorGraph.Value?
        if let mask {
            let isMissing = graph.apply(.isNotANumber, rows)
            let present = graph.choose(isMissing, graph.number(0, as: mask), mask)
            x = graph.choose(graph.apply(.isGreater, present, 0), x, graph.number(0, as: x))
            seen = present
        }
        var sum: OperatorGraph.Value?
        if scalesToSum {
            let total = graph.reduce(.sum, x, axes: [0])
            let isZero = graph.apply(.isEqual, total, 0)
            let factor = graph.apply(.quotient, graph.number(settings.librarySize, as: total), total)
            x = graph.apply(.product, x, graph.choose(isZero, graph.number(1, as: total), factor))
            sum = total
        }
        if settings.transform == .log1p {
            x = choose(graph.apply(.logarithm, graph.apply(.sum, x, 1)), else: x, into: &graph)
        }
        if let scaling {
            let (shift, factor) = constants(scaling, into: &graph)
            // Of columns that stay as they are it does nothing.
            x = graph.apply(.product, graph.apply(.difference, x, shift), factor)
            if settings.scale == .minMax { x = choose(graph.hold(x, 0, 1), else: x, into: &graph) }
        }
        if settings.clip > 0 { x = choose(graph.hold(x, -settings.clip, settings.clip), else: x, into: &graph) }
        if settings.binarize == .fixed {
            // Rows that are not scaled are compared in single precision.
            let threshold = scaling == nil ? Double(Float(settings.threshold)) : settings.threshold
            let isAbove = graph.apply(.isGreater, x, threshold)
            x = graph.choose(isAbove, graph.number(1, as: x), graph.number(0, as: x))
        }
        var values = graph.convert(x, to: .float32)
        if let seen { values = graph.choose(graph.apply(.isGreater, seen, 0), values, graph.number(0, as: values)) }
        return Prepared(values: values, mask: seen, sum: sum)
    }

    /// Undoes what can be undone, as `reconstruct` does.
    ///
    /// - Parameter sum: that the row had, `[1]`, where rows are brought to another.
    func restore(
        _ values: OperatorGraph.Value, sum: OperatorGraph.Value?, into graph: inout OperatorGraph
    ) -> OperatorGraph.Value {
        if isRestoredAsIs { return values }
        var x = graph.convert(values, to: .float64)
        if let scaling {
            let (shift, factor) = constants(scaling, into: &graph)
            x = graph.apply(.sum, graph.apply(.quotient, x, factor), shift)
        }
        if settings.transform == .log1p {
            x = choose(graph.apply(.difference, graph.apply(.exponential, x), 1), else: x, into: &graph)
        }
        if scalesToSum, let sum {
            let wide = graph.convert(sum, to: .float64)
            x = graph.apply(.product, x, graph.apply(.quotient, wide, settings.librarySize))
        }
        return graph.convert(x, to: rowElement)
    }

    /// What was made of features that are prepared; the others stay as they are.
    private func choose(
        _ made: OperatorGraph.Value, else x: OperatorGraph.Value, into graph: inout OperatorGraph
    ) -> OperatorGraph.Value {
        guard let prepared else { return made }
        let flags = graph.constant(.float32(prepared), [prepared.count])
        return graph.choose(graph.apply(.isGreater, flags, 0), made, x)
    }

    /// Once for rows and once for what is made of them, under no name of their own.
    private func constants(
        _ scaling: FeatureScaling, into graph: inout OperatorGraph
    ) -> (shift: OperatorGraph.Value, factor: OperatorGraph.Value) {
        let shape = [scaling.shift.count]
        return (graph.constant(.float64(scaling.shift), shape), graph.constant(.float64(scaling.factor), shape))
    }
}

internal import Datasets
internal import Support
internal import Training
internal import VAE

/// A trained model with its preparation in operators, from rows as they stand in files to codes, and from codes to such rows.
struct ModelGraph {
    private(set) var graph: OperatorGraph
    private let model: Model
    private let preparation: PreparationGraph
    private let conditions: Conditions?
    private let shape: [Int]
    private let draws: Bool
    private let hasNamedFeatures: Bool
    private var features: Int { model.inputSize }

    /// Throws ``Failure`` (65) for a model that has no such operators.
    static func make(_ checkpoint: Checkpoint, _ configuration: Configuration, _ part: ExportPart) throws -> OperatorGraph {
        var graph = try ModelGraph(checkpoint, configuration)
        do throws(NetworkError) {
            switch part {
            case .encoder: try graph.addEncoder()
            case .decoder: try graph.addDecoder()
            case .both: try graph.addBoth()
            }
        } catch {
            throw Failure(.badData, "the model cannot be written as ONNX: \(error): --format safetensors has its parameters")
        }
        return graph.graph
    }

    private init(_ checkpoint: Checkpoint, _ configuration: Configuration) throws {
        model = try checkpoint.model(configuration)
        graph = OperatorGraph(model.layout, checkpoint.parameters)
        preparation = PreparationGraph(checkpoint, configuration)
        conditions = checkpoint.conditions
        shape = checkpoint.inputShape
        draws = configuration.preparation.binarize == .dynamic
        hasNamedFeatures = !checkpoint.featureNames.isEmpty
    }

    // MARK: - Parts

    private mutating func addEncoder() throws(NetworkError) {
        let rows = addRows()
        if model.encoderIsConditioned { addConditions() }
        for named in try model.exportEncoder(seen(rows), into: &graph) { addCode(named) }
    }

    private mutating func addDecoder() throws(NetworkError) {
        let code = graph.input("z", .float32, [model.latentSize], "codes, as the encoder gives them")
        if model.decoderIsConditioned { addConditions() }
        var sum: OperatorGraph.Value?
        if model.likelihood.takesCounts || preparation.scalesToSum {
            let library = graph.input("library", .float32, [], "sums of rows as they stand in the file")
            sum = graph.reshape(library, [1])
        }
        try addDecoded(code, sum.map { LibraryValues(sum: $0) }, sum: sum, prefix: "")
    }

    private mutating func addBoth() throws(NetworkError) {
        let rows = addRows()
        if model.conditionSize > 0 { addConditions() }
        let all = graph.conditions
        graph.conditions = model.encoderIsConditioned ? all : nil
        let named = try model.exportEncoder(seen(rows), into: &graph)
        graph.conditions = all
        for code in named { addCode(code) }
        var library: LibraryValues?
        if model.likelihood.takesCounts {
            let sum = graph.reduce(.sum, graph.convert(rows.values, to: .float64), axes: [0])
            library = LibraryValues(sum: graph.convert(sum, to: .float32), mask: rows.mask)
        }
        try addDecoded(named[0].value, library, sum: rows.sum, prefix: "reconstruction")
    }

    // MARK: - Inputs

    private mutating func addRows() -> PreparationGraph.Prepared {
        var text = "rows as they stand in the file"
        if shape.count > 1 { text += ", the values of \(shape) one after the other" }
        if hasNamedFeatures { text += " (metadata: features)" }
        text += "; bytes of images divided by 255, packed bits as 0 and 1"
        if draws { text += "; nothing is drawn: give 0 and 1, or probabilities" }
        if preparation.masks { text += "; NaN is missing" }
        let rows = graph.input("rows", preparation.rowElement, [features], text)
        var mask: OperatorGraph.Value?
        if preparation.masks {
            mask = graph.input("mask", .float32, [features], "1 for values that are there, 0 for missing ones")
        }
        return preparation.prepare(rows, mask: mask, into: &graph)
    }

    /// What the encoder sees.
    private mutating func seen(_ rows: PreparationGraph.Prepared) -> OperatorGraph.Value {
        graph.join([rows.values] + (rows.mask.map { [$0] } ?? []))
    }

    private mutating func addConditions() {
        let parts = conditions!.columns.map { addCondition($0) }
        graph.conditions = graph.join(parts)
    }

    /// Whether nothing but a condition is called so: other inputs, outputs, parameters, and what operators give.
    private static func isFree(_ name: String) -> Bool {
        let taken: Set = ["rows", "mask", "z", "library", "mean", "code", "prepared_mean"]
        // Of which there may be several, with numbers behind.
        let parameters = ["logits", "zero_logits", "location", "log_variance", "log_dispersion", "log_scale", "threshold"]
        let starts = ["value_", "constant_", "encoder/", "decoder/", "reconstruction", "condition_"]
        return !taken.contains(name) && !parameters.contains { name == $0 || name.hasPrefix("\($0)_") }
            && !starts.contains(where: name.hasPrefix)
    }

    /// A number for each row, and what stands for it, `[width]`.
    private mutating func addCondition(_ column: Conditions.Column) -> OperatorGraph.Value {
        let name = Self.isFree(column.name) ? column.name : "condition_\(column.name)"
        switch column.kind {
        case .number(let mean, let deviation):
            let number = graph.input(name, .float32, [], "condition \(column.name), a number")
            let wide = graph.convert(graph.reshape(number, [1]), to: .float64)
            let scaled = graph.apply(.quotient, graph.apply(.difference, wide, mean), deviation)
            return graph.convert(scaled, to: .float32)
        case .categories(let names):
            let count = names.count
            let listed = "condition \(column.name), the number of the category from 0: \(column.listing.dropFirst(7))"
            let given = graph.input(name, .int64, [], listed)
            // Places are looked up so that one that is not there is an error; negative ones count from the end there.
            let isNegative = graph.apply(.isGreater, graph.number(0, as: given), given)
            let place = graph.choose(isNegative, graph.number(Double(count), as: given), given)
            let all = graph.constant(.int64((0..<count).map(Int64.init)), [count])
            let known = graph.reshape(graph.entry(of: all, at: place), [1])
            return graph.convert(graph.apply(.isEqual, known, all), to: .float32)
        }
    }

    // MARK: - Outputs

    private mutating func addCode(_ named: OperatorGraph.Named) {
        let texts = [
            "mean": "mean of the posterior q(z | x), the code that stands for a row",
            "log_variance": "log variance of the posterior q(z | x)", "code": "the code that stands for a row",
        ]
        graph.output(named.name, named.value, texts[named.name] ?? named.name)
    }

    private mutating func addDecoded(
        _ code: OperatorGraph.Value, _ library: LibraryValues?, sum: OperatorGraph.Value?, prefix: String
    ) throws(NetworkError) {
        let decoded = try model.exportDecoder(code, library, into: &graph)
        func name(_ own: String) -> String { prefix.isEmpty ? own : "\(prefix)_\(own)" }
        let likelihood = model.specification.likelihood.rawValue
        let mean = preparation.restore(decoded[0].value, sum: sum, into: &graph)
        graph.output(
            prefix.isEmpty ? decoded[0].name : prefix, mean,
            "mean of p(x | z), in the units of the file, as reconstruct writes it")
        if !preparation.isRestoredAsIs {
            graph.output(
                name("prepared_mean"), decoded[0].value, "the same in the scale of prepared rows (metadata: preparation)")
        }
        for (own, value) in decoded.dropFirst() {
            let words = own.replacing("_", with: " ")
            graph.output(name(own), value, "\(words) of the likelihood \(likelihood), of prepared rows")
        }
    }
}

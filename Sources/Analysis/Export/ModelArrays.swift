internal import Datasets
internal import Support
internal import Training
internal import VAE

/// The numbers of a model, and texts that say what they are: what files of arrays hold.
struct ModelArrays {
    struct Entry {
        let name: String
        let shape: [Int]
        let numbers: OperatorGraph.Numbers
    }

    /// In the order of the layout: parameters by their names, and those of the preparation.
    let arrays: [Entry]
    let texts: [(key: String, text: String)]

    init(_ checkpoint: Checkpoint, _ part: ExportPart, texts: [(key: String, text: String)]) {
        var arrays = checkpoint.layout.entries(of: part.modelPart).map {
            Entry(name: $0.name, shape: $0.shape, numbers: .float32(Array(checkpoint.parameters[$0.range])))
        }
        if let scaling = checkpoint.scaling {
            for (name, values) in [("shift", scaling.shift), ("factor", scaling.factor)] {
                arrays.append(Entry(name: "normalization/\(name)", shape: [values.count], numbers: .float64(values)))
            }
        }
        self.arrays = arrays
        self.texts = texts
    }
}

extension Checkpoint {
    /// The model whose parameters these are.
    func model(_ configuration: Configuration) throws -> Model {
        Model(
            try configuration.modelSpecification(
                rowShape: inputShape, conditions: conditions?.width ?? 0, parts: parts(configuration), classes: classes.count))
    }
}

extension OperatorGraph.Numbers {
    /// The numbers as they lie in memory: all processors that this is built for are little-endian.
    func withBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        switch self {
        case .float32(let values): try values.withUnsafeBytes(body)
        case .float64(let values): try values.withUnsafeBytes(body)
        case .int64(let values): try values.withUnsafeBytes(body)
        }
    }
}

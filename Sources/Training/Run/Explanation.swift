internal import Datasets
public import Distributed
public import Logging
internal import Support
internal import VAE

extension TrainingRun {
    /// Opens the data, and tells what the model for them is made of, layer by layer; trains and writes nothing. Collective.
    ///
    /// - Returns: the table as text, on root.
    /// - Throws: ``SharedFailure``, as where the network does not fit the rows.
    public static func explain(_ configuration: Configuration, world: World, log: Logger) throws -> String? {
        try GeneratedShapes.standingIn(configuration, world: world, log: log) { configuration in
            let data = try RunData(configuration, as: nil, world: world)
            let shape = data.source.rowShape
            let specification = try world.together {
                try configuration.modelSpecification(
                    rowShape: shape, conditions: data.conditions?.width ?? 0, parts: data.parts,
                    classes: try data.classes(configuration, known: [])?.names.count ?? 0)
            }
            guard world.isRoot else { return nil }
            let model = Model(specification, precision: configuration.training.precision)
            let map = configuration.isPlain ? nil : try configuration.map(shape)
            let rows = map.map { "\($0.layout.rawValue): \($0.text)" } ?? "\(model.inputSize) values"
            let preset = configuration.model.model
            let about = preset.about.split(separator: "\n").map { "\n  \($0)" }.joined()
            return """
                rows of shape \(shape), taken as \(rows)
                \(NetworkTable(model).lines.joined(separator: "\n"))
                latent \(model.latentSize), \(preset.rawValue): \(preset.help)\(about)
                likelihood \(configuration.likelihoodText)\
                \(model.couplesRows ? "; rows of a shard are coupled" : "")
                """
        }
    }
}

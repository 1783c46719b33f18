internal import Datasets
internal import Support
internal import Training
internal import VAE

/// What files for other programs say of a model, as texts by key.
enum ExportMetadata {
    private struct Condition: Encodable {
        let name: String
        var categories: [String]?
        var mean: Double?
        var deviation: Double?
    }

    /// In the order in which people read them.
    static func texts(
        _ checkpoint: Checkpoint, _ configuration: Configuration, _ part: ExportPart, preparation: String
    ) throws -> [(key: String, text: String)] {
        var texts = [
            ("program", "mpi-vae \(programVersion)"), ("digest", checkpoint.digest ?? ""),
            ("step", "\(checkpoint.progress.step)"),
            ("part", part.rawValue), ("latent", "\(configuration.model.latent)"),
            ("likelihood", configuration.model.likelihood.rawValue),
            ("input_shape", checkpoint.inputShape.map(String.init).joined(separator: "x")), ("preparation", preparation),
        ]
        let model = try checkpoint.model(configuration)
        // That of classes is a network of its own.
        if model.latent.hasPrior, checkpoint.classes.isEmpty {
            texts.append(("prior_deviation", "\(model.latent.priorDeviation)"))
        }
        if !checkpoint.featureNames.isEmpty { texts.append(("features", try jsonText(checkpoint.featureNames))) }
        if let conditions = checkpoint.conditions {
            let columns = conditions.columns.map { column in
                switch column.kind {
                case .categories(let names): Condition(name: column.name, categories: names)
                case .number(let mean, let deviation): Condition(name: column.name, mean: mean, deviation: deviation)
                }
            }
            texts.append(("conditions", try jsonText(columns)))
        }
        texts.append(("configuration", checkpoint.configuration))
        return texts.map { (key: $0.0, text: $0.1) }
    }

    /// The same in a sentence.
    static func sentence(_ checkpoint: Checkpoint, _ configuration: Configuration, _ part: ExportPart) -> String {
        let what = part == .both ? "Encoder and decoder" : part == .encoder ? "Encoder" : "Decoder"
        let model = configuration.model
        return "\(what) of an mpi-vae model (\(model.model.rawValue), network \(model.network.rawValue), likelihood "
            + "\(model.likelihood.rawValue), \(model.latent) latents) at step \(checkpoint.progress.step), digest \(checkpoint.digest ?? "")"
    }
}

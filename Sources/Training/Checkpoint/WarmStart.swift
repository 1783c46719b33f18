internal import Datasets
internal import Distributed
internal import Logging
internal import Support
internal import VAE

/// The trained parameters that a new run begins with (`--from`); all else of it is its own: data and their preparation, step 0, moments, seed.
struct WarmStart {
    /// The path that was given.
    private let path: String
    private let part: ModelPart?
    /// With parameters on root alone.
    private let checkpoint: Checkpoint
    private let configuration: Configuration
    /// The ``ParameterDigest`` of what is taken.
    let digest: String
    /// Where the conditions that the model knows are among those of this run, which may have more categories, and how many more.
    private var conditionPlaces: [Int] = []
    private var newCategories = 0

    /// Reads the model that the configuration names; nil where it names none. Collective.
    ///
    /// - Throws: ``SharedFailure``: 66 and 65 for what cannot be read, 65 for other parameters than `from-digest` wants.
    static func find(_ now: Configuration, world: World) throws -> WarmStart? {
        let (path, wanted) = (now.training.from, now.training.fromDigest)
        if path.isEmpty { return nil }
        let checkpoint = try Checkpoint.share(world) {
            do {
                return try CheckpointPlace(path).checkpoint()
            } catch let failure as Failure {
                throw Failure(failure.code, "from: \(failure.message)")
            }
        }
        let digest = try world.broadcastFromRoot {
            let digest = Self.digest(checkpoint, now.training.fromPart)
            guard wanted.isEmpty || wanted == digest else {
                throw Failure(
                    .badData,
                    "from is \(quoted(path)), whose parameters have the digest \(digest), but from-digest is \(wanted): give the model that "
                        + "has it, or leave from-digest out")
            }
            return digest
        }
        return try WarmStart(path, now.training.fromPart.part, checkpoint, digest)
    }

    /// What is taken of a model, as one number.
    static func digest(_ checkpoint: Checkpoint, _ taken: TakenPart) -> String {
        checkpoint.layout.digest(of: checkpoint.parameters, taken.part)
    }

    private init(_ path: String, _ part: ModelPart?, _ checkpoint: Checkpoint, _ digest: String) throws {
        (self.path, self.part, self.checkpoint, self.digest) = (path, part, checkpoint, digest)
        configuration = try Configuration(toml: checkpoint.configuration, name: path)
    }

    /// By which the columns of new data are put in order; nil where the model knows no names.
    var features: DataSource.Features? {
        checkpoint.featureNames.isEmpty ? nil : DataSource.Features(names: checkpoint.featureNames, origin: "the model of --from")
    }

    var conditions: Conditions? { checkpoint.conditions }
    var categories: [Int] { checkpoint.categories }
    var classes: [String] { checkpoint.classes }

    /// Throws ``Failure`` (78) that names the first parameter that is not the same in both models.
    mutating func check(fits layout: ParameterLayout, _ now: Configuration, _ data: RunData) throws {
        if let known = conditions, let extended = data.conditions {
            (conditionPlaces, newCategories) = (known.places(in: extended), extended.width - known.width)
        }
        guard let misfit = misfit(layout, part) else { return }
        var advice = differences(now).map { "--\($0.name) \($0.toml(configuration))" }
        if checkpoint.inputShape.reduce(1, *) != data.source.rowShape.reduce(1, *) {
            advice.append("rows of shape \(checkpoint.inputShape)")
        }
        var text = advice.isEmpty ? "give a model of the same network" : "give \(advice.joined(separator: " ")) as there"
        if part == nil, let fitting = ModelPart.allCases.first(where: { self.misfit(layout, $0) == nil }) {
            text += ", or --from-part \(fitting.rawValue), which fits"
        }
        throw Failure(.configuration, "from: \(misfit): \(text)")
    }

    /// Which parameter is the first that does not fit; nil where all do.
    private func misfit(_ layout: ParameterLayout, _ part: ModelPart?) -> String? {
        let (there, here) = (checkpoint.layout.entries(of: part), taken(of: layout, part))
        for (old, new) in zip(there, here) where old.name != new.name || old.shape != shapeThere(new) {
            if old.name == new.name { return "\(new.name) is \(old.shape) in \(path), but \(new.shape) here" }
            return here.contains { $0.name == old.name }
                ? "\(new.name) \(new.shape) is not in \(path)" : "\(old.name) \(old.shape) of \(path) is not in this model"
        }
        if let old = there.dropFirst(here.count).first { return "\(old.name) \(old.shape) of \(path) is not in this model" }
        return here.dropFirst(there.count).first.map { "\($0.name) \($0.shape) is not in \(path)" }
    }

    /// The shape that a parameter of this run has in the other model, of whose conditions there may be fewer.
    private func shapeThere(_ entry: ParameterLayout.Entry) -> [Int] {
        entry.isOfConditions && newCategories > 0 ? [entry.shape[0] - newCategories] + entry.shape.dropFirst() : entry.shape
    }

    /// The parameters that are written over: those of classes stay as they were drawn where the model that is read knows of none.
    private func taken(of layout: ParameterLayout, _ part: ModelPart?) -> [ParameterLayout.Entry] {
        let entries = layout.entries(of: part)
        if !checkpoint.classes.isEmpty { return entries }
        return entries.filter { entry in ModelPart.allCases.contains { entry.name.hasPrefix("\($0.rawValue)/") } }
    }

    /// The keys that say what the parameters are of, and are others in this run.
    private func differences(_ now: Configuration) -> [ConfigurationKey] {
        // What a model is trained by, which may well be another; and what is said of the part that is not taken.
        var others: Set = ["likelihood-scale", "initialization", "corruption", "corruption-level"]
        if part == .encoder { others.formUnion(["decoder", "likelihood", "likelihoods"]) }
        if part == .decoder { others.formUnion(["encoder", "model"]) }
        return Configuration.Model.keys.filter { !others.contains($0.name) && $0.toml(now) != $0.toml(configuration) }
    }

    /// Called on root alone.
    func copyParameters(to parameters: UnsafeMutablePointer<Float>, of layout: ParameterLayout) {
        checkpoint.parameters.withUnsafeBufferPointer { there in
            for (old, new) in zip(checkpoint.layout.entries(of: part), taken(of: layout, part)) {
                let (source, target) = (there.baseAddress! + old.range.lowerBound, parameters + new.range.lowerBound)
                guard old.shape != new.shape else {
                    target.update(from: source, count: new.range.count)
                    continue
                }
                // Those of new categories stay as they were drawn.
                let width = new.range.count / new.shape[0]
                for (row, place) in conditionPlaces.enumerated() {
                    (target + place * width).update(from: source + row * width, count: width)
                }
            }
        }
    }

    /// Says what was taken, and what was otherwise when it was trained. Called on root alone.
    func describe(_ log: Logger, _ now: Configuration) {
        log.notice(
            "parameters of \(part.map { "the \($0.rawValue)" } ?? "the whole model"): from \(path), step \(checkpoint.progress.step), digest \(digest)"
        )
        if newCategories > 0 {
            log.notice(
                "\(newCategories) categor\(newCategories == 1 ? "y" : "ies") of conditions that \(path) does not know: their parameters begin as drawn"
            )
        }
        func warn(_ keys: [ConfigurationKey], _ what: String) {
            if keys.isEmpty { return }
            let list = keys.map { "\($0.name) \($0.toml(configuration)), here \($0.toml(now))" }.joined(separator: "; ")
            log.warning("the parameters of \(path) were trained with \(what): \(list)")
        }
        warn(Configuration.Preparation.keys.filter { $0.toml(now) != $0.toml(configuration) }, "another preparation")
        // These show in what the model is, and are chosen.
        warn(differences(now).filter { !["model", "likelihood"].contains($0.name) }, "another network")
    }
}

extension ParameterLayout {
    /// The elements that a run does not train.
    func frozen(_ training: Configuration.Training) -> [Range<Int>] { training.freeze.part.map { ranges(of: $0) } ?? [] }
}

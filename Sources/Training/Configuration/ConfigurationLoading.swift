internal import Datasets
internal import Distributed
internal import Support
internal import VAE

/// The way of all keys: the defaults of the program, the values of the model's preset, then what the user gave; the later ones win.
extension Configuration {
    /// Reads the configuration.
    ///
    /// - Parameters:
    ///   - file: a TOML file; nil for none.
    ///   - environment: variables `MPI_VAE_<KEY>`.
    ///   - flags: values by key name.
    ///   - assignments: `section.key=value`.
    /// - Throws: ``Failure`` (78, or 66 for a missing file) that says where the value came from.
    public static func load(
        file: String?, environment: [String: String], flags: [String: String], assignments: [String]
    ) throws -> Configuration {
        var given = try file.map { [try ConfigurationLayer(file: $0)] } ?? []
        given.append(try ConfigurationLayer(environment: environment))
        given.append(try ConfigurationLayer(assignments: assignments))
        given.append(ConfigurationLayer(flags: flags))
        // Its name may stand in any of them. One that there is not is refused when it is applied.
        let name = given.compactMap { $0.text(of: "model") }.last ?? ""
        var configuration = Configuration(Preset(rawValue: name) ?? Configuration().model.model)
        for layer in given { try configuration.apply(layer) }
        configuration.run.output = FilePath.expandingHome(configuration.run.output)
        configuration.run.resume = FilePath.expandingHome(configuration.run.resume)
        configuration.training.from = FilePath.expandingHome(configuration.training.from)
        try configuration.validate()
        return configuration
    }

    /// Reads what ``resolvedTOML()`` or ``identityTOML()`` wrote, in which presets are resolved.
    public init(toml: String, name: String) throws {
        try apply(try ConfigurationLayer(toml: toml, name: name, isOfRun: true))
    }

    /// The defaults of the program, with the values of a preset.
    package init(_ preset: Preset) {
        self.init()
        model.model = preset
        for (name, text) in preset.values {
            do {
                try ConfigurationKey.named(name)!.set(&self, text)
            } catch {
                preconditionFailure("the preset \(preset.rawValue): \(name) \(error.message)")
            }
        }
    }

    private mutating func apply(_ layer: ConfigurationLayer) throws {
        for value in layer.values {
            do {
                try value.key.set(&self, value.text)
            } catch {
                throw Failure(.configuration, "\(value.place) \(error.message)")
            }
        }
    }

    /// What holds between keys.
    private func validate() throws {
        if data.validationFraction + data.testFraction >= 1 {
            throw Failure(.configuration, "validation-fraction and test-fraction leave no rows to train on")
        }
        if !data.validationData.isEmpty, data.validationFraction > 0 {
            throw Failure(.configuration, "validation-data and validation-fraction cannot both be given: leave one out")
        }
        if !data.testData.isEmpty, data.testFraction > 0 {
            throw Failure(.configuration, "test-data and test-fraction cannot both be given: leave one out")
        }
        guard data.folds != 1, data.folds <= 10_000 else {
            throw Failure(.configuration, "folds is \(data.folds), but must be 2 to 10000, or 0 for none")
        }
        if data.fold > data.folds {
            throw Failure(.configuration, "fold is \(data.fold), but folds is \(data.folds): give a fold of 1 to --folds K")
        }
        if data.folds > 0, data.validationFraction > 0 || !data.validationData.isEmpty {
            throw Failure(.configuration, "folds are validated on, so leave out validation-data and validation-fraction")
        }
        let p = preparation
        let staysInUnit = (p.transform == .none && p.librarySize == 0 && p.scale == .none) || p.scale == .minMax
        try validateColumns()
        let likelihoods = columnLikelihoods?.made(model) ?? [(name: model.likelihood, settings: model.likelihoodSettings)]
        let names = likelihoods.map(\.name.rawValue)
        let support = model.likelihoods.isEmpty ? model.madeLikelihood.support : nil
        if let support, support.isWhole || support.range.upperBound > 1 {
            guard p.transform == .none, p.librarySize == 0, p.scale == .none else {
                throw Failure(
                    .configuration,
                    "the likelihood \(model.likelihood.rawValue) takes values as they are, which this preparation changes: leave out "
                        + "transform, library-size and scale, or give --likelihood gaussian")
            }
        } else if support != nil, !staysInUnit, p.binarize != .fixed {
            throw Failure(
                .configuration,
                "the likelihood \(model.likelihood.rawValue) needs values in 0...1, which this preparation leaves: give --scale min-max, "
                    + "or --likelihood gaussian")
        }
        if model.variance != .fixed, Set(names).isDisjoint(with: ["gaussian", "log-normal", "student-t"]) {
            throw Failure(
                .configuration,
                "variance \(model.variance.rawValue) is for --likelihood gaussian, log-normal or student-t, not \(names.joined(separator: ", ")): leave it out"
            )
        }
        if model.dispersion != .gene, Set(names).isDisjoint(with: ["nb", "zinb"]) {
            throw Failure(
                .configuration,
                "dispersion \(model.dispersion.rawValue) is for --likelihood nb or zinb, not \(names.joined(separator: ", ")): leave it out"
            )
        }
        if likelihoods.contains(where: { $0.settings.dispersion == .geneBatch }),
            data.options.conditions.isEmpty || model.conditionPlace == .encoder
        {
            throw Failure(
                .configuration,
                "dispersion gene-batch is for models whose decoder knows conditions: give --condition, and --condition-in decoder or both"
            )
        }
        if model.likelihood.isOfCategories != (model.categories >= 2) || model.categories == 1 {
            throw Failure(
                .configuration,
                model.categories >= 2
                    ? "categories is for --likelihood categorical or ordinal, not \(model.likelihood.rawValue): leave it out"
                    : model.likelihood.isOfCategories
                        ? "the likelihood \(model.likelihood.rawValue) needs the number of "
                            + (model.likelihood == .categorical ? "columns that a category's indicators take" : "grades")
                            + ": give --categories"
                        : "categories is \(model.categories), but must be 2 at least, or 0 for none")
        }
        if objective.objective == .semiSupervised {
            guard model.model.latent == .normal else {
                throw Failure(
                    .configuration,
                    "objective semi-supervised needs normal latents, but model \(model.model.rawValue) has none: give --model scanvi"
                )
            }
        } else if !objective.unlabeled.isEmpty || objective.classificationRatio != 50 {
            throw Failure(
                .configuration,
                "unlabeled and classification-ratio are for --model scanvi, or --objective semi-supervised: leave them out")
        }
        let isOfShares = model.model.latent.isOfShares
        if model.concentration != 1, !isOfShares {
            throw Failure(
                .configuration,
                "concentration is for --model prodlda, whose latents are shares, not \(model.model.rawValue): leave it out")
        }
        if isOfShares, model.latent < 2 {
            throw Failure(
                .configuration, "latent is \(model.latent), but \(model.model.rawValue) has 2 topics at least: give --latent 20")
        }
        if objective.objective == .iwae {
            let reason: String? =
                model.model.latent == .deterministic
                ? "model \(model.model.rawValue) has no posterior"
                : likelihoods.contains { !$0.name.make($0.settings).isDistribution }
                    ? "the likelihood mse is no distribution"
                    : objective.beta != 1 || objective.betaSchedule != .constant ? "there is no KL term for beta to weigh" : nil
            if let reason {
                throw Failure(.configuration, "objective iwae needs importance weights, but \(reason): give --objective elbo")
            }
        }
        if p.binarize == .dynamic, !staysInUnit, model.likelihoods.isEmpty {
            throw Failure(.configuration, "binarize dynamic takes values for probabilities: give --scale min-max")
        }
        if !data.options.mask.isEmpty, p.missing == .error {
            throw Failure(
                .configuration, "a mask tells which values are missing: give --nan mask, or --nan drop to leave their rows out")
        }
        if model.model == .denoising, corruption == nil {
            throw Failure(
                .configuration,
                "corruption is none, but a denoising model restores rows from corrupted ones: leave it out for the model's own, or give "
                    + "--model ae")
        }
        if let corruption, corruption.kind != .gaussian, corruption.level > 1 {
            throw Failure(
                .configuration,
                "corruption-level is \(model.corruptionLevel), but for \(corruption.kind.rawValue) it is a share of the values: at most 1"
            )
        }
        if training.wire != .fp32, run.reduction == .allreduce {
            throw Failure(.configuration, "wire \(training.wire.rawValue) is for reduction ordered: MPI sums in fp32")
        }
        if training.from.isEmpty, training.fromPart != .all || !training.fromDigest.isEmpty {
            let key = training.fromPart != .all ? "from-part" : "from-digest"
            throw Failure(.configuration, "\(key) is of the parameters that from names: give --from, or leave it out")
        }
        if run.output.isEmpty { throw Failure(.configuration, "output is empty, but must name a folder") }
        if run.output == OutputFiles.standardOutput {
            throw Failure(.configuration, "output is -, but must name a folder: ./- for one of that name")
        }
    }
}

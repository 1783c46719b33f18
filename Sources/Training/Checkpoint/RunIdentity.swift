package import Datasets
internal import Support

/// What a checkpoint says must be the same for its run to go on: whatever decides bits.
package struct RunIdentity {
    package let configuration: Configuration
    /// The keys that the checkpoint has; older ones have fewer.
    private let keys: Set<String>
    /// Whether it had all keys of its day that decide bits, so that those it lacks are newer, and what was done is their default.
    private let isComplete: Bool
    private let data: DataIdentity
    private let inputShape: [Int]
    private let advises: Bool

    /// - Parameter advises: whether what is thrown says what to do, for a run that could also begin anew.
    /// - Throws: ``Failure``.
    package init(_ checkpoint: Checkpoint, advises: Bool = true) throws {
        self.advises = advises
        configuration = try Configuration(toml: checkpoint.configuration, name: "checkpoint")
        keys = Configuration.names(inTOML: checkpoint.configuration)
        isComplete = checkpoint.version > 2
        data = checkpoint.data
        inputShape = checkpoint.inputShape
    }

    /// Throws ``Failure`` (78) that names a key that decides bits and is not what it was, with both values.
    package func check(_ now: Configuration) throws {
        for key in ConfigurationKey.all where isComplete || keys.contains(key.name) {
            let isOther = key.toml(now) != key.toml(configuration)
            switch key.identity {
            case .none, .extends, .names: continue
            case .decides: if isOther { throw refusal(key, now) }
            case .decidesIfGiven: if isOther, key.toml(now) != key.defaultTOML { throw refusal(key, now) }
            }
        }
    }

    /// The same for the data, whose digests are compared first: they tell which key is another.
    ///
    /// Throws ``Failure`` (78, 65).
    package func check(_ now: Configuration, _ found: DataIdentity, inputShape shape: [Int]) throws {
        try check(now)
        for part in DataIdentity.Part.allCases {
            guard let before = data.digests[part], before != found.digests[part] else { continue }
            let keys = part.keys.map { ConfigurationKey.named($0)! }
            if let key = keys.first(where: { $0.identity == .names && $0.toml(now) != $0.toml(configuration) }) {
                throw refusal(key, now)
            }
            let key = keys.first { $0.toml(now) != $0.defaultTOML } ?? keys[0]
            throw Failure(
                .badData,
                "what \(key.name) names is not what the run began with (\(key.toml(now))): its content is another"
                    + advice("; give that"))
        }
        guard inputShape == shape else {
            throw Failure(
                .badData,
                "the checkpoint was trained on rows of shape \(inputShape), the data have \(shape)"
                    + advice(": give those")
            )
        }
        guard data.fingerprint == found.fingerprint else {
            throw Failure(
                .badData, "the data are not those the checkpoint was trained on" + advice(": give them"))
        }
    }

    /// The same for the trained parameters that a run began with. They are not read again where `--from` names the path that it began with.
    ///
    /// - Parameter folder: of the run; nil where it is not known.
    /// - Throws: ``Failure`` (78), or what reading the other path throws.
    package func checkStart(_ now: Configuration, of folder: RunFolder?) throws {
        let (path, before) = (now.training.from, configuration.training.fromDigest)
        if path.isEmpty, before.isEmpty { return }
        guard !before.isEmpty else {
            throw Failure(
                .configuration, "from is \(quoted(path)), but the run began with drawn parameters" + advice(": leave --from out"))
        }
        let record = folder.flatMap { try? RunRecord(of: $0) }
        guard !path.isEmpty else {
            let known = record.map { " \(quoted($0.configuration.training.from))" } ?? ""
            throw Failure(
                .configuration,
                "from is not given, but the run began with parameters of a trained model (digest \(before))"
                    + advice(": give --from\(known)"))
        }
        if record?.beginsWith(path) == true { return }
        let digest = try WarmStart.digest(CheckpointPlace(path).checkpoint(), configuration.training.fromPart)
        guard digest == before else {
            throw Failure(
                .configuration,
                "from is \(quoted(path)), whose parameters have the digest \(digest), but the run began with those of \(before)"
                    + advice(": give the --from that it began with"))
        }
    }

    private func refusal(_ key: ConfigurationKey, _ now: Configuration) -> Failure {
        let before = key.toml(configuration)
        let change =
            before == key.toml(Configuration(now.model.model)) ? "leave --\(key.name) out" : "give --\(key.name) \(before)"
        return Failure(
            .configuration,
            "\(key.name) is \(key.toml(now)), but was \(before) in the checkpoint" + advice(": \(change)"))
    }

    private func advice(_ text: String) -> String { advises ? "\(text), or give another --output for a new run" : "" }
}

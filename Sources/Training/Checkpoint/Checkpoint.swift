package import Datasets
internal import Foundation
internal import HDF5
internal import Support
package import VAE

/// The state of a run: parameters, moments, and how far it is. Nothing in it depends on the number of ranks, and two runs that
/// did the same have the same bytes.
package struct Checkpoint: Sendable {
    package static let format = "mpi-vae checkpoint"
    /// What is written. Older ones are read for ever: 3 knows no arithmetic, history, digest and order of parameters; 2 moreover no names of
    /// features and no digests of data but the fingerprint, and has floats of 32 bits in `/normalization`.
    package static let formatVersion = 4

    /// ``Configuration/identityTOML()`` of the run.
    package var configuration: String
    package var inputShape: [Int]
    package var shardCount: Int
    package var data: DataIdentity
    /// Of the features; empty where they have none.
    package var featureNames: [String] = []
    /// What rows are conditioned on; nil for nothing.
    package var conditions: Conditions?
    /// Of each column of a table, 0 for those that have none; empty for rows of one likelihood.
    package var categories: [Int] = []
    /// That the model knows; empty where labels are no matter.
    package var classes: [String] = []
    package var progress: Progress
    /// Of the preparation; nil where nothing is scaled.
    package var scaling: FeatureScaling?
    package var layout: ParameterLayout
    /// The flat parameters, gaps included. Empty, as are the moments, where only root has them.
    package var parameters: [Float]
    /// By name, each a flat buffer like the parameters.
    package var moments: [(name: String, values: [Float])]
    package var history = RunHistory()
    /// The ``ParameterDigest``; nil until it is encoded, or where only root has the parameters of an older version.
    package var digest: String?
    /// That of the file it was read from, so that what is told of it to other ranks is the same.
    package private(set) var version = Checkpoint.formatVersion

    /// The bytes of the file. Throws ``Failure``.
    package func encoded() throws -> [UInt8] {
        if digest == nil, version > 3 {
            var digested = self
            digested.digest = layout.digest(of: parameters)
            return try digested.encoded()
        }
        do throws(HDF5Error) {
            let file = try File.inMemory("checkpoint")
            try file.setAttribute("format", .string(Self.format))
            try file.setAttribute("format_version", .integer(Int64(version)))
            try file.setAttribute("program", .string("mpi-vae \(programVersion)"))
            for (name, value) in attributes { try file.setAttribute(name, value) }
            if !parameters.isEmpty {
                try write(parameters, of: layout, to: file, "/parameters")
                try file.setAttribute("order", .strings(layout.entries.map(\.name)), of: "/parameters")
            }
            for moment in moments {
                try write(moment.values, of: layout.withMoments, to: file, "/optimizer/\(moment.name)")
            }
            try scaling?.write(to: file)
            if !featureNames.isEmpty {
                let dataset = try file.createStrings("/features/name", count: featureNames.count)
                try dataset.write(featureNames, rows: 0..<featureNames.count)
            }
            try conditions?.write(to: file)
            if !classes.isEmpty {
                try file.createStrings("/classes/name", count: classes.count).write(classes, rows: 0..<classes.count)
            }
            if !categories.isEmpty {
                try file.write(categories.map(Int64.init), shape: [categories.count], to: "/features/categories")
            }
            let sums = progress.sums.flatMap { sums in
                EvidenceLowerBound.terms.map { sums[$0] } + [sums.weight, Double(sums.rowCount)]
            }
            try file.write(sums, shape: [progress.sums.count, EvidenceLowerBound.terms.count + 2], to: "/progress/epoch_sums")
            try file.setAttribute(
                "long_name", .string("sums over the rows of the epoch so far, by shard: reconstruction, KL, weights, rows"),
                of: "/progress/epoch_sums")
            try file.setAttribute("sha256", .string(checksum))
            return try file.closeInMemory()
        } catch {
            throw Failure(writing: error)
        }
    }

    private var attributes: [(String, AttributeValue)] {
        let digests =
            version == 2
            ? [] : DataIdentity.Part.allCases.map { ("\($0.rawValue)_digest", AttributeValue.string(data.digests[$0] ?? "")) }
        let origin =
            version < 4
            ? []
            : [
                ("arithmetic", AttributeValue.integer(Int64(history.arithmetic))),
                ("products", .string(history.products)),
                ("earlier_parts", .string(history.earlierText)),
                ("digest", .string(digest ?? "")),
            ]
        return [
            ("step", .integer(Int64(progress.step))),
            ("epoch", .integer(Int64(progress.epoch))),
            ("step_in_epoch", .integer(Int64(progress.stepInEpoch))),
            ("shards", .integer(Int64(shardCount))),
            ("input_shape", .string(inputShape.map(String.init).joined(separator: "x"))),
            ("data_fingerprint", .string(data.fingerprint)),
            ("best", .double(progress.best)),
            ("best_step", .integer(Int64(progress.bestStep))),
            ("epochs_since_best", .integer(Int64(progress.epochsSinceBest))),
            ("configuration", .string(configuration)),
        ] + digests + origin
    }

    private func write(_ values: [Float], of layout: ParameterLayout, to file: File, _ group: String) throws(HDF5Error) {
        for entry in layout.entries {
            let dataset = try file.createDataset("\(group)/\(entry.name)", Float.self, shape: entry.shape)
            try dataset.write(Array(values[entry.range]), rows: 0..<dataset.rowCount)
        }
    }

    private var checksum: String {
        checksum { digest in
            for moment in moments { layout.withMoments.add(moment.name, to: &digest) { moment.values[$0.range] } }
        }
    }

    /// SHA-256 of all values and attributes, in order, as its version of the format has them.
    private func checksum(addingMoments addMoments: (inout SHA256) throws -> Void) rethrows -> String {
        var digest = SHA256()
        for (name, value) in attributes { digest.update("\(name)=\(value)\n") }
        if !parameters.isEmpty { layout.add("parameters", to: &digest) { parameters[$0.range] } }
        try addMoments(&digest)
        scaling?.update(&digest, version: version)
        for name in featureNames { digest.update("\(name)\n") }
        conditions?.update(&digest)
        for name in classes { digest.update("\(name.utf8.count) \(name)\n") }
        if !categories.isEmpty { digest.update(categories.map(Int64.init)) }
        for sums in progress.sums {
            let terms = EvidenceLowerBound.terms.map { "\(sums[$0])" }.joined(separator: " ")
            digest.update("\(terms) \(sums.weight) \(sums.rowCount)\n")
        }
        return digest.finalize()
    }
}

extension Checkpoint {
    /// What was done to the rows that the model was trained on.
    package func preparation(_ configuration: Configuration) -> Preparation {
        Preparation(configuration, parts: parts(configuration), scaling: scaling)
    }

    /// The columns of a table; nil where all have one likelihood.
    package func parts(_ configuration: Configuration) -> TableParts? {
        // They were found when the checkpoint was made, or read.
        try! configuration.tableParts(
            of: "checkpoint", rowShape: inputShape, names: featureNames.isEmpty ? nil : featureNames, known: categories)
    }

    /// The features that the model was trained on; nil where they have no names.
    package var features: DataSource.Features? {
        featureNames.isEmpty ? nil : DataSource.Features(names: featureNames, origin: "the model")
    }

    /// What is kept of a checkpoint that is read; all of it is verified.
    package enum Content {
        case all
        /// All but the moments, for who applies the model.
        case model
    }

    /// Reads and verifies a checkpoint, after a child process has survived the same. Throws ``Failure`` (65, 66, 77).
    package static func read(_ path: String, _ content: Content = .all) throws -> Checkpoint {
        try FileProbe.survives(checkpoint: path)
        return try readHere(path, content)
    }

    /// Reads and verifies a checkpoint, with which the HDF5 library may crash. Throws ``Failure`` (65, 66, 77).
    package static func readHere(_ path: String, _ content: Content = .all) throws -> Checkpoint {
        do {
            return try decoded(try File.open(path), path, content)
        } catch let error as HDF5Error {
            throw Failure(error)
        }
    }

    /// The same without parameters and moments.
    package var description: Checkpoint {
        var description = self
        description.parameters = []
        description.moments = []
        return description
    }

    /// Reads and verifies the bytes of a ``description``. Throws ``Failure``.
    package static func decoded(description bytes: [UInt8]) throws -> Checkpoint {
        do {
            return try decoded(try File.open(image: bytes, name: "checkpoint"), "checkpoint", nil)
        } catch let error as HDF5Error {
            throw Failure(error)
        }
    }

    /// - Parameter content: nil for a ``description``.
    private static func decoded(_ file: File, _ path: String, _ content: Content?) throws -> Checkpoint {
        let reader = CheckpointReader(file: file)
        guard try file.attribute("format") == .string(format) else {
            throw Failure(.badData, "\(path) is an HDF5 file, but not a checkpoint of mpi-vae")
        }
        let version = try reader.integer("format_version")
        guard (2...formatVersion).contains(version) else {
            throw Failure(
                .badData,
                "\(path) has format version \(version), but this program reads 2 to \(formatVersion): use a newer one")
        }
        let configurationText = try reader.string("configuration")
        // That the text was once good is known; what is wrong with it now is the file's fault.
        guard let configuration = try? Configuration(toml: configurationText, name: path) else { throw reader.damaged }
        let inputShape = try reader.string("input_shape").split(separator: "x").compactMap { Int($0) }
        guard !inputShape.isEmpty, inputShape.allSatisfy({ $0 > 0 && $0 <= 1 << 26 }) else { throw reader.damaged }
        // A configuration can claim any size; the parameters are all there, uncompressed, or the file is damaged.
        let conditions = try reader.conditions()
        guard content == nil || configuration.leastWeights(of: inputShape) <= Double(file.size / 4) else { throw reader.damaged }
        let features = inputShape.reduce(1, *)
        let (names, categories) = (
            try reader.featureNames(count: features), try reader.categories(configuration, count: features)
        )
        let classes = try reader.classes(configuration)
        let model: ModelSpecification
        do {
            let parts = try configuration.tableParts(
                of: path, rowShape: inputShape, names: names.isEmpty ? nil : names, known: categories)
            model = try configuration.modelSpecification(
                rowShape: inputShape, conditions: conditions?.width ?? 0, parts: parts, classes: classes.count)
        } catch {
            throw reader.damaged
        }
        let layout = model.layout()
        guard content == nil || layout.count <= file.size / 4 + ParameterLayout.blockSize else { throw reader.damaged }
        let momentNames = OptimizerState.momentNames(configuration.optimizer.optimizer)
        let shardCount = try reader.integer("shards")
        guard shardCount > 0, shardCount <= 1 << 20 else { throw reader.damaged }
        let sums = try file.dataset("/progress/epoch_sums")
        let terms = EvidenceLowerBound.terms
        let width = terms.count + 2
        guard sums.shape == [shardCount, width] else { throw reader.damaged }
        let values = try sums.read(Double.self)
        var progress = Progress(
            sums: (0..<shardCount).map { shard in
                let own = Array(values[width * shard..<width * (shard + 1)])
                return LossSums(
                    zip(terms, own), weight: own[terms.count], rowCount: Int(exactly: own[terms.count + 1]) ?? 0)
            })
        progress.step = try reader.integer("step")
        progress.epoch = try reader.integer("epoch")
        progress.stepInEpoch = try reader.integer("step_in_epoch")
        progress.best = try reader.double("best")
        progress.bestStep = try reader.integer("best_step")
        progress.epochsSinceBest = try reader.integer("epochs_since_best")
        var checkpoint = Checkpoint(
            configuration: configurationText, inputShape: inputShape, shardCount: shardCount,
            data: try reader.identity(version: version), featureNames: names, conditions: conditions, categories: categories,
            classes: classes, progress: progress,
            scaling: try reader.scaling(features: model.inputSize, configuration), layout: layout,
            parameters: content == nil ? [] : try reader.flat("/parameters", layout),
            moments: content != .all ? [] : try momentNames.map { ($0, try reader.flat("/optimizer/\($0)", layout.withMoments)) },
            history: try reader.history(version: version), version: version)
        if version > 3 { checkpoint.digest = try reader.string("digest") }
        // For others to read by, so it must be right too.
        if version > 3, content != nil, try file.attribute("order", of: "/parameters") != .strings(layout.entries.map(\.name)) {
            throw reader.damaged
        }
        let checksum =
            content != .model
            ? checkpoint.checksum
            : try checkpoint.checksum { digest in
                // One by one, so that they need not be kept.
                for name in momentNames {
                    try layout.withMoments.add(name, to: &digest) { try reader.entry("/optimizer/\(name)", $0)[...] }
                }
            }
        guard try reader.string("sha256") == checksum else { throw reader.damaged }
        if version <= 3, content != nil { checkpoint.digest = layout.digest(of: checkpoint.parameters) }
        return checkpoint
    }
}

extension ParameterLayout {
    /// Adds a flat buffer's name and entries to a digest.
    fileprivate func add(
        _ name: String, to digest: inout SHA256, _ values: (Entry) throws -> ArraySlice<Float>
    ) rethrows {
        digest.update("\(name)\n")
        for entry in entries {
            digest.update("\(entry.name) \(entry.shape)\n")
            try values(entry).withUnsafeBytes { digest.update($0) }
        }
    }
}

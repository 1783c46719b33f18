package import Distributed
internal import HDF5
internal import Support

/// What decides the bits of a run and lies in its files: digests of content, wherever it lies and whatever it is called.
package struct DataIdentity: Equatable, Sendable {
    /// What is digested besides the data themselves.
    package enum Part: String, CaseIterable {
        /// Which rows are used, and of which classes they are where these are trained on.
        case selection
        /// Which of the features are used.
        case columns
        case mask
        case weights
        /// The data to validate on, with all that counts there.
        case validation

        /// The keys that say where it comes from.
        package var keys: [String] {
            switch self {
            case .selection: ["rows", "fit-normal", "labels", "unlabeled"]
            case .columns: ["columns", "feature-names", "condition"]
            case .mask: ["mask"]
            case .weights: ["weights"]
            case .validation: ["validation-data"]
            }
        }
    }

    /// Of the data that are trained on (``DataSource/fingerprint()``).
    package var fingerprint: String
    /// Of each part, empty where there is none of it. Checkpoints of format 2 have no digests at all.
    package var digests: [Part: String]

    package init(fingerprint: String, digests: [Part: String]) {
        self.fingerprint = fingerprint
        self.digests = digests
    }

    /// Takes the digests of a run's data. Collective; throws ``SharedFailure``.
    ///
    /// - Parameters:
    ///   - validation: the data to validate on, where they are others.
    ///   - classes: of the rows that are trained on; nil where labels are no matter.
    package init(_ source: DataSource, validation: DataSource?, classes: RowClasses?, world: World) throws {
        func onRoot(_ make: () throws -> String) throws -> String { try world.broadcastFromRoot(make) }
        fingerprint = try onRoot { try source.fingerprint() }
        digests = [
            .selection: try onRoot { source.selectionDigest(classes) },
            .columns: try onRoot { try source.columnsDigest() },
            .mask: try source.maskDigest(world: world),
            .weights: try onRoot { try source.weightsDigest() },
        ]
        digests[.validation] = ""
        guard let validation else { return }
        let mask = try validation.maskDigest(world: world)
        digests[.validation] = try onRoot {
            var digest = SHA256()
            let parts = [try validation.fingerprint(), validation.selectionDigest(nil), mask, try validation.weightsDigest()]
            digest.update(parts.joined(separator: " "))
            return digest.finalize()
        }
    }
}

extension DataSource {
    /// Of which rows are used, and of their classes; empty for all without classes.
    fileprivate func selectionDigest(_ classes: RowClasses?) -> String {
        if selection.count == selection.universe, classes == nil { return "" }
        var digest = SHA256()
        digest.update("\(selection.universe) rows\n")
        digest.update(selection.words)
        // By name: a model may know more classes than there are.
        for place in classes?.places ?? [] { digest.update(place < 0 ? "\n" : "\(classes!.names[Int(place)])\n") }
        return digest.finalize()
    }

    /// Of which features are used: of their names, or else of their columns, and of what rows are conditioned on; empty for all without names.
    /// Throws ``Failure``.
    fileprivate func columnsDigest() throws -> String {
        if featureNames == nil, columns == nil, conditionValues == nil { return "" }
        var digest = SHA256()
        if let featureNames {
            for name in featureNames { digest.update("\(name)\n") }
        } else if let columns {
            digest.update(columns.map(Int64.init))
        }
        try conditionValues?.update(&digest, selection)
        return digest.finalize()
    }

    /// Of the weights of the rows in use; empty where there are none. Throws ``Failure``.
    fileprivate func weightsDigest() throws -> String {
        guard let weights else { return "" }
        var digest = SHA256()
        do throws(HDF5Error) {
            for first in stride(from: 0, to: rowCount, by: 1 << 16) {
                Heartbeat.beat()
                digest.update(try weights.doubles(selection.rows(first..<min(first + 1 << 16, rowCount))))
            }
        } catch {
            throw Failure(error)
        }
        return digest.finalize()
    }

    /// Of where the mask is 0, a bit a value; empty where there is no mask. The ranks read it together, in blocks of rows that are the
    /// same for any number of them. Collective; throws ``SharedFailure``.
    fileprivate func maskDigest(world: World) throws -> String {
        if masks.isEmpty { return "" }
        let own = try world.together {
            do {
                return try masks.enumerated().flatMap { try Self.digests(of: $1, number: $0, rank: world.rank, of: world.size) }
            } catch let error as HDF5Error {
                throw Failure(error)
            }
        }
        // A block's place among all comes before its digest, so the order of the ranks does not matter.
        let lines = try world.communicator.allGather(Array(own.joined().utf8)).flatMap {
            String(decoding: $0, as: UTF8.self).split(separator: "\n")
        }
        var digest = SHA256()
        digest.update(lines.sorted().joined(separator: "\n"))
        return digest.finalize()
    }

    /// A line for each of a rank's blocks of one of the masks: which mask and block, and its digest.
    private static func digests(of mask: DenseRows, number: Int, rank: Int, of ranks: Int) throws -> [String] {
        let features = mask.features
        let rows = max(1, min(1024, (16 << 20) / (4 * max(features, 1))))
        let reader = try mask.makeReader(.float32)
        let values = UnsafeMutablePointer<Float>.allocate(capacity: rows * features)
        defer { values.deallocate() }
        let blocks = (mask.rowCount + rows - 1) / rows
        return try ShardPlan.part(rank, of: ranks, count: blocks).map { block in
            Heartbeat.beat()
            let range = block * rows..<min((block + 1) * rows, mask.rowCount)
            try reader.read(range, into: values)
            var bits = [UInt64](repeating: 0, count: (range.count * features + 63) / 64)
            for index in 0..<range.count * features where values[index] != 0 { bits[index / 64] |= 1 << UInt64(index % 64) }
            var digest = SHA256()
            digest.update(bits)
            return "\(number) \(block) \(digest.finalize())\n"
        }
    }
}

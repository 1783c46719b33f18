internal import Datasets
internal import HDF5
internal import Support
internal import VAE

/// Reads the parts of a checkpoint, each as it must be; throws ``Failure`` (65) for what is damaged, or what HDF5 threw.
struct CheckpointReader {
    let file: File

    var damaged: Failure { Failure(.badData, "\(file.path) is damaged: its content does not match its checksum") }

    func integer(_ name: String) throws -> Int {
        guard case .integer(let value) = try file.attribute(name) else { throw damaged }
        return Int(value)
    }

    func double(_ name: String) throws -> Double {
        guard case .double(let value) = try file.attribute(name) else { throw damaged }
        return value
    }

    func string(_ name: String) throws -> String {
        guard case .string(let value) = try file.attribute(name) else { throw damaged }
        return value
    }

    func identity(version: Int) throws -> DataIdentity {
        var identity = DataIdentity(fingerprint: try string("data_fingerprint"), digests: [:])
        guard version > 2 else { return identity }
        for part in DataIdentity.Part.allCases { identity.digests[part] = try string("\(part.rawValue)_digest") }
        return identity
    }

    func history(version: Int) throws -> RunHistory {
        guard version > 3 else { return RunHistory() }
        let (number, earlier) = (try integer("arithmetic"), try string("earlier_parts"))
        guard let history = RunHistory(earlier: earlier, arithmetic: number, products: try string("products")) else {
            throw damaged
        }
        return history
    }

    func featureNames(count: Int) throws -> [String] {
        guard try file.item("/features/name") == .dataset else { return [] }
        let names = try file.dataset("/features/name")
        guard names.shape == [count] else { throw damaged }
        return try names.readStrings(rows: 0..<count)
    }

    /// Of a table's columns; empty for rows of one likelihood.
    func categories(_ configuration: Configuration, count: Int) throws -> [Int] {
        if configuration.model.likelihoods.isEmpty { return [] }
        let categories = try file.dataset("/features/categories")
        guard categories.shape == [count] else { throw damaged }
        let values = try categories.read(Int64.self).map { Int($0) }
        guard values.allSatisfy({ $0 == 0 || (2...ColumnLikelihoods.mostCategories).contains($0) }) else { throw damaged }
        return values
    }

    /// That the model knows; empty where labels are no matter.
    func classes(_ configuration: Configuration) throws -> [String] {
        guard configuration.objective.objective == .semiSupervised else { return [] }
        let names = try file.dataset("/classes/name")
        guard names.shape.count == 1, (2...1 << 12).contains(names.rowCount) else { throw damaged }
        return try names.readStrings(rows: 0..<names.rowCount)
    }

    func conditions() throws -> Conditions? {
        do {
            return try Conditions(file)
        } catch is Conditions.Damaged {
            throw damaged
        }
    }

    func scaling(features: Int, _ configuration: Configuration) throws -> FeatureScaling? {
        guard Preparation(configuration).needsStatistics else { return nil }
        guard let scaling = try FeatureScaling(file, features: features) else { throw damaged }
        return scaling
    }

    func flat(_ group: String, _ layout: ParameterLayout) throws -> [Float] {
        var values = [Float](repeating: 0, count: layout.count)
        for entry in layout.entries {
            try values.withUnsafeMutableBufferPointer {
                try read(group, entry, into: $0.baseAddress! + entry.range.lowerBound)
            }
        }
        return values
    }

    func entry(_ group: String, _ entry: ParameterLayout.Entry) throws -> [Float] {
        var values = [Float](repeating: 0, count: entry.range.count)
        try values.withUnsafeMutableBufferPointer { try read(group, entry, into: $0.baseAddress!) }
        return values
    }

    private func read(_ group: String, _ entry: ParameterLayout.Entry, into values: UnsafeMutablePointer<Float>) throws {
        let dataset = try file.dataset("\(group)/\(entry.name)")
        guard dataset.shape == entry.shape, dataset.type.elementClass == .float else { throw damaged }
        try dataset.read(rows: 0..<dataset.rowCount, into: values)
    }
}

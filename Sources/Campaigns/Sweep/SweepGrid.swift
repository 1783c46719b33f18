internal import Support
public import Training

/// One key of the configuration and the values that a sweep gives it.
public struct SweepAxis: Sendable {
    public let key: String
    public let values: [String]

    /// Whether its runs only repeat a training, with other rows or other random numbers: then their mean is of interest.
    var isRepeat: Bool { ["fold", "seed"].contains(key) }

    init(key: String, values: [String]) {
        self.key = key
        self.values = values
    }

    /// Reads `key=value,value`, or `key=value;value` for values that have commas.
    ///
    /// - Throws: ``Failure`` (64) for an unknown key, or values that cannot name the folders of their runs.
    init(_ text: String) throws {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2 else {
            throw Failure(.usage, "--grid is '\(text)', but must be KEY=VALUE,VALUE, for example latent=8,16,32")
        }
        let known: ConfigurationKey
        do {
            known = try ConfigurationKey.named(parts[0], place: "--grid")
        } catch let failure as Failure {
            throw Failure(.usage, failure.message)
        }
        key = known.name
        values = parts[1].split(separator: parts[1].contains(";") ? ";" : ",", omittingEmptySubsequences: false).map(String.init)
        guard !["output", "resume", "folds"].contains(key) else {
            throw Failure(
                .usage,
                key == "folds"
                    ? "--grid: give --folds K, which trains every fold"
                    : "--grid: '\(key)' cannot be swept: each run has a folder of its own, and goes on in it")
        }
        if key == "fold", values.contains("0") { throw Failure(.usage, "--grid fold: folds count from 1") }
        for value in values {
            let isName = value.utf8.contains { $0 != UInt8(ascii: ".") } && value.utf8.allSatisfy { $0.namesFolders }
            guard isName else {
                throw Failure(
                    .usage, "--grid \(key): the value '\(value)' cannot name a folder: letters, digits, and ._+-, are allowed")
            }
        }
    }

    /// As it is given on a command line.
    var text: String {
        let hasLists = values.contains { $0.contains(",") }
        return "\(key)=\(values.joined(separator: hasLists ? ";" : ","))"
    }
}

/// All combinations of the values of some keys, a run for each, numbered from 0; the last key changes fastest.
public struct SweepGrid: Sendable {
    public let axes: [SweepAxis]
    /// The axes that are given; the folds come from the configuration.
    let given: [SweepAxis]
    public let points: [SweepPoint]
    /// The folder that holds the runs' folders.
    public let folder: String

    /// Reads every combination as ``Configuration``, so that nothing begins if one of them is wrong.
    ///
    /// - Parameters:
    ///   - grid: as `--grid` has it. Folds that the configuration asks for come after it.
    ///   - given: the keys that are given otherwise.
    ///   - read: the configuration with further values by key.
    /// - Throws: ``Failure`` (64, 78) naming the value.
    public init(_ grid: [String], given: Set<String>, read: ([String: String]) throws -> Configuration) throws {
        var axes = try grid.map { try SweepAxis($0) }
        for (index, axis) in axes.enumerated() {
            if given.contains(axis.key) { throw Failure(.usage, "--\(axis.key) is given, but --grid sweeps it") }
            if axes[..<index].contains(where: { $0.key == axis.key }) {
                throw Failure(.usage, "--grid \(axis.key) is there twice: give all its values in one")
            }
        }
        let base = try Self.read([:], axes.map { ($0.key, $0.values[0]) }, read)
        folder = base.run.output
        let sweepsFold = axes.contains { $0.key == "fold" }
        let folds = base.data.fold == 0 && !sweepsFold ? base.data.folds : 0
        guard !axes.isEmpty || folds > 0 else {
            throw Failure(
                .usage,
                base.data.fold > 0
                    ? "nothing to sweep: leave out --fold for all folds, give --grid KEY=VALUE,VALUE, or use mpi-vae train"
                    : "nothing to sweep: give --grid KEY=VALUE,VALUE, or --folds K")
        }
        self.given = axes
        let count = axes.reduce(Double(max(1, folds))) { $0 * Double($1.values.count) }
        guard count <= 10_000 else {
            throw Failure(.usage, "--grid and --folds make \(Int(min(count, 1e15))) runs: at most 10000 are possible")
        }
        if folds > 0 {
            axes.append(SweepAxis(key: "fold", values: (1...folds).map(String.init)))
        }

        var combinations: [[String]] = [[]]
        for axis in axes { combinations = combinations.flatMap { start in axis.values.map { start + [$0] } } }
        var points: [SweepPoint] = []
        var names: [String: String] = [:]
        for values in combinations {
            let pairs = zip(axes.map(\.key), values).map { ($0, $1) }
            let name = pairs.map { "\($0)=\($1)" }.joined(separator: ",")
            guard name.utf8.count <= 200 else {
                throw Failure(.usage, "--grid: '\(name)' is too long for the name of a folder: sweep fewer keys at once")
            }
            var configuration = try Self.read(["output": "\(folder)/\(name)"], pairs, read)
            guard configuration.data.hasValidation else {
                throw Failure(
                    .configuration,
                    "nothing to compare the runs by: give --validation-fraction 0.1, --validation-data or --folds 5")
            }
            if configuration.data.data.isEmpty {
                // Generated shapes, once for all.
                configuration.data.takeShapes(RunFolder(path: folder).shapes)
            }
            // 1 and 1.0 are the same training, in two folders.
            if let other = names.updateValue(name, forKey: configuration.sweptTOML) {
                throw Failure(.usage, "--grid: \(other) and \(name) are the same: a value is there twice")
            }
            points.append(SweepPoint(values: values, name: name, configuration: configuration))
        }
        self.axes = axes
        self.points = points
    }

    private static func read(
        _ more: [String: String], _ pairs: [(String, String)], _ read: ([String: String]) throws -> Configuration
    ) throws -> Configuration {
        do {
            return try read(more.merging(pairs) { $1 })
        } catch let failure as Failure where !pairs.isEmpty {
            throw Failure(failure.code, "run \(pairs.map { "\($0)=\($1)" }.joined(separator: ",")): \(failure.message)")
        }
    }

    /// The combinations with their numbers, and how many there are.
    public var list: String {
        let width = String(points.count - 1).count
        let lines = points.enumerated().map { "\(String($0).padded(to: -width))  \($1.name)" }
        return (lines + ["\(points.count) runs in \(folder): --task 0 to \(points.count - 1)"]).joined(separator: "\n")
    }

    /// The number of a run. Throws ``Failure`` (64).
    public func number(_ text: String) throws -> Int {
        guard let number = Int(text), points.indices.contains(number) else {
            throw Failure(
                .usage, "--task is '\(text)', but the runs are numbered from 0 to \(points.count - 1): see mpi-vae sweep --list")
        }
        return number
    }
}

/// One run of a sweep.
public struct SweepPoint: Sendable {
    /// In the order of the axes.
    public let values: [String]
    /// Of its folder: `latent=2,beta=0.5`.
    public let name: String
    public let configuration: Configuration
}

extension Configuration {
    /// What tells two runs apart, whatever their folders.
    fileprivate var sweptTOML: String {
        var copy = self
        copy.run.output = ""
        return copy.resolvedTOML()
    }
}

extension UInt8 {
    fileprivate var namesFolders: Bool {
        switch self {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        default: "._+-,".utf8.contains(self)
        }
    }
}

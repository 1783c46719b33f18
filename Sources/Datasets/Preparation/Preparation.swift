internal import CKernels
package import Distributed
internal import Foundation
package import Randomness
package import Support

/// What is done to every row before the model sees it: the same while training, validating and embedding.
///
/// Library size, log1p, shift and scale by the training rows' statistics, clipping, binarisation, in this order: in double precision
/// where features are scaled or the files' numbers have more digits than 32-bit floats, and then rounded once.
package struct Preparation: Sendable {
    private let settings: PreparationSettings
    /// What the likelihood must find; nil for all numbers.
    private var support: ValueSupport?
    /// Where columns differ; nil where they do not.
    private var columns: ColumnRules?
    /// nil where nothing is scaled, and until they are measured.
    package private(set) var scaling: FeatureScaling?
    /// Features that have the same value in all training rows; they are shifted only.
    package private(set) var constantFeatures = 0
    /// Features whose values differ in the last digits of double precision alone, as those of sums do that should be the same.
    package private(set) var roundedFeatures = 0
    /// Features that are missing in all training rows; they stay as they are.
    package private(set) var missingFeatures = 0

    /// - Parameters:
    ///   - support: what the likelihood needs; nil for all numbers.
    ///   - columns: the same by columns, in place of it.
    ///   - scaling: as a checkpoint has it.
    package init(
        _ settings: PreparationSettings, support: ValueSupport?, columns: ColumnRules? = nil, scaling: FeatureScaling? = nil
    ) {
        self.settings = settings
        self.support = support
        self.columns = columns
        self.scaling = scaling
    }

    private static let probabilities = ValueSupport(
        range: 0...1,
        reason: "--binarize dynamic needs values in 0...1, which are probabilities: scale the data (--scale min-max)")

    /// Whether there is anything to measure before rows can be prepared.
    package var needsStatistics: Bool { settings.scale != .none }

    /// Whether that has been done, or need not be.
    package var isComplete: Bool { scaling != nil || !needsStatistics }

    /// Whether values may be missing, which the model then sees.
    package var masks: Bool { settings.missing == .mask }

    /// Whether rows of a format are prepared in double precision.
    package func isExact(_ format: RowFormat) -> Bool { format.isWide || needsStatistics }

    /// The values that rows may have as they come.
    package var allowed: AllowedValues {
        var allowed = allowed(support, isPrepared: true)
        allowed.stretches =
            columns?.stretches.map {
                AllowedValues.Stretch(columns: $0.columns, allowed: self.allowed($0.support, isPrepared: $0.isPrepared))
            } ?? []
        return allowed
    }

    private func allowed(_ support: ValueSupport?, isPrepared: Bool) -> AllowedValues {
        guard isPrepared else {
            guard let support else { return AllowedValues(missing: masks) }
            return AllowedValues(range: support.range, isWhole: support.isWhole, reason: support.reason, missing: masks)
        }
        // What is scaled may be larger than what is kept.
        let largest = needsStatistics ? AllowedValues.largestScaled : AllowedValues.largestFloat
        if settings.transform == .log1p || settings.librarySize > 0 {
            return AllowedValues(
                range: 0...largest, reason: "library-size and log1p need values of at least 0", missing: masks, largest: largest)
        }
        // Values that are drawn by are probabilities, whatever the likelihood; those that a threshold makes 0 or 1 may be any.
        let needed = settings.binarize == .dynamic ? Self.probabilities : settings.binarize == .none ? support : nil
        if let needed, settings.scale != .minMax {
            return AllowedValues(range: needed.range, isWhole: needed.isWhole, reason: needed.reason, missing: masks)
        }
        return AllowedValues(missing: masks, largest: largest)
    }

    /// Prepares a row in double precision, all but what is drawn; not a number stays what it is.
    ///
    /// - Parameters:
    ///   - row: the values as they come, `[features]`, which are changed.
    ///   - prepared: gets them.
    package func prepare(_ row: UnsafeMutablePointer<Double>, into prepared: UnsafeMutablePointer<Float>, features: Int) {
        transform(row, features: features)
        if let scaling {
            // Of columns that stay as they are it does nothing.
            scaling.apply(row)
            if settings.scale == .minMax { forEachPrepared(features) { kernel_exact_clamp(row + $0, 0, 1, $1) } }
        }
        if settings.clip > 0 {
            forEachPrepared(features) { kernel_exact_clamp(row + $0, -settings.clip, settings.clip, $1) }
        }
        if settings.binarize == .fixed { kernel_exact_threshold(row, settings.threshold, features) }
        kernel_to_float(prepared, row, kernel_float64, features)
    }

    /// What comes before statistics are taken, in place.
    package func transform(_ row: UnsafeMutablePointer<Double>, features: Int) {
        if settings.librarySize > 0 { kernel_exact_scale_to_total(row, settings.librarySize, features) }
        if settings.transform == .log1p { forEachPrepared(features) { kernel_exact_log1p(row + $0, $1) } }
    }

    /// Calls `body` with the first column and the number of those that are transformed and scaled, stretch by stretch.
    private func forEachPrepared(_ features: Int, _ body: (_ first: Int, _ count: Int) -> Void) {
        guard let columns else { return body(0, features) }
        for some in columns.prepared { body(some.lowerBound, some.count) }
    }

    /// Prepares `[rows, features]` in place, all but what is drawn: of formats that are not prepared in double precision.
    package func apply(_ values: UnsafeMutablePointer<Float>, rows: Int, features: Int) {
        let count = rows * features
        if columns != nil {
            for row in 0..<rows {
                let own = values + row * features
                forEachPrepared(features) { first, count in
                    if settings.transform == .log1p { kernel_log1p(own + first, count) }
                    if settings.clip > 0 { kernel_clamp(own + first, -Float(settings.clip), Float(settings.clip), count) }
                }
            }
            return
        }
        if settings.librarySize > 0 { kernel_scale_to_total(values, Float(settings.librarySize), rows, features) }
        if settings.transform == .log1p { kernel_log1p(values, count) }
        if settings.clip > 0 { kernel_clamp(values, -Float(settings.clip), Float(settings.clip), count) }
        if settings.binarize == .fixed { kernel_threshold(values, Float(settings.threshold), count) }
    }

    /// Draws what is to be drawn of rows `[rows, features]` that are prepared else.
    ///
    /// - Parameters:
    ///   - rowNumbers: the rows' numbers in their data set, for draws.
    ///   - noise: seed and epoch of draws.
    package func draw(
        _ values: UnsafeMutablePointer<Float>, rowNumbers: UnsafePointer<Int64>, rows: Int, features: Int, noise: NoiseKey
    ) {
        guard settings.binarize == .dynamic else { return }
        kernel_draw_bernoulli(
            values, rowNumbers, rows, features, noise.seed, NoisePurpose.binarization.rawValue,
            UInt32(truncatingIfNeeded: noise.epoch))
    }

    /// The same for rows whose likelihood nobody asks for, such as noisy ones that are to be cleaned: they may leave 0...1.
    package var withoutLikelihood: Preparation {
        var preparation = self
        preparation.support = nil
        return preparation
    }

    /// The sum that rows are scaled to; 0 for none.
    package var librarySize: Double { settings.librarySize }

    /// Brings `[rows, features]` that a model gave back to the data's scale: undoes shift and scale, then log1p.
    ///
    /// What a row was scaled to a sum from is not known here, and what was cut or made binary is lost.
    ///
    /// - Parameter pool: shares the work.
    package func restore(
        _ values: UnsafePointer<Float>, rows: Int, features: Int, pool: WorkerPool? = nil
    ) -> AlignedMemory<Double> {
        let restored = AlignedMemory<Double>(count: rows * features)
        func restore(_ rows: Range<Int>) {
            let (source, target) = (values + rows.lowerBound * features, restored.pointer + rows.lowerBound * features)
            let count = rows.count * features
            if let scaling {
                scaling.restore(source, into: target, rows: rows.count)
            } else {
                kernel_to_double(target, source, kernel_float32, count)
            }
            guard settings.transform == .log1p else { return }
            for row in 0..<rows.count {
                forEachPrepared(features) { first, count in
                    let own = target + row * features + first
                    for i in 0..<count { own[i] = Elementary.expm1(own[i]) }
                }
            }
        }
        if let pool {
            pool.run { restore(ShardPlan.part($0, of: pool.count, count: rows)) }
        } else {
            restore(0..<rows)
        }
        return restored
    }
}

extension Preparation {
    /// Takes the scaling of the training rows' moments. Throws ``Failure`` for features that cannot be scaled.
    package mutating func take(_ moments: [FeatureMoments], isWide: Bool) throws {
        var isPrepared = [Bool](repeating: columns == nil, count: moments.count)
        for column in (columns?.prepared ?? []).joined() { isPrepared[column] = true }
        let prepared = moments.indices.filter { isPrepared[$0] }
        missingFeatures = moments.count { $0.count == 0 }
        constantFeatures = prepared.count { moments[$0].isConstant }
        roundedFeatures = prepared.count { moments[$0].differsByRounding }
        var moments = moments
        if settings.scaleBy == .global, let first = prepared.first {
            let overall = prepared.dropFirst().reduce(into: moments[first]) { $0.join(moments[$1]) }
            for column in prepared { moments[column] = overall }
        }
        var scaling = FeatureScaling(shift: [], factor: [], isWide: isWide)
        for (feature, own) in moments.enumerated() {
            guard isPrepared[feature] else {
                scaling.shift.append(0)
                scaling.factor.append(1)
                continue
            }
            let isMinMax = settings.scale == .minMax
            scaling.shift.append(own.count == 0 ? 0 : isMinMax ? own.low : own.first + own.mean)
            guard own.low < own.high else {
                scaling.factor.append(1)
                continue
            }
            let width = isMinMax ? own.high - own.low : own.deviation
            guard width >= 1 / AllowedValues.largestScaled else {
                throw Failure(
                    .badData,
                    "the training rows' values in column \(feature) differ by \(own.high - own.low) only, which is too little to be "
                        + "scaled: multiply the data")
            }
            scaling.factor.append(1 / width)
        }
        self.scaling = scaling
    }
}

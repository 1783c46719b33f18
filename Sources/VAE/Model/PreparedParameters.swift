/// The flat parameters as passes take them: as they are, and those weights packed that products take so.
public final class PreparedParameters {
    /// The flat parameters.
    let values: UnsafePointer<Float>
    /// nil for those that are not needed.
    private let weights: [PackedWeight?]

    /// Takes memory; ``pack(by:)`` fills it.
    ///
    /// - Parameter parameters: of the model's layout; they stay where they are as long as this lives, and up to 60 bytes behind them are read.
    public init(_ parameters: UnsafePointer<Float>, of model: Model, for use: Use) {
        values = parameters
        weights = model.packings.map {
            $0.isNeeded(for: use) ? PackedWeight($0.form, model.precision, of: parameters + $0.source, for: use) : nil
        }
    }

    /// Packs the parameters as they are now; to be called whenever they changed.
    ///
    /// - Parameter member: of threads that share the work; all must have done their part before one goes on.
    public func pack(by member: TeamMember = .alone) {
        for weight in weights { weight?.pack(part: member.worker, of: member.count) }
    }

    subscript(place: Packing.Place) -> PackedWeight { weights[place.index]! }

    /// The bytes of the packed weights.
    public static func byteCount(_ model: Model, for use: Use) -> Int {
        model.packings.reduce(0) {
            $0 + ($1.isNeeded(for: use) ? PackedWeight.byteCount($1.form, model.precision, use) : 0)
        }
    }
}

extension Packing {
    fileprivate func isNeeded(for wanted: Use) -> Bool { use == .inference || wanted == .training }
}

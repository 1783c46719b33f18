/// The type that codes are kept in.
public enum CodeType: String, Sendable, CaseIterable {
    case float32
    case float16
    /// 255 levels between the least and the largest value of each latent.
    case int8

    /// Bytes of a number.
    package var size: Int {
        switch self {
        case .float32: 4
        case .float16: 2
        case .int8: 1
        }
    }
}

/// How codes become numbers of a ``CodeType``, and these codes again: of `int8` z = offset + scale q with q in -127...127, which is at most scale / 2 off; of
/// the others z = q, rounded.
package struct CodeScale: Sendable, Equatable {
    package let type: CodeType
    /// By latent; 1 and 0 of types other than `int8`.
    package let scale: [Float]
    package let offset: [Float]

    package init(type: CodeType, scale: [Float], offset: [Float]) {
        (self.type, self.scale, self.offset) = (type, scale, offset)
    }

    /// - Parameters:
    ///   - low: the least value of each latent.
    ///   - high: the largest.
    package init(_ type: CodeType, low: [Float], high: [Float]) {
        guard type == .int8 else {
            let count = low.count
            self.init(type: type, scale: [Float](repeating: 1, count: count), offset: [Float](repeating: 0, count: count))
            return
        }
        // Halves first, so that nothing overflows.
        self.init(
            type: type, scale: zip(low, high).map { ($1 / 2 - $0 / 2) / 127 }, offset: zip(low, high).map { $0 / 2 + $1 / 2 })
    }

    /// The number that stands for a value of a latent.
    package func quantised(_ value: Float, latent: Int) -> Float {
        switch type {
        case .float32: value
        // What is beyond its range stays finite.
        case .float16: Float(Float16(max(-65_504, min(65_504, value))))
        case .int8:
            scale[latent] > 0 ? max(-127, min(127, ((value - offset[latent]) / scale[latent]).rounded(.toNearestOrEven))) : 0
        }
    }

    /// The value of a latent that a number stands for.
    package func restored(_ number: Float, latent: Int) -> Float {
        type == .int8 ? offset[latent] + scale[latent] * number : number
    }

    /// Makes codes, `[rows, latents]`, what comes back of them.
    package func round(_ codes: UnsafeMutablePointer<Float>, rows: Int) {
        if type == .float32 { return }
        for row in 0..<rows {
            for latent in scale.indices {
                let place = row * scale.count + latent
                codes[place] = restored(quantised(codes[place], latent: latent), latent: latent)
            }
        }
    }
}

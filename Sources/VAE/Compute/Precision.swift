internal import CKernels
internal import COneDNN

/// The arithmetic of the matrix products.
public enum Precision: String, Codable, Sendable, CaseIterable {
    case fp32
    /// Operands are rounded to bfloat16; sums, parameters, optimiser and everything elementwise stay in single precision (mixed
    /// precision: Micikevicius et al. 2018, section 3; Kalamkar et al. 2019).
    case bf16

    /// Whether this processor has instructions for it; without them it would be slower than fp32.
    public var isFast: Bool { self == .fp32 || conednn_has_bf16() != 0 }
}

/// A matrix of activations or gradients in the form in which products take it: as it is, or rounded.
final class Operand {
    private let rounded: AlignedBuffer?
    /// What was last taken.
    private(set) var pointer: UnsafeRawPointer!

    /// - Parameter count: the largest number of elements.
    init(_ precision: Precision, count: Int) {
        // Two bfloat16 numbers take the place of one float.
        rounded = precision == .bf16 ? AlignedBuffer(count: (count + 1) / 2) : nil
        pointer = rounded.map { UnsafeRawPointer($0.pointer) }
    }

    /// Takes a matrix, which must stay as it is until the products are done.
    func take(_ values: UnsafePointer<Float>, count: Int) -> UnsafeRawPointer {
        if let rounded {
            kernel_to_bf16(UnsafeMutableRawPointer(rounded.pointer).assumingMemoryBound(to: UInt16.self), values, count)
        } else {
            pointer = UnsafeRawPointer(values)
        }
        return pointer
    }
}

internal import CKernels

/// How gradients travel between nodes.
public enum WireFormat: String, Codable, Sendable, CaseIterable {
    case fp32
    /// As bfloat16, half the bytes. So that the bits do not depend on which sums travel, every shard's gradient and every sum of
    /// the tree is rounded, also where nothing travels.
    case bf16

    /// `destination[i] = a[i] + b[i]`, an addition of the tree.
    @inline(__always)
    func add(
        _ destination: UnsafeMutablePointer<Float>, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ count: Int
    ) {
        switch self {
        case .fp32: kernel_add(destination, a, b, count)
        case .bf16: kernel_add_bf16(destination, a, b, count)
        }
    }

    /// The tree over eight sources, from `offset` on.
    @inline(__always)
    func fold8(
        _ destination: UnsafeMutablePointer<Float>, _ sources: UnsafePointer<UnsafePointer<Float>?>, _ offset: Int, _ count: Int
    ) {
        switch self {
        case .fp32: kernel_fold8(destination, sources, offset, count)
        case .bf16: kernel_fold8_bf16(destination, sources, offset, count)
        }
    }

    /// The tree over four sources, from `offset` on.
    @inline(__always)
    func fold4(
        _ destination: UnsafeMutablePointer<Float>, _ sources: UnsafePointer<UnsafePointer<Float>?>, _ offset: Int, _ count: Int
    ) {
        switch self {
        case .fp32: kernel_fold4(destination, sources, offset, count)
        case .bf16: kernel_fold4_bf16(destination, sources, offset, count)
        }
    }
}

internal import CKernels

/// The arithmetic of the matrix products.
public enum Precision: String, Codable, Sendable, CaseIterable {
    case fp32
    /// Operands are rounded to bfloat16; sums, parameters, optimiser and everything elementwise stay in single precision (mixed
    /// precision: Micikevicius et al. 2018, section 3; Kalamkar et al. 2019).
    case bf16

    /// Whether this processor has instructions for it.
    public var isFast: Bool { self == .fp32 || kernel_bf16_kind() != kernel_bf16_none }

    /// The instructions that products use: of fp32 "scalar", "avx2", "avx512" or "neon"; of bf16 "amx",
    /// "avx512_fma" or "avx512_bf16", or "none".
    public var instructions: String {
        String(cString: self == .fp32 ? kernel_isa_name(kernel_isa()) : kernel_bf16_kind_name(kernel_bf16_kind()))
    }

    /// Which order of sums its products have here: those of one name give the same bits. "fp32" has one alone; of bf16 there is that of AMX,
    /// which other instructions can follow, and that of AVX-512 BF16.
    public var order: String {
        if self == .fp32 { return rawValue }
        return kernel_bf16_kind() == kernel_bf16_avx512 ? "bf16 avx512_bf16" : "bf16 amx"
    }

    /// A shard may be cut where so many of its rows, or a multiple of them, are summed.
    public var cutRows: Int { self == .fp32 ? 1 : 32 }

    var kernel: kernel_precision { self == .fp32 ? kernel_fp32 : kernel_bf16 }
}

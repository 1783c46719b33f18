internal import CKernels

/// The set of instructions that kernels use: "scalar", "avx2", "avx512" or "neon". All give the same bits.
public func instructionSet() -> String { String(cString: kernel_isa_name(kernel_isa())) }

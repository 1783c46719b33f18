internal import CKernels
internal import Foundation
internal import Support
package import VAE

/// The instructions that this process computes with: all give the same bits.
public enum Instructions {
    /// Those of the kernels: "scalar", "avx2", "avx512" or "neon".
    public static var name: String { named(kernel_isa()) }

    /// In the log behind the name: those of products in bf16, where they are used.
    package static func products(_ precision: Precision) -> String {
        precision == .bf16 ? ", products in bf16: \(precision.instructions)" : ""
    }

    /// Chooses them, and sets how the calling thread rounds.
    ///
    /// - Throws: ``Failure`` (78) where `MPI_VAE_ISA` asks for some that there are not.
    public static func choose() throws {
        kernel_set_arithmetic()
        let problem = kernel_isa_problem()
        guard problem != 0 else { return }
        let wanted = ProcessInfo.processInfo.environment["MPI_VAE_ISA"] ?? ""
        let kinds = [kernel_baseline, kernel_avx2, kernel_avx512, kernel_neon].map(named)
        throw Failure(
            .configuration,
            problem == 1
                ? "environment: MPI_VAE_ISA: '\(wanted)' is none of \(kinds.joined(separator: ", "))"
                : "environment: MPI_VAE_ISA: this processor (\(ProcessInfo.processInfo.hostName)) has no \(wanted): its best is \(name)"
        )
    }

    private static func named(_ instructions: kernel_isa) -> String { String(cString: kernel_isa_name(instructions)) }
}

/// The instructions that the processor has for products of bfloat16 numbers; nil for none.
public func bf16Instructions() -> String? { Precision.bf16.isFast ? Precision.bf16.instructions : nil }

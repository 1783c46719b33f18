// The instructions that kernels use, chosen once for the process.

#pragma once

/// Sets of instructions with kernels of their own; all give the same bits. `kernel_baseline` runs on every processor of its family; on
/// x86-64 it has no fused multiply-add and computes it with others.
enum kernel_isa { kernel_baseline, kernel_avx2, kernel_avx512, kernel_neon };

/// The best of this processor, or less where MPI_VAE_ISA says so ("scalar", "avx2", "avx512", "neon"): decided at the first call. A value
/// that the processor does not have, or that means nothing, counts as none: see `kernel_isa_problem`.
enum kernel_isa kernel_isa(void);
/// "scalar", "avx2", "avx512" or "neon".
const char *kernel_isa_name(enum kernel_isa isa);
/// What is wrong with MPI_VAE_ISA: 0 nothing, 1 no such name, 2 the processor does not have it.
int kernel_isa_problem(void);

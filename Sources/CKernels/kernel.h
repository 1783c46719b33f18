// How every kernel is compiled: one clone per vector width of x86-64, picked by the loader for the processor it runs on;
// elsewhere (arm64 has NEON in its baseline) the compiler's own choice.
#pragma once
#if defined(__x86_64__) && defined(__linux__)
#define KERNEL __attribute__((target_clones("arch=x86-64-v4", "avx2", "default")))
#else
#define KERNEL
#endif

// No fused multiply-add unless written: with it the bits would differ between the clones.
#pragma clang fp contract(off)

#include "ckernels_isa.h"
#include <stdlib.h>
#include <string.h>

#if defined(__x86_64__)
static const enum kernel_isa known[] = {kernel_baseline, kernel_avx2, kernel_avx512};
static enum kernel_isa best(void) {
    if (__builtin_cpu_supports("x86-64-v4")) return kernel_avx512;
    if (__builtin_cpu_supports("x86-64-v3")) return kernel_avx2;
    return kernel_baseline;
}
#elif defined(__aarch64__)
static const enum kernel_isa known[] = {kernel_baseline, kernel_neon};
static enum kernel_isa best(void) { return kernel_neon; }
#else
static const enum kernel_isa known[] = {kernel_baseline};
static enum kernel_isa best(void) { return kernel_baseline; }
#endif

const char *kernel_isa_name(enum kernel_isa isa) {
    static const char *const names[] = {"scalar", "avx2", "avx512", "neon"};
    return names[isa];
}

/// What MPI_VAE_ISA asks for, and what is wrong with it; the best where it is not set.
static enum kernel_isa wanted(int *problem) {
    const char *name = getenv("MPI_VAE_ISA");
    *problem = 0;
    if (!name || !*name) return best();
    for (enum kernel_isa isa = kernel_baseline; isa <= kernel_neon; isa++) {
        if (strcmp(name, kernel_isa_name(isa)) != 0) continue;
        for (size_t i = 0; i < sizeof known / sizeof *known; i++)
            if (known[i] == isa && isa <= best()) return isa;
        *problem = 2;
        return best();
    }
    *problem = 1;
    return best();
}

int kernel_isa_problem(void) {
    int problem;
    wanted(&problem);
    return problem;
}

enum kernel_isa kernel_isa(void) {
    // Every thread that comes first finds the same.
    static int chosen = -1;
    int isa = __atomic_load_n(&chosen, __ATOMIC_RELAXED);
    if (isa < 0) {
        int problem;
        isa = (int)wanted(&problem);
        __atomic_store_n(&chosen, isa, __ATOMIC_RELAXED);
    }
    return (enum kernel_isa)isa;
}

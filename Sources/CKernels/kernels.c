#include "kernels.h"

static const struct kernels *kernels(void) {
    switch (kernel_isa()) {
#if defined(__x86_64__)
    case kernel_avx512: return &kernels_avx512;
    case kernel_avx2: return &kernels_avx2;
#endif
    default: return &kernels_baseline;
    }
}

#define CALL(result, name, parameters, arguments)                                                                     \
    result kernel_##name parameters { return kernels()->name arguments; }
KERNELS(CALL)

#include "ckernels_fold.h"
#include "kernel.h"

KERNEL void kernel_add(float *destination, const float *a, const float *b, ptrdiff_t count) {
    for (ptrdiff_t i = 0; i < count; i++) destination[i] = a[i] + b[i];
}

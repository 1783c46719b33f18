#include "ckernels_fold.h"
#include "kernel.h"

KERNEL void kernel_add(float *destination, const float *a, const float *b, ptrdiff_t count) {
    for (ptrdiff_t i = 0; i < count; i++) destination[i] = a[i] + b[i];
}

KERNEL void kernel_fold4(float *restrict destination, const float *const *sources, ptrdiff_t offset, ptrdiff_t count) {
    const float *a = sources[0] + offset, *b = sources[1] + offset, *c = sources[2] + offset, *d = sources[3] + offset;
    for (ptrdiff_t i = 0; i < count; i++) destination[i] = (a[i] + b[i]) + (c[i] + d[i]);
}

KERNEL void kernel_fold8(float *restrict destination, const float *const *sources, ptrdiff_t offset, ptrdiff_t count) {
    const float *a = sources[0] + offset, *b = sources[1] + offset, *c = sources[2] + offset, *d = sources[3] + offset;
    const float *e = sources[4] + offset, *f = sources[5] + offset, *g = sources[6] + offset, *h = sources[7] + offset;
    for (ptrdiff_t i = 0; i < count; i++)
        destination[i] = ((a[i] + b[i]) + (c[i] + d[i])) + ((e[i] + f[i]) + (g[i] + h[i]));
}

KERNEL double kernel_sum_of_squares(const float *values, ptrdiff_t count) {
    double lanes[8] = {0};
    ptrdiff_t i = 0;
    for (; i + 8 <= count; i += 8)
        for (int lane = 0; lane < 8; lane++) lanes[lane] += (double)values[i + lane] * (double)values[i + lane];
    for (int lane = 0; i < count; i++, lane++) lanes[lane] += (double)values[i] * (double)values[i];
    return ((lanes[0] + lanes[1]) + (lanes[2] + lanes[3])) + ((lanes[4] + lanes[5]) + (lanes[6] + lanes[7]));
}

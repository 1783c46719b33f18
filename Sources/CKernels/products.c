// Our products in single precision, once for each set of instructions, and the choice between them.

// No fused multiply-add unless written: with it the bits would differ.
#pragma clang fp contract(off)

#include "ckernels_isa.h"
#include "ckernels_product.h"
#include "math.h"
#include "products/windows.h"
#include "products/tiling.h"
#include "products_bf16.h"

#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((target("arch=x86-64-v4,no-prefer-256-bit"))), apply_to = function)
#define G(name) name##_avx512
#define VB 64
#define MR 8
#define NV 3
#define HAS_FMA 1
#include "products/instance.h"
#pragma clang attribute pop
#pragma clang attribute push(__attribute__((target("arch=x86-64-v3"))), apply_to = function)
#define G(name) name##_avx2
#define VB 32
#define MR 6
#define NV 2
#define HAS_FMA 1
#include "products/instance.h"
#pragma clang attribute pop
#elif defined(__aarch64__)
#define G(name) name##_neon
#define VB 16
#define MR 8
#define NV 2
#define HAS_FMA 1
#include "products/instance.h"
#endif

#define G(name) name##_baseline
#define VB 16
#define MR 4
#define NV 2
#define HAS_FMA 0
#include "products/instance.h"

static const product_functions *functions(void) {
    switch (kernel_isa()) {
#if defined(__x86_64__)
    case kernel_avx512: return &functions_avx512;
    case kernel_avx2: return &functions_avx2;
#elif defined(__aarch64__)
    case kernel_neon: return &functions_neon;
#endif
    default: return &functions_baseline;
    }
}

size_t kernel_packed_bytes(enum kernel_precision precision, ptrdiff_t k, ptrdiff_t n) {
    if (precision == kernel_bf16) return kernel_bf16_packed_bytes(k, n);
    // Whole vectors of the widest, and what is read behind the last panel.
    return (size_t)k * (size_t)((n + 15) / 16 * 16) * 4 + 64;
}

void kernel_pack(enum kernel_precision precision, ptrdiff_t k, ptrdiff_t n, const float *b, int transposed, ptrdiff_t part, ptrdiff_t parts,
                 void *packed) {
    if (precision == kernel_bf16) kernel_bf16_pack(k, n, b, transposed, part, parts, packed);
    else functions()->pack(k, n, b, transposed, part, parts, packed);
}

size_t kernel_product_scratch(enum kernel_precision precision, ptrdiff_t m, ptrdiff_t k, ptrdiff_t n) {
    if (precision == kernel_bf16) return kernel_bf16_product_scratch(m, k, n);
    return functions()->product_scratch(m, k) * 4;
}

// In longer rows every term of a panel is in another page of memory, and those of some lengths meet in a few sets of a cache. A small b is
// packed in no time, and products of many rows are 2 to 4% faster by it.
int kernel_reads_in_place(enum kernel_precision precision, ptrdiff_t k, ptrdiff_t n) {
    return precision == kernel_fp32 && n <= 800 && k * n >= 65536;
}

void kernel_product(enum kernel_precision precision, ptrdiff_t m, ptrdiff_t k, ptrdiff_t n, const float *a, const void *packed,
                    const kernel_product_ends *ends, float *c, void *scratch) {
    if (m == 0) return;
    if (precision == kernel_bf16) kernel_bf16_product(m, k, n, a, 0, packed, ends, 0, c, scratch);
    else functions()->product(m, k, n, a, 0, packed, 0, ends, c, scratch);
}

void kernel_product_in_place(ptrdiff_t m, ptrdiff_t k, ptrdiff_t n, const float *a, const float *b, const kernel_product_ends *ends, float *c,
                             void *scratch) {
    if (m > 0) functions()->product(m, k, n, a, 0, b, n, ends, c, scratch);
}

size_t kernel_weight_gradient_scratch(enum kernel_precision precision, const kernel_fold *fold, ptrdiff_t inputs, ptrdiff_t outputs) {
    if (precision == kernel_bf16) return kernel_bf16_weight_gradient_scratch(fold, inputs, outputs);
    return functions()->gradient_scratch(fold, inputs, outputs) * 4;
}

void kernel_weight_gradient(enum kernel_precision precision, const kernel_fold *fold, ptrdiff_t inputs, ptrdiff_t outputs, const float *x,
                            const float *g, ptrdiff_t weight, ptrdiff_t part, ptrdiff_t parts, void *scratch) {
    if (precision == kernel_bf16) kernel_bf16_weight_gradient(fold, inputs, outputs, x, 0, g, weight, part, parts, scratch);
    else functions()->gradient(fold, inputs, outputs, x, 0, g, weight, part, parts, scratch);
}

void kernel_column_gradient(const kernel_fold *fold, ptrdiff_t columns, const float *values, ptrdiff_t stride, ptrdiff_t place,
                            ptrdiff_t part, ptrdiff_t parts) {
    functions()->columns(fold, columns, values, stride, place, part, parts);
}

void kernel_windows_product(enum kernel_precision precision, ptrdiff_t m, ptrdiff_t k, ptrdiff_t n, const window_table *seen,
                            const void *packed, const kernel_product_ends *ends, const ptrdiff_t *places, float *c, void *scratch) {
    if (m == 0) return;
    if (precision == kernel_bf16) kernel_bf16_product(m, k, n, 0, seen, packed, ends, places, c, scratch);
    else functions()->product(m, k, n, 0, seen, packed, 0, ends, c, scratch);
}

void kernel_windows_gradient(enum kernel_precision precision, const kernel_fold *fold, ptrdiff_t inputs, ptrdiff_t outputs,
                             const window_table *seen, const float *g, ptrdiff_t weight, void *scratch) {
    if (precision == kernel_bf16) kernel_bf16_weight_gradient(fold, inputs, outputs, 0, seen, g, weight, 0, 1, scratch);
    else functions()->gradient(fold, inputs, outputs, 0, seen, g, weight, 0, 1, scratch);
}

void kernel_planes_product(ptrdiff_t count, ptrdiff_t k, ptrdiff_t n, const float *b, const ptrdiff_t *offsets, const float *planes,
                           const float *bias, float *to, ptrdiff_t stride) {
    functions()->planes(count, k, n, b, offsets, planes, bias, to, stride);
}

size_t kernel_attend_scratch(const kernel_attention *a) { return attention_floats(a) * sizeof(float); }

void kernel_attend(const kernel_attention *a, ptrdiff_t rows, const float *qkv, float *context, float *moments, void *scratch) {
    const ptrdiff_t size = a->positions * a->heads * a->width, each = 2 * a->heads * a->positions;
    for (ptrdiff_t row = 0; row < rows; row++)
        functions()->attend(a, qkv + 3 * row * size, context + row * size, moments ? moments + row * each : 0, scratch);
}

void kernel_attend_backward(const kernel_attention *a, ptrdiff_t rows, const float *qkv, const float *moments, const float *dcontext,
                            float *dqkv, void *scratch) {
    const ptrdiff_t size = a->positions * a->heads * a->width, each = 2 * a->heads * a->positions;
    for (ptrdiff_t row = 0; row < rows; row++)
        functions()->attend_backward(a, qkv + 3 * row * size, moments + row * each, dcontext + row * size, dqkv + 3 * row * size, scratch);
}

double kernel_multiply_adds(ptrdiff_t rounds, float *sum) { return functions()->multiply_adds(rounds, sum); }

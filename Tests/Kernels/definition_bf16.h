// Sums of bf16 products as docs/arithmetic.md defines them, a term at a time.
#pragma once
#include "ckernels_bf16.h"
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#pragma clang fp contract(off)

static uint32_t bits_of(float x) {
    uint32_t bits;
    memcpy(&bits, &x, 4);
    return bits;
}
static float float_of(uint32_t bits) {
    float x;
    memcpy(&x, &bits, 4);
    return x;
}

static float flushed(float x) { return fabsf(x) < 0x1p-126f ? copysignf(0, x) : x; }

static float operand(float x) {
    const uint32_t bits = bits_of(flushed(x));
    return flushed(float_of((bits + 0x7fff + (bits >> 16 & 1)) & 0xffff0000u));
}

/// a b + c rounded once, a zero where it is below 2^-126 when rounded to 24 bits, however small: the same numbers times 2^64 show that.
static float multiply_add(float a, float b, float c) {
    const float x = fmaf(a, b, c);
    if (fabsf(x) > 0x1p-126f) return x;
    const float scaled = fabsf(a) < fabsf(b) ? fmaf(a * 0x1p64f, b, c * 0x1p64f) : fmaf(a, b * 0x1p64f, c * 0x1p64f);
    return fabsf(scaled) < 0x1p-62f ? copysignf(0, x) : x;
}

/// A chain of up to 4096 terms a[k] b[k] that begins with `start`.
static float chain(float start, ptrdiff_t k, const float *a, ptrdiff_t a_step, const float *b, ptrdiff_t b_step) {
    float sum = flushed(start);
    for (ptrdiff_t first = 0; first < k; first += 32) {
        float even = 0, odd = 0;
        for (ptrdiff_t q = first; q < first + 32; q += 2) {
            const float a0 = q < k ? operand(a[q * a_step]) : 0, b0 = q < k ? operand(b[q * b_step]) : 0;
            const float a1 = q + 1 < k ? operand(a[(q + 1) * a_step]) : 0, b1 = q + 1 < k ? operand(b[(q + 1) * b_step]) : 0;
            if (kernel_bf16_kind() != kernel_bf16_avx512) {
                even = multiply_add(a0, b0, even);
                odd = multiply_add(a1, b1, odd);
            } else {
                sum = multiply_add(a1, b1, sum);
                sum = multiply_add(a0, b0, sum);
            }
        }
        if (kernel_bf16_kind() != kernel_bf16_avx512) sum = flushed(sum + flushed(even + odd));
    }
    return sum;
}

static float sum_of_chains(float start, ptrdiff_t k, const float *a, ptrdiff_t a_step, const float *b, ptrdiff_t b_step) {
    float total = chain(start, k < 4096 ? k : 4096, a, a_step, b, b_step);
    for (ptrdiff_t first = 4096; first < k; first += 4096)
        total = total + chain(0, k - first < 4096 ? k - first : 4096, a + first * a_step, a_step, b + first * b_step, b_step);
    return total;
}


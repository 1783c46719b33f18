// Sums over planes of pairs of channels, for few columns: vectors run along the planes, so that they are full however few columns there are,
// in the order in which tiles are multiplied.
#pragma once
#include "../convolution/padded.h"
#include "../products/windows.h"
#include "multiply.h"

#pragma clang attribute push(__attribute__((target(TARGET_AVX512_BF16))), apply_to = function)

/// The most vectors of sums of so many columns: as many chains as registers can hold, and as hide each other's latency.
enum { plane_vectors = 8 };

INLINE uint32_t pair_of(float even, float odd) {
    const __m512i both = rounded_pair(_mm512_set1_ps(even), _mm512_set1_ps(odd));
    const uint32_t low = (uint32_t)_mm_cvtsi128_si32(_mm512_castsi512_si128(both));
    const uint32_t high = (uint32_t)_mm_cvtsi128_si32(_mm512_extracti32x4_epi32(both, 2));
    return (low & 0xffff) | high << 16;
}

/// b[k, n] becomes pairs [k / 2, n] in place, each written where all is read.
static void pair_rows(ptrdiff_t k, ptrdiff_t n, float *b) {
    for (ptrdiff_t q = 0; q < k / 2; q++)
        for (ptrdiff_t j = 0; j < n; j++) {
            const uint32_t pair = pair_of(b[2 * q * n + j], b[(2 * q + 1) * n + j]);
            __builtin_memcpy(b + q * n + j, &pair, sizeof pair);
        }
}

/// A map whose channels windows see as [pair of channels][padded map]. Channels come in runs of 32.
static void pad_pairs(const padded_map *p, const window *w, const float *map, uint32_t *planes) {
    const ptrdiff_t size[] = {w->axes[0].size, w->axes[1].size, w->axes[2].size}, plane = padded_count(p);
    __builtin_memset(planes, 0, (size_t)(plane * w->channels / 2) * sizeof *planes);
    for (ptrdiff_t line = 0; line < size[0] * size[1]; line++) {
        const ptrdiff_t z = line / size[1], y = line % size[1];
        uint32_t *to = planes + ((z + p->low[0]) * p->size[1] + y + p->low[1]) * p->size[2] + p->low[2];
        for (ptrdiff_t x = 0; x < size[2]; x += tile_lines, to += tile_lines)
            for (ptrdiff_t channel = 0; channel < w->channels; channel += tile_depth) {
                const float *from = map + (line * size[2] + x) * w->stride + w->channel + channel;
                const __mmask16 mask = lanes(size[2] - x);
                // The map goes on behind the line.
                ask_for_rows((tile_rows){from, w->stride}, tile_lines, tile_lines), ask_for_rows((tile_rows){from + 16, w->stride}, tile_lines, tile_lines);
                tile pairs;
                pack_tile(form_right_columns, (tile_rows){from, w->stride}, size[2] - x, tile_depth, &pairs);
                for (ptrdiff_t i = 0; i < tile_lines; i++)
                    _mm512_mask_storeu_epi32(to + (channel / 2 + i) * plane, mask, _mm512_load_si512(pairs.lines[i]));
            }
    }
}

/// A chain of `steps` steps of 16 pairs for `n` columns and `nv` vectors along the planes, from `start` of each column on, or from 0.
typedef void (*planes_chain)(ptrdiff_t steps, const uint32_t *b, const ptrdiff_t *offsets, const uint32_t *planes, const float *start,
                             float *to, ptrdiff_t stride);

#define ALL _Pragma("clang loop unroll(full)")
#define EACH_SUM ALL for (int j = 0; j < n; j++) ALL for (int v = 0; v < nv; v++)

INLINE void avx512_planes(const int n, const int nv, ptrdiff_t steps, const uint32_t *b, const ptrdiff_t *offsets, const uint32_t *planes,
                          const float *start, float *to, ptrdiff_t stride) {
    __m512 sum[plane_vectors];
    EACH_SUM sum[j * nv + v] = _mm512_set1_ps(start ? start[j] : 0);
    for (ptrdiff_t q = 0; q < steps * 16; q++, b += n) {
        const uint32_t *x = planes + offsets[2 * q];
        __m512bh pairs[plane_vectors];
        ALL for (int v = 0; v < nv; v++) pairs[v] = (__m512bh)_mm512_loadu_si512(x + v * 16);
        ALL for (int j = 0; j < n; j++) {
            const __m512bh factor = (__m512bh)_mm512_set1_epi32((int)b[j]);
            ALL for (int v = 0; v < nv; v++) sum[j * nv + v] = _mm512_dpbf16_ps(sum[j * nv + v], factor, pairs[v]);
        }
    }
    EACH_SUM _mm512_storeu_ps(to + j * stride + v * 16, sum[j * nv + v]);
}

/// The order of AMX. Subnormal numbers are zeros meanwhile.
INLINE void fma_planes(const int n, const int nv, ptrdiff_t steps, const uint32_t *b, const ptrdiff_t *offsets, const uint32_t *planes,
                       const float *start, float *to, ptrdiff_t stride) {
    const __m512i upper = _mm512_set1_epi32((int)0xffff0000);
    __m512 sum[plane_vectors];
    EACH_SUM sum[j * nv + v] = _mm512_set1_ps(start ? start[j] : 0);
    for (ptrdiff_t step = 0; step < steps; step++) {
        __m512 even[plane_vectors], odd[plane_vectors];
        EACH_SUM even[j * nv + v] = odd[j * nv + v] = _mm512_setzero_ps();
        for (int pair = 0; pair < 16; pair++, b += n, offsets += 2) {
            const uint32_t *x = planes + *offsets;
            __m512 low[plane_vectors], high[plane_vectors];
            ALL for (int v = 0; v < nv; v++) {
                const __m512i pairs = _mm512_loadu_si512(x + v * 16);
                low[v] = (__m512)_mm512_slli_epi32(pairs, 16), high[v] = (__m512)_mm512_and_si512(pairs, upper);
            }
            ALL for (int j = 0; j < n; j++) {
                const __m512i both = _mm512_set1_epi32((int)b[j]);
                const __m512 first = (__m512)_mm512_slli_epi32(both, 16), second = (__m512)_mm512_and_si512(both, upper);
                ALL for (int v = 0; v < nv; v++) {
                    even[j * nv + v] = _mm512_fmadd_ps(first, low[v], even[j * nv + v]);
                    odd[j * nv + v] = _mm512_fmadd_ps(second, high[v], odd[j * nv + v]);
                }
            }
        }
        EACH_SUM sum[j * nv + v] = sum[j * nv + v] + (even[j * nv + v] + odd[j * nv + v]);
    }
    EACH_SUM _mm512_storeu_ps(to + j * stride + v * 16, sum[j * nv + v]);
}
#undef EACH_SUM
#undef ALL

// Functions of their own, which the compiler does not move out of where subnormal numbers are zeros.
#define PLANES(kind, n, nv)                                                                                           \
    static __attribute__((noinline)) void kind##_planes_##n##_##nv(ptrdiff_t steps, const uint32_t *b, const ptrdiff_t *offsets,      \
                                                                   const uint32_t *planes, const float *start, float *to,             \
                                                                   ptrdiff_t stride) {                                \
        kind##_planes(n, nv, steps, b, offsets, planes, start, to, stride);                                           \
    }
#define ALL_PLANES(kind)                                                                                              \
    PLANES(kind, 1, 1)                                                                                                \
    PLANES(kind, 1, 2)                                                                                                \
    PLANES(kind, 1, 4)                                                                                                \
    PLANES(kind, 1, 8)                                                                                                \
    PLANES(kind, 2, 1)                                                                                                \
    PLANES(kind, 2, 2)                                                                                                \
    PLANES(kind, 2, 4)                                                                                                \
    PLANES(kind, 3, 1)                                                                                                \
    PLANES(kind, 3, 2)                                                                                                \
    PLANES(kind, 4, 1)                                                                                                \
    PLANES(kind, 4, 2)                                                                                                \
    /* By columns, and by vectors, 1, 2, 4 and 8 of them. */                                                          \
    static const planes_chain kind##_chains[planes_most_columns][4] = {                                              \
        {kind##_planes_1_1, kind##_planes_1_2, kind##_planes_1_4, kind##_planes_1_8},                                 \
        {kind##_planes_2_1, kind##_planes_2_2, kind##_planes_2_4},                                                    \
        {kind##_planes_3_1, kind##_planes_3_2},                                                                       \
        {kind##_planes_4_1, kind##_planes_4_2},                                                                       \
    };
ALL_PLANES(avx512)
ALL_PLANES(fma)

/// As `kernel_planes_product`, of pairs; k is a multiple of 32.
static void planes_product(const planes_chain chains[][4], int subnormals_are_zeros, ptrdiff_t count, ptrdiff_t k, ptrdiff_t n,
                           const uint32_t *b, const ptrdiff_t *offsets, const uint32_t *planes, const float *bias, float *to,
                           ptrdiff_t stride) {
    const unsigned before = _mm_getcsr(), zeros = subnormals_are_zeros ? before | 0x8040 : before;
    for (ptrdiff_t x = 0, at_once; x < count; x += at_once * tile_lines) {
        const ptrdiff_t rest = divided_up(count - x, tile_lines);
        int size = 3;
        // The most vectors that there is a function for and that are left.
        while (!chains[n - 1][size] || (size > 0 && 1 << size > rest)) size--;
        at_once = 1 << size;
        ptrdiff_t first = 0;
        do {
            const ptrdiff_t terms = least(KERNEL_BLOCK, k - first);
            float more[planes_most_columns * plane_vectors * tile_lines];
            const ptrdiff_t more_stride = at_once * tile_lines;
            _mm_setcsr(zeros);
            chains[n - 1][size](terms / tile_depth, b + first / 2 * n, offsets + first, planes + x, first == 0 ? bias : NULL,
                                first == 0 ? to + x : more, first == 0 ? stride : more_stride);
            _mm_setcsr(before);
            for (ptrdiff_t j = 0; first > 0 && j < n; j++)
                for (ptrdiff_t i = 0; i < more_stride; i++) to[j * stride + x + i] += more[j * more_stride + i];
            first += terms;
        } while (first < k);
    }
}
#pragma clang attribute pop

// A block of a product: up to 2 x 2 tiles of c, a chain over the steps of a left and a right panel. It is written once for each kind of
// instructions; everything around it is the same for all.
#pragma once
#include "tile.h"

/// Where the tiles of a block of floats lie: the distance from row to row, to the tile on the right and to the one below.
typedef struct {
    float *first;
    ptrdiff_t ld, right, below;
} block_place;

typedef float block_sums[panel_lines * panel_lines];

/// Floats of a tile of sums.
enum { tile_floats = tile_lines * tile_lines };

/// Tile after tile, without gaps.
INLINE block_place place_of_sums(float *sums) { return (block_place){sums, tile_lines, tile_floats, panel_tiles * tile_floats}; }
INLINE block_place place_in_matrix(float *first, ptrdiff_t ld) { return (block_place){first, ld, tile_lines, tile_lines * ld}; }
INLINE float *tile_at(const block_place *place, int row, int column) {
    return place->first + row * place->below + column * place->right;
}

/// `steps` steps of panels that are as wide as the function is named for. The chains begin with what lies at `start`, or with zeros
/// where it is NULL, and go to `to`, whole tiles of them. Places are given by address: copies of them on the way stall behind the stores.
typedef void (*multiply_block)(ptrdiff_t steps, const tile *left, const tile *right, const block_place *start, const block_place *to);

// AMX: one instruction multiplies a pair of tiles.

#pragma clang attribute push(__attribute__((target("amx-tile,amx-bf16," TARGET_AVX512_BF16))), apply_to = function)

/// Every tile register is a whole tile, so that there is one configuration, which is legal. It is the thread's until `amx_end`.
static void amx_begin(void) {
    static const struct {
        uint8_t palette, start_row, reserved[14];
        uint16_t row_bytes[16];
        uint8_t rows[16];
    } configuration = {1, 0, {0}, {64, 64, 64, 64, 64, 64, 64, 64}, {16, 16, 16, 16, 16, 16, 16, 16}};
    _tile_loadconfig(&configuration);
}
static void amx_end(void) { _tile_release(); }

// Registers: 0 and 1 are the first row of c's tiles, 2 and 3 the second; 4 and 5 the left tiles, 6 and 7 the right ones.
INLINE void amx_multiply(const int rows, const int columns, ptrdiff_t steps, const tile *left, const tile *right,
                         const block_place *start, const block_place *to) {
    if (start) {
        _tile_loadd(0, tile_at(start, 0, 0), start->ld * 4);
        if (columns > 1) _tile_loadd(1, tile_at(start, 0, 1), start->ld * 4);
        if (rows > 1) _tile_loadd(2, tile_at(start, 1, 0), start->ld * 4);
        if (rows > 1 && columns > 1) _tile_loadd(3, tile_at(start, 1, 1), start->ld * 4);
    } else {
        _tile_zero(0);
        if (columns > 1) _tile_zero(1);
        if (rows > 1) _tile_zero(2);
        if (rows > 1 && columns > 1) _tile_zero(3);
    }
    for (ptrdiff_t s = 0; s < steps; s++, left += rows, right += columns) {
        _tile_loadd(4, left, 64);
        _tile_loadd(6, right, 64);
        _tile_dpbf16ps(0, 4, 6);
        if (columns > 1) _tile_loadd(7, right + 1, 64);
        if (columns > 1) _tile_dpbf16ps(1, 4, 7);
        if (rows > 1) _tile_loadd(5, left + 1, 64);
        if (rows > 1) _tile_dpbf16ps(2, 5, 6);
        if (rows > 1 && columns > 1) _tile_dpbf16ps(3, 5, 7);
    }
    _tile_stored(0, tile_at(to, 0, 0), to->ld * 4);
    if (columns > 1) _tile_stored(1, tile_at(to, 0, 1), to->ld * 4);
    if (rows > 1) _tile_stored(2, tile_at(to, 1, 0), to->ld * 4);
    if (rows > 1 && columns > 1) _tile_stored(3, tile_at(to, 1, 1), to->ld * 4);
}

#define INSTANCE(kind, rows, columns)                                                                                 \
    static void kind##_##rows##_##columns(ptrdiff_t steps, const tile *left, const tile *right,                       \
                                          const block_place *start, const block_place *to) {                          \
        kind##_multiply(rows, columns, steps, left, right, start, to);                                                \
    }
#define INSTANCES(kind)                                                                                               \
    INSTANCE(kind, 1, 1)                                                                                              \
    INSTANCE(kind, 1, 2)                                                                                              \
    INSTANCE(kind, 2, 1)                                                                                              \
    INSTANCE(kind, 2, 2)                                                                                              \
    static const multiply_block kind##_blocks[2][2] = {{kind##_1_1, kind##_1_2}, {kind##_2_1, kind##_2_2}};

INSTANCES(amx)
#pragma clang attribute pop

// AVX-512 BF16: a vector of 16 columns, a pair of k at a time.

#pragma clang attribute push(__attribute__((target(TARGET_AVX512_BF16))), apply_to = function)

INLINE void avx512_multiply(const int rows, const int columns, ptrdiff_t steps, const tile *left, const tile *right,
                            const block_place *start, const block_place *to) {
    for (int r = 0; r < rows; r++)
        for (int c = 0; c < columns; c++) {
            __m512 sum[tile_lines];
            const float *from = start ? tile_at(start, r, c) : NULL;
            float *end = tile_at(to, r, c);
#pragma clang loop unroll(full)
            for (int i = 0; i < tile_lines; i++)
                sum[i] = from ? _mm512_loadu_ps(from + i * start->ld) : _mm512_setzero_ps();
            for (ptrdiff_t s = 0; s < steps; s++) {
                const tile *a = left + s * rows + r, *b = right + s * columns + c;
                for (int pair = 0; pair < 16; pair++) {
                    const __m512bh y = (__m512bh)_mm512_load_si512(b->lines[pair]);
#pragma clang loop unroll(full)
                    for (int i = 0; i < tile_lines; i++) {
                        int32_t x;
                        __builtin_memcpy(&x, a->lines[i] + 2 * pair, 4);
                        sum[i] = _mm512_dpbf16_ps(sum[i], (__m512bh)_mm512_set1_epi32(x), y);
                    }
                }
            }
#pragma clang loop unroll(full)
            for (int i = 0; i < tile_lines; i++) _mm512_storeu_ps(end + i * to->ld, sum[i]);
        }
}

INSTANCES(avx512)

// The order of AMX with fused multiply-adds of single precision, for a process that has no permission for AMX.

/// Sums of `count` rows of a tile, from row `first` on, and one or two tiles of columns.
INLINE void fma_rows(const int count, const int columns, ptrdiff_t steps, const tile *left, ptrdiff_t left_width, int first,
                     const tile *right, __m512 *sum) {
    const __m512i upper = _mm512_set1_epi32((int)0xffff0000);
    for (ptrdiff_t s = 0; s < steps; s++, left += left_width, right += columns) {
        // The numbers of even and odd k as floats.
        _Alignas(64) float a[6][2][16];
        __m512 even[6][2], odd[6][2];
#pragma clang loop unroll(full)
        for (int i = 0; i < count; i++) {
            const __m512i pairs = _mm512_load_si512(left->lines[first + i]);
            _mm512_store_si512(a[i][0], _mm512_slli_epi32(pairs, 16));
            _mm512_store_si512(a[i][1], _mm512_and_si512(pairs, upper));
            for (int c = 0; c < columns; c++) even[i][c] = odd[i][c] = _mm512_setzero_ps();
        }
        for (int pair = 0; pair < 16; pair++)
#pragma clang loop unroll(full)
            for (int c = 0; c < columns; c++) {
                const __m512i pairs = _mm512_load_si512(right[c].lines[pair]);
                const __m512 b0 = (__m512)_mm512_slli_epi32(pairs, 16), b1 = (__m512)_mm512_and_si512(pairs, upper);
#pragma clang loop unroll(full)
                for (int i = 0; i < count; i++) {
                    even[i][c] = _mm512_fmadd_ps(_mm512_set1_ps(a[i][0][pair]), b0, even[i][c]);
                    odd[i][c] = _mm512_fmadd_ps(_mm512_set1_ps(a[i][1][pair]), b1, odd[i][c]);
                }
            }
#pragma clang loop unroll(full)
        for (int i = 0; i < count; i++)
#pragma clang loop unroll(full)
            for (int c = 0; c < columns; c++) sum[i * columns + c] = sum[i * columns + c] + (even[i][c] + odd[i][c]);
    }
}

// Functions of their own, which the compiler does not move out of where subnormal numbers are zeros.
#define FMA_ROWS(count, columns)                                                                                      \
    static __attribute__((noinline)) void fma_rows_##count##_##columns(ptrdiff_t steps, const tile *left, ptrdiff_t width, int first, \
                                                                       const tile *right, __m512 *sum) {              \
        fma_rows(count, columns, steps, left, width, first, right, sum);                                              \
    }
FMA_ROWS(6, 1)
FMA_ROWS(6, 2)
FMA_ROWS(5, 1)
FMA_ROWS(5, 2)

INLINE void fma_multiply(const int rows, const int columns, ptrdiff_t steps, const tile *left, const tile *right,
                         const block_place *start, const block_place *to) {
    const unsigned subnormals_are_zeros = 0x8040, before = _mm_getcsr();
    __m512 sum[2][tile_lines * 2];
    for (int r = 0; r < rows; r++)
        for (int i = 0; i < tile_lines * columns; i++)
            sum[r][i] = start ? _mm512_loadu_ps(tile_at(start, r, i % columns) + i / columns * start->ld) : _mm512_setzero_ps();
    _mm_setcsr(before | subnormals_are_zeros);
    for (int r = 0; r < rows; r++) {
        (columns == 1 ? fma_rows_6_1 : fma_rows_6_2)(steps, left + r, rows, 0, right, sum[r]);
        (columns == 1 ? fma_rows_5_1 : fma_rows_5_2)(steps, left + r, rows, 6, right, sum[r] + 6 * columns);
        (columns == 1 ? fma_rows_5_1 : fma_rows_5_2)(steps, left + r, rows, 11, right, sum[r] + 11 * columns);
    }
    _mm_setcsr(before);
    for (int r = 0; r < rows; r++)
        for (int i = 0; i < tile_lines * columns; i++)
            _mm512_storeu_ps(tile_at(to, r, i % columns) + i / columns * to->ld, sum[r][i]);
}

INSTANCES(fma)
#pragma clang attribute pop

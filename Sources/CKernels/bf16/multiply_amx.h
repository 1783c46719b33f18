// AMX: one instruction multiplies a pair of tiles.
#pragma once
#include "multiply.h"

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
INLINE void amx_multiply(const int rows, const int columns, ptrdiff_t pairs, const tile *left, const tile *right,
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
    for (ptrdiff_t s = 0; s < steps_of(pairs); s++, left += rows, right += columns) {
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

INSTANCES(amx)
#pragma clang attribute pop

// A block of a product: up to 2 x 2 tiles of c, a chain over the steps of a left and a right panel. It is written once for each kind of
// instructions, in a file each; everything around it is the same for all.
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

/// Pairs that change sums, of so many numbers of k: those of them, and one of the zeros with which the last step is filled up, where there are any.
/// A sum of -0 becomes 0 by the first, and nothing by more.
INLINE ptrdiff_t pairs_of(ptrdiff_t count) { return least(divided_up(count, tile_depth) * tile_lines, (count + 3) / 2); }
INLINE ptrdiff_t steps_of(ptrdiff_t pairs) { return divided_up(pairs, tile_lines); }

/// `pairs` of k from panels that are as wide as the function is named for. The chains begin with what lies at `start`, or with zeros
/// where it is NULL, and go to `to`, whole tiles of them. Places are given by address: copies of them on the way stall behind the stores.
typedef void (*multiply_block)(ptrdiff_t pairs, const tile *left, const tile *right, const block_place *start, const block_place *to);

#define INSTANCE(kind, rows, columns)                                                                                 \
    static void kind##_##rows##_##columns(ptrdiff_t pairs, const tile *left, const tile *right,                       \
                                          const block_place *start, const block_place *to) {                          \
        kind##_multiply(rows, columns, pairs, left, right, start, to);                                                \
    }
/// The functions of a kind by rows and columns of tiles, each of `kind_multiply` with constants.
#define INSTANCES(kind)                                                                                               \
    INSTANCE(kind, 1, 1)                                                                                              \
    INSTANCE(kind, 1, 2)                                                                                              \
    INSTANCE(kind, 2, 1)                                                                                              \
    INSTANCE(kind, 2, 2)                                                                                              \
    static const multiply_block kind##_blocks[2][2] = {{kind##_1_1, kind##_1_2}, {kind##_2_1, kind##_2_2}};

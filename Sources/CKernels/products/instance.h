// All of the products for one set of instructions, which the macros G, VB, MR, NV, HAS_FMA name; they are undefined here.

#define AHEAD 2
#include "vectors.h"
#include "tile.h"

#include "pack.h"

#include "forward.h"
#include "shards.h"

#include "gradient.h"

#include "planes.h"

#include "attention.h"

static const product_functions G(functions) = {
    G(pack), G(product_scratch), G(product), G(gradient_scratch), G(gradient), G(multiply_adds), G(columns), G(planes), G(attend), G(attend_backward),
};

#undef G
#undef VB
#undef VL
#undef MR
#undef NV
#undef NR
#undef HAS_FMA
#undef AHEAD
#undef ALL
#undef ONE
#undef ALL_LEFT
#undef EACH_LEFT
#undef ROWS
#undef REFERENCE
#undef STEP
#undef EACH
#undef ONE_SUM
#undef BOTH_SUMS
#undef EACH_SUM
#undef ROW_SUMS
#undef SUMS
#undef BLOCK_TILES

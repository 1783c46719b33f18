// Sums over planes that lie one behind the other, for few columns: vectors run along the planes, so that they are full however few columns
// there are. Included once for each set of instructions.

/// to[j][x] = bias[j] + sum over k ascending of b[k][j] planes[offsets[k] + x], for nv vectors of x.
INLINE void G(some_planes)(const int n, const int nv, ptrdiff_t k, const float *b, const ptrdiff_t *offsets, const float *planes,
                           const float *bias, float *to, ptrdiff_t stride) {
    G(vec) s[4][8], block[4][8], total[4][8];
#define EACH_OF ALL for (int j = 0; j < n; j++) ALL for (int v = 0; v < nv; v++)
    EACH_OF s[j][v] = (bias ? bias[j] : 0) - (G(vec)){0};
    ptrdiff_t p = 0;
    do {
        const ptrdiff_t segment = k - p < KERNEL_SEGMENT ? k - p : KERNEL_SEGMENT, q = p + segment;
        for (ptrdiff_t u = p; u < q; u++) {
            const float *x = planes + offsets[u];
            G(vec) w[8];
            ALL for (int v = 0; v < nv; v++) w[v] = G(load)(x + v * VL);
            ALL for (int j = 0; j < n; j++) {
                const G(vec) factor = b[u * n + j] - (G(vec)){0};
                ALL for (int v = 0; v < nv; v++) s[j][v] = G(fma)(factor, w[v], s[j][v]);
            }
        }
        if (p % KERNEL_BLOCK) EACH_OF block[j][v] = block[j][v] + s[j][v];
        else EACH_OF block[j][v] = s[j][v];
        if (q % KERNEL_BLOCK == 0 || q == k) {
            if (p >= KERNEL_BLOCK) EACH_OF total[j][v] = total[j][v] + block[j][v];
            else EACH_OF total[j][v] = block[j][v];
        }
        EACH_OF s[j][v] = (G(vec)){0};
        p = q;
    } while (p < k);
    EACH_OF G(store)(to + j * stride + v * VL, total[j][v]);
#undef EACH_OF
}

// One function for each size: about as many chains as registers can hold, and as hide each other's latency.
#define PLANES(n, nv)                                                                                                 \
    static void G(planes_##n##_##nv)(ptrdiff_t k, const float *b, const ptrdiff_t *offsets, const float *planes,      \
                                     const float *bias, float *to, ptrdiff_t stride) {                                \
        G(some_planes)(n, nv, k, b, offsets, planes, bias, to, stride);                                               \
    }
PLANES(1, 1) PLANES(1, 2) PLANES(1, 3) PLANES(1, 4) PLANES(1, 5) PLANES(1, 6) PLANES(1, 7) PLANES(1, 8)
PLANES(2, 1) PLANES(2, 2) PLANES(2, 3) PLANES(2, 4)
PLANES(3, 1) PLANES(3, 2) PLANES(3, 3)
PLANES(4, 1) PLANES(4, 2)
#undef PLANES

typedef void (*G(planes_function))(ptrdiff_t, const float *, const ptrdiff_t *, const float *, const float *, float *, ptrdiff_t);

static void G(planes)(ptrdiff_t count, ptrdiff_t k, ptrdiff_t n, const float *b, const ptrdiff_t *offsets, const float *planes,
                      const float *bias, float *to, ptrdiff_t stride) {
    static const ptrdiff_t most[] = {8, 4, 3, 2};
    static const G(planes_function) functions[][8] = {
        {G(planes_1_1), G(planes_1_2), G(planes_1_3), G(planes_1_4), G(planes_1_5), G(planes_1_6), G(planes_1_7), G(planes_1_8)},
        {G(planes_2_1), G(planes_2_2), G(planes_2_3), G(planes_2_4)},
        {G(planes_3_1), G(planes_3_2), G(planes_3_3)},
        {G(planes_4_1), G(planes_4_2)},
    };
    const tiling t = make_tiling((count + VL - 1) / VL, most[n - 1]);
    for (ptrdiff_t tile = 0; tile < t.tiles; tile++) {
        const ptrdiff_t x = tile_start(&t, tile) * VL;
        functions[n - 1][tile_size(&t, tile) - 1](k, b, offsets, planes + x, bias, to + x, stride);
    }
}

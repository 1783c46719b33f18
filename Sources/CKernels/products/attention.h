// Attention of one head of a row: scores, their softmax, weighted sums, and the way back, some queries at a time. Scores lie as [keys][queries], so
// that vectors run over queries, and every sum is a chain of its own. Included once for each set of instructions.

/// c[m, n] = from + a b over k terms ascending, for a as `left` says and b in panels of `depth` rows of which the first is `row`; `from` may be NULL.
static void G(multiply_panels)(enum tile_left left, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, const float *a, ptrdiff_t lda, const float *b,
                               ptrdiff_t depth, ptrdiff_t row, const float *from, float *c, ptrdiff_t ldc) {
    const tiling rows = make_tiling(m, MR), panels = G(panels_of)(n);
    const ptrdiff_t from_stride = (n + VL - 1) / VL * VL;
    tile_ends e;
    e.from_stride = from_stride, e.adds = e.rounds = 0, e.end = kernel_end_none, e.ahead = b;
    for (ptrdiff_t number = 0; number < panels.tiles; number++) {
        const G(panel_columns) of = G(columns_of)(&panels, number, n);
        const ptrdiff_t j = of.first, width = (of.columns + VL - 1) / VL * VL;
        for (ptrdiff_t t = 0; t < rows.tiles; t++) {
            const ptrdiff_t i = tile_start(&rows, t);
            e.from = from ? from + i * from_stride + j : 0;
            G(run)(tile_size(&rows, t), of.columns, left, k, a + (left == left_columns ? i : i * lda), lda, b + j * depth + row * width, width, &e,
                   c + i * ldc + j, ldc);
        }
    }
}

/// Panels of b[k, n] with rows `ldb` apart, or of b stored as [n, k].
static void G(pack_panels)(ptrdiff_t k, ptrdiff_t n, const float *b, ptrdiff_t ldb, int transposed, float *to) {
    const tiling panels = G(panels_of)(n);
    for (ptrdiff_t number = 0; number < panels.tiles; number++) {
        const G(panel_columns) of = G(columns_of)(&panels, number, n);
        if (transposed) G(pack_transposed)(k, of.columns, b + of.first * ldb, ldb, to + of.first * k);
        else G(pack_panel)(k, of.columns, b + of.first, ldb, to + of.first * k);
    }
}

INLINE G(vec) G(exp)(G(vec) x) {
    union {
        G(vec) v;
        float f[VL];
    } u = {x};
    ALL for (int i = 0; i < VL; i++) u.f[i] = exp_float(u.f[i]);
    return u.v;
}

// Some vectors of queries at once, whose sums over keys are chains that hide each other's latency.
#define EACH_OF ALL for (int v = 0; v < nv; v++)

/// Scores s[keys] of nv vectors of queries, rows `width` apart, become exp(s scale - largest) factor. Finds largest and factor, or takes them.
INLINE void G(softmax_of)(const int nv, const int finds, ptrdiff_t keys, ptrdiff_t width, float scale, float *s, float *largest, float *factor) {
    float *const end = s + keys * width;
    G(vec) m[NV], f[NV], sum[NV];
    EACH_OF m[v] = finds ? -__builtin_inff() - (G(vec)){0} : G(load)(largest + v * VL), sum[v] = (G(vec)){0};
    EACH_OF f[v] = finds ? sum[v] : G(load)(factor + v * VL);
    for (const float *at = s; finds && at < end; at += width)
        EACH_OF {
            const G(vec) score = G(load)(at + v * VL) * scale;
            m[v] = G(select)(score > m[v], score, m[v]);
        }
    for (float *at = s; at < end; at += width)
        EACH_OF {
            const G(vec) e = G(exp)(G(load)(at + v * VL) * scale - m[v]);
            if (finds) sum[v] += e;
            G(store)(at + v * VL, finds ? e : e * f[v]);
        }
    if (!finds) return;
    EACH_OF f[v] = 1.0f / sum[v];
    for (float *at = s; at < end; at += width) EACH_OF G(store)(at + v * VL, G(load)(at + v * VL) * f[v]);
    EACH_OF G(store)(largest + v * VL, m[v]), G(store)(factor + v * VL, f[v]);
}

/// Gradients d[keys] with regard to probabilities p become those with regard to the scores before their scale: p (d - sum of p d) scale.
INLINE void G(softmax_backward_of)(const int nv, ptrdiff_t keys, ptrdiff_t width, float scale, const float *p, float *d) {
    const ptrdiff_t count = keys * width;
    G(vec) sum[NV];
    EACH_OF sum[v] = (G(vec)){0};
    for (ptrdiff_t at = 0; at < count; at += width)
        EACH_OF sum[v] = G(fma)(G(load)(p + at + v * VL), G(load)(d + at + v * VL), sum[v]);
    for (ptrdiff_t at = 0; at < count; at += width)
        EACH_OF G(store)(d + at + v * VL, G(load)(p + at + v * VL) * (G(load)(d + at + v * VL) - sum[v]) * scale);
}
#undef EACH_OF

// As many vectors at once as there are, up to a tile's.
#define BY_VECTORS(nv, ...) for (; x + nv * VL <= width; x += nv * VL) __VA_ARGS__;

static void G(softmax)(int finds, ptrdiff_t keys, ptrdiff_t width, float scale, float *s, float *largest, float *factor) {
    ptrdiff_t x = 0;
#define SOFTMAX(nv) BY_VECTORS(nv, G(softmax_of)(nv, 1, keys, width, scale, s + x, largest + x, factor + x))
#define SOFTMAX_AGAIN(nv) BY_VECTORS(nv, G(softmax_of)(nv, 0, keys, width, scale, s + x, largest + x, factor + x))
    if (finds) {
        SOFTMAX(NV) SOFTMAX(2) SOFTMAX(1)
    } else {
        SOFTMAX_AGAIN(NV) SOFTMAX_AGAIN(2) SOFTMAX_AGAIN(1)
    }
}

static void G(softmax_backward)(ptrdiff_t keys, ptrdiff_t width, float scale, const float *p, float *d) {
    ptrdiff_t x = 0;
#define SOFTMAX_BACKWARD(nv) BY_VECTORS(nv, G(softmax_backward_of)(nv, keys, width, scale, p + x, d + x))
    SOFTMAX_BACKWARD(NV) SOFTMAX_BACKWARD(2) SOFTMAX_BACKWARD(1)
}
#undef SOFTMAX
#undef SOFTMAX_AGAIN
#undef SOFTMAX_BACKWARD
#undef BY_VECTORS

/// A head of a row and a thread's memory, see `attention_floats`.
typedef struct {
    ptrdiff_t positions, width, stride;
    float scale;
    const float *q, *k, *v;
    /// Of some queries: packed, and what they score; largest score and factor.
    float *queries, *scores, *largest, *factor;
    /// What lies behind.
    float *rest;
} G(attention_head);

static G(attention_head) G(make_head)(const kernel_attention *a, const float *qkv, ptrdiff_t head, float *scratch) {
    const ptrdiff_t channels = a->heads * a->width;
    float *const scores = scratch + attention_queries * a->width, *const largest = scores + attention_queries * a->positions;
    return (G(attention_head)){
        .positions = a->positions, .width = a->width, .stride = 3 * channels, .scale = 1.0f / square_root((float)a->width),
        .q = qkv + head * a->width, .k = qkv + channels + head * a->width, .v = qkv + 2 * channels + head * a->width,
        .queries = scratch, .scores = scores, .largest = largest, .factor = largest + attention_queries,
        .rest = largest + 2 * attention_queries,
    };
}

/// Some queries from the `first` on. Blocks of them begin at whole cache lines and are dealt out evenly.
typedef struct {
    ptrdiff_t first, count, width;
} G(query_block);

static ptrdiff_t G(query_blocks)(ptrdiff_t positions) { return make_tiling((positions + 15) / 16, attention_queries / 16).tiles; }
static G(query_block) G(queries_of)(ptrdiff_t positions, ptrdiff_t number) {
    const tiling blocks = make_tiling((positions + 15) / 16, attention_queries / 16);
    const ptrdiff_t first = tile_start(&blocks, number) * 16, most = tile_size(&blocks, number) * 16;
    const ptrdiff_t count = positions - first < most ? positions - first : most;
    return (G(query_block)){first, count, (count + VL - 1) / VL * VL};
}

/// The probabilities [keys][queries] of some queries, where the scores lie. Those of vectors behind the last query mean nothing.
static void G(find_probabilities)(const G(attention_head) *h, const G(query_block) *some, int finds) {
    G(pack_panels)(h->width, some->count, h->q + some->first * h->stride, h->stride, 1, h->queries);
    G(multiply_panels)(left_rows, h->positions, some->width, h->width, h->k, h->stride, h->queries, h->width, 0, 0, h->scores, some->width);
    G(softmax)(finds, h->positions, some->width, h->scale, h->scores, h->largest, h->factor);
}

static void G(attend)(const kernel_attention *a, const float *qkv, float *context, float *moments, float *scratch) {
    const ptrdiff_t n = a->positions, channels = a->heads * a->width;
    for (ptrdiff_t head = 0; head < a->heads; head++) {
        const G(attention_head) h = G(make_head)(a, qkv, head, scratch);
        G(pack_panels)(n, h.width, h.v, h.stride, 0, h.rest);
        for (ptrdiff_t number = 0; number < G(query_blocks)(n); number++) {
            const G(query_block) some = G(queries_of)(n, number);
            G(find_probabilities)(&h, &some, 1);
            G(multiply_panels)(left_columns, some.count, h.width, n, h.scores, some.width, h.rest, n, 0, 0,
                               context + some.first * channels + head * h.width, channels);
            if (!moments) continue;
            float *const largest = moments + 2 * head * n + some.first;
            __builtin_memcpy(largest, h.largest, (size_t)some.count * sizeof(float));
            __builtin_memcpy(largest + n, h.factor, (size_t)some.count * sizeof(float));
        }
    }
}

static void G(attend_backward)(const kernel_attention *a, const float *qkv, const float *moments, const float *dcontext, float *dqkv,
                               float *scratch) {
    const ptrdiff_t n = a->positions, channels = a->heads * a->width, whole = (a->width + VL - 1) / VL * VL;
    for (ptrdiff_t head = 0; head < a->heads; head++) {
        const G(attention_head) h = G(make_head)(a, qkv, head, scratch);
        const float *const d = dcontext + head * h.width;
        float *const dq = dqkv + head * h.width, *const dk = dq + channels, *const dv = dk + channels;
        // The context's gradient of some queries, that of their scores; keys, queries and the context's gradient in panels; sums so far.
        float *const gradients = h.rest, *const dscores = gradients + attention_queries * h.width;
        float *const keys = dscores + attention_queries * n, *const queries = keys + n * whole, *const contexts = queries + n * whole;
        float *const key_sums = contexts + n * whole, *const value_sums = key_sums + n * whole;
        G(pack_panels)(n, h.width, h.k, h.stride, 0, keys);
        G(pack_panels)(n, h.width, h.q, h.stride, 0, queries);
        G(pack_panels)(n, h.width, d, channels, 0, contexts);
        const ptrdiff_t blocks = G(query_blocks)(n);
        for (ptrdiff_t number = 0; number < blocks; number++) {
            const G(query_block) some = G(queries_of)(n, number);
            const float *const largest = moments + 2 * head * n + some.first;
            for (ptrdiff_t i = 0; i < some.width; i++) {
                h.largest[i] = i < some.count ? largest[i] : 0;
                h.factor[i] = i < some.count ? largest[n + i] : 0;
            }
            G(find_probabilities)(&h, &some, 0);
            G(pack_panels)(h.width, some.count, d + some.first * channels, channels, 1, gradients);
            G(multiply_panels)(left_rows, n, some.width, h.width, h.v, h.stride, gradients, h.width, 0, 0, dscores, some.width);
            G(softmax_backward)(n, some.width, h.scale, h.scores, dscores);
            G(multiply_panels)(left_columns, some.count, h.width, n, dscores, some.width, keys, n, 0, 0, dq + some.first * h.stride, h.stride);
            // Keys and values sum over all queries: the chains go on from block to block.
            const int is_last = number + 1 == blocks;
            const ptrdiff_t columns = is_last ? h.width : whole, stride = is_last ? h.stride : whole;
            G(multiply_panels)(left_rows, n, columns, some.count, dscores, some.width, queries, n, some.first, number ? key_sums : 0,
                               is_last ? dk : key_sums, stride);
            G(multiply_panels)(left_rows, n, columns, some.count, h.scores, some.width, contexts, n, some.first, number ? value_sums : 0,
                               is_last ? dv : value_sums, stride);
        }
    }
}

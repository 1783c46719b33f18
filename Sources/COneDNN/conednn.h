// Matrix products by oneDNN, hiding the difference between its v2 and v3 interfaces. Every function returns 0 or a dnnl_status_t.
#pragma once
#include <dlfcn.h>
#include <oneapi/dnnl/dnnl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/auxv.h>

#define CONEDNN_TRY(call)                                                                                             \
    do {                                                                                                              \
        const dnnl_status_t status_ = (call);                                                                         \
        if (status_ != dnnl_success) return status_;                                                                  \
    } while (0)

/// Keeps oneDNN's products on the calling thread, if it was built with OpenMP: we run shards side by side instead, so that the
/// order of sums never depends on the number of threads.
static inline void conednn_use_one_thread(void) {
    void (*set)(int);
    *(void **)&set = dlsym(RTLD_DEFAULT, "omp_set_num_threads");
    if (set) set(1);
}

/// Whether the processor multiplies bfloat16 numbers with instructions of its own (AVX-512 BF16, AMX, or SVE's).
static inline int conednn_has_bf16(void) {
#if defined(__x86_64__)
    const dnnl_cpu_isa_t isa = dnnl_get_effective_cpu_isa();
    return (isa & dnnl_cpu_isa_avx512_core_bf16) == dnnl_cpu_isa_avx512_core_bf16;
#elif defined(__aarch64__)
    return (getauxval(AT_HWCAP2) & (1 << 14)) != 0;
#else
    return 0;
#endif
}

/// c[m, n] = a[m, k] b[k, n] (+ bias[n]) (+ c), rows contiguous.
typedef struct {
    int64_t m, k, n;
    /// a is stored as [k, m], or b as [n, k].
    int transpose_a, transpose_b;
    int has_bias;
    /// Adds to what c holds.
    int accumulate;
    /// Applies max(x, slope x) to the result.
    int has_relu;
    float slope;
    /// b is given in the layout that oneDNN likes best, made by `conednn_packing_run`.
    int packed_b;
    /// a and b are bfloat16; c, bias and all sums are single precision.
    int bf16;
} conednn_product_shape;

typedef struct {
    dnnl_stream_t stream;
    dnnl_primitive_desc_t description;
    dnnl_primitive_t primitive;
    dnnl_memory_t a, b, bias, c, scratch;
    size_t packed_size, scratch_size;
} conednn_product;

static inline int conednn_engine(dnnl_engine_t *engine) { return dnnl_engine_create(engine, dnnl_cpu, 0); }

typedef dnnl_memory_desc_t conednn_desc;

#if DNNL_VERSION_MAJOR >= 3
static inline int conednn_desc_strided(conednn_desc *d, const dnnl_dims_t dims, dnnl_data_type_t type,
                                       const dnnl_dims_t strides) {
    return dnnl_memory_desc_create_with_strides(d, 2, dims, type, strides);
}
static inline int conednn_desc_any(conednn_desc *d, const dnnl_dims_t dims, dnnl_data_type_t type) {
    return dnnl_memory_desc_create_with_tag(d, 2, dims, type, dnnl_format_tag_any);
}
static inline void conednn_desc_free(conednn_desc *d) { dnnl_memory_desc_destroy(*d); }
#define CONEDNN_QUERIED(description, what) ((dnnl_memory_desc_t)dnnl_primitive_desc_query_md(description, what, 0))
#else
static inline int conednn_desc_strided(conednn_desc *d, const dnnl_dims_t dims, dnnl_data_type_t type,
                                       const dnnl_dims_t strides) {
    return dnnl_memory_desc_init_by_strides(d, 2, dims, type, strides);
}
static inline int conednn_desc_any(conednn_desc *d, const dnnl_dims_t dims, dnnl_data_type_t type) {
    return dnnl_memory_desc_init_by_tag(d, 2, dims, type, dnnl_format_tag_any);
}
static inline void conednn_desc_free(conednn_desc *d) { (void)d; }
#define CONEDNN_QUERIED(description, what) (*dnnl_primitive_desc_query_md(description, what, 0))
#endif

static inline int conednn_memory(dnnl_memory_t *memory, const conednn_desc *d, dnnl_engine_t engine, void *handle) {
#if DNNL_VERSION_MAJOR >= 3
    return dnnl_memory_create(memory, *d, engine, handle);
#else
    return dnnl_memory_create(memory, d, engine, handle);
#endif
}

static inline size_t conednn_desc_size(const conednn_desc *d) {
#if DNNL_VERSION_MAJOR >= 3
    return dnnl_memory_desc_get_size(*d);
#else
    return dnnl_memory_desc_get_size(d);
#endif
}

/// Makes a product; its buffers are named when it runs. With `packed_b`, `like` names a product whose packed layout is taken over,
/// or is NULL for the best layout of this shape.
static inline int conednn_product_create(conednn_product *p, dnnl_engine_t engine, const conednn_product_shape *s,
                                         const conednn_product *like) {
    *p = (conednn_product){0};
    conednn_desc a, b, bias, c;
    const dnnl_dims_t a_dims = {s->m, s->k}, b_dims = {s->k, s->n}, bias_dims = {1, s->n}, c_dims = {s->m, s->n};
    const dnnl_dims_t a_strides = {s->transpose_a ? 1 : s->k, s->transpose_a ? s->m : 1};
    const dnnl_dims_t b_strides = {s->transpose_b ? 1 : s->n, s->transpose_b ? s->k : 1};
    const dnnl_dims_t row_strides = {s->n, 1};
    const dnnl_data_type_t type = s->bf16 ? dnnl_bf16 : dnnl_f32;
    CONEDNN_TRY(conednn_desc_strided(&a, a_dims, type, a_strides));
    if (s->packed_b && like) b = CONEDNN_QUERIED(like->description, dnnl_query_weights_md);
    else if (s->packed_b) CONEDNN_TRY(conednn_desc_any(&b, b_dims, type));
    else CONEDNN_TRY(conednn_desc_strided(&b, b_dims, type, b_strides));
    CONEDNN_TRY(conednn_desc_strided(&bias, bias_dims, dnnl_f32, row_strides));
    CONEDNN_TRY(conednn_desc_strided(&c, c_dims, dnnl_f32, row_strides));

    dnnl_primitive_attr_t attributes;
    dnnl_post_ops_t operations;
    CONEDNN_TRY(dnnl_primitive_attr_create(&attributes));
    CONEDNN_TRY(dnnl_primitive_attr_set_scratchpad_mode(attributes, dnnl_scratchpad_mode_user));
    CONEDNN_TRY(dnnl_post_ops_create(&operations));
#if DNNL_VERSION_MAJOR >= 3
    if (s->accumulate) CONEDNN_TRY(dnnl_post_ops_append_sum(operations, 1, 0, dnnl_data_type_undef));
    if (s->has_relu) CONEDNN_TRY(dnnl_post_ops_append_eltwise(operations, dnnl_eltwise_relu, s->slope, 0));
#else
    if (s->accumulate) CONEDNN_TRY(dnnl_post_ops_append_sum(operations, 1));
    if (s->has_relu) CONEDNN_TRY(dnnl_post_ops_append_eltwise(operations, 1, dnnl_eltwise_relu, s->slope, 0));
#endif
    CONEDNN_TRY(dnnl_primitive_attr_set_post_ops(attributes, operations));
#if DNNL_VERSION_MAJOR >= 3
    CONEDNN_TRY(dnnl_matmul_primitive_desc_create(&p->description, engine, a, b, s->has_bias ? bias : NULL, c,
                                                  attributes));
#else
    dnnl_matmul_desc_t operation;
    CONEDNN_TRY(dnnl_matmul_desc_init(&operation, &a, &b, s->has_bias ? &bias : NULL, &c));
    CONEDNN_TRY(dnnl_primitive_desc_create(&p->description, &operation, attributes, engine, NULL));
#endif
    dnnl_post_ops_destroy(operations);
    dnnl_primitive_attr_destroy(attributes);

    conednn_desc chosen = CONEDNN_QUERIED(p->description, dnnl_query_weights_md);
    conednn_desc scratch = CONEDNN_QUERIED(p->description, dnnl_query_scratchpad_md);
    p->packed_size = s->packed_b ? conednn_desc_size(&chosen) : 0;
    p->scratch_size = conednn_desc_size(&scratch);
    CONEDNN_TRY(dnnl_primitive_create(&p->primitive, p->description));
    CONEDNN_TRY(dnnl_stream_create(&p->stream, engine, dnnl_stream_default_flags));
    CONEDNN_TRY(conednn_memory(&p->a, &a, engine, DNNL_MEMORY_NONE));
    CONEDNN_TRY(conednn_memory(&p->b, &chosen, engine, DNNL_MEMORY_NONE));
    CONEDNN_TRY(conednn_memory(&p->bias, &bias, engine, DNNL_MEMORY_NONE));
    CONEDNN_TRY(conednn_memory(&p->c, &c, engine, DNNL_MEMORY_NONE));
    CONEDNN_TRY(conednn_memory(&p->scratch, &scratch, engine, DNNL_MEMORY_NONE));
    conednn_desc_free(&a);
    if (!(s->packed_b && like)) conednn_desc_free(&b);
    conednn_desc_free(&bias);
    conednn_desc_free(&c);
    return dnnl_success;
}

static inline void conednn_product_destroy(conednn_product *p) {
    dnnl_memory_destroy(p->a);
    dnnl_memory_destroy(p->b);
    dnnl_memory_destroy(p->bias);
    dnnl_memory_destroy(p->c);
    dnnl_memory_destroy(p->scratch);
    dnnl_primitive_destroy(p->primitive);
    dnnl_primitive_desc_destroy(p->description);
    dnnl_stream_destroy(p->stream);
}

/// Points a memory object somewhere else, if it is not there already: oneDNN clears the padding of packed layouts each time.
static inline int conednn_point(dnnl_memory_t memory, const void *handle) {
    void *now;
    CONEDNN_TRY(dnnl_memory_get_data_handle(memory, &now));
    return now == handle ? dnnl_success : dnnl_memory_set_data_handle(memory, (void *)handle);
}

/// `a` and `b` are floats, or bfloat16 numbers for a product of those.
static inline int conednn_product_run(conednn_product *p, const void *a, const void *b, const float *bias, float *c,
                                      void *scratch) {
    CONEDNN_TRY(conednn_point(p->a, a));
    CONEDNN_TRY(conednn_point(p->b, b));
    CONEDNN_TRY(conednn_point(p->c, c));
    CONEDNN_TRY(conednn_point(p->scratch, scratch));
    if (bias) CONEDNN_TRY(conednn_point(p->bias, bias));
    const dnnl_exec_arg_t arguments[5] = {{DNNL_ARG_SRC, p->a},
                                          {DNNL_ARG_WEIGHTS, p->b},
                                          {DNNL_ARG_DST, p->c},
                                          {DNNL_ARG_SCRATCHPAD, p->scratch},
                                          {DNNL_ARG_BIAS, p->bias}};
    return dnnl_primitive_execute(p->primitive, p->stream, bias ? 5 : 4, arguments);
}

/// Copies a matrix of floats into a product's packed layout, rounding to its type.
typedef struct {
    dnnl_stream_t stream;
    dnnl_primitive_t primitive;
    dnnl_memory_t plain, packed;
} conednn_packing;

/// `shape` and `like` as of the product; `packed` has `like->packed_size` bytes and stays where it is.
static inline int conednn_packing_create(conednn_packing *p, dnnl_engine_t engine, const conednn_product_shape *s,
                                         const conednn_product *like, void *packed) {
    *p = (conednn_packing){0};
    const dnnl_dims_t dims = {s->k, s->n}, strides = {s->transpose_b ? 1 : s->n, s->transpose_b ? s->k : 1};
    conednn_desc plain, target = CONEDNN_QUERIED(like->description, dnnl_query_weights_md);
    CONEDNN_TRY(conednn_desc_strided(&plain, dims, dnnl_f32, strides));
    dnnl_primitive_desc_t description;
#if DNNL_VERSION_MAJOR >= 3
    CONEDNN_TRY(dnnl_reorder_primitive_desc_create(&description, plain, engine, target, engine, NULL));
#else
    CONEDNN_TRY(dnnl_reorder_primitive_desc_create(&description, &plain, engine, &target, engine, NULL));
#endif
    CONEDNN_TRY(dnnl_primitive_create(&p->primitive, description));
    dnnl_primitive_desc_destroy(description);
    CONEDNN_TRY(dnnl_stream_create(&p->stream, engine, dnnl_stream_default_flags));
    CONEDNN_TRY(conednn_memory(&p->plain, &plain, engine, DNNL_MEMORY_NONE));
    CONEDNN_TRY(conednn_memory(&p->packed, &target, engine, packed));
    conednn_desc_free(&plain);
    return dnnl_success;
}

static inline void conednn_packing_destroy(conednn_packing *p) {
    dnnl_memory_destroy(p->plain);
    dnnl_memory_destroy(p->packed);
    dnnl_primitive_destroy(p->primitive);
    dnnl_stream_destroy(p->stream);
}

static inline int conednn_packing_run(conednn_packing *p, const float *plain) {
    CONEDNN_TRY(conednn_point(p->plain, plain));
    const dnnl_exec_arg_t arguments[2] = {{DNNL_ARG_FROM, p->plain}, {DNNL_ARG_TO, p->packed}};
    return dnnl_primitive_execute(p->primitive, p->stream, 2, arguments);
}

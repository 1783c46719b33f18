#include "products_bf16.h"
#include "ckernels_isa.h"
#include <stdlib.h>
#include <string.h>

const char *kernel_bf16_kind_name(enum kernel_bf16_kind kind) {
    static const char *const names[] = {"none", "avx512_bf16", "avx512_fma", "amx"};
    return names[kind];
}

#if defined(__x86_64__) && defined(__linux__)
#include "bf16/gradient.h"
#include "bf16/multiply_amx.h"
#include "bf16/multiply_fma.h"
#include "bf16/pairs_avx512.h"
#include "bf16/planes.h"
#include "bf16/windows_gradient_avx512.h"
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>

/// Whether the processor has tiles of the usual size.
static int has_amx(void) {
    unsigned a, b, c, d;
    const unsigned amx_bf16 = 1u << 22, amx_tile = 1u << 24;
    if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || (d & amx_bf16) == 0 || (d & amx_tile) == 0) return 0;
    // Palette 1: eight registers of 16 rows of 64 bytes.
    return __get_cpuid_count(0x1d, 1, &a, &b, &c, &d) && b >> 16 >= 8 && (b & 0xffff) >= 64 && (c & 0xffff) >= 16;
}

/// Whether the system saves tiles and lets the process use them.
static int may_use_amx(void) {
    unsigned low, high;
    const unsigned tile_state = 3u << 17;
    __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    if ((low & tile_state) != tile_state) return 0;
    const long request_permission = 0x1023, tile_data = 18;
    return syscall(SYS_arch_prctl, request_permission, tile_data) == 0;
}

static enum kernel_bf16_kind best(void) {
    unsigned a, b, c, d;
    const unsigned avx512_bf16 = 1u << 5;
    if (kernel_isa() != kernel_avx512) return kernel_bf16_none;
    if (!__get_cpuid_count(7, 1, &a, &b, &c, &d) || (a & avx512_bf16) == 0) return kernel_bf16_none;
    const char *wanted = getenv("MPI_VAE_TEST_BF16");
    if (wanted && strcmp(wanted, "avx512") == 0) return kernel_bf16_avx512;
    if (wanted && strcmp(wanted, "fma") == 0) return kernel_bf16_fma;
    if (!has_amx()) return kernel_bf16_avx512;
    // Bits do not depend on the permission. On such processors this is faster than AVX-512 BF16, too.
    return may_use_amx() ? kernel_bf16_amx : kernel_bf16_fma;
}

enum kernel_bf16_kind kernel_bf16_kind(void) {
    // Every thread that comes first finds the same.
    static int chosen = -1;
    int kind = __atomic_load_n(&chosen, __ATOMIC_RELAXED);
    if (kind < 0) {
        kind = (int)best();
        __atomic_store_n(&chosen, kind, __ATOMIC_RELAXED);
    }
    return (enum kernel_bf16_kind)kind;
}

/// By `kernel_bf16_kind`.
static const bf16_functions functions[] = {
    {0},
    {avx512_blocks, form_right_rows, &avx512_row_functions},
    {fma_blocks, form_left_columns, NULL},
    {amx_blocks, form_left_columns, NULL},
};

/// Around a call: the tiles are a state of the thread.
static enum kernel_bf16_kind begin(void) {
    const enum kernel_bf16_kind kind = kernel_bf16_kind();
    if (kind == kernel_bf16_amx) amx_begin();
    return kind;
}
static void end(enum kernel_bf16_kind kind) {
    if (kind == kernel_bf16_amx) amx_end();
}

size_t kernel_bf16_packed_bytes(ptrdiff_t k, ptrdiff_t n) {
    return sizeof(tile) * (size_t)(divided_up(k, tile_depth) * divided_up(n, tile_lines));
}

void kernel_bf16_pack(ptrdiff_t k, ptrdiff_t n, const float *b, int transposed, ptrdiff_t part, ptrdiff_t parts, void *packed) {
    pack_right(k, n, b, transposed, part, parts, packed);
}

size_t kernel_bf16_product_scratch(ptrdiff_t m, ptrdiff_t k, ptrdiff_t n) {
    return scratch_of_product(m, k, n);
}

void kernel_bf16_product(ptrdiff_t m, ptrdiff_t k, ptrdiff_t n, const float *a, const window_table *seen, const void *packed,
                         const kernel_product_ends *ends, const ptrdiff_t *places, float *c, void *scratch) {
    const enum kernel_bf16_kind kind = begin();
    product(&functions[kind], m, k, n, make_left(a, k, seen), packed, ends, places, c, scratch);
    end(kind);
}

size_t kernel_bf16_weight_gradient_scratch(const kernel_fold *fold, ptrdiff_t inputs, ptrdiff_t outputs) {
    const gradient_sizes sizes = sizes_of_gradient(fold, inputs, outputs);
    return sizes.sums + sizes.left + sizes.right;
}

void kernel_bf16_weight_gradient(const kernel_fold *fold, ptrdiff_t inputs, ptrdiff_t outputs, const float *x, const window_table *seen,
                                 const float *g, ptrdiff_t weight, ptrdiff_t part, ptrdiff_t parts, void *scratch) {
    const gradient_part p = part_of_gradient(inputs, outputs, part, parts);
    const enum kernel_bf16_kind kind = begin();
    weight_gradient(&functions[kind], fold, inputs, outputs, make_left(x, inputs, seen), g, weight, p, scratch);
    end(kind);
}

void kernel_bf16_round(const float *values, ptrdiff_t count, uint16_t *rounded) { round_values(values, count, rounded); }

void kernel_bf16_pair_rows(ptrdiff_t k, ptrdiff_t n, float *b) { pair_rows(k, n, b); }

void kernel_bf16_pad_planes(const padded_map *p, const window *w, const float *map, float *planes) {
    pad_pairs(p, w, map, (uint32_t *)planes);
}

void kernel_bf16_planes_product(ptrdiff_t count, ptrdiff_t k, ptrdiff_t n, const float *b, const ptrdiff_t *offsets, const float *planes,
                                const float *bias, float *to, ptrdiff_t stride) {
    const int is_plain = kernel_bf16_kind() == kernel_bf16_avx512;
    planes_product(is_plain ? avx512_chains : fma_chains, !is_plain, count, k, n, (const uint32_t *)b, offsets, (const uint32_t *)planes, bias, to,
                   stride);
}
#else
enum kernel_bf16_kind kernel_bf16_kind(void) { return kernel_bf16_none; }

// Never called.
size_t kernel_bf16_packed_bytes(ptrdiff_t k, ptrdiff_t n) { return (void)k, (void)n, 0; }
void kernel_bf16_pack(ptrdiff_t k, ptrdiff_t n, const float *b, int transposed, ptrdiff_t part, ptrdiff_t parts, void *packed) {
    (void)k, (void)n, (void)b, (void)transposed, (void)part, (void)parts, (void)packed;
}
size_t kernel_bf16_product_scratch(ptrdiff_t m, ptrdiff_t k, ptrdiff_t n) { return (void)m, (void)k, (void)n, 0; }
void kernel_bf16_product(ptrdiff_t m, ptrdiff_t k, ptrdiff_t n, const float *a, const window_table *seen, const void *packed,
                         const kernel_product_ends *ends, const ptrdiff_t *places, float *c, void *scratch) {
    (void)m, (void)k, (void)n, (void)a, (void)seen, (void)packed, (void)ends, (void)places, (void)c, (void)scratch;
}
size_t kernel_bf16_weight_gradient_scratch(const kernel_fold *fold, ptrdiff_t inputs, ptrdiff_t outputs) {
    return (void)fold, (void)inputs, (void)outputs, 0;
}
void kernel_bf16_weight_gradient(const kernel_fold *fold, ptrdiff_t inputs, ptrdiff_t outputs, const float *x, const window_table *seen,
                                 const float *g, ptrdiff_t weight, ptrdiff_t part, ptrdiff_t parts, void *scratch) {
    (void)fold, (void)inputs, (void)outputs, (void)x, (void)seen, (void)g, (void)weight, (void)part, (void)parts, (void)scratch;
}
void kernel_bf16_round(const float *values, ptrdiff_t count, uint16_t *rounded) { (void)values, (void)count, (void)rounded; }
void kernel_bf16_pair_rows(ptrdiff_t k, ptrdiff_t n, float *b) { (void)k, (void)n, (void)b; }
void kernel_bf16_pad_planes(const padded_map *p, const window *w, const float *map, float *planes) {
    (void)p, (void)w, (void)map, (void)planes;
}
void kernel_bf16_planes_product(ptrdiff_t count, ptrdiff_t k, ptrdiff_t n, const float *b, const ptrdiff_t *offsets, const float *planes,
                                const float *bias, float *to, ptrdiff_t stride) {
    (void)count, (void)k, (void)n, (void)b, (void)offsets, (void)planes, (void)bias, (void)to, (void)stride;
}
#endif

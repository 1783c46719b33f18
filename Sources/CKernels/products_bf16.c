#include "products_bf16.h"
#include "ckernels_isa.h"
#include <stdlib.h>
#include <string.h>

const char *kernel_bf16_kind_name(enum kernel_bf16_kind kind) {
    static const char *const names[] = {"none", "avx512_bf16", "amx"};
    return names[kind];
}

#if defined(__x86_64__) && defined(__linux__)
#include "bf16/gradient.h"
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>

/// Whether the processor has tiles of the usual size, the system saves them, and permits the process to use them.
static int has_amx(void) {
    unsigned a, b, c, d, low, high;
    const unsigned amx_bf16 = 1u << 22, amx_tile = 1u << 24, tile_state = 3u << 17;
    if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || (d & amx_bf16) == 0 || (d & amx_tile) == 0) return 0;
    // Palette 1: eight registers of 16 rows of 64 bytes.
    if (!__get_cpuid_count(0x1d, 1, &a, &b, &c, &d) || b >> 16 < 8 || (b & 0xffff) < 64 || (c & 0xffff) < 16) return 0;
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
    // Tests see what happens where permission is denied.
    const char *wanted = getenv("MPI_VAE_TEST_BF16");
    if (wanted && strcmp(wanted, "avx512") == 0) return kernel_bf16_avx512;
    return has_amx() ? kernel_bf16_amx : kernel_bf16_avx512;
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

size_t kernel_bf16_packed_bytes(ptrdiff_t k, ptrdiff_t n) {
    return sizeof(tile) * (size_t)(divided_up(k, tile_depth) * divided_up(n, tile_lines));
}

void kernel_bf16_pack(ptrdiff_t k, ptrdiff_t n, const float *b, int transposed, ptrdiff_t part, ptrdiff_t parts, void *packed) {
    pack_right(k, n, b, transposed, part, parts, packed);
}

size_t kernel_bf16_product_scratch(ptrdiff_t m, ptrdiff_t k, ptrdiff_t n) {
    return scratch_of_product(m, k, n);
}

void kernel_bf16_product(ptrdiff_t m, ptrdiff_t k, ptrdiff_t n, const float *a, const void *packed, const kernel_product_ends *ends,
                         float *c, void *scratch) {
    if (kernel_bf16_kind() == kernel_bf16_amx) {
        amx_begin();
        product(amx_blocks, m, k, n, a, packed, ends, c, scratch);
        amx_end();
    } else {
        product(avx512_blocks, m, k, n, a, packed, ends, c, scratch);
    }
}

size_t kernel_bf16_weight_gradient_scratch(const kernel_fold *fold, ptrdiff_t inputs, ptrdiff_t outputs) {
    const gradient_sizes sizes = sizes_of_gradient(fold, inputs, outputs);
    return sizes.sums + sizes.left + sizes.right;
}

void kernel_bf16_weight_gradient(const kernel_fold *fold, ptrdiff_t inputs, ptrdiff_t outputs, const float *x, const float *g,
                                 ptrdiff_t weight, ptrdiff_t part, ptrdiff_t parts, void *scratch) {
    const gradient_part p = part_of_gradient(inputs, outputs, part, parts);
    if (kernel_bf16_kind() == kernel_bf16_amx) {
        amx_begin();
        weight_gradient(amx_blocks, fold, inputs, outputs, x, g, weight, p, scratch);
        amx_end();
    } else {
        weight_gradient(avx512_blocks, fold, inputs, outputs, x, g, weight, p, scratch);
    }
}
#else
enum kernel_bf16_kind kernel_bf16_kind(void) { return kernel_bf16_none; }

// Never called.
size_t kernel_bf16_packed_bytes(ptrdiff_t k, ptrdiff_t n) { return (void)k, (void)n, 0; }
void kernel_bf16_pack(ptrdiff_t k, ptrdiff_t n, const float *b, int transposed, ptrdiff_t part, ptrdiff_t parts, void *packed) {
    (void)k, (void)n, (void)b, (void)transposed, (void)part, (void)parts, (void)packed;
}
size_t kernel_bf16_product_scratch(ptrdiff_t m, ptrdiff_t k, ptrdiff_t n) { return (void)m, (void)k, (void)n, 0; }
void kernel_bf16_product(ptrdiff_t m, ptrdiff_t k, ptrdiff_t n, const float *a, const void *packed, const kernel_product_ends *ends,
                         float *c, void *scratch) {
    (void)m, (void)k, (void)n, (void)a, (void)packed, (void)ends, (void)c, (void)scratch;
}
size_t kernel_bf16_weight_gradient_scratch(const kernel_fold *fold, ptrdiff_t inputs, ptrdiff_t outputs) {
    return (void)fold, (void)inputs, (void)outputs, 0;
}
void kernel_bf16_weight_gradient(const kernel_fold *fold, ptrdiff_t inputs, ptrdiff_t outputs, const float *x, const float *g,
                                 ptrdiff_t weight, ptrdiff_t part, ptrdiff_t parts, void *scratch) {
    (void)fold, (void)inputs, (void)outputs, (void)x, (void)g, (void)weight, (void)part, (void)parts, (void)scratch;
}
#endif

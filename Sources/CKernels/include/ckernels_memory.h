// Memory for large arrays.
#pragma once
#include <malloc.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>

/// Bytes of a large page.
enum { kernel_large_page = 2 << 20 };

/// Asks for large pages where the kernel gives them on request: walking through gigabytes then misses the TLB less often.
/// To be called before the memory is first touched.
static inline void kernel_use_huge_pages(void *memory, size_t byte_count) {
    const uintptr_t page = kernel_large_page;
    const uintptr_t start = ((uintptr_t)memory + page - 1) & ~(page - 1), end = ((uintptr_t)memory + byte_count) & ~(page - 1);
    if (start < end) madvise((void *)start, end - start, MADV_HUGEPAGE);
}

/// Gives memory that was freed back to the system, where the C library would keep it.
static inline void kernel_return_freed_memory(void) {
#ifdef __GLIBC__
    malloc_trim(0);
#endif
}

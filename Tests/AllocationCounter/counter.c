// Counts what a program asks of the allocator. Loaded into it with LD_PRELOAD; at its end the counts are written to the file that
// the variable ALLOCATIONS_TO names: what MPI asked for, what all others did, and how often MPI was called (messages.c).
#define _GNU_SOURCE
#include "counter.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// The C library's own functions, under the names that replacements are to call.
extern void *__libc_malloc(size_t), *__libc_calloc(size_t, size_t), *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);

enum { OTHERS, MPI, OWNERS };
static atomic_long counts[OWNERS];

// The owners of the callers seen last, an address and two bits each: dladdr looks through all names of a library.
static atomic_ulong seen[1 << 14];

// The library that holds the caller is the owner.
static int owner_of(void *caller) {
    Dl_info library;
    int owner = OTHERS;
    if (dladdr(caller, &library) && library.dli_fname) {
        const char *name = library.dli_fname;
        if (strstr(name, "libmpi.") || strstr(name, "libopen-") || strstr(name, "openmpi") || strstr(name, "pmix")) owner = MPI;
        if (strstr(name, "libevent")) owner = MPI;
    }
    return owner;
}

static void count(void *caller) {
    const unsigned long address = (unsigned long)caller;
    atomic_ulong *place = &seen[address * 0x9E3779B97F4A7C15ul >> 50];
    unsigned long kept = atomic_load_explicit(place, memory_order_relaxed);
    if (kept >> 2 != address) {
        kept = address << 2 | (unsigned long)owner_of(caller);
        atomic_store_explicit(place, kept, memory_order_relaxed);
    }
    const int owner = kept & 3;
    atomic_fetch_add_explicit(&counts[owner], 1, memory_order_relaxed);
}

#define COUNT() count(__builtin_return_address(0))

void *malloc(size_t size) { COUNT(); return __libc_malloc(size); }
void *calloc(size_t number, size_t size) { COUNT(); return __libc_calloc(number, size); }
void *realloc(void *old, size_t size) { COUNT(); return __libc_realloc(old, size); }
void *aligned_alloc(size_t alignment, size_t size) { COUNT(); return __libc_memalign(alignment, size); }
void *memalign(size_t alignment, size_t size) { COUNT(); return __libc_memalign(alignment, size); }

int posix_memalign(void **result, size_t alignment, size_t size) {
    COUNT();
    *result = __libc_memalign(alignment, size);
    return *result ? 0 : ENOMEM;
}

// C++'s operator new, whose caller would otherwise be its own library.
void *_Znwm(size_t size) {
    COUNT();
    void *result = __libc_malloc(size);
    if (!result) abort();
    return result;
}

__attribute__((destructor)) static void report(void) {
    const char *path = getenv("ALLOCATIONS_TO");
    FILE *file = path ? fopen(path, "w") : NULL;
    if (!file) return;
    fprintf(file, "others %ld\nMPI %ld\ncalls %ld\n", counts[OTHERS], counts[MPI], message_calls());
    fclose(file);
}

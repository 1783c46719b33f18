// Shims for what Swift cannot import from mpi.h: macros that cast to pointers or name enums. Below them, the atomics and
// futex calls for memory that several processes of a node map. No logic beyond that.
#pragma once
#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <mpi.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

// Handles are pointers in Open MPI and numbers in MPICH and its kin, so Swift keeps those that it owns in these.
typedef struct {
    MPI_Comm handle;
} cmpi_comm;
typedef struct {
    MPI_Win handle;
} cmpi_window;

static inline cmpi_comm cmpi_comm_world(void) { return (cmpi_comm){MPI_COMM_WORLD}; }
static inline int cmpi_comm_split(MPI_Comm comm, int color, int key, cmpi_comm *part) {
    return MPI_Comm_split(comm, color, key, &part->handle);
}
/// The processes that can share memory.
static inline int cmpi_comm_split_shared(MPI_Comm comm, int key, cmpi_comm *part) {
    return MPI_Comm_split_type(comm, MPI_COMM_TYPE_SHARED, key, MPI_INFO_NULL, &part->handle);
}
static inline int cmpi_comm_free(cmpi_comm *comm) { return MPI_Comm_free(&comm->handle); }
static inline int cmpi_window_allocate_shared(MPI_Aint bytes, MPI_Comm comm, void *base, cmpi_window *window) {
    return MPI_Win_allocate_shared(bytes, 1, MPI_INFO_NULL, comm, base, &window->handle);
}
static inline int cmpi_window_free(cmpi_window *window) { return MPI_Win_free(&window->handle); }
static inline MPI_Datatype cmpi_byte(void) { return MPI_BYTE; }
static inline MPI_Datatype cmpi_float(void) { return MPI_FLOAT; }
static inline MPI_Datatype cmpi_uint16(void) { return MPI_UINT16_T; }
static inline MPI_Datatype cmpi_double(void) { return MPI_DOUBLE; }
static inline MPI_Datatype cmpi_int64(void) { return MPI_INT64_T; }
static inline MPI_Op cmpi_sum(void) { return MPI_SUM; }
static inline MPI_Op cmpi_min(void) { return MPI_MIN; }
static inline MPI_Op cmpi_max(void) { return MPI_MAX; }
static inline MPI_Op cmpi_bitwise_or(void) { return MPI_BOR; }
static inline void *cmpi_in_place(void) { return MPI_IN_PLACE; }
static inline MPI_Status *cmpi_status_ignore(void) { return MPI_STATUS_IGNORE; }
static inline int cmpi_undefined(void) { return MPI_UNDEFINED; }
static inline int cmpi_thread_funneled(void) { return MPI_THREAD_FUNNELED; }

static inline int cmpi_return_errors(MPI_Comm comm) { return MPI_Comm_set_errhandler(comm, MPI_ERRORS_RETURN); }

static inline uint32_t cmpi_load(const uint32_t *word) { return __atomic_load_n(word, __ATOMIC_ACQUIRE); }
static inline void cmpi_store(uint32_t *word, uint32_t value) { __atomic_store_n(word, value, __ATOMIC_RELEASE); }
/// The value before the addition.
static inline uint32_t cmpi_fetch_add(uint32_t *word, uint32_t value) {
    return __atomic_fetch_add(word, value, __ATOMIC_ACQ_REL);
}
static inline void cmpi_pause(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}
/// Writes the mask of the processors that this process may run on; the bytes written, or less than 0. The system call, since
/// cpu_set_t ends at 1024 processors.
static inline long cmpi_get_affinity(void *mask, long byte_count) {
    return syscall(SYS_sched_getaffinity, 0, byte_count, mask);
}

/// Sleeps until `*word` is no longer `expected`, at the longest one second; may return early. Not FUTEX_PRIVATE: the word is
/// shared between processes.
static inline void cmpi_futex_wait(uint32_t *word, uint32_t expected) {
    struct timespec limit = {1, 0};
    syscall(SYS_futex, word, FUTEX_WAIT, expected, &limit, 0, 0);
}
static inline void cmpi_futex_wake_all(uint32_t *word) { syscall(SYS_futex, word, FUTEX_WAKE, INT_MAX, 0, 0, 0); }

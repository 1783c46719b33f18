// Counts the calls of MPI by which a rank talks to others. They stand before those of the MPI library, to which they hand on what they
// were given: whatever it is, for arguments of pointers and integers lie where they lay.
#define _GNU_SOURCE
#include "counter.h"

#include <dlfcn.h>
#include <stdatomic.h>
#include <stdlib.h>

typedef int function(long, long, long, long, long, long, long, long, long, long, long, long);

static atomic_long calls;

long message_calls(void) { return atomic_load(&calls); }

static function *next(const char *name) {
    void *found = dlsym(RTLD_NEXT, name);
    if (!found) abort();
    return (function *)found;
}

#define COUNTED(name)                                                                                                         \
    int name(long a, long b, long c, long d, long e, long f, long g, long h, long i, long j, long k, long l) {                \
        static function *own;                                                                                                 \
        if (!own) own = next(#name);                                                                                          \
        atomic_fetch_add(&calls, 1);                                                                                          \
        return own(a, b, c, d, e, f, g, h, i, j, k, l);                                                                       \
    }

// All that Sources/Distributed calls.
COUNTED(MPI_Allreduce)
COUNTED(MPI_Allgather)
COUNTED(MPI_Allgatherv)
COUNTED(MPI_Alltoallv)
COUNTED(MPI_Barrier)
COUNTED(MPI_Bcast)
COUNTED(MPI_Gatherv)
COUNTED(MPI_Recv)
COUNTED(MPI_Send)
COUNTED(MPI_Sendrecv)

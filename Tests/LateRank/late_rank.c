// Holds rank 1 for a second in MPI_Init, between the two barriers there, and tells when it goes on, and when each rank leaves MPI_Init. Loaded
// into a program with LD_PRELOAD. None may leave before: a message then would meet a rank in the second barrier whose receiver of messages Open MPI
// 4.1 has not named yet, and end it.
#define _GNU_SOURCE
#include "late_rank.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static void *next(const char *name) {
    void *found = dlsym(RTLD_NEXT, name);
    if (!found) abort();
    return found;
}

static void tell(const char *what) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    fprintf(stderr, "rank %s %s at %lld ms\n", getenv("PMIX_RANK"), what, (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000);
}

// MPI_Init calls it behind the first barrier.
int mca_pml_base_bsend_init(bool enable_mpi_threads) {
    const char *rank = getenv("PMIX_RANK");
    if (rank && strcmp(rank, "1") == 0) {
        sleep(1);
        tell("goes on");
    }
    return ((int (*)(bool))next("mca_pml_base_bsend_init"))(enable_mpi_threads);
}

int MPI_Init_thread(int *argc, char ***argv, int required, int *provided) {
    const int result = ((int (*)(int *, char ***, int, int *))next("MPI_Init_thread"))(argc, argv, required, provided);
    tell("left MPI_Init");
    return result;
}

// Shims for what Swift cannot import from mpi.h (macros that cast), and the atomics and futex calls
// that a node-shared window needs. No logic beyond that.
#pragma once
#include <mpi.h>

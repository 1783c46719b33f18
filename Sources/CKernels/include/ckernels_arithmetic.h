// How this thread computes.
#pragma once

/// Rounds to the nearest number, ties to even, and keeps subnormal numbers, whatever a library has set (one that is linked with
/// -ffast-math makes them 0 in every thread). To be called where a thread begins to compute.
void kernel_set_arithmetic(void);

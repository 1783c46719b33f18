// Shims for what Swift cannot import from hdf5.h: macros that call functions (H5T_NATIVE_*, H5P_*, H5F_ACC_*). No logic.
#pragma once
#include <hdf5.h>
#include <hdf5_hl.h>

// Elementwise loops over float arrays, compiled once per vector width and chosen by the loader at run time.
#pragma once
#include "ckernels_fold.h"

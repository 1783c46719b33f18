// Elementwise loops over float arrays, compiled once per vector width and chosen by the loader at run time.
#pragma once
#include "ckernels_activation.h"
#include "ckernels_bf16.h"
#include "ckernels_corrupt.h"
#include "ckernels_decode.h"
#include "ckernels_fold.h"
#include "ckernels_likelihood.h"
#include "ckernels_memory.h"
#include "ckernels_noise.h"
#include "ckernels_optimizer.h"
#include "ckernels_posterior.h"
#include "ckernels_prepare.h"
#include "ckernels_scatter.h"

// The likelihoods, in the order of their numbers.
//
// One is added with a file here and its line below; the enum and the functions come from these. laplace.h is short enough to begin with:
//
//     LIKELIHOOD(name, 1, { what is the same for all rows; FOR_EACH_ROW({ FOR_EACH_FEATURE(0, features, { ... }) ... }) })
//
// where 1 is the decoder's outputs per feature, which the settings may say; of more, those of the second begin at output[features]. kernels/likelihood.h has the
// macros. What includes this file has defined LIKELIHOOD, for what it needs of each.
#include "bernoulli.h"
#include "categorical.h"
#include "continuous_bernoulli.h"
#include "discretized_logistic.h"
#include "gaussian.h"
#include "gaussian_learned.h"
#include "laplace.h"
#include "log_normal.h"
#include "log_normal_learned.h"
#include "multinomial.h"
#include "negative_binomial.h"
#include "ordinal.h"
#include "poisson.h"
#include "squared_error.h"
#include "student_t.h"
#include "student_t_learned.h"
#include "zero_inflated.h"
#undef LIKELIHOOD

// log(1 + exp(x)) (Dugas et al. 2001, section 3).
ACTIVATION(softplus, "softplus", softplus_float(x), y, 1.0f - exp_float(-y))

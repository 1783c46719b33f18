// x Phi(x) with the exact normal distribution function, not the tanh form (Hendrycks & Gimpel 2016, section 2); f' = Phi(x) + x phi(x).
ACTIVATION(gelu, "gelu", x * (0.5f + 0.5f * erf_float(x * 0.70710678f)),
           x, (0.5f + 0.5f * erf_float(x * 0.70710678f)) + x * 0.39894228f * exp_float(-0.5f * x * x))

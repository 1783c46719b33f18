// x, or 0.01 x below zero (Maas et al. 2013, section 2).
ACTIVATION(leaky_relu, "leaky-relu", x < 0 ? 0.01f * x : x, y, y > 0 ? 1.0f : 0.01f)

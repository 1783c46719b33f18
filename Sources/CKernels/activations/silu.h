// x sigmoid(x) (Hendrycks & Gimpel 2016, section 2).
ACTIVATION(silu, "silu", x * sigmoid_float(x), x, sigmoid_float(x) * (1.0f + x * (1.0f - sigmoid_float(x))))

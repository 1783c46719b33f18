// sign(x) log(1 + |x|): what counts are brought to by log1p, for values of both signs. Its derivative is 1 / (1 + |x|).
ACTIVATION(symlog, "symlog", symlog_float(x), x, 1.0f / (1.0f + (x < 0 ? -x : x)))

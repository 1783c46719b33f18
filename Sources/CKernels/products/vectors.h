// Vectors of floats of one width, for one set of instructions. Included once for each with
//   G(name)  the name with the set's suffix    VB  bytes of a vector    HAS_FMA  whether there is a fused multiply-add

#define VL (VB / 4)

typedef float G(vec) __attribute__((vector_size(VB)));
typedef float G(loose) __attribute__((vector_size(VB), aligned(4), may_alias));
typedef int32_t G(ivec) __attribute__((vector_size(VB)));
typedef uint32_t G(uvec) __attribute__((vector_size(VB)));

INLINE G(vec) G(load)(const float *p) { return *(const G(loose) *)p; }
INLINE void G(store)(float *p, G(vec) x) { *(G(loose) *)p = x; }

/// The first `count` floats, and zeros.
INLINE G(vec) G(load_some)(const float *p, ptrdiff_t count) {
    union {
        G(vec) v;
        float f[VL];
    } u = {{0}};
    for (ptrdiff_t i = 0; i < count; i++) u.f[i] = p[i];
    return u.v;
}

INLINE G(vec) G(select)(G(ivec) chosen, G(vec) a, G(vec) b) { return (G(vec))((chosen & (G(ivec))a) | (~chosen & (G(ivec))b)); }

/// To the nearest bfloat16 number, as `round_to_bf16`.
INLINE G(vec) G(round_bf16)(G(vec) x) {
    const G(uvec) bits = (G(uvec))x, rounded = bits + 0x7fffu + ((bits >> 16) & 1u);
    const G(ivec) is_nan = (G(ivec))((bits & 0x7fffffffu) > 0x7f800000u);
    return (G(vec))((G(uvec))G(select)(is_nan, (G(vec))(bits | 0x400000u), (G(vec))rounded) & 0xffff0000u);
}

#if HAS_FMA
INLINE G(vec) G(fma)(G(vec) a, G(vec) b, G(vec) c) { return __builtin_elementwise_fma(a, b, c); }
#else
typedef double G(dvec) __attribute__((vector_size(2 * VB)));
typedef int64_t G(lvec) __attribute__((vector_size(2 * VB)));

/// a b + c with one rounding, without an instruction for it: the product is exact in double precision, and the sum is rounded to odd (to the
/// neighbour whose last bit is 1 unless it is exact), after which rounding to single is right (Boldo & Melquiond 2008, section 3).
INLINE G(vec) G(fma)(G(vec) a, G(vec) b, G(vec) c) {
    const G(dvec) p = __builtin_convertvector(a, G(dvec)) * __builtin_convertvector(b, G(dvec)), x = __builtin_convertvector(c, G(dvec));
    const G(dvec) s = p + x, t = s - p, error = (p - (s - t)) + (x - t);
    const G(lvec) bits = (G(lvec))s;
    // Not where the error is 0, or not a number because the sum is infinite or none.
    const G(lvec) inexact = (error < 0) | (error > 0), up = ((error > 0) == (s > 0));
    const G(lvec) next = bits + (up & 2) - 1;
    const G(lvec) moves = inexact & ((bits & 1) == 0);
    return __builtin_convertvector((G(dvec))((moves & next) | (~moves & bits)), G(vec));
}
#endif

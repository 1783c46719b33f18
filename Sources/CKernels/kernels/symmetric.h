// Sums have lanes, whatever the vectors' width: element i is added to lane i modulo their number, in ascending order.

typedef double eight __attribute__((vector_size(64), aligned(8), may_alias));
#define EIGHT(p) (*(const eight *)(p))

#define SUM_OF_EIGHT(s) (((s)[0] + (s)[1]) + ((s)[2] + (s)[3])) + (((s)[4] + (s)[5]) + ((s)[6] + (s)[7]))

static void KERNEL(symmetric_rows)(double *restrict y, double *restrict above, const double *a, ptrdiff_t stride,
                                   const double *restrict x, ptrdiff_t first, ptrdiff_t rows, ptrdiff_t end) {
    memset(above, 0, (size_t)first * sizeof *above);
    ptrdiff_t i = first;
    for (; i + 4 <= first + rows; i += 4) {
        const double *restrict p = a + i * stride, *restrict q = p + stride, *restrict r = q + stride, *restrict s = r + stride;
        const double xp = x[i], xq = x[i + 1], xr = x[i + 2], xs = x[i + 3];
        eight sp = {0}, sq = {0}, sr = {0}, ss = {0};
        ptrdiff_t j = 0;
        for (; j < first; j += 8) {
            const eight vp = EIGHT(p + j), vq = EIGHT(q + j), vr = EIGHT(r + j), vs = EIGHT(s + j), xj = EIGHT(x + j);
            *(eight *)(above + j) = EIGHT(above + j) + ((vp * xp + vq * xq) + (vr * xr + vs * xs));
            sp += vp * xj, sq += vq * xj, sr += vr * xj, ss += vs * xj;
        }
        for (; j + 8 <= end; j += 8) {
            const eight xj = EIGHT(x + j);
            sp += EIGHT(p + j) * xj, sq += EIGHT(q + j) * xj, sr += EIGHT(r + j) * xj, ss += EIGHT(s + j) * xj;
        }
        for (int lane = 0; j < end; j++, lane++)
            sp[lane] += p[j] * x[j], sq[lane] += q[j] * x[j], sr[lane] += r[j] * x[j], ss[lane] += s[j] * x[j];
        y[i] = SUM_OF_EIGHT(sp), y[i + 1] = SUM_OF_EIGHT(sq);
        y[i + 2] = SUM_OF_EIGHT(sr), y[i + 3] = SUM_OF_EIGHT(ss);
    }
    for (; i < first + rows; i++) {
        const double *restrict p = a + i * stride;
        const double xp = x[i];
        eight sp = {0};
        ptrdiff_t j = 0;
        for (; j < first; j += 8) {
            const eight vp = EIGHT(p + j);
            *(eight *)(above + j) = EIGHT(above + j) + vp * xp;
            sp += vp * EIGHT(x + j);
        }
        for (; j + 8 <= end; j += 8) sp += EIGHT(p + j) * EIGHT(x + j);
        for (int lane = 0; j < end; j++, lane++) sp[lane] += p[j] * x[j];
        y[i] = SUM_OF_EIGHT(sp);
    }
}

static double KERNEL(dot_double)(const double *a, const double *b, ptrdiff_t count) {
    eight s[4] = {{0}};
    ptrdiff_t i = 0;
    for (; i + 32 <= count; i += 32)
        for (int v = 0; v < 4; v++) s[v] += EIGHT(a + i + 8 * v) * EIGHT(b + i + 8 * v);
    for (int lane = 0; i < count; i++, lane++) s[lane / 8][lane % 8] += a[i] * b[i];
    return SUM_OF_EIGHT((s[0] + s[1]) + (s[2] + s[3]));
}

static void KERNEL(secular_sums)(double *sums, const double *poles, const double *z, double origin, double offset, ptrdiff_t count) {
    eight s[2] = {{0}}, t[2] = {{0}};
    ptrdiff_t j = 0;
    for (; j + 16 <= count; j += 16)
        for (int v = 0; v < 2; v++) {
            const eight vz = EIGHT(z + j + 8 * v), q = vz / ((EIGHT(poles + j + 8 * v) - origin) - offset);
            s[v] += vz * q, t[v] += q * q;
        }
    for (int lane = 0; j < count; j++, lane++) {
        const double q = z[j] / ((poles[j] - origin) - offset);
        s[lane / 8][lane % 8] += z[j] * q, t[lane / 8][lane % 8] += q * q;
    }
    sums[0] = SUM_OF_EIGHT(s[0] + s[1]), sums[1] = SUM_OF_EIGHT(t[0] + t[1]);
}

static void KERNEL(secular_weights)(double *restrict weights, const double *restrict poles, double origin, double offset, double pole,
                                    ptrdiff_t count) {
    for (ptrdiff_t j = 0; j < count; j++) weights[j] *= ((poles[j] - origin) - offset) / (poles[j] - pole);
}

static void KERNEL(secular_vector)(double *restrict vector, const double *restrict poles, const double *restrict weights, double origin,
                                   double offset, ptrdiff_t count) {
    for (ptrdiff_t j = 0; j < count; j++) vector[j] = weights[j] / ((poles[j] - origin) - offset);
    const double length = __builtin_elementwise_sqrt(KERNEL(dot_double)(vector, vector, count));
    for (ptrdiff_t j = 0; j < count; j++) vector[j] /= length;
}

internal import Distributed
internal import Foundation
internal import Support
internal import VAE

/// Eigenvalues and eigenvectors of a symmetric matrix: Householder's reduction to three diagonals and the QL method with implicit
/// shifts (Wilkinson & Reinsch 1971, contributions II/2 and II/3, as `tred2` and `tql2` of EISPACK and JAMA).
enum SymmetricEigen {
    /// Puts the eigenvectors into the place of a matrix `[size, size]`, each a row of length 1.
    ///
    /// - Returns: their eigenvalues, in no order.
    static func decompose(_ v: UnsafeMutablePointer<Double>, size n: Int) -> [Double] {
        var d = [Double](repeating: 0, count: n)
        var e = d
        d.withUnsafeMutableBufferPointer { d in
            e.withUnsafeMutableBufferPointer { e in
                reduce(v, d.baseAddress!, e.baseAddress!, n)
                diagonalize(v, d.baseAddress!, e.baseAddress!, n)
            }
        }
        return d
    }

    private typealias Numbers = UnsafeMutablePointer<Double>

    /// To the diagonal `d` and the one beside it, `e`; `v` becomes the transformation, column j at `v + j n`.
    private static func reduce(_ v: Numbers, _ d: Numbers, _ e: Numbers, _ n: Int) {
        for j in 0..<n { d[j] = v[j * n + n - 1] }
        for i in stride(from: n - 1, to: 0, by: -1) {
            Heartbeat.beat()
            var (scale, h) = (0.0, 0.0)
            for k in 0..<i { scale += abs(d[k]) }
            if scale == 0 {
                e[i] = d[i - 1]
                for j in 0..<i {
                    d[j] = v[j * n + i - 1]
                    v[j * n + i] = 0
                    v[i * n + j] = 0
                }
            } else {
                for k in 0..<i {
                    d[k] /= scale
                    h += d[k] * d[k]
                }
                var f = d[i - 1]
                var g = f > 0 ? -h.squareRoot() : h.squareRoot()
                e[i] = scale * g
                h -= f * g
                d[i - 1] = f - g
                for j in 0..<i { e[j] = 0 }
                for j in 0..<i {
                    f = d[j]
                    v[i * n + j] = f
                    let column = v + j * n
                    g = e[j] + column[j] * f
                    for k in j + 1..<max(i, j + 1) {
                        g += column[k] * d[k]
                        e[k] += column[k] * f
                    }
                    e[j] = g
                }
                f = 0
                for j in 0..<i {
                    e[j] /= h
                    f += e[j] * d[j]
                }
                let hh = f / (h + h)
                for j in 0..<i { e[j] -= hh * d[j] }
                for j in 0..<i {
                    let (f, g) = (d[j], e[j])
                    let column = v + j * n
                    for k in j..<i { column[k] -= f * e[k] + g * d[k] }
                    d[j] = column[i - 1]
                    column[i] = 0
                }
            }
            d[i] = h
        }
        for i in 0..<n - 1 {
            v[i * n + n - 1] = v[i * n + i]
            v[i * n + i] = 1
            let h = d[i + 1]
            let next = v + (i + 1) * n
            if h != 0 {
                for k in 0...i { d[k] = next[k] / h }
                for j in 0...i {
                    let column = v + j * n
                    var g = 0.0
                    for k in 0...i { g += next[k] * column[k] }
                    for k in 0...i { column[k] -= g * d[k] }
                }
            }
            for k in 0...i { next[k] = 0 }
        }
        for j in 0..<n {
            d[j] = v[j * n + n - 1]
            v[j * n + n - 1] = 0
        }
        v[(n - 1) * n + n - 1] = 1
        e[0] = 0
    }

    private static func diagonalize(_ v: Numbers, _ d: Numbers, _ e: Numbers, _ n: Int) {
        for i in 1..<max(n, 1) { e[i - 1] = e[i] }
        e[n - 1] = 0
        var (shift, largest) = (0.0, 0.0)
        for l in 0..<n {
            Heartbeat.beat()
            largest = max(largest, abs(d[l]) + abs(e[l]))
            var m = l
            while m < n - 1, abs(e[m]) > .ulpOfOne * largest { m += 1 }
            while m > l {
                var g = d[l]
                var p = (d[l + 1] - g) / (2 * e[l])
                var r = p < 0 ? -Elementary.hypot(p, 1) : Elementary.hypot(p, 1)
                d[l] = e[l] / (p + r)
                d[l + 1] = e[l] * (p + r)
                let next = d[l + 1]
                var h = g - d[l]
                for i in l + 2..<max(n, l + 2) { d[i] -= h }
                shift += h
                p = d[m]
                var (c, c2, c3) = (1.0, 1.0, 1.0)
                let beside = e[l + 1]
                var (s, s2) = (0.0, 0.0)
                for i in stride(from: m - 1, through: l, by: -1) {
                    c3 = c2
                    c2 = c
                    s2 = s
                    g = c * e[i]
                    h = c * p
                    r = Elementary.hypot(p, e[i])
                    e[i + 1] = s * r
                    s = e[i] / r
                    c = p / r
                    p = c * d[i] - s * g
                    d[i + 1] = h + s * (c * g + s * d[i])
                    let (a, b) = (v + i * n, v + (i + 1) * n)
                    for k in 0..<n {
                        let value = b[k]
                        b[k] = s * a[k] + c * value
                        a[k] = c * a[k] - s * value
                    }
                }
                p = -s * s2 * c3 * beside * e[l] / next
                e[l] = s * p
                d[l] = c * p
                if abs(e[l]) <= .ulpOfOne * largest { break }
            }
            d[l] += shift
            e[l] = 0
        }
    }
}

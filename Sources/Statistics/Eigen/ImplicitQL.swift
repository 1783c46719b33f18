internal import Support

/// The QL method with implicit shifts for a small matrix of three diagonals (Wilkinson & Reinsch 1971, contribution II/3; as
/// `tql2` of EISPACK and JAMA).
enum ImplicitQL {
    /// - Parameters:
    ///   - d: the diagonal of n numbers, which becomes the eigenvalues, in no order.
    ///   - e: the n - 1 numbers beside it and one more; destroyed.
    ///   - v: rows `stride` apart that are turned as the matrix is: those of the identity become the eigenvectors.
    static func diagonalize(
        _ d: UnsafeMutablePointer<Double>, _ e: UnsafeMutablePointer<Double>, _ n: Int, _ v: UnsafeMutablePointer<Double>,
        stride: Int
    ) {
        e[n - 1] = 0
        var (shift, largest) = (0.0, 0.0)
        for l in 0..<n {
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
                for i in Swift.stride(from: m - 1, through: l, by: -1) {
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
                    let (a, b) = (v + i * stride, v + (i + 1) * stride)
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

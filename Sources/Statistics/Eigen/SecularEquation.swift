internal import CKernels

/// The eigenvalues of D + r z z' with a diagonal D: the zeros of w(x) = 1/r + sum over j of z_j^2 / (d_j - x), of which one lies
/// between each two of the ascending poles d, and one above the last, by at most r |z|^2 (Bunch, Nielsen & Sorensen 1978).
struct SecularEquation {
    /// Ascending, no two the same.
    let poles: UnsafePointer<Double>
    /// None of them 0.
    let z: UnsafePointer<Double>
    let count: Int
    /// r > 0
    let factor: Double

    /// A zero as its distance from the nearer pole, so that its distances from all poles have all their digits.
    struct Root {
        var origin: Int
        var offset: Double
    }

    /// The sums over the poles up to one and above it, at some x, and their derivatives.
    private struct Value {
        var (lower, lowerSlope, upper, upperSlope) = (0.0, 0.0, 0.0, 0.0)
        var constant = 0.0
        var value: Double { constant + (lower + upper) }
        var slope: Double { lowerSlope + upperSlope }
    }

    /// The zero above the pole `index`.
    ///
    /// Rational functions with two poles that agree with w and its slope (Li 1993, sections 3 and 4: the fixed weight method and,
    /// where it is slow, the middle way) lead to the next place, halves of what is left to the zero where they lead outside.
    func root(_ index: Int) -> Root {
        if count == 1 { return Root(origin: 0, offset: factor * z[0] * z[0]) }
        let isLast = index == count - 1
        // The two poles that decide.
        let lower = isLast ? count - 2 : index
        let gap = poles[lower + 1] - poles[lower]
        let (a, b) = (z[lower] * z[lower], z[lower + 1] * z[lower + 1])

        var origin = lower + 1
        var low: Double
        var high: Double
        var offset: Double
        if isLast {
            var squares = 0.0
            for j in 0..<count { squares += z[j] * z[j] }
            (low, high) = (0, factor * squares)
            let rest = withoutPoles(lower, origin, high / 2)
            offset = Self.zero(rest, a + b - rest * gap, -b * gap, larger: true)
        } else {
            let rest = withoutPoles(lower, lower, gap / 2)
            if rest - a / (gap / 2) + b / (gap / 2) > 0 {
                origin = lower
                (low, high) = (0, gap / 2)
                offset = Self.zero(rest, rest * gap + a + b, a * gap, larger: false)
            } else {
                (low, high) = (-gap / 2, 0)
                offset = Self.zero(rest, a + b - rest * gap, -b * gap, larger: false)
            }
        }
        if !(offset > low && offset < high) { offset = low + (high - low) / 2 }

        var (before, takesMiddleWay) = (Double.infinity, false)
        // Halving alone comes to an end by then.
        for iteration in 0..<1200 {
            let w = value(lower, origin, offset)
            let rounding =
                8 * (abs(w.lower) + abs(w.upper)) + w.constant + abs(offset) * w.slope
            if abs(w.value) <= 0.5 * .ulpOfOne * rounding { break }
            if w.value < 0 { low = offset } else { high = offset }
            if abs(w.value) > before / 10 { takesMiddleWay.toggle() }
            before = abs(w.value)

            let x = (poles[lower] - poles[origin]) - offset
            let y = (poles[lower + 1] - poles[origin]) - offset
            let rest =
                if takesMiddleWay {
                    w.value - x * w.lowerSlope - y * w.upperSlope
                } else if origin == lower {
                    w.value - y * w.slope - (x - y) * (z[lower] / x) * (z[lower] / x)
                } else {
                    w.value - x * w.slope - (y - x) * (z[lower + 1] / y) * (z[lower + 1] / y)
                }
            var step = Self.zero(rest, (x + y) * w.value - x * y * w.slope, x * y * w.value, larger: isLast)
            // The wrong way: as if w were a line.
            if !(step * w.value < 0) { step = -w.value / w.slope }
            var next = offset + step
            if iteration > 40 || !(next > low && next < high) { next = low + (high - low) / 2 }
            if next == offset || next == low || next == high { break }
            offset = next
        }
        return Root(origin: origin, offset: offset)
    }

    /// A zero of c x^2 - a x + b: the one that goes to b / a, or the other, as c goes to 0.
    private static func zero(_ c: Double, _ a: Double, _ b: Double, larger: Bool) -> Double {
        let root = abs(a * a - 4 * b * c).squareRoot()
        if larger { return a >= 0 ? (a + root) / (2 * c) : 2 * b / (a - root) }
        return a <= 0 ? (a - root) / (2 * c) : 2 * b / (a + root)
    }

    /// w without the two poles that begin with `lower`, at `offset` from a pole.
    private func withoutPoles(_ lower: Int, _ origin: Int, _ offset: Double) -> Double {
        let below = sums(0..<lower, origin, offset).value
        return 1 / factor + (below + sums(lower + 2..<count, origin, offset).value)
    }

    private func value(_ lower: Int, _ origin: Int, _ offset: Double) -> Value {
        let (below, above) = (sums(0..<lower + 1, origin, offset), sums(lower + 1..<count, origin, offset))
        return Value(
            lower: below.value, lowerSlope: below.slope, upper: above.value, upperSlope: above.slope, constant: 1 / factor)
    }

    private func sums(_ range: Range<Int>, _ origin: Int, _ offset: Double) -> (value: Double, slope: Double) {
        var sums = (value: 0.0, slope: 0.0)
        withUnsafeMutableBytes(of: &sums) {
            kernel_secular_sums(
                $0.assumingMemoryBound(to: Double.self).baseAddress!, poles + range.lowerBound, z + range.lowerBound,
                poles[origin], offset, range.count)
        }
        return sums
    }
}

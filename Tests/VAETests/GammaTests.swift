import CKernels
import Foundation
import Testing

/// Differences of log Gamma and of digamma against sums that are exact, and draws of counts against their distributions.
struct GammaTests {
    private static let dispersions = [1e-5, 1e-4, 0.03, 0.5, 1, 2.5, 7.9, 8, 8.1, 20, 1e3, 1e6, 1e8, 1e9]

    /// The sum of terms from the smallest on.
    private func sum(_ count: Int, _ term: (Double) -> Double) -> Double { (0..<count).reduce(0.0) { $0 + term(Double($1)) } }

    @Test(arguments: dispersions)
    func wholeNumbers(c: Double) {
        for x in [0, 1, 2, 3, 7, 8, 20, 300, 5000] {
            let (ratio, slope) = (kernel_log_rising_ratio(Double(x), c), kernel_log_rising_slope(Double(x), c))
            let exactRatio = sum(x) { log1p($0 / c) }
            let exactSlope = sum(x) { $0 / (c + $0) }
            guard x > 1 else {
                #expect(abs(ratio) < 1e-14 && abs(slope) < 1e-14 && (x == 1 || (ratio == 0 && slope == 0)), "\(x), \(c)")
                continue
            }
            // The sum itself has rounding errors, too.
            let allowed = max(1, Double(x).squareRoot()) * 2e-16
            #expect(abs(ratio / exactRatio - 1) < 2e-14 + allowed, "R(\(x), \(c)) is \(ratio), not \(exactRatio)")
            #expect(abs(slope / exactSlope - 1) < 1e-12 + allowed, "T(\(x), \(c)) is \(slope), not \(exactSlope)")
        }
    }

    /// Between whole numbers, and of large counts: by mpmath with 60 digits.
    @Test func otherNumbers() {
        let values: [(x: Double, c: Double, ratio: Double, slope: Double)] = [
            (1.75, 0.0001, 6.8234366223696423, 0.74991753999555611),
            (2.5, 0.3, 2.4308368079845113, 1.197078636685135),
            (3.25, 7.5, 0.43667317153942495, 0.39312884978056159),
            (2.5, 8.5, 0.20497990703384066, 0.19087494235794162),
            (2.5, 10000.0, 0.00018748750117174689, 0.00018747500351511258),
            (1.5, 100000000.0, 3.7499999875e-9, 3.7499999750000001e-9),
            (77.5, 1000000.0, 0.0029642989173040377, 0.0029642228375369779),
            (1000000.0, 0.0001, 22025835.732222687, 999998.99856074388),
            (1000000.0, 3.5, 11562788.753969969, 999955.5067507894),
            (1000000.0, 100000000.0, 4983.4111948109328, 4966.9097326966493),
            (123456, 12.25, 1014696.0582463731, 123342.570137501),
            (40000.5, 700, 125360.153460891, 37155.967755463701),
        ]
        for (x, c, ratio, slope) in values {
            #expect(abs(kernel_log_rising_ratio(x, c) / ratio - 1) < 2e-14, "R(\(x), \(c))")
            #expect(abs(kernel_log_rising_slope(x, c) / slope - 1) < 1e-12, "T(\(x), \(c))")
        }
    }

    @Test func factorials() {
        for x in [0, 0.5, 1, 1.5, 2, 6.9, 7, 10, 170, 1e4, 1e6, 1e9] {
            let exact = logGamma(x + 1)
            #expect(abs(kernel_log_factorial(x) - exact) < 2e-14 * max(1, abs(exact)), "\(x)")
        }
    }

    /// Numbers that are evenly spread give the moments of the distribution.
    @Test(arguments: [(0.01, 2.0), (3, 0.5), (7, .infinity), (500, 20), (20_000, 50), (50_000, .infinity)])
    func draws(mean: Double, dispersion: Double) {
        let count = 4000
        let drawn = (0..<count).map { kernel_draw_count((Double($0) + 0.5) / Double(count), mean, dispersion) }
        #expect(drawn.allSatisfy { $0 >= 0 && $0 == $0.rounded() } && zip(drawn, drawn.dropFirst()).allSatisfy { $0 <= $1 })
        let average = drawn.reduce(0, +) / Double(count)
        let variance = drawn.reduce(0) { $0 + ($1 - average) * ($1 - average) } / Double(count)
        #expect(abs(average / mean - 1) < 5e-3)
        #expect(abs(variance / (mean + mean * mean / dispersion) - 1) < 3e-2)
        #expect(kernel_draw_count(0.3, 0, dispersion) == 0)
    }
}

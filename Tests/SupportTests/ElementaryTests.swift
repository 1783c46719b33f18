import CKernels
import Foundation
import Support
import Testing

/// Our elementary functions: against the C library's, which are good to about half an ulp, and at known and special values.
struct ElementaryTests {
    /// Checks that a function differs by at most 1 ulp and the C library's own error from that, everywhere in a range.
    private func compare(
        _ own: (Double) -> Double, _ other: (Double) -> Double, in range: ClosedRange<Double>, _ name: String
    ) {
        var generator = SystemRandomNumberGenerator()
        let ends = [range.lowerBound, range.upperBound]
        for x in ends + (0..<20_000).map({ _ in Double.random(in: range, using: &generator) }) {
            let (y, reference) = (own(x), other(x))
            #expect(abs(y - reference) <= 2 * reference.ulp, "\(name)(\(x)) is \(y), not \(reference)")
        }
    }

    @Test func values() {
        compare(Elementary.exp, Foundation.exp, in: -745...709.7, "exp")
        compare(Elementary.exp, Foundation.exp, in: -1...1, "exp")
        compare(Elementary.expm1, Foundation.expm1, in: -40...709, "expm1")
        compare(Elementary.expm1, Foundation.expm1, in: -1...1, "expm1")
        compare(Elementary.expm1, Foundation.expm1, in: -1e-5...1e-5, "expm1")
        compare(Elementary.log, Foundation.log, in: 0x1p-1074...1e-300, "log")
        compare(Elementary.log, Foundation.log, in: 0.5...2, "log")
        compare(Elementary.log, Foundation.log, in: 1...1e300, "log")
        compare(Elementary.log2, Foundation.log2, in: 0.1...100, "log2")
        compare(Elementary.log10, Foundation.log10, in: 0.1...1e6, "log10")
        compare(Elementary.sin, Foundation.sin, in: -10...10, "sin")
        compare(Elementary.cos, Foundation.cos, in: -10...10, "cos")
        compare(Elementary.sin, Foundation.sin, in: -0x1p20...0x1p20, "sin")
        compare(Elementary.cos, Foundation.cos, in: -0x1p20...0x1p20, "cos")
        compare(Elementary.acos, Foundation.acos, in: -1...1, "acos")
        for y in [-3, -0.5, 1e-3, 0.5, 1, 2, 17.25, 100] {
            compare({ Elementary.pow($0, y) }, { Foundation.pow($0, y) }, in: 1e-3...1000, "pow to \(y) of")
        }
        for x in [0.5, 0.9, 0.999, 1.0000001] {
            compare({ Elementary.pow(x, $0) }, { Foundation.pow(x, $0) }, in: 0...1000, "pow of \(x) to")
        }
        for y in [1e-300, 1e-3, 1, 1e160] {
            compare({ Elementary.hypot($0, y) }, { Foundation.hypot($0, y) }, in: 0...1e155, "hypot of \(y) and")
        }
    }

    /// Against figures of mpmath 1.3 with 200 bits, of arguments that are exact.
    @Test func knownValues() {
        let pairs: [(Double, exact: Double)] = [
            (Elementary.exp(1), 0x1.5bf0a8b145769p+1), (Elementary.log(10), 0x1.26bb1bbb55516p+1),
            (Elementary.log10(2), 0x1.34413509f79ffp-2), (Elementary.expm1(0x1p-20), 0x1.00000800002abp-20),
            (Elementary.sin(1), 0x1.aed548f090ceep-1), (Elementary.cos(0x1.921fb54442d18p0), 0x1.1a62633145c07p-54),
            (Elementary.pow(0x1.ff7ced916872bp-1, 1000), 0x1.788526411ed72p-2),
        ]
        for (value, exact) in pairs { #expect(abs(value - exact) <= exact.ulp, "\(value), not \(exact)") }
    }

    @Test func specialValues() {
        #expect(Elementary.exp(0.0) == 1 && Elementary.exp(-Double.infinity) == 0 && Elementary.exp(Double.infinity) == .infinity)
        #expect(Elementary.exp(709.79) == .infinity && Elementary.exp(-745.13) == 0x1p-1074 && Elementary.exp(-746.0) == 0)
        #expect(Elementary.expm1(-.infinity) == -1 && Elementary.expm1(800) == .infinity && Elementary.expm1(0) == 0)
        #expect(Elementary.log(1) == 0 && Elementary.log(0) == -.infinity && Elementary.log(.infinity) == .infinity)
        #expect(Elementary.log(-1).isNaN && Elementary.log2(-1).isNaN && Elementary.log10(-1).isNaN)
        #expect(
            Elementary.log2(0x1p-1074) == -1074
                && (-20...22).allSatisfy { Elementary.log10(Foundation.pow(10, Double($0))) == Double($0) })
        #expect(
            Elementary.sin(0) == 0 && Elementary.cos(0) == 1 && Elementary.sin(.infinity).isNaN && Elementary.cos(0x1.8p20).isNaN)
        #expect(Elementary.acos(1) == 0 && Elementary.acos(-1) == Double.pi && Elementary.acos(1.5).isNaN)
        #expect(Elementary.pow(0, 0) == 1 && Elementary.pow(0, 2) == 0 && Elementary.pow(0, -1) == .infinity)
        #expect(Elementary.pow(1, .nan) == 1 && Elementary.pow(-1, 2).isNaN && Elementary.pow(10, 3) == 1000)
        #expect(Elementary.pow(0.5, .infinity) == 0 && Elementary.pow(2, -2000) == 0 && Elementary.pow(2, 2000) == .infinity)
        #expect(Elementary.hypot(3, -4) == 5 && Elementary.hypot(0, 0) == 0 && Elementary.hypot(.infinity, .nan) == .infinity)
        let functions: [(Double) -> Double] = [
            Elementary.exp, Elementary.expm1, Elementary.log, Elementary.log2, Elementary.log10, Elementary.sin, Elementary.cos,
            Elementary.acos,
        ]
        for function in functions { #expect(function(.nan).isNaN) }
        #expect(Elementary.exp(Float(0.5)) == 1.6487212707)
    }
}

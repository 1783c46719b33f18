internal import Foundation
internal import HDF5
internal import Randomness
internal import Statistics
internal import Support
internal import VAE

/// Codes to decode, each a function of its number alone.
protocol CodeSource {
    var count: Int { get }
    /// Images in a row of a grid of them.
    var columns: Int { get }
    /// Images that a grid shows at most.
    var shown: Int { get }

    /// Writes the codes of some numbers, `[rows.count, latentSize]`. Called by several workers at a time.
    func fill(_ codes: UnsafeMutablePointer<Float>, _ rows: Range<Int>)

    /// Writes down where the codes come from, as attributes and columns. Throws ``Failure``.
    func describe(in file: ResultFile) throws
}

/// Draws of the prior, N(0, deviation^2 I).
struct PriorCodes: CodeSource {
    let count: Int
    let latentSize: Int
    let seed: UInt64
    var deviation: Float = 1
    let columns = 8
    let shown = 64

    func fill(_ codes: UnsafeMutablePointer<Float>, _ rows: Range<Int>) {
        NoiseKey(seed: seed, epoch: 0, purpose: .generation).fillNormal(
            codes, rows: rows.map(Int64.init), rowCount: rows.count, size: latentSize)
        for i in 0..<rows.count * latentSize { codes[i] *= deviation }
    }

    func describe(in file: ResultFile) throws {
        try file.attributes([("origin", .string("prior")), ("seed", .integer(Int64(seed)))])
    }
}

/// Draws of a mixture of normal distributions.
struct MixtureCodes: CodeSource {
    let mixture: GaussianMixture
    let count: Int
    let seed: UInt64
    /// What the mixture is of.
    let about: [(String, AttributeValue)]
    let columns = 8
    let shown = 64

    /// The component that a code is of.
    private func component(_ row: Int) -> Int {
        var rest = NoiseKey(seed: seed, epoch: 0, purpose: .component).uniform(row: UInt64(row), index: 0)
        for (component, weight) in mixture.weights.enumerated() {
            rest -= weight
            if rest < 0 { return component }
        }
        return mixture.weights.count - 1
    }

    func fill(_ codes: UnsafeMutablePointer<Float>, _ rows: Range<Int>) {
        let size = mixture.size
        let noise = AlignedBuffer(count: rows.count * size)
        NoiseKey(seed: seed, epoch: 0, purpose: .generation).fillNormal(
            noise.pointer, rows: rows.map(Int64.init), rowCount: rows.count, size: size)
        for (index, row) in rows.enumerated() {
            mixture.transform(noise.pointer + index * size, component: component(row), into: codes + index * size)
        }
    }

    func describe(in file: ResultFile) throws {
        try file.attributes(about + [("seed", .integer(Int64(seed)))])
        let (k, size) = (mixture.weights.count, mixture.size)
        func put(_ name: String, _ values: [Double], _ shape: [Int], _ meaning: String) throws {
            let dataset = try file.column("/mixture/\(name)", Double.self, shape: shape, meaning)
            try file.writing { _ in try dataset.write(values, rows: 0..<k) }
        }
        try put("weight", mixture.weights, [k], "share of a component")
        try put("mean", mixture.means, [k, size], "mean of a component")
        try put("factor", mixture.factors, [k, size, size], "lower triangular L of a component's covariance L L^T")
        let components = try file.column("/component", Int64.self, shape: [count], "component of the mixture that a code is of")
        try file.writing { _ in
            // In pieces, so that memory does not grow with the codes.
            for first in stride(from: 0, to: count, by: 1 << 16) {
                let rows = first..<min(first + 1 << 16, count)
                try components.write(rows.map { Int64(component($0)) }, rows: rows)
            }
        }
    }
}

/// A few codes that are listed.
struct ListedCodes: CodeSource {
    let latentSize: Int
    /// `[count, latentSize]`
    var values: [Float] = []
    let columns: Int
    let about: [(String, AttributeValue)]
    /// What else is known of each code.
    var notes: [(name: String, values: [Float], meaning: String)] = []

    var count: Int { values.count / latentSize }
    var shown: Int { 40 * columns }

    func fill(_ codes: UnsafeMutablePointer<Float>, _ rows: Range<Int>) {
        for i in 0..<rows.count * latentSize { codes[i] = values[rows.lowerBound * latentSize + i] }
    }

    func describe(in file: ResultFile) throws {
        try file.attributes(about)
        for note in notes {
            let dataset = try file.column("/\(note.name)", Float.self, shape: [count], note.meaning)
            try file.writing { _ in try dataset.write(note.values, rows: 0..<count) }
        }
    }
}

extension ListedCodes {
    /// Each of some latents from -3 to 3 units on both sides of a centre, which all others keep.
    static func traversal(
        _ latents: [Int], around centre: [Double], units: [Double], steps: Int, about: [(String, AttributeValue)]
    ) -> ListedCodes {
        var codes = ListedCodes(latentSize: centre.count, columns: steps, about: about)
        var (index, place): ([Float], [Float]) = ([], [])
        for latent in latents {
            for step in 0..<steps {
                let distance = -3 + 6 * Double(step) / Double(steps - 1)
                var code = centre
                code[latent] += distance * units[latent]
                codes.values += code.map(Float.init)
                index.append(Float(latent))
                place.append(Float(distance))
            }
        }
        codes.notes = [
            ("latent_index", index, "latent that is changed"),
            ("distance", place, "distance from the centre, in units of its scale"),
        ]
        return codes
    }

    /// From one code to another, on a straight line or on the arc between them (Shoemake 1985; White 2016, section 2).
    static func interpolation(
        _ a: [Float], _ b: [Float], spherical: Bool, steps: Int, about: [(String, AttributeValue)]
    ) -> ListedCodes {
        var codes = ListedCodes(latentSize: a.count, columns: steps, about: about)
        func dot(_ x: [Float], _ y: [Float]) -> Double { zip(x, y).reduce(0.0) { $0 + Double($1.0) * Double($1.1) } }
        let lengths = (dot(a, a) * dot(b, b)).squareRoot()
        let angle = lengths > 0 ? Elementary.acos(max(-1, min(1, dot(a, b) / lengths))) : 0
        let sine = Elementary.sin(angle)
        var fractions: [Float] = []
        for step in 0..<steps {
            let t = Double(step) / Double(steps - 1)
            // Where there is no arc, or any, the line it is.
            let isArc = spherical && sine > 1e-6
            let (p, q) =
                isArc ? (Elementary.sin((1 - t) * angle) / sine, Elementary.sin(t * angle) / sine) : (1 - t, t)
            codes.values += zip(a, b).map { Float(p * Double($0) + q * Double($1)) }
            fractions.append(Float(t))
        }
        codes.notes = [("fraction", fractions, "way from the first row to the second")]
        return codes
    }
}

extension ResultFile {
    func attributes(_ values: [(String, AttributeValue)]) throws {
        try writing { file in for (name, value) in values { try file.setAttribute(name, value) } }
    }
}

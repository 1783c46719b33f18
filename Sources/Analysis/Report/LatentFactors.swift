internal import Datasets
internal import Foundation
internal import HDF5
internal import Pages
internal import Statistics
internal import Support

/// What latents know of the factors that data were made of, where these lie beside them as `factors`: the table behind the mutual information gap
/// (Chen et al. 2018, equation 6). Used by root alone.
struct LatentFactors {
    private let known: [MutualInformationGap.Known?]
    private let names: [String]
    /// Those that know most of any factor, the first ones.
    private let latents: [Int]
    private let count: Int

    private static let path = "/factors"
    private static let mostLatents = 12
    private static let mostFactors = 20

    /// Of the map's points; nil where there are no factors. Throws ``Failure``.
    init?(_ embeddings: RunEmbeddings, of source: DataSource) throws {
        guard let first = source.files.first, let file = try? File.open(first), (try? file.item(Self.path)) == .dataset,
            let factors = try? DataSource.open(DataSpecification(files: source.files, object: Self.path)),
            factors.rowCount == source.selection.universe, factors.features <= Self.mostFactors
        else { return nil }
        let points = embeddings.points.indices.filter { embeddings.points[$0].source == 0 }
        let values = try ExactRows(factors, .everything(missing: true)).values(points.map { embeddings.points[$0].row })
        let (size, all) = (embeddings.klPerLatent.count, Array(UnsafeBufferPointer(start: values.pointer, count: values.count)))
        guard points.count > 1, all.allSatisfy(\.isFinite) else { return nil }
        let known = MutualInformationGap.known(
            points.flatMap { embeddings.codes[$0 * size..<($0 + 1) * size] }, latents: size, factors: all,
            factorCount: factors.features)
        let shares = (0..<size).map { latent in known.compactMap { $0?.share(latent) }.max() ?? 0 }
        if case .strings(let names)? = try? file.attribute("names", of: Self.path), names.count == factors.features {
            self.names = names
        } else {
            names = (0..<factors.features).map { "factor \($0)" }
        }
        self.known = known
        latents = Array((0..<size).sorted { (-shares[$0], $0) < (-shares[$1], $1) }.prefix(Self.mostLatents))
        count = points.count
    }

    func add(to page: inout HTMLPage) {
        let changing = known.indices.filter { known[$0] != nil }
        if changing.isEmpty { return }
        func text(_ value: Double) -> String { String(format: "%.3f", value) }
        let rows = latents.map { latent in ["latent \(latent)"] + changing.map { text(known[$0]!.share(latent)) } }
        let gaps = changing.map { known[$0]!.gap }
        page.section(
            "Factors and latents",
            note:
                "The share of each factor's entropy that a latent knows, of \(count) rows; the latents that know most first. The gap is how much "
                + "more the first latent knows than the second; its mean, the mutual information gap, is "
                + "\(text(gaps.reduce(0, +) / Double(gaps.count))) (Chen et al. 2018).",
            HTMLPage.table(head: [""] + changing.map { names[$0] }, rows: rows + [["gap"] + gaps.map(text)]))
    }
}

internal import Datasets
internal import Foundation
internal import Importing
internal import Support
internal import Training
internal import VAE

/// What TensorBoard shows of a trained model: reconstructions, the KL of each latent, and for its projector the codes. Used by root alone.
struct TensorBoardResults {
    let run: RunFolder
    let host: String
    /// Of the best model.
    let step: Int
    let decoded: DecodedRows

    /// Throws ``Failure``.
    func write(_ embeddings: RunEmbeddings, of source: DataSource) throws {
        let events = try EventFile(run, host: host, step: 0, part: "trained")
        try events.append(step: step) { record in
            record.add("codes/kl_per_latent", histogramOf: embeddings.klPerLatent)
            for (latent, kl) in embeddings.klPerLatent.enumerated() { record.add("codes/kl_\(latent)", kl) }
            if let image = try Reconstructions(decoded: decoded, source: source, embeddings: nil).bitmap() {
                record.add(
                    "rows/reconstructions", png: try image.png(), height: image.height, width: image.width,
                    isGray: image.channels == 1)
            }
        }
        try writeProjection(embeddings)
    }

    /// The files that the projector reads: numbers by tabs, a line a row.
    private func writeProjection(_ embeddings: RunEmbeddings) throws {
        let size = embeddings.klPerLatent.count
        let codes = stride(from: 0, to: embeddings.codes.count, by: size).map { start in
            embeddings.codes[start..<start + size].map { "\(Float($0))" }.joined(separator: "\t")
        }
        try run.write(Array((codes.joined(separator: "\n") + "\n").utf8), to: "\(run.path)/codes.tsv")
        var configuration = "embeddings {\n  tensor_name: \"codes\"\n  tensor_path: \"codes.tsv\"\n"
        if let values = try? embeddings.labelValues(), codes.count > 0 {
            // One column has no header, and no line may be empty.
            let labels = values.texts.map { label in
                let text = label.withoutControls.replacing("\t", with: " ").replacing("\n", with: " ")
                return text.isEmpty ? "none" : text
            }
            try run.write(Array((labels.joined(separator: "\n") + "\n").utf8), to: "\(run.path)/labels.tsv")
            configuration += "  metadata_path: \"labels.tsv\"\n"
        }
        try run.write(Array((configuration + "}\n").utf8), to: "\(run.path)/projector_config.pbtxt")
    }
}

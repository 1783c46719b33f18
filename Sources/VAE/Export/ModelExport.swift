/// A trained model in operators, as it is applied.
extension Model {
    /// Whether encoder and decoder know what rows are conditioned on.
    package var encoderIsConditioned: Bool { conditionSize > 0 && specification.conditionPlace != .decoder }
    package var decoderIsConditioned: Bool { conditionSize > 0 && specification.conditionPlace != .encoder }

    /// What the encoder says of rows: first the code that stands for a row, `[latentSize]`.
    ///
    /// - Parameter seen: prepared rows, `[inputSize]`, and behind them, where values may be missing, the mask.
    /// - Throws: ``NetworkError`` for a layer that cannot be exported.
    package func exportEncoder(
        _ seen: OperatorGraph.Value, into graph: inout OperatorGraph
    ) throws(NetworkError) -> [OperatorGraph.Named] {
        let head = try encoder.export(graph.reshape(seen, encoder.input.sizes), into: &graph)
        return latent.export(graph.flatten(head), into: &graph)
    }

    /// What the likelihood says of codes `[latentSize]`: first `mean`, in the scale of prepared rows, then its parameters; `[inputSize]` each.
    ///
    /// - Parameter library: where the likelihood takes counts.
    /// - Throws: ``NetworkError`` for a layer or a likelihood that cannot be exported.
    package func exportDecoder(
        _ code: OperatorGraph.Value, _ library: LibraryValues?, into graph: inout OperatorGraph
    ) throws(NetworkError) -> [OperatorGraph.Named] {
        let output = graph.flatten(try decoder.export(code, into: &graph))
        return try likelihood.export(output, features: inputSize, library, into: &graph)
    }
}

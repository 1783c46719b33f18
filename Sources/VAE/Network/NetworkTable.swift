internal import Foundation
internal import Support

/// What a network is made of, a line for each block: up to the first that cannot follow.
public struct NetworkTable: Sendable {
    public struct Row: Sendable {
        /// As the block's parameters are called: "encoder/0".
        public let name: String
        public let block: String
        /// Of a row behind it.
        public let output: Shape
        public let parameterCount: Int
        /// Floating-point operations of a row's way forward in products; the way back takes twice as many.
        public let operations: Double
        /// The memory that a row's values and what is kept for the way back take, in bytes.
        public let bytes: Int
    }

    public let rows: [Row]

    /// - Parameter name: "encoder" or "decoder".
    public init(_ specification: NetworkSpecification, _ name: String) {
        var known = specification
        while (try? known.shapes()) == nil { known.blocks.removeLast() }
        let (network, plan) = ParameterPlan.make { Network(known, name, isFirst: false, &$0) }
        // Memory is rounded up to cache lines, so it is counted of some rows.
        let pass = PassPlan(precision: .fp32, use: .training, rows: 64)
        rows = known.blocks.indices.map { index in
            let (layers, name) = (network.layers(ofBlock: index), "\(name)/\(index)")
            return Row(
                name: name, block: known.blocks[index].text, output: layers.last!.output,
                parameterCount: plan.layout.entries.reduce(0) {
                    $0 + ($1.name.hasPrefix("\(name)/") && $1.role != .statistic ? $1.range.count : 0)
                },
                operations: layers.flatMap(\.products).filter { $0.kind == .forward }.reduce(0) {
                    $0 + 2 * Double($1.multiplyAdds)
                },
                bytes: PassMemory.byteCount { memory in layers.map { $0.makePass(pass, memory) } } / pass.rows)
        }
    }

    /// Encoder and decoder of a model, with the layers that lead to codes and from them.
    public init(_ model: Model) {
        let specification = model.specification
        rows =
            NetworkTable(specification.encoder(outputs: model.latent.headSize), "encoder").rows
            + NetworkTable(specification.decoder(), "decoder").rows
    }

    /// As people read it.
    public var lines: [String] {
        let header = ["", "block", "output", "parameters", "MFLOP a row", "KiB a row"]
        let cells = rows.map { row in
            [
                row.name, row.block, row.output.text, "\(row.parameterCount)", String(format: "%.3f", row.operations / 1e6),
                String(format: "%.1f", Double(row.bytes) / 1024),
            ]
        }
        let total = [
            "all", "", "", "\(rows.reduce(0) { $0 + $1.parameterCount })",
            String(format: "%.3f", rows.reduce(0) { $0 + $1.operations } / 1e6),
            String(format: "%.1f", Double(rows.reduce(0) { $0 + $1.bytes }) / 1024),
        ]
        let lines = [header] + cells + [total]
        let widths = header.indices.map { column in lines.map { $0[column].count }.max()! }
        return lines.map { line in
            line.indices.map { column in
                let space = String(repeating: " ", count: widths[column] - line[column].count)
                return column < 3 ? line[column] + space : space + line[column]
            }.joined(separator: "  ")
        }
    }
}

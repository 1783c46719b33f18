internal import HDF5
package import Support
internal import VAE

/// A model in the format of ONNX (onnx.proto, version 8 of the intermediate representation).
package struct ONNXModel {
    /// Of the operators, as runtimes since 2022 know them.
    static let operatorSet = 17
    private static let representation = 8
    /// Messages of Protocol Buffers have less than 2 GiB.
    private static let most = 1 << 31 - 1 << 24

    private let message: ProtobufMessage

    /// - Parameters:
    ///   - text: what the model is.
    ///   - texts: what is said of it besides.
    ///   - path: for messages.
    /// - Throws: ``Failure`` for a model that is too large.
    init(_ graph: OperatorGraph, text: String, texts: [(key: String, text: String)], path: String) throws {
        try Self.checkSize(graph.byteCount, path: path)
        var model = ProtobufMessage()
        model.add(1, integer: Self.representation)
        model.add(2, text: "mpi-vae")
        model.add(3, text: programVersion)
        model.add(6, text: text)
        model.add(7, Self.graph(graph, text: text))
        var operators = ProtobufMessage()
        operators.add(2, integer: Self.operatorSet)
        model.add(8, operators)
        for (key, text) in texts {
            var entry = ProtobufMessage()
            entry.add(1, text: key)
            entry.add(2, text: text)
            model.add(14, entry)
        }
        message = model
    }

    /// Throws ``Failure`` (73) for more bytes of numbers than a file can have.
    package static func checkSize(_ byteCount: Int, path: String) throws(Failure) {
        guard byteCount > most else { return }
        throw Failure(
            .cannotCreate,
            "\(path) would have \(byteCount >> 20) MiB of numbers, but ONNX files are smaller than 2 GiB: export --part encoder or decoder "
                + "alone, or --format safetensors")
    }

    /// Writes the file, all at once or not at all. Throws ``Failure``.
    func write(to path: String) throws {
        do throws(FileError) { try AtomicFile.write(message.bytes, to: path) } catch { throw Failure(error) }
    }

    private static func graph(_ graph: OperatorGraph, text: String) -> ProtobufMessage {
        let operators = ONNXOperators(graph)
        var message = ProtobufMessage()
        for node in operators.nodes { message.add(1, node) }
        message.add(2, text: "mpi_vae")
        for constant in graph.constants + operators.constants { message.add(5, tensor(constant)) }
        message.add(10, text: text)
        for port in graph.inputs { message.add(11, description(port)) }
        for port in graph.outputs { message.add(12, description(port)) }
        return message
    }

    /// TensorProto
    private static func tensor(_ constant: OperatorGraph.Constant) -> ProtobufMessage {
        var message = ProtobufMessage()
        message.add(1, packed: constant.value.shape)
        message.add(2, integer: constant.value.element.onnxType)
        message.add(8, text: constant.value.name)
        switch constant.numbers {
        case .float32(let values): message.add(9, memoryOf: values)
        case .float64(let values): message.add(9, memoryOf: values)
        case .int64(let values): message.add(9, memoryOf: values)
        }
        return message
    }

    /// ValueInfoProto, with as many rows as there are.
    private static func description(_ port: OperatorGraph.Port) -> ProtobufMessage {
        var rows = ProtobufMessage()
        rows.add(2, text: "batch")
        var shape = ProtobufMessage()
        shape.add(1, rows)
        for size in port.value.shape {
            var dimension = ProtobufMessage()
            dimension.add(1, integer: size)
            shape.add(1, dimension)
        }
        var tensor = ProtobufMessage()
        tensor.add(1, integer: port.value.element.onnxType)
        tensor.add(2, shape)
        var type = ProtobufMessage()
        type.add(1, tensor)
        var message = ProtobufMessage()
        message.add(1, text: port.value.name)
        message.add(2, type)
        message.add(3, text: port.text)
        return message
    }
}

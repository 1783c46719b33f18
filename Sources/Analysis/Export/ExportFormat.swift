internal import Datasets
package import VAE

/// What kind of file a model is exported to.
public enum ExportFormat: String, Sendable, CaseIterable {
    /// Networks and preparation as operators, for onnxruntime and its like.
    case onnx
    /// Parameters alone, by name.
    case safetensors
    /// The same, for numpy.
    case npz

    private var fileFormat: FileFormat {
        switch self {
        case .onnx: .onnx
        case .safetensors: .safetensors
        case .npz: .npz
        }
    }

    /// By the name of the output, or as wanted. Throws ``Failure`` (64) where both do not agree, or the name says something else.
    package static func of(_ output: String, wanted: ExportFormat?) throws -> ExportFormat {
        let format = try FileFormat.of(
            output, flag: "--output", among: allCases.map(\.fileFormat), wanted: wanted?.fileFormat)
        return allCases.first { $0.fileFormat == format }!
    }

    /// As the check of outputs has it.
    var fileFormats: [FileFormat] { [fileFormat] }
}

/// What of a model is exported.
public enum ExportPart: String, Sendable, CaseIterable {
    case encoder, decoder, both

    /// nil for both.
    package var modelPart: ModelPart? {
        switch self {
        case .encoder: .encoder
        case .decoder: .decoder
        case .both: nil
        }
    }
}

internal import Analysis
internal import ArgumentParser
internal import Distributed
internal import Logging
internal import Support

struct Export: RankedCommand {
    static let configuration = CommandConfiguration(
        abstract: "Write a trained model for other programs: ONNX, safetensors, or numpy's NPZ.",
        discussion: """
            mpi-vae export --checkpoint runs/first --part encoder --output encoder.onnx
            mpi-vae export --checkpoint runs/first --output parameters.safetensors

            ONNX has the preparation of rows inside; the others have parameters by their names. docs/export.md has examples.
            """)

    @Option(help: .checkpoint, transform: FilePath.expandingHome) var checkpoint: String
    @Option(help: "What kind of file: \(Self.formats). By the name of the output if none is given.", transform: Self.format)
    var format: ExportFormat?
    @Option(help: "What of the model: \(Self.parts).", transform: Self.part) var part = ExportPart.both
    @Option(help: "The file to write; model.onnx, or what the format ends in.", transform: FilePath.expandingHome)
    var output: String?
    @Flag(help: "Replace the output if it is there.") var force = false

    private static let formats = ExportFormat.allCases.map(\.rawValue).joined(separator: ", ")
    private static let parts = ExportPart.allCases.map(\.rawValue).joined(separator: ", ")

    private static func format(_ text: String) throws -> ExportFormat {
        guard let format = ExportFormat(rawValue: text) else { throw ValidationError("'\(text)' is none of \(formats)") }
        return format
    }

    private static func part(_ text: String) throws -> ExportPart {
        guard let part = ExportPart(rawValue: text) else { throw ValidationError("'\(text)' is none of \(parts)") }
        return part
    }

    func validate() throws {
        if checkpoint.isEmpty { throw ValidationError.emptyCheckpoint }
    }

    func run(world: World) throws -> Int32 {
        var options = ExportOptions()
        options.checkpoint = checkpoint
        options.format = format
        options.part = part
        options.output = output ?? "model.\((format ?? .onnx).rawValue)"
        options.force = force
        let report = try ModelExport.write(options, world: world, log: Logger(label: "export"))
        guard world.isRoot else { return 0 }
        let what = part == .both ? "encoder and decoder" : part.rawValue
        if let set = report.operatorSet {
            Terminal.sayWritten(options.output, ", \(what), operator set \(set)")
        } else {
            Terminal.sayWritten(options.output, ", \(report.arrayCount) arrays of \(what)")
        }
        for (kind, ports) in [("input", report.inputs), ("output", report.outputs)] {
            for port in ports { print("\(kind.padded(to: 7)) \(port.name): \(port.type), \(port.text)") }
        }
        return 0
    }
}

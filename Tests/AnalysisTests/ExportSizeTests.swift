import Analysis
import Support
import Testing

struct ExportSizeTests {
    /// Messages of Protocol Buffers have less than 2 GiB, so a larger model is refused before memory is taken, in one line.
    @Test func onnxIsBelowTwoGibibytes() throws {
        try ONNXModel.checkSize(2 << 30 - 32 << 20, path: "a.onnx")
        for byteCount in [2 << 30 - 1, 2 << 30, 3 << 40] {
            let failure = #expect(throws: Failure.self) { try ONNXModel.checkSize(byteCount, path: "a.onnx") }
            #expect(failure?.code == .cannotCreate)
            #expect(failure?.message.contains("a.onnx would have \(byteCount >> 20) MiB") == true)
            #expect(failure?.message.contains("--format safetensors") == true && failure?.message.contains("\n") == false)
        }
    }
}

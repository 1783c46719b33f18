#if LIBFUZZER
import Foundation

nonisolated(unsafe) private var target = Target.configuration

@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(
    _ count: UnsafeMutablePointer<CInt>,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?>,
    _ body: @convention(c) (UnsafePointer<UInt8>, Int) -> CInt
) -> CInt

/// `Fuzz TARGET [options of libFuzzer] [folders of seeds]`, built with MPI_VAE_FUZZ=1; SwiftPM gives main this name.
@_cdecl("Fuzz_main")
public func fuzz(_ count: CInt, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?) -> CInt {
    guard count > 1, let name = arguments?[1].map({ String(cString: $0) }), let known = Target(rawValue: name) else {
        print("usage: Fuzz \(Target.names) [options of libFuzzer]")
        return 64
    }
    target = known
    // The first argument becomes the program's name.
    var rest = arguments.map { $0 + 1 }
    var restCount = count - 1
    return runDriver(&restCount, &rest) { bytes, count in
        target.tryOut(Data(bytes: bytes, count: count))
        return 0
    }
}
#endif

internal import CKernels

/// Elementary functions whose bits are the same with every processor and every C library, to less than 1 ulp: those that figures and
/// models are made with, in place of the C library's.
public enum Elementary {
    public static func exp(_ x: Double) -> Double { kernel_exp(x) }
    /// Rounded from double precision.
    public static func exp(_ x: Float) -> Float { Float(kernel_exp(Double(x))) }
    /// exp(x) - 1
    public static func expm1(_ x: Double) -> Double { kernel_expm1(x) }
    public static func log(_ x: Double) -> Double { kernel_log(x) }
    public static func log2(_ x: Double) -> Double { kernel_log2(x) }
    public static func log10(_ x: Double) -> Double { kernel_log10(x) }
    /// For x >= 0.
    public static func pow(_ x: Double, _ y: Double) -> Double { kernel_pow(x, y) }
    /// Of angles up to 2^20.
    public static func sin(_ x: Double) -> Double { kernel_sin(x) }
    /// Of angles up to 2^20.
    public static func cos(_ x: Double) -> Double { kernel_cos(x) }
    public static func acos(_ x: Double) -> Double { kernel_acos(x) }
    public static func hypot(_ x: Double, _ y: Double) -> Double { kernel_hypot(x, y) }
}

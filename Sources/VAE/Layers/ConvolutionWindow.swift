/// What each output of a convolution sees, along each axis; one number alone holds for all axes.
public struct ConvolutionWindow: Sendable, Equatable {
    /// Taps.
    public var kernel: [Int]
    /// From one output's window to the next.
    public var stride: [Int]
    /// Zeros before and behind the input.
    public var padding: [Int]
    /// From one tap to the next.
    public var dilation: [Int]
    /// Equal parts of channels and outputs, each with a convolution of its own.
    public var groups: Int

    public init(kernel: [Int], stride: [Int] = [1], padding: [Int] = [0], dilation: [Int] = [1], groups: Int = 1) {
        (self.kernel, self.stride, self.padding, self.dilation, self.groups) = (kernel, stride, padding, dilation, groups)
    }

    public init(kernel: Int, stride: Int = 1, padding: Int = 0, dilation: Int = 1, groups: Int = 1) {
        self.init(kernel: [kernel], stride: [stride], padding: [padding], dilation: [dilation], groups: groups)
    }

    /// The same with a number for each axis, all of them possible.
    func checked(axes: Int) throws(NetworkError) -> ConvolutionWindow {
        func spread(_ numbers: [Int], _ name: String, least: Int) throws(NetworkError) -> [Int] {
            guard numbers.count == 1 || numbers.count == axes else {
                throw NetworkError("\(name) for \(numbers.count) axes, where the rows have \(axes)")
            }
            guard let lowest = numbers.min(), lowest >= least else { throw NetworkError("\(name) must be at least \(least)") }
            return numbers.count == 1 ? Array(repeating: numbers[0], count: axes) : numbers
        }
        guard groups > 0 else { throw NetworkError("groups must be at least 1") }
        return ConvolutionWindow(
            kernel: try spread(kernel, "kernel", least: 1), stride: try spread(stride, "stride", least: 1),
            padding: try spread(padding, "padding", least: 0), dilation: try spread(dilation, "dilation", least: 1),
            groups: groups)
    }

    /// As ``NetworkText`` reads it: "k4 s2 p1", without what is usual.
    var text: String {
        func part(_ letter: String, _ numbers: [Int], unless usual: [Int]) -> String {
            numbers == usual ? "" : " \(letter)\(numbers.map(String.init).joined(separator: "x"))"
        }
        return String(part("k", kernel, unless: []).dropFirst()) + part("s", stride, unless: [1])
            + part("p", padding, unless: [0])
            + part("d", dilation, unless: [1]) + part("g", [groups], unless: [1])
    }
}

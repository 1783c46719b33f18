/// What layers are written with.
extension OperatorGraph {
    /// A function of each value.
    package mutating func apply(_ function: Operator.Function, _ x: Value) -> Value {
        add(.each(function), [x], x.shape, function == .isNotANumber ? .truth : nil)
    }

    /// Two values, one by one; shapes are matched from the last axis on, where a size of 1 fits all.
    ///
    /// - Precondition: two that are of rows have as many axes.
    package mutating func apply(_ combination: Operator.Combination, _ a: Value, _ b: Value) -> Value {
        precondition(a.element == b.element && (a.shape.count == b.shape.count || !a.isOfRows || !b.isOfRows))
        let isTruth = combination == .isGreater || combination == .isEqual
        return add(.both(combination), [a, b], Self.matched(a.shape, b.shape), isTruth ? .truth : nil)
    }

    package mutating func apply(_ combination: Operator.Combination, _ a: Value, _ b: Double) -> Value {
        apply(combination, a, number(b, as: a))
    }

    /// `a` where the condition is true, else `b`.
    package mutating func choose(_ condition: Value, _ a: Value, _ b: Value) -> Value {
        let shape = Self.matched(Self.matched(condition.shape, a.shape), b.shape)
        return add(.choice, [condition, a, b], shape, a.element)
    }

    private static func matched(_ a: [Int], _ b: [Int]) -> [Int] {
        let count = max(a.count, b.count)
        func filled(_ shape: [Int]) -> [Int] { Array(repeating: 1, count: count - shape.count) + shape }
        return zip(filled(a), filled(b)).map {
            precondition($0 == $1 || $0 == 1 || $1 == 1)
            return max($0, $1)
        }
    }

    /// x y over the last two axes; a row of x may be a vector.
    package mutating func product(_ x: Value, _ y: Value) -> Value {
        precondition(x.shape.last == y.shape[y.shape.count - 2])
        return add(.matrixProduct, [x, y], x.shape.dropLast() + [y.shape[y.shape.count - 1]])
    }

    /// The same values under another shape.
    package mutating func reshape(_ x: Value, _ shape: [Int]) -> Value {
        precondition(x.isOfRows && x.count == shape.reduce(1, *))
        return x.shape == shape ? x : add(.shape(shape), [x], shape)
    }

    /// A row of values, whatever its shape was.
    package mutating func flatten(_ x: Value) -> Value { reshape(x, [x.count]) }

    /// The axes in another order.
    mutating func permute(_ x: Value, _ order: [Int]) -> Value {
        order == Array(order.indices) ? x : add(.permutation(order), [x], order.map { x.shape[$0] })
    }

    /// `[axes, channels]` to `[channels, axes]`, and back.
    mutating func channelsFirst(_ x: Value) -> Value { permute(x, [x.shape.count - 1] + Array(0..<x.shape.count - 1)) }
    mutating func channelsLast(_ x: Value) -> Value { permute(x, Array(1..<x.shape.count) + [0]) }

    /// Some positions along an axis.
    package mutating func part(_ x: Value, axis: Int, _ range: Range<Int>) -> Value {
        var shape = x.shape
        if range == 0..<shape[axis] { return x }
        shape[axis] = range.count
        return add(.part(axis: axis, range), [x], shape)
    }

    /// What lies at places along an axis.
    mutating func take(_ x: Value, axis: Int, _ places: [Int]) -> Value {
        var shape = x.shape
        shape[axis] = places.count
        let indices = constant(.int64(places.map(Int64.init)), [places.count])
        return add(.taken(axis: axis), [x, indices], shape)
    }

    /// The entry of a constant `[count]` that each row's number says; another number is an error.
    package mutating func entry(of constant: Value, at places: Value) -> Value {
        add(.taken(axis: 0), [constant, places], places.shape, constant.element)
    }

    /// One behind the other along the last axis, rows of values.
    package mutating func join(_ parts: [Value]) -> Value {
        parts.count == 1 ? parts[0] : add(.joined(axis: 0), parts, [parts.reduce(0) { $0 + $1.count }])
    }

    /// A constant, once for each row of a value.
    mutating func repeated(_ constant: Value, forRowsOf x: Value) -> Value { add(.repeated, [constant, x], constant.shape) }

    /// Over some axes, which stay, of size 1.
    package mutating func reduce(_ reduction: Operator.Reduction, _ x: Value, axes: [Int]) -> Value {
        var shape = x.shape
        for axis in axes { shape[axis] = 1 }
        return add(.reduction(reduction, axes: axes), [x], shape)
    }

    /// Where along an axis the largest is, the first of those that are alike, as a float; the axis stays, of size 1.
    mutating func placeOfLargest(_ x: Value, axis: Int) -> Value {
        var shape = x.shape
        shape[axis] = 1
        return convert(add(.placeOfLargest(axis: axis), [x], shape, .int64), to: .float32)
    }

    /// Over the last axis.
    mutating func softmax(_ x: Value) -> Value { add(.softmax, [x], x.shape) }

    /// Numbers of another type.
    package mutating func convert(_ x: Value, to element: Element) -> Value {
        x.element == element ? x : add(.converted, [x], x.shape, element)
    }

    /// Held to an interval.
    package mutating func hold(_ x: Value, _ low: Double, _ high: Double) -> Value {
        apply(.least, apply(.largest, x, low), high)
    }

    /// (x - mean) / sqrt(variance + epsilon), with mean and variance over some axes.
    mutating func normalize(_ x: Value, axes: [Int], epsilon: Float) -> Value {
        let centred = apply(.difference, x, reduce(.mean, x, axes: axes))
        let variance = reduce(.mean, apply(.product, centred, centred), axes: axes)
        return apply(.quotient, centred, apply(.squareRoot, apply(.sum, variance, Double(epsilon))))
    }

    /// x gain + shift, over the last axis.
    mutating func affine(_ x: Value, gain: Range<Int>, shift: Range<Int>) -> Value {
        apply(.sum, apply(.product, x, parameter(gain)), parameter(shift))
    }
}

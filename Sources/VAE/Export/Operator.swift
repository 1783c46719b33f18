/// What is done to values of an ``OperatorGraph``: the few operators that networks are made of, in the words of no library.
///
/// Axes are those of a row, from 0: the axis along which rows lie is before them. Shapes are matched from the last axis on, as numpy does.
package enum Operator: Sendable, Equatable {
    /// A function of each value.
    package enum Function: Sendable, Equatable {
        case exponential
        case logarithm
        case squareRoot
        case absolute
        case negative
        /// -1, 0 or 1.
        case sign
        case sigmoid
        case hyperbolicTangent
        case errorFunction
        /// max(x, 0)
        case rectifier
        /// x, or exp(x) - 1 below zero.
        case exponentialRectifier
        /// x, or slope x below zero.
        case leakyRectifier(slope: Float)
        /// Gives truth values.
        case isNotANumber
    }

    /// Of two values.
    package enum Combination: Sendable, Equatable {
        case sum
        case difference
        case product
        case quotient
        case least
        case largest
        /// Give truth values.
        case isGreater
        case isEqual
    }

    package enum Reduction: Sendable, Equatable {
        case sum
        case mean
        case largest
    }

    /// What an output of a convolution sees along each axis.
    package struct Window: Sendable, Equatable {
        package var kernel: [Int]
        package var stride: [Int]
        package var dilation: [Int]
        /// Positions beyond the map, on both sides; of a transposed convolution those that are cut off.
        package var before: [Int]
        package var behind: [Int]
        package var groups = 1
    }

    case each(Function)
    case both(Combination)
    /// The second where the first is true, the third elsewhere.
    case choice
    /// Of the last two axes.
    case matrixProduct
    /// Of maps `[channels, axes]`, a weight `[outputs, channels of a group, kernel]` and, where there is a third, a bias `[outputs]`.
    case convolution(Window)
    /// The same with a weight `[channels, outputs of a group, kernel]`.
    case transposedConvolution(Window)
    /// Of maps `[channels, axes]`; what lies beyond them is not seen.
    case largestOfWindow(Window)
    /// The axes stay, of size 1.
    case reduction(Reduction, axes: [Int])
    /// Where along an axis the largest is, the first of those that are alike, as a whole number; the axis stays, of size 1.
    case placeOfLargest(axis: Int)
    /// Over the last axis.
    case softmax
    /// The same values under another shape.
    case shape([Int])
    /// The axes in another order: the i-th is that which was the permutation's i-th.
    case permutation([Int])
    case part(axis: Int, Range<Int>)
    /// So many zeros behind the last position of each axis.
    case zerosBehind([Int])
    case joined(axis: Int)
    /// What lies at the places that the second value says; places that are not there are an error.
    case taken(axis: Int)
    /// The first, a constant, for each row of the second.
    case repeated
    /// Numbers of another type.
    case converted
    /// The same values under another name.
    case named
}

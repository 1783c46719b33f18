/// Networks as operators between values, for other programs to carry out: what a model is, without memory, threads and files.
///
/// Every layer, latent and likelihood writes itself into one by its function `export`, as it is when a model is applied.
public struct OperatorGraph: Sendable {
    package enum Element: Sendable, Equatable {
        case float32
        case float64
        case int64
        case truth
    }

    /// What an operator takes or gives.
    public struct Value: Sendable, Equatable {
        package let name: String
        package let element: Element
        /// That of a row where it belongs to rows, `[rows, shape]`; else all of it.
        package let shape: [Int]
        package let isOfRows: Bool

        package init(name: String, element: Element, shape: [Int], isOfRows: Bool) {
            (self.name, self.element, self.shape, self.isOfRows) = (name, element, shape, isOfRows)
        }

        package var count: Int { shape.reduce(1, *) }
    }

    /// A value, and what others call it.
    public typealias Named = (name: String, value: Value)

    /// The numbers of a constant, row-major.
    package enum Numbers: Sendable {
        case float32([Float])
        case float64([Double])
        case int64([Int64])

        package var byteCount: Int {
            switch self {
            case .float32(let values): 4 * values.count
            case .float64(let values): 8 * values.count
            case .int64(let values): 8 * values.count
            }
        }
    }

    package struct Constant: Sendable {
        package let value: Value
        package let numbers: Numbers

        package init(value: Value, numbers: Numbers) { (self.value, self.numbers) = (value, numbers) }
    }

    package struct Node: Sendable {
        package let operation: Operator
        package let inputs: [Value]
        package let output: Value
    }

    /// A value that comes from outside or goes there, and what it is, in a sentence.
    package struct Port: Sendable {
        package let value: Value
        package let text: String
    }

    package private(set) var inputs: [Port] = []
    package private(set) var outputs: [Port] = []
    /// Each behind those whose outputs it takes.
    package private(set) var nodes: [Node] = []
    package private(set) var constants: [Constant] = []
    /// What rows are conditioned on, `[conditions]`; nil for nothing.
    package var conditions: Value?
    private let layout: ParameterLayout
    private let parameters: [Float]

    /// - Parameter parameters: a flat buffer of the layout.
    package init(_ layout: ParameterLayout, _ parameters: [Float]) {
        precondition(parameters.count >= layout.count)
        (self.layout, self.parameters) = (layout, parameters)
    }

    /// The bytes of all constants.
    package var byteCount: Int { constants.reduce(0) { $0 + $1.numbers.byteCount } }

    /// A value of rows that comes from outside.
    package mutating func input(_ name: String, _ element: Element, _ shape: [Int], _ text: String) -> Value {
        let value = Value(name: name, element: element, shape: shape, isOfRows: true)
        inputs.append(Port(value: value, text: text))
        return value
    }

    /// Gives a value a name and brings it outside.
    package mutating func output(_ name: String, _ value: Value, _ text: String) {
        let named = Value(name: name, element: value.element, shape: value.shape, isOfRows: value.isOfRows)
        nodes.append(Node(operation: .named, inputs: [value], output: named))
        outputs.append(Port(value: named, text: text))
    }

    /// - Parameter name: nil for one that no other value has.
    package mutating func constant(_ numbers: Numbers, _ shape: [Int], _ name: String? = nil) -> Value {
        let element: Element
        switch numbers {
        case .float32: element = .float32
        case .float64: element = .float64
        case .int64: element = .int64
        }
        let value = Value(name: name ?? "constant_\(constants.count)", element: element, shape: shape, isOfRows: false)
        constants.append(Constant(value: value, numbers: numbers))
        return value
    }

    /// A number of the type of another value.
    package mutating func number(_ number: Double, as other: Value) -> Value {
        switch other.element {
        case .float64: constant(.float64([number]), [])
        case .int64: constant(.int64([Int64(number)]), [])
        default: constant(.float32([Float(number)]), [])
        }
    }

    /// The values of a parameter.
    func values(_ place: Range<Int>) -> ArraySlice<Float> { parameters[place] }

    /// A parameter as it is, under its name.
    mutating func parameter(_ place: Range<Int>, _ shape: [Int]? = nil) -> Value {
        parameter(place, Array(values(place)), shape ?? [place.count])
    }

    /// What is made of a parameter, under its name.
    mutating func parameter(_ place: Range<Int>, _ values: [Float], _ shape: [Int]) -> Value {
        constant(.float32(values), shape, layout.entries.first { $0.range == place }?.name)
    }

    /// Adds an operator and gives its output.
    mutating func add(_ operation: Operator, _ inputs: [Value], _ shape: [Int], _ element: Element? = nil) -> Value {
        let output = Value(
            name: "value_\(nodes.count)", element: element ?? inputs[0].element, shape: shape,
            isOfRows: inputs.contains(where: \.isOfRows))
        nodes.append(Node(operation: operation, inputs: inputs, output: output))
        return output
    }
}

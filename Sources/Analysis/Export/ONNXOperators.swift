internal import Support
internal import VAE

/// The operators of a graph as nodes of ONNX's operator set 17; what they take as attributes or further inputs.
struct ONNXOperators {
    /// A node's words.
    private enum Attribute {
        case integer(Int)
        case integers([Int])
        case float(Float)
    }

    private(set) var nodes: [ProtobufMessage] = []
    /// Numbers that operators take as inputs.
    private(set) var constants: [OperatorGraph.Constant] = []

    init(_ graph: OperatorGraph) { for node in graph.nodes { add(node) } }

    private mutating func add(_ node: OperatorGraph.Node) {
        let (inputs, output) = (node.inputs.map(\.name), node.output.name)
        // Along an axis of a row, before which rows lie.
        func axis(_ axis: Int) -> Int { axis + (node.inputs[0].isOfRows ? 1 : 0) }
        switch node.operation {
        case .each(let function):
            let (name, attributes) = Self.function(function)
            add(name, inputs, output, attributes)
        case .both(let combination): add(Self.name(combination), inputs, output)
        case .choice: add("Where", inputs, output)
        case .matrixProduct: add("MatMul", inputs, output)
        case .convolution(let window): add("Conv", inputs, output, Self.attributes(window, isGrouped: true))
        case .transposedConvolution(let window):
            add("ConvTranspose", inputs, output, Self.attributes(window, isGrouped: true))
        case .largestOfWindow(let window): add("MaxPool", inputs, output, Self.attributes(window, isGrouped: false))
        case .reduction(.sum, let axes):
            add("ReduceSum", inputs + [numbers(axes.map(axis), output, "axes")], output, [("keepdims", .integer(1))])
        case .reduction(let reduction, let axes):
            let name = reduction == .mean ? "ReduceMean" : "ReduceMax"
            add(name, inputs, output, [("axes", .integers(axes.map(axis))), ("keepdims", .integer(1))])
        case .placeOfLargest(let place):
            add("ArgMax", inputs, output, [("axis", .integer(axis(place))), ("keepdims", .integer(1))])
        case .softmax: add("Softmax", inputs, output, [("axis", .integer(-1))])
        // 0 is for the rows, however many there are.
        case .shape(let shape): add("Reshape", inputs + [numbers([0] + shape, output, "shape")], output)
        case .permutation(let order):
            add("Transpose", inputs, output, [("perm", .integers([0] + order.map { $0 + 1 }))])
        case .part(let place, let range):
            let ends = [("starts", range.lowerBound), ("ends", range.upperBound), ("axes", axis(place))]
            add("Slice", inputs + ends.map { numbers([$0.1], output, $0.0) }, output)
        case .zerosBehind(let counts):
            let before = [Int](repeating: 0, count: counts.count + 1)
            add("Pad", inputs + [numbers(before + [0] + counts, output, "pads")], output)
        case .joined(let place): add("Concat", inputs, output, [("axis", .integer(axis(place)))])
        case .taken(let place): add("Gather", inputs, output, [("axis", .integer(axis(place)))])
        case .repeated:
            let (rows, shape) = ("\(output)_rows", "\(output)_shape")
            add("Shape", [inputs[1]], rows, [("start", .integer(0)), ("end", .integer(1))])
            let own = numbers(node.inputs[0].shape, output, "own")
            add("Concat", [rows, own], shape, [("axis", .integer(0))])
            add("Expand", [inputs[0], shape], output)
        case .converted: add("Cast", inputs, output, [("to", .integer(node.output.element.onnxType))])
        case .named: add("Identity", inputs, output)
        }
    }

    private static func function(_ function: Operator.Function) -> (String, [(String, Attribute)]) {
        switch function {
        case .exponential: ("Exp", [])
        case .logarithm: ("Log", [])
        case .squareRoot: ("Sqrt", [])
        case .absolute: ("Abs", [])
        case .negative: ("Neg", [])
        case .sign: ("Sign", [])
        case .sigmoid: ("Sigmoid", [])
        case .hyperbolicTangent: ("Tanh", [])
        case .errorFunction: ("Erf", [])
        case .rectifier: ("Relu", [])
        case .exponentialRectifier: ("Elu", [("alpha", .float(1))])
        case .leakyRectifier(let slope): ("LeakyRelu", [("alpha", .float(slope))])
        case .isNotANumber: ("IsNaN", [])
        }
    }

    private static func name(_ combination: Operator.Combination) -> String {
        switch combination {
        case .sum: "Add"
        case .difference: "Sub"
        case .product: "Mul"
        case .quotient: "Div"
        case .least: "Min"
        case .largest: "Max"
        case .isGreater: "Greater"
        case .isEqual: "Equal"
        }
    }

    private static func attributes(_ window: Operator.Window, isGrouped: Bool) -> [(String, Attribute)] {
        [
            ("kernel_shape", .integers(window.kernel)), ("strides", .integers(window.stride)),
            ("dilations", .integers(window.dilation)), ("pads", .integers(window.before + window.behind)),
        ] + (isGrouped ? [("group", .integer(window.groups))] : [])
    }

    /// A constant of whole numbers, named for the node that takes it.
    private mutating func numbers(_ numbers: [Int], _ output: String, _ role: String) -> String {
        let value = OperatorGraph.Value(
            name: "\(output)_\(role)", element: .int64, shape: [numbers.count], isOfRows: false)
        constants.append(OperatorGraph.Constant(value: value, numbers: .int64(numbers.map(Int64.init))))
        return value.name
    }

    /// NodeProto and AttributeProto of onnx.proto.
    private mutating func add(
        _ name: String, _ inputs: [String], _ output: String, _ attributes: [(String, Attribute)] = []
    ) {
        var node = ProtobufMessage()
        for input in inputs { node.add(1, text: input) }
        node.add(2, text: output)
        node.add(3, text: output)
        node.add(4, text: name)
        for (name, value) in attributes {
            var attribute = ProtobufMessage()
            attribute.add(1, text: name)
            switch value {
            case .float(let number):
                attribute.add(2, float: number)
                attribute.add(20, integer: 1)
            case .integer(let number):
                attribute.add(3, integer: number)
                attribute.add(20, integer: 2)
            case .integers(let numbers):
                attribute.add(8, packed: numbers)
                attribute.add(20, integer: 7)
            }
            node.add(5, attribute)
        }
        nodes.append(node)
    }
}

extension OperatorGraph.Element {
    /// TensorProto.DataType of onnx.proto.
    var onnxType: Int {
        switch self {
        case .float32: 1
        case .int64: 7
        case .truth: 9
        case .float64: 11
        }
    }
}

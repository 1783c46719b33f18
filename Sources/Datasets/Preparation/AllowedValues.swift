internal import Support

/// The values that rows may have as they come.
package struct AllowedValues {
    package var range: ClosedRange<Double>
    /// Whether they must be whole numbers.
    package var isWhole = false
    /// Why no others.
    package var reason: String
    /// Whether values may be missing (NaN).
    package var missing: Bool
    /// Larger numbers cannot be worked with, whatever the range.
    package var largest = Self.largestFloat

    /// Where columns differ what each stretch of them may have, in order; empty where all is said for all columns.
    package var stretches: [Stretch] = []

    /// Columns that follow each other, and what they may have.
    package struct Stretch {
        package let columns: Range<Int>
        package var allowed: AllowedValues
    }

    /// What floats of 32 bits hold.
    static let largestFloat = Double(Float.greatestFiniteMagnitude)
    /// What squares of differences can be summed of in double precision.
    static let largestScaled = 1e140

    /// All that is a number.
    init(missing: Bool, largest: Double = largestFloat) {
        self.init(range: -largest...largest, reason: "", missing: missing, largest: largest)
    }

    init(range: ClosedRange<Double>, isWhole: Bool = false, reason: String, missing: Bool, largest: Double = largestFloat) {
        (self.range, self.isWhole, self.reason, self.missing, self.largest) = (range, isWhole, reason, missing, largest)
    }

    /// All numbers that can be worked with in double precision, as for rows that are only shown.
    package static func everything(missing: Bool) -> AllowedValues { AllowedValues(missing: missing, largest: largestScaled) }

    /// Values may be missing, too.
    mutating func takeMissing() {
        missing = true
        for index in stretches.indices { stretches[index].allowed.missing = true }
    }

    /// What the columns of rows of so many may have.
    func byColumns(_ features: Int) -> [Stretch] {
        stretches.isEmpty ? [Stretch(columns: 0..<features, allowed: self)] : stretches
    }

    /// The same as floats.
    package var floats: ClosedRange<Float> {
        let limit = Self.largestFloat
        return Float(max(range.lowerBound, -limit))...Float(min(range.upperBound, limit))
    }

    /// Whether numbers of a format can be others.
    func mustBeChecked(_ format: NumberFormat) -> Bool {
        switch format {
        case .pixel: isWhole || range.lowerBound > 0 || range.upperBound < 1
        case .bit: range.lowerBound > 0 || range.upperBound < 1
        case .uint8, .uint16: range.upperBound < 65535
        case .int8, .int16: range.lowerBound > -32768 || range.upperBound < 32767
        case .float16, .float32, .int32, .uint32, .int64, .uint64, .float64: true
        }
    }

    /// Throws ``Failure`` for a value that is not allowed, in all its digits. - Parameter place: where it is.
    package func check<Number: DecodedNumber>(_ value: Number, at place: @autoclosure () -> String) throws {
        if value.isNaN {
            if missing { return }
            throw Failure(
                .badData,
                "\(place()) is not a number (NaN): --nan mask takes such values for missing, --nan drop leaves their rows out")
        }
        if value.isInfinite { throw Failure(.badData, "\(place()) is infinite: remove or fill such values") }
        // What is kept may have fewer digits: 1.0000000000000002 is 1.
        let isInRange = range.contains(Double(value)) || range.contains(Double(Float(value)))
        if isInRange, !isWhole || value == value.rounded() { return }
        guard abs(Double(value)) <= largest else {
            let canBeScaled = abs(Double(value)) <= Self.largestScaled
            throw Failure(
                .badData,
                "\(place()) is \(value), but numbers up to \(largest) are possible: "
                    + (canBeScaled ? "give --scale standardize or min-max, or divide the data" : "divide the data"))
        }
        throw Failure(.badData, "\(place()) is \(value), but \(reason)")
    }
}

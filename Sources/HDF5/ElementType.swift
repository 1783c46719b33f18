internal import CHDF5

/// The type of a data set's elements as it is in the file.
public struct ElementType: Sendable, Equatable, CustomStringConvertible {
    public enum Class: Sendable, Equatable {
        case signed
        case unsigned
        case float
        case string
        /// Compounds, references, lists and the like.
        case other
    }

    public let elementClass: Class
    /// Bytes of one element.
    public let size: Int
    public let isBigEndian: Bool
    /// Whether processors have the type, but for the order of bytes: whole numbers of all bits, IEEE floating-point numbers.
    public let isStandard: Bool
    /// Whether the elements are strings of any length.
    public let isVariable: Bool
    /// Whether the elements are truth values, as h5py writes them: an enumeration of FALSE and TRUE.
    public let isBoolean: Bool

    public var isNumeric: Bool { [.signed, .unsigned, .float].contains(elementClass) }

    public var description: String {
        let order = isBigEndian && size > 1 ? ", big-endian" : ""
        return switch elementClass {
        case .signed: "int\(size * 8)\(order)"
        case .unsigned: "uint\(size * 8)\(order)"
        case .float: "float\(size * 8)\(order)"
        case .string: "string"
        case .other: "neither numbers nor strings"
        }
    }

    init(_ stored: hid_t) {
        // Truth values are stored as an enumeration of 0 and 1; the library reads it as the integers it is made of.
        let isEnumeration = H5Tget_class(stored) == H5T_ENUM && H5Tget_size(stored) == 1
        isVariable = H5Tis_variable_str(stored) > 0
        isBoolean = isEnumeration && Self.isTruth(stored)
        let type = isEnumeration ? H5Tget_super(stored) : stored
        defer { if isEnumeration { H5Idec_ref(type) } }
        elementClass =
            switch H5Tget_class(type) {
            case H5T_INTEGER: H5Tget_sign(type) == H5T_SGN_NONE ? .unsigned : .signed
            case H5T_FLOAT: .float
            case H5T_STRING: .string
            default: .other
            }
        size = H5Tget_size(type)
        isBigEndian = H5Tget_order(type) == H5T_ORDER_BE
        let isWhole = [.signed, .unsigned].contains(elementClass)
        let hasAllBits = H5Tget_precision(type) == size * 8 && H5Tget_offset(type) == 0
        isStandard = hasAllBits && (isWhole ? [1, 2, 4, 8].contains(size) : Self.isIEEE(type, size: size))
    }
}

extension ElementType {
    /// Whether an enumeration of one byte has the members FALSE, which is 0, and TRUE, which is 1.
    private static func isTruth(_ type: hid_t) -> Bool {
        guard H5Tget_nmembers(type) == 2 else { return false }
        return [("FALSE", 0), ("TRUE", 1)].allSatisfy { name, number in
            var value: Int8 = -1
            return H5Tenum_valueof(type, name, &value) >= 0 && value == number
        }
    }

    /// Whether a floating-point type has its sign, exponent and fraction where IEEE 754 has them.
    private static func isIEEE(_ type: hid_t, size: Int) -> Bool {
        guard H5Tget_class(type) == H5T_FLOAT, let exponentBits = [2: 5, 4: 8, 8: 11][size] else { return false }
        var (sign, exponent, exponentSize, fraction, fractionSize) = (0, 0, 0, 0, 0)
        H5Tget_fields(type, &sign, &exponent, &exponentSize, &fraction, &fractionSize)
        let fractionBits = size * 8 - 1 - exponentBits
        return sign == size * 8 - 1 && exponent == fractionBits && exponentSize == exponentBits && fraction == 0
            && fractionSize == fractionBits && H5Tget_ebias(type) == (1 << (exponentBits - 1)) - 1
            && H5Tget_norm(type) == H5T_NORM_IMPLIED && [H5T_ORDER_LE, H5T_ORDER_BE].contains(H5Tget_order(type))
    }
}

/// A number type that data can be read into and written from; the library converts.
public protocol HDF5Number: Numeric, BitwiseCopyable, Sendable {
    /// The library's name for the type in memory.
    static var nativeTypeID: Int64 { get }

    /// The number nearest to `value`, or without its fraction; it must be in the type's range.
    init(_ value: Double)
}

extension Int8: HDF5Number { public static var nativeTypeID: Int64 { chdf5_native_int8() } }
extension UInt8: HDF5Number { public static var nativeTypeID: Int64 { chdf5_native_uint8() } }
extension Int16: HDF5Number { public static var nativeTypeID: Int64 { chdf5_native_int16() } }
extension UInt16: HDF5Number { public static var nativeTypeID: Int64 { chdf5_native_uint16() } }
extension Int32: HDF5Number { public static var nativeTypeID: Int64 { chdf5_native_int32() } }
extension UInt32: HDF5Number { public static var nativeTypeID: Int64 { chdf5_native_uint32() } }
extension Int64: HDF5Number { public static var nativeTypeID: Int64 { chdf5_native_int64() } }
extension UInt64: HDF5Number { public static var nativeTypeID: Int64 { chdf5_native_uint64() } }
extension Float16: HDF5Number { public static var nativeTypeID: Int64 { chdf5_half() } }
extension Float: HDF5Number { public static var nativeTypeID: Int64 { chdf5_native_float() } }
extension Double: HDF5Number { public static var nativeTypeID: Int64 { chdf5_native_double() } }

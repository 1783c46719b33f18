/// A number of bytes for people.
public func sizeText(_ bytes: Int) -> String {
    let units = ["bytes", "kB", "MB", "GB", "TB"]
    var (size, unit) = (Double(bytes), 0)
    while size >= 999.5, unit < units.count - 1 {
        size /= 1000
        unit += 1
    }
    return unit == 0 || size >= 99.5 ? "\(Int(size.rounded())) \(units[unit])" : "\((size * 10).rounded() / 10) \(units[unit])"
}

/// The seconds of a time as Slurm writes it: minutes, minutes:seconds, hours:minutes:seconds, days-hours[:minutes[:seconds]]; nil for
/// what Slurm would not take.
public func slurmSeconds(_ text: String) -> Int? {
    func number(_ text: Substring) -> Int? {
        let isNumber = (1...6).contains(text.utf8.count) && text.utf8.allSatisfy { (0x30...0x39).contains($0) }
        return isNumber ? Int(text) : nil
    }
    let parts = text.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
    let fields = parts.last!.split(separator: ":", omittingEmptySubsequences: false).map(number)
    let days = parts.count == 2 ? number(parts[0]) : 0
    // What the first field counts depends on whether there are days, and on how many fields there are.
    let units = parts.count == 2 ? [3600, 60, 1] : [[60], [60, 1], [3600, 60, 1]][min(fields.count, 3) - 1]
    guard let days, fields.count <= units.count, !fields.contains(nil) else { return nil }
    return days * 86400 + zip(fields, units).reduce(0) { $0 + $1.0! * $1.1 }
}

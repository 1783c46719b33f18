import Foundation

#if !LIBFUZZER
/// `Fuzz TARGET COUNT SEEDS KEPT`: feeds the files of a folder, and then COUNT inputs made of them, the same in every run. An input
/// that ends the process stays in the file KEPT.
@main
struct Replay {
    static func main() throws {
        let words = CommandLine.arguments
        guard words.count == 5, let target = Target(rawValue: words[1]), let count = Int(words[2]) else {
            print("usage: Fuzz \(Target.names) COUNT SEEDS KEPT")
            exit(64)
        }
        let kept = URL(fileURLWithPath: words[4])
        let seeds = try FileManager.default.contentsOfDirectory(atPath: words[3]).sorted().map {
            try Data(contentsOf: URL(fileURLWithPath: "\(words[3])/\($0)"))
        }
        var mutations = Mutations(of: seeds)
        for number in 0..<seeds.count + count {
            let input = number < seeds.count ? seeds[number] : mutations.next()
            try input.write(to: kept)
            limitTime()
            target.tryOut(input)
        }
        try FileManager.default.removeItem(at: kept)
        print("\(target.rawValue): \(seeds.count) seeds and \(count) inputs made of them")
    }

    /// Ends the process if an input keeps a processor for 10 seconds, or waits for 2 minutes: of the largest rows (2^26 values) half a
    /// gigabyte is asked of the system, which a busy machine is slow to give.
    private static func limitTime() {
        var time = itimerval(it_interval: timeval(), it_value: timeval(tv_sec: 10, tv_usec: 0))
        setitimer(__itimer_which_t(ITIMER_VIRTUAL.rawValue), &time, nil)
        alarm(120)
    }
}
#endif

/// Inputs made of seeds by some small changes each; the same ones in every process.
struct Mutations {
    private let seeds: [Data]
    private var state: UInt64 = 0x9E37_79B9_7F4A_7C15
    private static let longest = 4096
    /// Texts that readers have branches for.
    private static let words = [
        "0", "-1", "1e999", "nan", "inf", "65536", "2147483648", "9223372036854775807", ",", ";", "\t", "\"", "\n", "\r\n", "[",
        "]",
        "{", "}", "=", "#", "'", "%", "\u{FEFF}", "descr", "shape", "fortran_order", "True", "(", ")",
    ].map { Data($0.utf8) }

    init(of seeds: [Data]) { self.seeds = seeds }

    mutating func next() -> Data {
        var input = seeds[below(seeds.count)]
        for _ in 0...below(6) { change(&input) }
        return input.prefix(Self.longest)
    }

    private mutating func change(_ input: inout Data) {
        let place = below(input.count + 1)
        let rest = input.count - place
        switch below(8) {
        case 0 where rest > 0: input[input.startIndex + place] ^= 1 << UInt8(below(8))
        case 1 where rest > 0: input[input.startIndex + place] = [0, 1, 0x7F, 0x80, 0xFF, UInt8(below(256))][below(6)]
        case 2: input.insert(contentsOf: Self.words[below(Self.words.count)], at: input.startIndex + place)
        case 3 where rest > 0:
            input.removeSubrange(input.startIndex + place..<input.startIndex + place + 1 + below(min(rest, 16)))
        case 4: input = input.prefix(place)
        case 5 where rest > 0:
            let piece = Data(input[input.startIndex + place..<input.startIndex + place + 1 + below(min(rest, 64))])
            input.insert(contentsOf: piece, at: input.startIndex + below(input.count + 1))
        case 6: input = input.prefix(place) + seeds[below(seeds.count)].suffix(below(64) + 1)
        default: input.insert(contentsOf: (0...below(8)).map { _ in UInt8(below(256)) }, at: input.startIndex + place)
        }
        input = Data(input)
    }

    /// A number from 0 to `bound` - 1 (xorshift64*, Vigna 2016).
    private mutating func below(_ bound: Int) -> Int {
        state ^= state >> 12
        state ^= state << 25
        state ^= state >> 27
        return Int((state &* 0x2545_F491_4F6C_DD1D) >> 33) % max(bound, 1)
    }
}

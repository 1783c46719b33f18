import Support
import Testing

struct AlignedMemoryTests {
    private func place(_ memory: AlignedBuffer, in page: Int) -> Int { Int(bitPattern: memory.pointer) % page }

    @Test(arguments: [0, 1, 1000, 700_000])
    func beginsWhereAsked(_ count: Int) {
        let plain = AlignedBuffer(count: count)
        let apart = AlignedBuffer(count: count, pageOffset: 2048)
        let large = AlignedBuffer(count: count, usesLargePages: true, pageOffset: 1024)
        #expect(place(plain, in: 64) == 0)
        #expect(place(apart, in: 4096) == 2048)
        #expect(place(large, in: count < 524_288 ? 4096 : 2 << 20) == 1024)
        for memory in [plain, apart, large] {
            // Products read up to a vector behind the last number.
            let isZero = (0..<count + 16).allSatisfy { memory.pointer[$0] == 0 }
            #expect(isZero)
            for index in 0..<count { memory.pointer[index] = 1 }
        }
        withExtendedLifetime((plain, apart, large)) {}
    }
}

import Campaigns
import Testing

struct OneStandardErrorRuleTests {
    private let candidates = [(size: 32, mean: -10.1), (size: 4, mean: -12.0), (size: 16, mean: -10.0), (size: 8, mean: -10.5)]

    /// The best itself, a smaller one as the error grows, one at the very limit; nothing of nothing.
    @Test(arguments: [(0, 2), (0.49, 2), (0.5, 3), (1.9, 3), (2, 1), (100, 1)])
    func smallest(error: Double, place: Int) { #expect(OneStandardErrorRule.smallest(candidates, error: error) == place) }

    @Test func none() { #expect(OneStandardErrorRule.smallest([], error: 1) == nil) }
}

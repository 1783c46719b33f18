internal import Support

/// Which order and rounding of all sums and functions a program computes by. Programs with one number give the same bits.
public enum Arithmetic {
    /// A commit that changes a bit of any result raises it, with a line in docs/reproducibility.md.
    private static let newest = 3

    /// That of this program, in every checkpoint it writes.
    public static let number = TestVariable.arithmetic.numbers.first ?? newest

    /// That of checkpoints that name none: their products were oneDNN's.
    static let unnamed = 1
}

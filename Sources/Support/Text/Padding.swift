extension String {
    /// Filled with blanks to a width: behind the text, or with a negative width before it.
    public func padded(to width: Int) -> String {
        let blanks = String(repeating: " ", count: max(0, abs(width) - count))
        return width < 0 ? blanks + self : self + blanks
    }
}

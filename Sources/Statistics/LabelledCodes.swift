/// Codes with the labels of their rows: what `evaluate` says of how the labels lie in the space of the codes.
///
/// Every rank has all of it and does a part of the work; what one row or one attempt gives does not depend on who computes it.
package struct LabelledCodes {
    package let latentSize: Int
    /// `[count, latentSize]`
    package let values: [Float]
    /// Each row's label, by its place among the labels in ascending order.
    package let labels: [Int]
    /// The labels, in ascending order.
    package let classes: [String]

    package var count: Int { labels.count }

    package init(latentSize: Int, values: [Float], labels: [Int], classes: [String]) {
        self.latentSize = latentSize
        self.values = values
        self.labels = labels
        self.classes = classes
    }
}

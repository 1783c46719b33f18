import Testing
import Training
import VAE

/// What rows of a shape are taken for.
struct RowLayoutTests {
    @Test(
        arguments: [
            ([28, 28], .hw, [28, 28, 1], false), ([28, 3], .hw, [28, 3, 1], false), ([8, 9, 3], .hwc, [8, 9, 3], false),
            ([3, 8, 9], .chw, [8, 9, 3], true), ([1, 8, 9], .chw, [8, 9, 1], true), ([4, 9, 4], .hwc, [4, 9, 4], false),
            ([5, 8, 9], .dhw, [5, 8, 9, 1], false), ([5, 8, 9, 2], .dhwc, [5, 8, 9, 2], false),
            ([2, 5, 8, 9], .cdhw, [5, 8, 9, 2], true), ([2, 5, 8, 3], .dhwc, [2, 5, 8, 3], false),
        ] as [([Int], RowLayout, [Int], Bool)])
    func byTheShape(row: [Int], layout: RowLayout, shape: [Int], isPlanar: Bool) throws {
        let map = try RowMap(.auto, row)
        #expect(map.layout == layout && map.shape == Shape(shape) && map.isPlanar == isPlanar)
        let said = try RowMap(layout, row)
        #expect(said.shape == map.shape && said.isPlanar == isPlanar)
    }

    @Test(
        arguments: [
            (.t, [50], [50, 1], false), (.tf, [50, 6], [50, 6], false), (.ft, [6, 50], [50, 6], true),
            (.hwc, [8, 9, 13], [8, 9, 13], false), (.chw, [13, 8, 9], [8, 9, 13], true), (.chw, [8, 9, 3], [9, 3, 8], true),
            (.cdhw, [7, 5, 8, 9], [5, 8, 9, 7], true), (.dhw, [3, 8, 9], [3, 8, 9, 1], false),
        ] as [(RowLayout, [Int], [Int], Bool)])
    func asSaid(layout: RowLayout, row: [Int], shape: [Int], isPlanar: Bool) throws {
        let map = try RowMap(layout, row)
        #expect(map.layout == layout && map.shape == Shape(shape) && map.isPlanar == isPlanar)
    }

    /// A network that says along how many axes it goes tells the others.
    @Test(
        arguments: [
            (1, [50], .t), (1, [50, 6], .tf), (2, [8, 9], .hw), (2, [8, 9, 13], .hwc), (2, [3, 8, 9], .chw),
            (3, [3, 8, 9], .dhw),
            (3, [5, 8, 9, 7], .dhwc), (3, [2, 5, 8, 9], .cdhw),
        ] as [(Int, [Int], RowLayout)])
    func alongSoManyAxes(axes: Int, row: [Int], layout: RowLayout) throws {
        let map = try RowMap(.auto, row, along: axes)
        #expect(map.layout == layout && map.shape.sizes.count == axes + 1)
    }

    @Test(
        arguments: [
            (.auto, [9], nil, "give --layout t"), (.auto, [5, 6, 7, 8], nil, "give --layout dhwc or cdhw"),
            (.auto, [5, 6, 7, 8, 9], nil, "three axes at most"), (.chw, [28, 28], nil, "layout chw is of rows of 3 axes"),
            (.t, [28, 28], nil, "layout t is of rows of one axis"),
            (.hw, [28, 28], 1, "goes along one axis, but layout hw has 2"),
            (.auto, [28, 28], 3, "goes along 3 axes, but layout hw has 2"),
        ] as [(RowLayout, [Int], Int?, String)])
    func whatIsNone(layout: RowLayout, row: [Int], axes: Int?, text: String) {
        let error = #expect(throws: NetworkError.self) { try RowMap(layout, row, along: axes) }
        #expect(error?.description.contains(text) == true, "\(error?.description ?? "")")
    }
}

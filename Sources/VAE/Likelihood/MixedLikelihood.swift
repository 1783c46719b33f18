internal import CKernels
internal import Randomness
internal import Support

/// Columns of several kinds, independent given the code, each by a likelihood of its own: log p(x | z) is the sum of the parts' (Nazabal et al.
/// 2020, "Handling incomplete heterogeneous data using VAEs", section 3).
///
/// A row's output is that of the decoder for all members, one behind the other, and then that of their ``SharedHead``s. Each member is given its
/// columns, its outputs and its mask gathered, as if there were nothing else.
struct MixedLikelihood: Likelihood {
    /// Columns that one likelihood takes at once.
    private struct Member: Sendable {
        let likelihood: any Likelihood
        let columns: [Int]
        /// Of the one column, which is given as so many indicators; 0 where columns are given as they are.
        let categories: Int
        /// Where its outputs are among those of the decoder, and behind all of these.
        let decoder: Range<Int>
        let shared: Range<Int>

        /// The features that the likelihood sees.
        var width: Int { categories > 0 ? categories : columns.count }
        var outputSize: Int { decoder.count + shared.count }
    }

    private let members: [Member]
    private let outputs: (decoder: Int, shared: Int)

    /// - Precondition: the parts have each column of a row once.
    init(_ parts: [ColumnPart]) {
        var members: [Member] = []
        var (decoder, shared) = (0, 0)
        for part in parts {
            // Columns of categories are given one by one, for each has as many as it has.
            let groups =
                part.categories.isEmpty ? [(part.columns, 0)] : zip(part.columns, part.categories).map { ([$0], $1) }
            for (columns, count) in groups {
                var settings = part.settings
                if count > 0 { settings.categories = count }
                let likelihood = part.likelihood.make(settings)
                let categories = part.likelihood.takesIndicators ? count : 0
                let width = categories > 0 ? categories : columns.count
                let (own, all) = (likelihood.decoderSize(features: width), likelihood.outputSize(features: width))
                members.append(
                    Member(
                        likelihood: likelihood, columns: columns, categories: categories, decoder: decoder..<decoder + own,
                        shared: shared..<shared + all - own))
                decoder += own
                shared += all - own
            }
        }
        self.members = members
        outputs = (decoder, shared)
    }

    var sharedHeads: [SharedHead] {
        members.enumerated().flatMap { number, member in
            member.likelihood.sharedHeads.map {
                SharedHead(
                    name: "\($0.name)-\(number + 1)", isOfConditions: $0.isOfConditions, isOne: $0.isOne, start: $0.start,
                    features: member.width)
            }
        }
    }

    var isDistribution: Bool { members.allSatisfy(\.likelihood.isDistribution) }
    var takesCounts: Bool { members.contains(where: \.likelihood.takesCounts) }
    func decoderSize(features: Int) -> Int { outputs.decoder }
    func outputSize(features: Int) -> Int { outputs.decoder + outputs.shared }
    private var outputSize: Int { outputs.decoder + outputs.shared }

    // MARK: - Loss

    /// The rows that are gathered at once.
    private static let rowsAtOnce = 32

    func scratchCount(features: Int) -> Int { Scratch(nil, members).count }

    /// A member's rows, gathered.
    private struct Scratch {
        let x: UnsafeMutablePointer<Float>
        let mask: UnsafeMutablePointer<Float>
        let output: UnsafeMutablePointer<Float>
        let losses: UnsafeMutablePointer<Double>
        /// Of the member itself.
        let own: UnsafeMutablePointer<Float>
        /// The floats of all of it.
        let count: Int

        /// - Parameter memory: on a cache line; nil to count alone.
        init(_ memory: UnsafeMutablePointer<Float>?, _ members: [Member]) {
            // Places that are counted, and never looked at.
            let base = memory ?? UnsafeMutablePointer(bitPattern: 64)!
            var count = 0
            func take(_ floats: Int) -> UnsafeMutablePointer<Float> {
                defer { count += (floats + 15) & ~15 }
                return base + count
            }
            let rows = MixedLikelihood.rowsAtOnce
            var (width, output, own) = (0, 0, 0)
            for member in members {
                width = max(width, member.width)
                output = max(output, member.outputSize)
                own = max(own, member.likelihood.scratchCount(features: member.width))
            }
            losses = UnsafeMutableRawPointer(take(2 * rows)).bindMemory(to: Double.self, capacity: rows)
            x = take(rows * width)
            mask = take(rows * width)
            self.output = take(rows * output)
            self.own = take(own)
            self.count = count
        }
    }

    func loss(_ rows: LossRows, _ output: UnsafeMutablePointer<Float>, _ step: LossStep) {
        let scratch = Scratch(step.scratch, members)
        for first in stride(from: 0, to: rows.rowCount, by: Self.rowsAtOnce) {
            let some = rows.slice(first..<min(first + Self.rowsAtOnce, rows.rowCount))
            let (losses, own) = (step.losses + first, output + first * outputSize)
            losses.update(repeating: 0, count: some.rowCount)
            for member in members {
                loss(some, own, member, scale: step.scale, scratch)
                for row in 0..<some.rowCount { losses[row] += scratch.losses[row] }
                if some.weights != nil { scatter(scratch.output, member, into: own, rows: some.rowCount) }
            }
        }
    }

    /// A member's losses, in scratch memory, as is the gradient.
    private func loss(
        _ rows: LossRows, _ output: UnsafePointer<Float>, _ member: Member, scale: Float, _ scratch: Scratch
    ) {
        let count = rows.rowCount
        Self.gather(rows.x, member, into: scratch.x, rows: count, features: rows.features)
        if let mask = rows.mask { Self.gatherMask(mask, member, into: scratch.mask, rows: count, features: rows.features) }
        gather(output, member, into: scratch.output, rows: count)
        member.likelihood.loss(
            LossRows(
                x: scratch.x, mask: rows.mask.map { _ in UnsafePointer(scratch.mask) }, weights: rows.weights, rowCount: count,
                features: member.width),
            scratch.output, LossStep(scale: scale, scratch: scratch.own, losses: scratch.losses))
    }

    /// What each column gives to the loss, `[rowCount, features]`, in nats; not a number where the value is missing. Of members whose columns
    /// are coupled the first column has it all, and the others have 0.
    func columnLosses(
        _ rows: LossRows, _ output: UnsafePointer<Float>, scratch memory: UnsafeMutablePointer<Float>,
        into losses: UnsafeMutablePointer<Float>
    ) {
        let scratch = Scratch(memory, members)
        for first in stride(from: 0, to: rows.rowCount, by: Self.rowsAtOnce) {
            var some = rows.slice(first..<min(first + Self.rowsAtOnce, rows.rowCount))
            some.weights = nil
            let (own, target) = (output + first * outputSize, losses + first * rows.features)
            for member in members {
                let isSplit = member.columns.count > 1 && !member.likelihood.couplesColumns
                for (place, column) in member.columns.enumerated() {
                    if isSplit {
                        loss(some, own, column, at: place, of: member, scratch)
                    } else if place == 0 {
                        loss(some, own, member, scale: 1, scratch)
                    }
                    // What is coupled is there as a whole.
                    let isWhole = member.columns.count > 1 && !isSplit
                    for row in 0..<some.rowCount {
                        let isThere = isWhole || some.mask?[row * rows.features + column] != 0
                        let loss = isSplit || place == 0 ? Float(scratch.losses[row]) : 0
                        target[row * rows.features + column] = isThere ? loss : .nan
                    }
                }
            }
        }
    }

    /// The losses of one column of a member of several, in scratch memory.
    private func loss(
        _ rows: LossRows, _ output: UnsafePointer<Float>, _ column: Int, at place: Int, of member: Member, _ scratch: Scratch
    ) {
        let heads = member.outputSize / member.width
        for row in 0..<rows.rowCount {
            scratch.x[row] = rows.x[row * rows.features + column]
            if let mask = rows.mask { scratch.mask[row] = mask[row * rows.features + column] }
            let own = output + row * outputSize
            for head in 0..<heads {
                let index = head * member.width + place
                scratch.output[row * heads + head] =
                    index < member.decoder.count
                    ? own[member.decoder.lowerBound + index]
                    : own[outputs.decoder + member.shared.lowerBound + index - member.decoder.count]
            }
        }
        member.likelihood.loss(
            LossRows(
                x: scratch.x, mask: rows.mask.map { _ in UnsafePointer(scratch.mask) }, weights: nil, rowCount: rows.rowCount,
                features: 1),
            scratch.output, LossStep(scale: 1, scratch: scratch.own, losses: scratch.losses))
    }

    // MARK: - Means and draws

    /// Of categories the most likely one, the first of those that are alike.
    func mean(
        _ output: UnsafePointer<Float>, _ library: RowLibrary, into mean: UnsafeMutablePointer<Float>, rows: Int, features: Int
    ) {
        for member in members {
            withGathered(member, rows) { own, x, mask, values in
                gather(output, member, into: own, rows: rows)
                var seen = library
                if case .ofRows(let allX, let allMask) = library, member.likelihood.takesCounts {
                    Self.gather(allX, member, into: x, rows: rows, features: features)
                    if let allMask { Self.gatherMask(allMask, member, into: mask, rows: rows, features: features) }
                    seen = .ofRows(x, mask: allMask.map { _ in UnsafePointer(mask) })
                }
                member.likelihood.mean(own, seen, into: values, rows: rows, features: member.width)
                Self.scatter(values, member, into: mean, rows: rows, features: features)
            }
        }
    }

    func export(
        _ output: OperatorGraph.Value, features: Int, _ library: LibraryValues?, into graph: inout OperatorGraph
    ) throws(NetworkError) -> [OperatorGraph.Named] {
        var columns: [Int] = []
        var means: [OperatorGraph.Value] = []
        var parameters: [OperatorGraph.Named] = []
        for (number, member) in members.enumerated() {
            let shared = outputs.decoder + member.shared.lowerBound..<outputs.decoder + member.shared.upperBound
            let own = [member.decoder, shared].filter { !$0.isEmpty }.map { graph.part(output, axis: 0, $0) }
            let named = try member.likelihood.export(graph.join(own), features: member.width, library, into: &graph)
            columns += member.columns
            means.append(member.categories > 0 ? graph.placeOfLargest(named[0].value, axis: 0) : named[0].value)
            parameters += named.dropFirst().map { ("\($0.name)_\(number + 1)", $0.value) }
        }
        let order = columns.indices.sorted { columns[$0] < columns[$1] }
        return [("mean", graph.take(graph.join(means), axis: 0, order))] + parameters
    }

    func draw(
        _ output: UnsafePointer<Float>, _ seen: SeenRows, noise: NoiseKey, features: Int, into drawn: UnsafeMutablePointer<Float>
    ) {
        let rows = seen.rows.count
        for (number, member) in members.enumerated() {
            // Each member's numbers are its own.
            let own = NoiseKey(seed: noise.seed, epoch: noise.epoch + number << 14, purpose: noise.purpose)
            withGathered(member, rows) { gathered, x, mask, values in
                gather(output, member, into: gathered, rows: rows)
                Self.gather(seen.x, member, into: x, rows: rows, features: features)
                Self.gatherMask(seen.mask, member, into: mask, rows: rows, features: features)
                member.likelihood.draw(
                    gathered, SeenRows(x: x, mask: mask, rows: seen.rows), noise: own, features: member.width, into: values)
                Self.scatter(values, member, into: drawn, rows: rows, features: features)
            }
        }
    }

    /// Memory for a member's outputs, values, mask, and what is made of them.
    private func withGathered(
        _ member: Member, _ rows: Int,
        _ body: (
            _ output: UnsafeMutablePointer<Float>, _ x: UnsafeMutablePointer<Float>, _ mask: UnsafeMutablePointer<Float>,
            _ values: UnsafeMutablePointer<Float>
        ) -> Void
    ) {
        let (size, width) = (rows * member.outputSize, rows * member.width)
        let buffer = AlignedBuffer(count: max(size + 3 * width, 1))
        let values = buffer.pointer + size
        body(buffer.pointer, values, values + width, values + 2 * width)
    }

    // MARK: - Gathering

    /// A member's columns `[rows, width]` of rows: as they are, or as indicators of categories.
    private static func gather(
        _ x: UnsafePointer<Float>, _ member: Member, into target: UnsafeMutablePointer<Float>, rows: Int, features: Int
    ) {
        for row in 0..<rows {
            let (from, to) = (x + row * features, target + row * member.width)
            if member.categories > 0 {
                let value = from[member.columns[0]]
                for k in 0..<member.categories { to[k] = value == Float(k) ? 1 : 0 }
            } else {
                for (place, column) in member.columns.enumerated() { to[place] = from[column] }
            }
        }
    }

    private static func gatherMask(
        _ mask: UnsafePointer<Float>, _ member: Member, into target: UnsafeMutablePointer<Float>, rows: Int, features: Int
    ) {
        for row in 0..<rows {
            let (from, to) = (mask + row * features, target + row * member.width)
            if member.categories > 0 {
                to.update(repeating: from[member.columns[0]], count: member.categories)
            } else {
                for (place, column) in member.columns.enumerated() { to[place] = from[column] }
            }
        }
    }

    /// The other way: of indicators, or probabilities, the place of the largest.
    private static func scatter(
        _ values: UnsafePointer<Float>, _ member: Member, into target: UnsafeMutablePointer<Float>, rows: Int, features: Int
    ) {
        for row in 0..<rows {
            let (from, to) = (values + row * member.width, target + row * features)
            if member.categories > 0 {
                var best = 0
                for k in 1..<member.categories where from[k] > from[best] { best = k }
                to[member.columns[0]] = Float(best)
            } else {
                for (place, column) in member.columns.enumerated() { to[column] = from[place] }
            }
        }
    }

    /// A member's outputs of the decoder and, behind them, those from parameters.
    private func gather(_ output: UnsafePointer<Float>, _ member: Member, into target: UnsafeMutablePointer<Float>, rows: Int) {
        for row in 0..<rows {
            let (from, to) = (output + row * outputSize, target + row * member.outputSize)
            to.update(from: from + member.decoder.lowerBound, count: member.decoder.count)
            (to + member.decoder.count).update(
                from: from + outputs.decoder + member.shared.lowerBound, count: member.shared.count)
        }
    }

    private func scatter(_ gradient: UnsafePointer<Float>, _ member: Member, into output: UnsafeMutablePointer<Float>, rows: Int)
    {
        for row in 0..<rows {
            let (from, to) = (gradient + row * member.outputSize, output + row * outputSize)
            (to + member.decoder.lowerBound).update(from: from, count: member.decoder.count)
            (to + outputs.decoder + member.shared.lowerBound).update(
                from: from + member.decoder.count, count: member.shared.count)
        }
    }
}

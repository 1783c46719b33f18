internal import Datasets
internal import Distributed
internal import HDF5
internal import Support
internal import Training
internal import VAE

/// What a page about a run is made of besides the folder's other files: what is known of the rows, and figures that all ranks compute together.
struct RunFindings {
    /// On root; nil where there are none of this model.
    private(set) var embeddings: RunEmbeddings?
    /// On root; nil where there is nothing to say by feature.
    private(set) var features: FeatureFigures?

    /// Collective; throws ``SharedFailure``.
    ///
    /// - Parameters:
    ///   - run: its folder, on root.
    ///   - source: the data of the run; nil on all ranks where they are not to be found.
    static func collect(
        _ run: RunFolder?, _ checkpoint: Checkpoint, _ configuration: Configuration, _ applied: AppliedModel, world: World,
        pool: WorkerPool, source: DataSource?
    ) throws -> RunFindings {
        var findings = RunFindings()
        try world.onRoot {
            // Those of another model, or of none of whose rows anything can be said, are left out.
            guard let found = (try? RunEmbeddings(run!.embeddings)) ?? nil, found.readCount > 0,
                found.klPerLatent.count == applied.model.latentSize, found.step == checkpoint.progress.step
            else { return }
            findings.embeddings = found
        }
        guard let source else { return findings }
        findings.features = try FeatureFigures.collect(
            applied, world: world, pool: pool, checkpoint.preparation(configuration), configuration, of: source,
            findings.embeddings)
        return findings
    }

    /// A column of the data, of each point of the map; nil without points. Points of other sources have no value. Throws ``Failure``.
    ///
    /// - Parameter source: the data, with the column as labels.
    func values(_ name: String, of source: DataSource) throws -> PointValues? {
        guard let embeddings, let labels = source.labels else { return nil }
        let own = embeddings.points.indices.filter { embeddings.points[$0].source == 0 }
        do throws(HDF5Error) {
            let values = try PointValues(name, labels, own.map { embeddings.points[$0].row })
            return values.spread(to: own, of: embeddings.points.count)
        } catch {
            throw Failure(error)
        }
    }
}

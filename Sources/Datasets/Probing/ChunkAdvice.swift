package import HDF5
internal import Support

/// What of a data set's storage makes reading shuffled rows slow; nil if nothing does.
///
/// A chunk is decoded whole for each row that is asked for.
package func chunkAdvice(_ dataset: Dataset, file: String) -> String? {
    guard dataset.type.isNumeric, dataset.shape.count >= 2, !dataset.shape.contains(0), let chunk = dataset.chunkShape,
        let chunkBytes = dataset.chunkBytes
    else { return nil }
    let chunksPerRow = zip(dataset.shape, chunk).dropFirst().reduce(1) { $0 * (($1.0 + $1.1 - 1) / $1.1) }
    let isOnePiece = zip(dataset.shape, chunk).allSatisfy { $0 <= $1 } && dataset.rowCount > 1
    let problem: String
    if chunksPerRow > 64 {
        problem = "a row is spread over \(chunksPerRow) chunks"
    } else if chunkBytes > 16 << 20 {
        problem = "chunks hold \(sizeText(chunkBytes)) each"
    } else if isOnePiece, chunkBytes > 1 << 20 {
        problem = "all rows are in one chunk"
    } else {
        return nil
    }
    return "\(problem), slow where rows are shuffled: mpi-vae import --rechunk \(file) --output NEW.h5"
}

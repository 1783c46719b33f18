internal import Support

extension Failure {
    /// An HDF5 file that cannot be read.
    package init(_ error: HDF5Error) {
        let code: ExitCode =
            switch error.kind {
            case .missingFile: .inputMissing
            case .noPermission: .noPermission
            case .system: .inputOutput
            default: .badData
            }
        self.init(code, error.description)
    }

    /// A file that cannot be written.
    package init(_ error: FileError) {
        self.init(error.isPlaceUnwritable ? .cannotCreate : .inputOutput, error.description)
    }

    /// An HDF5 file that cannot be written.
    package init(writing error: HDF5Error) { self.init(.inputOutput, error.description) }
}

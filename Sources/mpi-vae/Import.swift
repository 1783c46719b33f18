internal import ArgumentParser
internal import Distributed
internal import Importing
internal import Logging
internal import Support
internal import Training

/// A command that imports one kind of file.
protocol ImportCommand: SpeakingCommand {
    var target: Import.Target { get }
}

extension ImportCommand {
    var speech: SpeechFlags { target.speech }
}

struct Import: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Bring data of other formats into an HDF5 file that can be trained on.",
        usage: "mpi-vae import [KIND] FILE --output FILE [...]",
        discussion: "Without a kind it is taken from the file itself: mpi-vae import table.csv --output data.h5",
        subcommands: [CSV.self, NPY.self, NPZ.self, MTX.self, IDX.self, Images.self, HDF5.self])

    /// The arguments of the program, with the kind of file where `import` was given none. Throws ``Failure`` (65, 66, 77).
    static func namingKind(_ arguments: [String]) throws -> [String] {
        guard arguments.first == "import", let word = arguments.dropFirst().first else { return arguments }
        guard ImportKind(rawValue: word) == nil, !["--help", "-h", "help"].contains(word) else { return arguments }
        let rest = arguments.dropFirst()
        // Flags that only one kind has.
        for (flag, kind) in [("--images", ImportKind.idx), ("--rechunk", .hdf5)]
        where rest.contains(where: { $0 == flag || $0.hasPrefix("\(flag)=") }) {
            return ["import", kind.rawValue] + rest
        }
        guard let file = firstFile(Array(rest)) else { return arguments }
        let kind = try ImportKind(file)
        if Launcher().rank == 0 {
            Logger(label: "import").notice("\(file): taken as \(kind.description) (import \(kind.rawValue))")
        }
        return ["import", kind.rawValue] + rest
    }

    /// Has a process of its own do what the program was asked for, if that is an import, and gives the status to exit with; nil for what
    /// names no file, and for other commands. Throws ``Failure`` where that process does not come to its own end.
    static func runApart(_ arguments: [String]) throws -> Int32? {
        guard arguments.first == "import" else { return nil }
        let words = Array(arguments.dropFirst())
        let rest = words.first.map { ImportKind(rawValue: $0) == nil } == true ? words : Array(words.dropFirst())
        guard let file = firstFile(rest) ?? value(of: "--images", in: rest) ?? value(of: "--rechunk", in: rest) else {
            return nil
        }
        return try ImportProcess.run(words, file: file, output: value(of: "--output", in: rest))
    }

    /// The value of an option, where it has one.
    private static func value(of option: String, in arguments: [String]) -> String? {
        for (index, argument) in arguments.enumerated() {
            if argument.hasPrefix("\(option)=") { return String(argument.dropFirst(option.count + 1)) }
            if argument == option, index + 1 < arguments.count { return arguments[index + 1] }
        }
        return nil
    }

    private static let switches = ["--force", "--gray", "--rgb", "--transpose", "--quiet", "-q", "--verbose", "-v"]

    /// The first argument that is neither an option nor its value, or else the value of `--file` or `--data`.
    private static func firstFile(_ arguments: [String]) -> String? {
        var index = 0
        while index < arguments.count {
            let argument = arguments[index]
            guard argument.hasPrefix("-"), argument != "-" else { return argument }
            index += switches.contains(argument) || argument.contains("=") ? 1 : 2
        }
        return value(of: "--data", in: arguments) ?? value(of: "--file", in: arguments)
    }

    struct Target: ParsableArguments {
        @Option(help: "The HDF5 file to write, or to add to with --name.") var output: String
        @Option(help: "Group for the data sets; none for the top of the file.") var name: String?
        @Flag(help: "Replace the output if it is there; with --name, what was imported to that group.") var force = false
        @OptionGroup var speech: SpeechFlags

        /// Throws ``Failure`` for an output that is among the files that are read.
        func importer(reading files: String?..., data: String? = nil) throws -> Importer {
            let importer = Importer(
                output: FilePath.expandingHome(output), name: name, force: force, log: Logger(label: "import"))
            try importer.check(data: data.map { [$0] } ?? [], files: files.compactMap(\.self))
            return importer
        }
    }

    /// The file, as an argument or, as it once was, by `--file`.
    struct Source: ParsableArguments {
        @Argument(help: "The file.") var path: String?
        @Option(help: .hidden) var file: String?

        func validate() throws { try Import.requireOne(path, file, "--file") }

        var one: String { path ?? file! }
    }

    fileprivate static func requireOne(_ argument: String?, _ option: String?, _ name: String) throws {
        if argument == nil, option == nil { throw ValidationError("name the file to import: mpi-vae import FILE --output FILE") }
        if argument != nil, option != nil { throw ValidationError("the file as an argument, or by \(name), not both") }
    }

    struct HDF5: ImportCommand {
        static let configuration = CommandConfiguration(
            commandName: "hdf5",
            abstract: "Copy rows of HDF5 files into one data set with chunks that are good to read by.")
        @Argument(help: "The data, as of train: file.h5[:/path], several files, sparse matrices, contact maps.") var path: String?
        @Option(name: [.customLong("data"), .customLong("rechunk")], help: .hidden) var data: String?
        @OptionGroup var options: DataFlags
        @OptionGroup var target: Target

        func validate() throws { try Import.requireOne(path, data, "--data") }

        func run() throws {
            print(try target.importer(data: path ?? data!).importHDF5(path ?? data!, options.options))
        }
    }

    struct IDX: ImportCommand {
        static let configuration = CommandConfiguration(
            commandName: "idx", abstract: "Import IDX files (MNIST and its kin), gzipped or not.")
        @Argument(help: "The file of rows, of any number of dimensions.") var path: String?
        @Option(help: "The same, as an option.") var images: String?
        @Option(help: "The file of labels.") var labels: String?
        @OptionGroup var target: Target

        func validate() throws { try Import.requireOne(path, images, "--images") }

        func run() throws {
            print(try target.importer(reading: path ?? images!, labels).importIDX(images: path ?? images!, labels: labels))
        }
    }

    struct CSV: ImportCommand {
        static let configuration = CommandConfiguration(
            commandName: "csv", abstract: "Import a table of numbers, with or without names, gzipped or not.",
            discussion: "A column is called by its name, or '#3' by its place from 0; without a header also 3.")
        @OptionGroup var source: Source
        @Option(help: "The column of labels.") var label: String?
        @Option(help: "The column of ids.") var id: String?
        @Option(help: "Whether the first line has the columns' names: yes, no, auto.") var header = Header.auto
        @Option(help: "Between columns: a character, tab or blanks; if not given, what fits.", transform: Self.separator)
        var separator: FieldSeparator?
        @Option(help: "Before fractions: '.' or ','; if not given, what fits.", transform: Self.decimal) var decimal: UInt8?
        @Option(help: "The columns of data, a,b,c or 0:10; if not given, all others.") var columns: String?
        @Option(help: "Columns to leave out, a,b,c or 0:10.") var drop: String?
        @OptionGroup var target: Target

        enum Header: String, ExpressibleByArgument, CaseIterable {
            case yes
            case no
            case auto
        }

        private static func separator(_ text: String) throws -> FieldSeparator {
            guard let separator = FieldSeparator(text) else {
                throw ValidationError("must be a character such as ';', tab or blanks")
            }
            return separator
        }

        private static func decimal(_ text: String) throws -> UInt8 {
            guard text == "." || text == "," else { throw ValidationError("must be '.' or ','") }
            return text.utf8.first!
        }

        func run() throws {
            var options = CSVOptions()
            options.label = label
            options.id = id
            options.header = header == .auto ? nil : header == .yes
            options.separator = separator
            options.decimalMark = decimal
            options.columns = columns
            options.drop = drop
            print(try target.importer(reading: source.one).importCSV(file: source.one, options))
        }
    }

    struct NPY: ImportCommand {
        static let configuration = CommandConfiguration(
            commandName: "npy", abstract: "Import arrays that numpy.save wrote.")
        @OptionGroup var source: Source
        @Option(help: "The file of labels, numbers or text.") var labels: String?
        @OptionGroup var target: Target

        func run() throws {
            print(try target.importer(reading: source.one, labels).importNPY(file: source.one, labels: labels))
        }
    }

    struct NPZ: ImportCommand {
        static let configuration = CommandConfiguration(
            commandName: "npz",
            abstract:
                "Import arrays that numpy.savez or numpy.savez_compressed wrote, or a sparse matrix of scipy.sparse.save_npz.")
        @OptionGroup var source: Source
        @Option(help: "The key of the rows; if not given: data, x, X, arr_0, or the only array with rows and columns.")
        var data: String?
        @Option(help: "The key of the labels, or an NPY file; if not given: label, labels or y, if there is one a row.")
        var labels: String?
        @OptionGroup var target: Target

        func run() throws {
            print(try target.importer(reading: source.one).importNPZ(file: source.one, data: data, labels: labels))
        }
    }

    struct MTX: ImportCommand {
        static let configuration = CommandConfiguration(
            commandName: "mtx",
            abstract:
                "Import a matrix in MatrixMarket's format, or a folder of matrix.mtx, barcodes.tsv and features.tsv, gzipped or not."
        )
        @OptionGroup var source: Source
        @Flag(help: "The columns of the file are the rows; in folders barcodes and features tell.") var transpose = false
        @OptionGroup var target: Target

        func run() throws {
            print(try target.importer(reading: source.one).importMTX(source.one, transpose: transpose))
        }
    }

    struct Images: ImportCommand {
        static let configuration = CommandConfiguration(
            commandName: "images", abstract: "Import a folder of PNG and JPEG images; folders in it name the classes.")
        @Argument(help: "The folder.") var folder: String
        @Option(help: "Scale all images to HEIGHTxWIDTH pixels, such as 64x64.", transform: Self.size) var size: ImageSize?
        @Flag(help: "One channel; the usual if all images are gray.") var gray = false
        @Flag(help: "Three channels; the usual if any image has colours.") var rgb = false
        @Option(help: "Threads that decode; if not given: one a processor.") var threads: Int?
        @OptionGroup var target: Target

        private static func size(_ text: String) throws -> ImageSize {
            guard let size = ImageSize(text) else { throw ValidationError("must be HEIGHTxWIDTH, each 1 to 8192, such as 64x64") }
            return size
        }

        func validate() throws {
            if gray, rgb { throw ValidationError("--gray or --rgb, not both") }
            if let threads, !(1...1024).contains(threads) { throw ValidationError("--threads must be 1 to 1024") }
        }

        func run() throws {
            let color: ImageColor? = gray ? .gray : rgb ? .rgb : nil
            print(try target.importer().importImages(folder: folder, size: size, color: color, threads: threads))
        }
    }
}

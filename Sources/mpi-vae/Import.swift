internal import ArgumentParser
internal import Logging
internal import Training

struct Import: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Bring data of other formats into an HDF5 file that can be trained on.",
        subcommands: [IDX.self, CSV.self, NPY.self, NPZ.self, Images.self, HDF5.self], defaultSubcommand: HDF5.self)

    struct Target: ParsableArguments {
        @Option(help: "The HDF5 file to write, or to add to with --name.") var output: String
        @Option(help: "Group for the data sets; none for the top of the file.") var name: String?

        var importer: Importer { Importer(output: output, name: name, log: Logger(label: "import")) }
    }

    struct HDF5: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "hdf5",
            abstract: "Copy rows of HDF5 files into one data set with chunks that are good to read by.")
        @Option(
            name: [.customLong("data"), .customLong("rechunk")],
            help: "The data, as of train: file.h5[:/path], several files, sparse matrices, contact maps.")
        var data: String
        @OptionGroup var options: DataFlags
        @OptionGroup var target: Target

        func run() throws {
            print(try target.importer.importHDF5(data, options.options))
        }
    }

    struct IDX: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "idx", abstract: "Import IDX files (MNIST and its kin), gzipped or not.")
        @Option(help: "The file of rows, of any number of dimensions.") var images: String
        @Option(help: "The file of labels.") var labels: String?
        @OptionGroup var target: Target

        func run() throws {
            print(try target.importer.importIDX(images: images, labels: labels))
        }
    }

    struct CSV: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "csv", abstract: "Import a table of numbers, separated by comma, semicolon or tab, gzipped or not.")
        @Option(help: "The file.") var file: String
        @Option(help: "The column of labels, by its name or its number from 0.") var label: String?
        @Option(help: "The column of ids, by its name or its number from 0.") var id: String?
        @OptionGroup var target: Target

        func run() throws {
            print(try target.importer.importCSV(file: file, label: label, id: id))
        }
    }

    struct NPY: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "npy", abstract: "Import arrays that numpy.save wrote.")
        @Option(help: "The file of rows.") var file: String
        @Option(help: "The file of labels.") var labels: String?
        @OptionGroup var target: Target

        func run() throws {
            print(try target.importer.importNPY(file: file, labels: labels))
        }
    }

    struct NPZ: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "npz", abstract: "Import arrays that numpy.savez or numpy.savez_compressed wrote.")
        @Option(help: "The file.") var file: String
        @Option(help: "The key of the rows; if not given: data, x, X, arr_0, or the only array with rows and columns.")
        var data: String?
        @Option(help: "The key of the labels; if not given: label, labels or y, if there is one a row.") var labels: String?
        @OptionGroup var target: Target

        func run() throws {
            print(try target.importer.importNPZ(file: file, data: data, labels: labels))
        }
    }

    struct Images: ParsableCommand {
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
            print(try target.importer.importImages(folder: folder, size: size, color: color, threads: threads))
        }
    }
}

// swift-tools-version: 6.1
import PackageDescription

// Clusters name their own pkg-config files (or give an absolute path to one) in these variables.
let mpi = Context.environment["MPI_VAE_MPI_PC"] ?? "ompi-c"
let hdf5 = Context.environment["MPI_VAE_HDF5_PC"] ?? "hdf5-serial"

// scripts/fuzz: libFuzzer's counters in our code, and the program that feeds it.
let fuzzes = Context.environment["MPI_VAE_FUZZ"] != nil

let settings: [SwiftSetting] =
    [
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("InternalImportsByDefault"),
        .enableUpcomingFeature("MemberImportVisibility"),
    ] + (fuzzes ? [.unsafeFlags(["-sanitize=fuzzer"])] : [])

// Programs start ranks and look at what comes of it: what is compiled fast runs fast enough.
let unoptimized: [SwiftSetting] = settings + [.unsafeFlags(["-Onone"])]

let package = Package(
    name: "mpi-vae",
    products: [
        .executable(name: "mpi-vae", targets: ["mpi-vae"]),
        // For the tests, loaded into the program: one counts what it allocates, one holds a rank in MPI_Init.
        .library(name: "AllocationCounter", type: .dynamic, targets: ["AllocationCounter"]),
        .library(name: "LateRank", type: .dynamic, targets: ["LateRank"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser.git", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log.git", from: "1.16.2"),
        .package(url: "https://github.com/LebJe/TOMLKit.git", from: "0.6.0"),
        .package(url: "https://github.com/hummingbird-project/swift-mustache", from: "2.1.1"),
    ],
    targets: [
        // C libraries, each with one header of static inline shims.
        .systemLibrary(name: "CMPI", pkgConfig: mpi, providers: [.apt(["libopenmpi-dev"])]),
        .systemLibrary(name: "CHDF5", pkgConfig: hdf5, providers: [.apt(["libhdf5-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "CDeflate", pkgConfig: "libdeflate", providers: [.apt(["libdeflate-dev"])]),
        .systemLibrary(name: "CPNG", pkgConfig: "libpng", providers: [.apt(["libpng-dev"])]),
        .systemLibrary(name: "CTurboJPEG", pkgConfig: "libturbojpeg", providers: [.apt(["libturbojpeg0-dev"])]),
        .systemLibrary(name: "CLibzip", pkgConfig: "libzip", providers: [.apt(["libzip-dev"])]),
        // Products and elementwise loops for every set of instructions, chosen at run time.
        .target(name: "CKernels"),

        // Each imports only what stands above it here.
        .target(name: "Support", dependencies: ["CKernels"], swiftSettings: settings),
        .target(name: "Randomness", dependencies: ["CKernels"], swiftSettings: settings),
        .target(name: "HDF5", dependencies: ["Support", "CHDF5", "CDeflate", "CKernels"], swiftSettings: settings),
        .target(name: "Distributed", dependencies: ["Support", "CMPI", "CKernels"], swiftSettings: settings),
        .target(name: "VAE", dependencies: ["Support", "Randomness", "CKernels"], swiftSettings: settings),
        .target(
            name: "Statistics", dependencies: ["Support", "Randomness", "Distributed", "CKernels"], swiftSettings: settings),
        .target(
            name: "Datasets", dependencies: ["Support", "Randomness", "HDF5", "Distributed", "CKernels"], swiftSettings: settings),
        .target(
            name: "Importing",
            dependencies: ["Support", "HDF5", "Distributed", "Datasets", "CKernels", "CZlib", "CPNG", "CTurboJPEG", "CLibzip"],
            swiftSettings: settings),
        .target(
            name: "Pages",
            dependencies: [
                "Support", "HDF5", "Distributed", "Importing", "CKernels", .product(name: "Mustache", package: "swift-mustache"),
            ],
            swiftSettings: settings),
        .target(
            name: "Training",
            dependencies: [
                "Support", "Randomness", "HDF5", "Distributed", "VAE", "Datasets", "CKernels",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "TOMLKit", package: "TOMLKit"),
            ],
            swiftSettings: settings),
        .target(
            name: "Analysis",
            dependencies: [
                "Support", "Randomness", "HDF5", "Distributed", "VAE", "Statistics", "Datasets", "Importing", "Pages",
                "Training", "CKernels",
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: settings),
        .target(
            name: "Campaigns",
            dependencies: [
                "Support", "HDF5", "Distributed", "VAE", "Datasets", "Pages", "Training", "CKernels",
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: settings),
        .executableTarget(
            name: "mpi-vae",
            dependencies: [
                "Support", "Distributed", "VAE", "Datasets", "Importing", "Training", "Analysis", "Campaigns",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: settings
        ),

        // Named cases that the tests start under a real mpirun.
        .executableTarget(
            name: "RankCases",
            dependencies: ["Analysis", "Statistics", "Distributed", "Support"],
            path: "Tests/RankCases",
            swiftSettings: settings
        ),
        // Feeds readers with damaged input.
        .executableTarget(
            name: "Fuzz",
            dependencies: [
                "Support", "Datasets", "Importing", "Training", "CHDF5", .product(name: "Logging", package: "swift-log"),
            ],
            path: "Tests/Fuzz",
            exclude: ["seeds"],
            swiftSettings: fuzzes
                ? [.define("LIBFUZZER"), .unsafeFlags(["-sanitize=fuzzer", "-parse-as-library"])]
                : [.unsafeFlags(["-parse-as-library"])],
            linkerSettings: fuzzes ? [.unsafeFlags(["-sanitize=fuzzer", "-use-ld=lld"])] : []),
        .target(name: "AllocationCounter", path: "Tests/AllocationCounter"),
        .target(name: "LateRank", path: "Tests/LateRank"),
        .target(name: "TestSupport", path: "Tests/TestSupport", swiftSettings: settings),
        .testTarget(name: "SupportTests", dependencies: ["Support", "CKernels", "TestSupport"], swiftSettings: settings),
        .testTarget(name: "RandomnessTests", dependencies: ["Randomness"], swiftSettings: settings),
        .testTarget(name: "HDF5Tests", dependencies: ["HDF5", "TestSupport"], swiftSettings: settings),
        .testTarget(name: "DistributedTests", dependencies: ["Distributed", "TestSupport"], swiftSettings: settings),
        .testTarget(name: "VAETests", dependencies: ["VAE", "Support", "Randomness", "CKernels"], swiftSettings: settings),
        .testTarget(
            name: "StatisticsTests", dependencies: ["Statistics", "Randomness", "Distributed", "TestSupport"],
            swiftSettings: settings),
        .testTarget(
            name: "DatasetsTests", dependencies: ["Datasets", "Support", "Randomness", "HDF5", "CKernels", "TestSupport"],
            swiftSettings: settings),
        .testTarget(
            name: "TrainingTests",
            dependencies: ["Training", "Datasets", "Distributed", "VAE", "Support", "CKernels", "TestSupport"],
            swiftSettings: settings),
        .testTarget(
            name: "AnalysisTests",
            dependencies: ["Analysis", "Support", "Randomness", "Distributed", "VAE", "Datasets", "TestSupport"],
            swiftSettings: settings),
        .testTarget(name: "CampaignsTests", dependencies: ["Campaigns", "Training", "Datasets"], swiftSettings: settings),
        .testTarget(name: "CommandTests", dependencies: ["TestSupport"], swiftSettings: unoptimized),
    ],
    swiftLanguageModes: [.v6]
)

import Foundation
import HDF5
import TestSupport
import Testing

@Suite(.serialized)
struct AtomicFileTests {
    private func names(_ folder: TemporaryFolder) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder.url.path).sorted()
    }

    @Test func replacesWhole() throws {
        let folder = try TemporaryFolder()
        try AtomicFile.write([1, 2, 3], to: folder.path("x"))
        try AtomicFile.write([UInt8](repeating: 9, count: 3_000_000), to: folder.path("x"))
        #expect(try Data(contentsOf: folder.url.appendingPathComponent("x")) == Data(repeating: 9, count: 3_000_000))
        #expect(try names(folder) == ["x"], "no temporary file is left")
    }

    @Test func unpublishedFilesLeaveNothing() throws {
        let folder = try TemporaryFolder()
        do {
            let file = AtomicFile(folder.path("x"))
            try File.create(file, byteCount: 1 << 16).close()
            #expect(try names(folder).count == 1)
        }
        #expect(try names(folder).isEmpty)
    }

    @Test func unwritablePlaces() throws {
        let folder = try TemporaryFolder()
        do {
            try AtomicFile.write([1], to: folder.path("none/x"))
            Issue.record("wrote into a folder that is not there")
        } catch {
            #expect(error.isPlaceUnwritable && error.description.contains("none/x: no such file or directory"))
        }
    }

    /// Where others put a folder of theirs in place of ours, with a link in it, before it is opened: the place is at fault, and the file that
    /// the link leads to stays.
    @Test func foldersThatOthersSwap() throws {
        let folder = try TemporaryFolder()
        try Data("precious".utf8).write(to: folder.url.appendingPathComponent("victim"))
        let place = try #require(PrivateFolder(in: folder.url.path, for: "x"))
        defer { place.remove() }
        let name = try #require(try names(folder).first { $0.hasPrefix(".x.tmp.") })
        try FileManager.default.createSymbolicLink(
            atPath: folder.path("\(name)/file"), withDestinationPath: folder.path("victim"))
        let (file, number) = (place.makeFile(), errno)
        let error = FileError(path: folder.path("x"), action: "create", errorNumber: number)
        #expect(file < 0)
        #expect(error.isPlaceUnwritable && error.description.hasSuffix("x: operation not permitted"), "\(error)")
        #expect(try Data(contentsOf: folder.url.appendingPathComponent("victim")) == Data("precious".utf8))
    }

    /// A link under the final name is replaced, not followed.
    @Test func linksAreNotFollowed() throws {
        let folder = try TemporaryFolder()
        try Data("mine".utf8).write(to: folder.url.appendingPathComponent("target"))
        try FileManager.default.createSymbolicLink(atPath: folder.path("x"), withDestinationPath: folder.path("target"))
        try AtomicFile.write([1], to: folder.path("x"))
        #expect(try Data(contentsOf: folder.url.appendingPathComponent("target")) == Data("mine".utf8))
    }

    /// On a full disk the old file stays whole and the error is the disk's.
    @Test func fullDisk() throws {
        let folder = try TemporaryFolder()
        let disk = folder.path("disk")
        try FileManager.default.createDirectory(atPath: disk, withIntermediateDirectories: true)
        let root = getuid() == 0
        let mounted = try Program.run(
            root ? "/usr/bin/mount" : "/usr/bin/sudo",
            (root ? [] : ["-n", "mount"]) + ["-t", "tmpfs", "-o", "size=1m,mode=777", "tmpfs", disk])
        try #require(mounted.status == 0, "a small disk could not be mounted: \(mounted)")
        defer { _ = try? Program.run(root ? "/usr/bin/umount" : "/usr/bin/sudo", (root ? [] : ["-n", "umount"]) + [disk]) }
        try AtomicFile.write([7, 7], to: "\(disk)/x")
        do {
            try AtomicFile.write([UInt8](repeating: 1, count: 2 << 20), to: "\(disk)/x")
            Issue.record("wrote 2 MiB onto a disk of 1 MiB")
        } catch {
            #expect(error.errorNumber == ENOSPC && !error.isPlaceUnwritable)
        }
        #expect(FileManager.default.contents(atPath: "\(disk)/x") == Data([7, 7]))
        #expect(try FileManager.default.contentsOfDirectory(atPath: disk) == ["x"])
        do {
            _ = try File.create(AtomicFile("\(disk)/y"), byteCount: 2 << 20)
            Issue.record("HDF5 was let onto a disk of 1 MiB with 2 MiB")
        } catch {
            #expect((error as? FileError)?.errorNumber == ENOSPC)
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: disk) == ["x"])
    }
}

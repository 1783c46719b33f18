internal import CHDF5
internal import Foundation
internal import Support

/// A folder beside the place of a file, in which the file is written, and which nobody but its owner may look into or change (0700).
///
/// The folder around it may be others' to write to, who can put links under any name there: so all goes by descriptors.
package struct PrivateFolder {
    /// The name of the file in it.
    private static let file = "file"

    private let parent: Int32
    private let descriptor: Int32
    private let name: String

    /// Makes the folder in `parent`; nil, with `errno`, if that cannot be.
    package init?(in parent: String, for fileName: String) {
        self.parent = open(parent.isEmpty ? "." : parent, chdf5_path_only() | O_DIRECTORY | O_CLOEXEC)
        if self.parent < 0 { return nil }
        while true {
            let name = TemporaryName.make(for: fileName)
            if mkdirat(self.parent, name, 0o700) != 0 {
                let number = errno
                if number == EEXIST { continue }
                close(self.parent)
                errno = number
                return nil
            }
            descriptor = openat(self.parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
            if descriptor < 0 {
                let number = errno
                unlinkat(self.parent, name, AT_REMOVEDIR)
                close(self.parent)
                errno = number
                return nil
            }
            self.name = name
            return
        }
    }

    /// A path of the file in it that goes by no name which others could change.
    var libraryPath: String { "/proc/self/fd/\(descriptor)/\(Self.file)" }

    /// Makes the file in it; a negative number, with `errno`, if that cannot be.
    package func makeFile() -> Int32 {
        let file = openat(descriptor, Self.file, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        // Where others may rename what lies beside, they can put a folder of theirs in place of ours before it is opened.
        if file < 0 {
            // Ours is empty.
            if errno == EEXIST { errno = EPERM }
            return file
        }
        var (folderStatus, fileStatus) = (stat(), stat())
        let isOurs =
            fstat(descriptor, &folderStatus) == 0 && fstat(file, &fileStatus) == 0 && folderStatus.st_uid == fileStatus.st_uid
            && folderStatus.st_mode & 0o022 == 0
        if isOurs { return file }
        close(file)
        errno = EPERM
        return -1
    }

    /// Moves the file out of the folder under a name beside it; false, with `errno`, if it cannot be or is not `file` any more.
    func publish(_ file: Int32, as newName: String) -> Bool {
        var (held, named) = (stat(), stat())
        guard fstat(file, &held) == 0, fstatat(descriptor, Self.file, &named, AT_SYMLINK_NOFOLLOW) == 0 else { return false }
        guard held.st_dev == named.st_dev, held.st_ino == named.st_ino else {
            errno = EPERM
            return false
        }
        return renameat(descriptor, Self.file, parent, newName) == 0
    }

    /// What is under a name beside the folder now, not by way of links; nil if nothing is.
    func status(beside name: String) -> stat? {
        var status = stat()
        return fstatat(parent, name, &status, AT_SYMLINK_NOFOLLOW) == 0 ? status : nil
    }

    /// Removes the folder and what is in it.
    package func remove() {
        unlinkat(descriptor, Self.file, 0)
        close(descriptor)
        // Of that name there may be another by now, which goes only if it is empty.
        unlinkat(parent, name, AT_REMOVEDIR)
        close(parent)
    }
}

/// Names that files have until they are complete: `.NAME.tmp.PROCESS.RANDOM`, now those of folders that they lie in.
public enum TemporaryName {
    static func make(for name: String) -> String {
        ".\(start(name)).tmp.\(getpid()).\(String(UInt32.random(in: 0 ... .max), radix: 16))"
    }

    /// Names may be as long as a file system takes them, but temporary ones are longer.
    private static func start(_ name: String) -> String { String(decoding: name.utf8.prefix(200), as: UTF8.self) }

    /// The name that what lies under a temporary name was to have; nil for other names.
    public static func finalName(of name: String) -> String? {
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count >= 5, parts[0].isEmpty, parts[parts.count - 3] == "tmp", UInt32(parts[parts.count - 2]) != nil,
            UInt32(parts[parts.count - 1], radix: 16) != nil
        else { return nil }
        return parts[1..<parts.count - 3].joined(separator: ".")
    }

    /// Removes what a process of ours that is gone left of a file that was to be at `path`.
    public static func removeLeft(by process: Int32, of path: String) {
        let folder = FilePath.folder(of: path)
        for name in (try? FileManager.default.contentsOfDirectory(atPath: folder.isEmpty ? "." : folder)) ?? [] {
            let parts = name.split(separator: ".")
            guard finalName(of: name) == start(FilePath.name(of: path)), parts[parts.count - 2] == "\(process)" else { continue }
            remove(folder.isEmpty ? name : "\(folder)/\(name)")
        }
    }

    /// Removes what a writer that was killed left under a temporary name: a folder of ours with its file, or, of older versions, a file.
    public static func remove(_ path: String) {
        var status = stat()
        guard lstat(path, &status) == 0, status.st_uid == geteuid() else { return }
        if status.st_mode & S_IFMT != S_IFDIR {
            unlink(path)
            return
        }
        let folder = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        if folder < 0 { return }
        unlinkat(folder, "file", 0)
        close(folder)
        rmdir(path)
    }
}

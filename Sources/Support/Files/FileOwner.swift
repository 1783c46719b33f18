internal import Glibc

/// Who could have written a file.
public enum FileOwner {
    /// Whether nobody but the user and root may have written what a path leads to: by its owner, its mode, and its group where that may write.
    public static func isOursAlone(_ path: String) -> Bool {
        var status = stat()
        guard stat(path, &status) == 0, status.st_uid == geteuid() || status.st_uid == 0 else { return false }
        if status.st_mode & S_IWOTH != 0 { return false }
        return status.st_mode & S_IWGRP == 0 || isPrivateGroup(status.st_gid)
    }

    /// Whether a group has no other member: many systems give each user one of the same name, and files that it may write.
    private static func isPrivateGroup(_ group: gid_t) -> Bool {
        guard group == getegid(), let user = getpwuid(geteuid()), user.pointee.pw_gid == group, let entry = getgrgid(group),
            strcmp(user.pointee.pw_name, entry.pointee.gr_name) == 0
        else { return false }
        var member = entry.pointee.gr_mem
        while let name = member?.pointee {
            if strcmp(name, user.pointee.pw_name) != 0 { return false }
            member = member?.successor()
        }
        return true
    }
}

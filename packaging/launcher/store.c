#define _GNU_SOURCE
#include "store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "report.h"
#include "seal.h"

// A base folder holds a folder per version, "tat-" and the first half of the image's digest, and
// while one is being made its temporary, the same with ".new". The base's lock is held by whoever
// changes anything in it; a version's lock is shared by every process that runs from it, and nobody
// removes it meanwhile.
enum { ID_LENGTH = 32, NAME_LENGTH = 4 + ID_LENGTH, PATH_SIZE = 4096, REASONS_SIZE = 2048 };
static const char TEMPORARY[] = ".new";
static const uint64_t SPARE_SPACE = 16 << 20;

struct base {
    int fd;
    char path[PATH_SIZE];
    char name[NAME_LENGTH + 1]; // of this version's folder
    const char *reason;         // why the base cannot be used
};

static int refuse(struct base *base, const char *reason)
{
    base->reason = reason;
    return -1;
}

static int make_folders(char *path)
{
    for (char *slash = path + 1; (slash = strchr(slash, '/')); slash++) {
        *slash = 0;
        int failed = mkdir(path, 0700) && errno != EEXIST;
        *slash = '/';
        if (failed)
            return -1;
    }
    return mkdir(path, 0700) && errno != EEXIST ? -1 : 0;
}

// Opens the base, made if need be. In a folder that all users write to, what stands under the name
// could be a link of somebody else's, so none is followed there.
static int open_base(struct base *base, int in_shared_folder)
{
    struct stat status;
    struct statvfs system;
    int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC | (in_shared_folder ? O_NOFOLLOW : 0);
    if (make_folders(base->path))
        return refuse(base, strerror(errno));
    base->fd = open(base->path, flags);
    if (base->fd < 0 || fstat(base->fd, &status) || fstatvfs(base->fd, &system))
        return refuse(base, strerror(errno));
    if (status.st_uid != geteuid())
        return refuse(base, "belongs to another user");
    if (status.st_mode & (S_IWGRP | S_IWOTH))
        return refuse(base, "others may write to it");
    if (system.f_flag & ST_NOEXEC)
        return refuse(base, "mounted noexec");
    return 0;
}

// A descriptor of the version's folder with its shared lock, or -1.
static int open_version(const struct base *base)
{
    struct stat status;
    int fd = openat(base->fd, base->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return -1;
    // No links left: it was removed between opening and locking.
    if (!flock(fd, LOCK_SH) && !fstat(fd, &status) && status.st_uid == geteuid() && status.st_nlink)
        return fd;
    close(fd);
    return -1;
}

static int remove_tree(int parent, const char *name)
{
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *folder = fd < 0 ? NULL : fdopendir(fd);
    if (!folder) {
        if (fd >= 0)
            close(fd);
        return unlinkat(parent, name, 0);
    }
    for (struct dirent *entry; (entry = readdir(folder));) {
        if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
            continue;
        if (unlinkat(dirfd(folder), entry->d_name, 0))
            remove_tree(dirfd(folder), entry->d_name);
    }
    closedir(folder);
    return unlinkat(parent, name, AT_REMOVEDIR);
}

// Whether a name is one that this launcher gives: a version's or a temporary's.
static int is_ours(const char *name)
{
    return !strncmp(name, "tat-", 4) && strspn(name + 4, "0123456789abcdef") == ID_LENGTH
        && (!name[NAME_LENGTH] || !strncmp(name + NAME_LENGTH, TEMPORARY, strlen(TEMPORARY)));
}

// Removes a folder unless a process runs from it.
static int remove_unused(const struct base *base, const char *name)
{
    int fd = openat(base->fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return -1;
    int failed = flock(fd, LOCK_EX | LOCK_NB) || remove_tree(base->fd, name);
    close(fd);
    return failed;
}

// Removes versions and temporaries that nobody uses; needs the base's lock.
static void clean(const struct base *base)
{
    int fd = openat(base->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *folder = fd < 0 ? NULL : fdopendir(fd);
    if (!folder)
        return;
    for (struct dirent *entry; (entry = readdir(folder));)
        if (is_ours(entry->d_name) && strcmp(entry->d_name, base->name))
            remove_unused(base, entry->d_name);
    closedir(folder);
}

// Moves a damaged folder out of the way; a process that runs from it keeps what it has open.
static int set_aside(const struct base *base)
{
    char aside[NAME_LENGTH + 64];
    snprintf(aside, sizeof aside, "%s%s-damaged-%d", base->name, TEMPORARY, (int)getpid());
    return renameat(base->fd, base->name, base->fd, aside) && errno != ENOENT ? -1 : 0;
}

static int unpack(struct base *base, const struct image *image)
{
    char temporary[NAME_LENGTH + sizeof TEMPORARY];
    snprintf(temporary, sizeof temporary, "%s%s", base->name, TEMPORARY);
    if (mkdirat(base->fd, temporary, 0700))
        return refuse(base, strerror(errno));
    int folder = openat(base->fd, temporary, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (folder < 0 || image_unpack(image, folder) || seal_write(image, folder) || set_aside(base)
        || renameat(base->fd, temporary, base->fd, base->name)) {
        refuse(base, strerror(errno));
        remove_tree(base->fd, temporary);
    }
    if (folder >= 0)
        close(folder);
    return base->reason ? -1 : 0;
}

static int has_space(struct base *base, const struct image *image)
{
    static char reason[64];
    struct statvfs system;
    uint64_t needed = image->trailer.unpacked_size + SPARE_SPACE;
    if (fstatvfs(base->fd, &system) || (uint64_t)system.f_bavail * system.f_frsize >= needed)
        return 1;
    snprintf(reason, sizeof reason, "less than %ju MB free", (uintmax_t)(needed / 1000000 + 1));
    refuse(base, reason);
    return 0;
}

static int try_version(const struct base *base, int (*good)(const struct image *, int),
                       const struct image *image)
{
    int folder = open_version(base);
    if (folder >= 0 && !good(image, folder)) {
        close(folder);
        return -1;
    }
    return folder;
}

// With the base's lock: checks what is there, or unpacks.
static int prepare(struct base *base, const struct image *image)
{
    int folder = try_version(base, seal_holds, image); // another start was faster
    if (folder >= 0)
        return folder;
    image_check(image);
    folder = try_version(base, contents_match, image);
    if (folder >= 0) {
        seal_write(image, folder); // where it cannot, the next start checks again
        return folder;
    }
    clean(base);
    if (!has_space(base, image))
        return -1;
    note("unpacking %s to %s (once)", image->trailer.version, base->path);
    if (unpack(base, image))
        return -1;
    clean(base); // the damaged folder, if there was one
    folder = open_version(base);
    return folder < 0 ? refuse(base, "the unpacked folder vanished") : folder;
}

static int use_base(struct base *base, int in_shared_folder, const struct image *image,
                    struct store *store)
{
    if (open_base(base, in_shared_folder))
        return -1;
    store->folder = try_version(base, seal_holds, image);
    if (store->folder < 0 && flock(base->fd, LOCK_EX))
        refuse(base, strerror(errno));
    else if (store->folder < 0)
        store->folder = prepare(base, image);
    close(base->fd); // and with it its lock
    snprintf(store->path, sizeof store->path, "%s/%s", base->path, base->name);
    return store->folder < 0 ? -1 : 0;
}

// Where to unpack unless TATFILE_UNPACK_DIR says it (TAT_ is the prefix of settings), in order of preference; a candidate without a variable has a fixed parent.
static const struct candidate {
    const char *variable, *parent, *name;
    int shared; // all users may write to the parent; the name then ends in the user's number
} CANDIDATES[] = {
    {"XDG_CACHE_HOME", NULL, "tat", 0}, {"HOME", NULL, ".cache/tat", 0},
    {"TMPDIR", NULL, "tat", 1},         {NULL, "/var/tmp", "tat", 1},
    {NULL, "/tmp", "tat", 1},           {NULL, "/dev/shm", "tat", 1},
};

// The candidate's path; 0 where it names none. A home of somebody else (sudo) gets no folder of
// ours.
static int path_of(const struct candidate *candidate, char path[PATH_SIZE])
{
    const char *parent = candidate->variable ? getenv(candidate->variable) : candidate->parent;
    struct stat status;
    if (!parent || parent[0] != '/' || stat(parent, &status) || !S_ISDIR(status.st_mode))
        return 0;
    if (!candidate->shared && status.st_uid != geteuid())
        return 0;
    char user[16] = "";
    if (candidate->shared)
        snprintf(user, sizeof user, "-%u", (unsigned)geteuid());
    return snprintf(path, PATH_SIZE, "%s/%s%s", parent, candidate->name, user) < PATH_SIZE;
}

static void use_chosen(const char *path, struct base *base, const struct image *image,
                       struct store *store)
{
    if (path[0] != '/' || snprintf(base->path, PATH_SIZE, "%s", path) >= PATH_SIZE)
        fail("TATFILE_UNPACK_DIR=%s is not an absolute path of usual length", path);
    if (use_base(base, 0, image, store))
        fail("cannot unpack to TATFILE_UNPACK_DIR=%s: %s", path, base->reason);
}

void store_open(const struct image *image, struct store *store)
{
    struct base base = {0};
    char reasons[REASONS_SIZE] = "";
    snprintf(base.name, sizeof base.name, "tat-%.*s", (int)ID_LENGTH, image->id);
    const char *chosen = getenv("TATFILE_UNPACK_DIR");
    if (chosen && *chosen) {
        use_chosen(chosen, &base, image, store);
        return;
    }
    for (size_t i = 0; i < sizeof CANDIDATES / sizeof *CANDIDATES; i++) {
        base.reason = NULL;
        if (!path_of(&CANDIDATES[i], base.path))
            continue;
        if (!use_base(&base, CANDIDATES[i].shared, image, store))
            return;
        size_t used = strlen(reasons), left = sizeof reasons - used;
        int length = snprintf(reasons + used, left, "%s%s: %s", used ? "; " : "", base.path,
                              base.reason);
        if (length >= (int)left)
            break;
    }
    fail("found no folder to unpack to and run programs from (%s); set TATFILE_UNPACK_DIR to one",
         *reasons ? reasons : "there is neither a home nor /tmp");
}

#define _GNU_SOURCE
#include "seal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "report.h"

static const char NAME[] = ".seal";
static const char NEW_NAME[] = ".seal.new";

enum { BOOT_ID = 36 };

struct stamp {
    uint64_t inode, size;
    int64_t written_s, written_ns, changed_s, changed_ns;
};

struct seal {
    uint8_t digest[SHA256_BYTES]; // of the image
    char boot[40];
    struct stamp image;
    struct stamp files[]; // in the order of the table
};

static struct stamp stamp_of(const struct stat *status)
{
    return (struct stamp){
        status->st_ino, status->st_size,
        status->st_mtim.tv_sec, status->st_mtim.tv_nsec,
        status->st_ctim.tv_sec, status->st_ctim.tv_nsec,
    };
}

static size_t seal_size(const struct image *image)
{
    return sizeof(struct seal) + image->count * sizeof(struct stamp);
}

// Leaves `boot` empty where the kernel does not tell.
static void read_boot(char *boot)
{
    int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    if (read(fd, boot, BOOT_ID) != BOOT_ID)
        boot[0] = 0;
    close(fd);
}

// The seal that fits the folder as it is now; NULL when a file is missing, no file, or of another
// size.
static struct seal *make(const struct image *image, int folder)
{
    struct seal *seal = calloc(1, seal_size(image));
    if (!seal)
        fail("out of memory");
    memcpy(seal->digest, image->trailer.digest, SHA256_BYTES);
    read_boot(seal->boot);
    seal->image = stamp_of(&image->status);
    for (uint64_t i = 0; i < image->count; i++) {
        const struct entry *entry = &image->entries[i];
        struct stat status;
        if (fstatat(folder, entry->path, &status, AT_SYMLINK_NOFOLLOW) || !S_ISREG(status.st_mode)
            || (uint64_t)status.st_size != entry->size) {
            free(seal);
            return NULL;
        }
        seal->files[i] = stamp_of(&status);
    }
    return seal;
}

static int stored_equals(int folder, const struct seal *seal, size_t size)
{
    int fd = openat(folder, NAME, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return 0;
    char *stored = malloc(size + 1);
    if (!stored)
        fail("out of memory");
    int equal = read(fd, stored, size + 1) == (ssize_t)size && !memcmp(stored, seal, size);
    free(stored);
    close(fd);
    return equal;
}

int seal_holds(const struct image *image, int folder)
{
    struct seal *now = make(image, folder);
    int holds = now && now->boot[0] && stored_equals(folder, now, seal_size(image));
    free(now);
    return holds;
}

static int file_matches(int folder, const struct entry *entry)
{
    struct stat status;
    int matches = 0;
    int fd = openat(folder, entry->path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return 0;
    if (!fstat(fd, &status) && S_ISREG(status.st_mode) && (uint64_t)status.st_size == entry->size
        && (status.st_mode & 0777) == (entry->executable ? 0500 : 0400)) {
        uint8_t digest[SHA256_BYTES];
        struct sha256 hash;
        void *bytes = entry->size ? mmap(NULL, entry->size, PROT_READ, MAP_PRIVATE, fd, 0) : NULL;
        sha256_begin(&hash);
        if (bytes != MAP_FAILED) {
            sha256_add(&hash, bytes, entry->size);
            sha256_end(&hash, digest);
            matches = !memcmp(digest, entry->digest, SHA256_BYTES);
            if (bytes)
                munmap(bytes, entry->size);
        }
    }
    close(fd);
    return matches;
}

int contents_match(const struct image *image, int folder)
{
    for (uint64_t i = 0; i < image->count; i++)
        if (!file_matches(folder, &image->entries[i]))
            return 0;
    return 1;
}

int seal_write(const struct image *image, int folder)
{
    struct seal *seal = make(image, folder);
    if (!seal) {
        errno = EIO;
        return -1;
    }
    ssize_t size = seal_size(image), written = -1;
    unlinkat(folder, NEW_NAME, 0);
    int fd = openat(folder, NEW_NAME, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd >= 0) {
        written = write(fd, seal, size);
        if (written >= 0 && written != size)
            errno = ENOSPC;
        close(fd);
    }
    free(seal);
    return written == size ? renameat(folder, NEW_NAME, folder, NAME) : -1;
}

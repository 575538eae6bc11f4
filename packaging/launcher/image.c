#define _GNU_SOURCE
#include "image.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "report.h"
#include "zstd.h"

static const char MAGIC[8] = "TATFILE1";
static const char ADVICE[] = "download it again and compare its SHA-256";

enum { PATH_LIMIT = 512, TABLE_LIMIT = 16 << 20, WINDOW_LOG = 25, OUTPUT = 1 << 20 };

static _Noreturn void damaged(const struct image *image, const char *what)
{
    fail("%s is damaged (%s); %s", image->path, what, ADVICE);
}

static int read_at(int fd, void *buffer, size_t size, off_t offset)
{
    for (char *next = buffer; size;) {
        ssize_t got = pread(fd, next, size, offset);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return -1;
        next += got, size -= got, offset += got;
    }
    return 0;
}

static int hex_digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int parse_digest(const char *text, uint8_t digest[SHA256_BYTES])
{
    for (int i = 0; i < SHA256_BYTES; i++) {
        int high = hex_digit(text[2 * i]), low = high < 0 ? -1 : hex_digit(text[2 * i + 1]);
        if (low < 0)
            return -1;
        digest[i] = high << 4 | low;
    }
    return text[2 * SHA256_BYTES] == ' ' ? 0 : -1;
}

// A relative path of plain names: nothing that could lead out of the folder.
static int safe_path(const char *path)
{
    if (!*path || strlen(path) > PATH_LIMIT)
        return 0;
    for (const char *name = path;; name++) {
        size_t length = strcspn(name, "/");
        if (!length || name[0] == '.') // "." and ".." and the launcher's own .seal
            return 0;
        for (size_t i = 0; i < length; i++)
            if ((unsigned char)name[i] <= ' ' || name[i] == 127 || name[i] == '\\')
                return 0;
        name += length;
        if (!*name)
            return 1;
    }
}

// Reads one line and makes it a string; returns the next line, or NULL when it is malformed.
static char *parse_entry(char *line, struct entry *entry)
{
    char *end = strchr(line, '\n'), *rest;
    if (!end || (line[0] != 'r' && line[0] != 'x') || line[1] != ' ')
        return NULL;
    *end = 0;
    if (line[2] < '0' || line[2] > '9')
        return NULL;
    errno = 0;
    entry->size = strtoull(line + 2, &rest, 10);
    if (errno || *rest != ' ' || parse_digest(rest + 1, entry->digest))
        return NULL;
    entry->executable = line[0] == 'x';
    entry->path = rest + 2 + 2 * SHA256_BYTES;
    return end + 1;
}

static void parse_table(struct image *image)
{
    const struct trailer *trailer = &image->trailer;
    uint64_t total = 0, lines = 0;
    for (const char *c = image->table; *c; c++)
        lines += *c == '\n';
    image->entries = calloc(lines + 1, sizeof *image->entries);
    if (!image->entries)
        fail("out of memory");
    for (char *line = image->table; *line;) {
        struct entry *entry = &image->entries[image->count];
        line = parse_entry(line, entry);
        if (!line)
            damaged(image, "its table of files is malformed");
        if (!safe_path(entry->path))
            fail("%s holds an unsafe path, %s; %s", image->path, entry->path, ADVICE);
        if (image->count && strcmp(entry[-1].path, entry->path) >= 0)
            damaged(image, "its table of files is not in order");
        if (entry->size > trailer->unpacked_size - total)
            damaged(image, "the sizes in its table are wrong");
        total += entry->size;
        image->count++;
    }
    if (total != trailer->unpacked_size || !image->count)
        damaged(image, "the sizes in its table are wrong");
}

static off_t table_offset(const struct image *image)
{
    const struct trailer *trailer = &image->trailer;
    uint64_t end = image->status.st_size - sizeof *trailer;
    return end - trailer->payload_size - trailer->table_size;
}

static void read_trailer(struct image *image)
{
    struct trailer *trailer = &image->trailer;
    uint64_t size = image->status.st_size - sizeof *trailer;
    if (image->status.st_size < (off_t)sizeof *trailer
        || read_at(image->fd, trailer, sizeof *trailer, size))
        damaged(image, "it is cut off");
    if (memcmp(trailer->magic, MAGIC, sizeof MAGIC))
        damaged(image, "it does not end as it should: cut off, or something was added");
    if (trailer->table_size > TABLE_LIMIT || trailer->table_size > size
        || trailer->payload_size > size - trailer->table_size || trailer->unpacked_size > INT64_MAX
        || trailer->version[sizeof trailer->version - 1])
        damaged(image, "its trailer makes no sense");
    for (int i = 0; i < SHA256_BYTES; i++)
        sprintf(image->id + 2 * i, "%02x", trailer->digest[i]);
}

void image_open(struct image *image)
{
    static char path[4096];
    ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
    if (length < 0)
        fail("cannot find its own file: /proc is not mounted; mount it");
    path[length] = 0;
    *image = (struct image){.path = path, .fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC)};
    if (image->fd < 0)
        fail("cannot read its own file %s: %s; allow reading it", path, strerror(errno));
    if (fstat(image->fd, &image->status))
        fail("cannot examine its own file %s: %s", path, strerror(errno));
    read_trailer(image);
    size_t size = image->trailer.table_size;
    image->table = calloc(1, size + 1);
    if (!image->table)
        fail("out of memory");
    if (read_at(image->fd, image->table, size, table_offset(image)) || strlen(image->table) != size)
        damaged(image, "its table of files cannot be read");
    parse_table(image);
}

static const uint8_t *map(const struct image *image)
{
    void *bytes = mmap(NULL, image->status.st_size, PROT_READ, MAP_PRIVATE, image->fd, 0);
    if (bytes == MAP_FAILED)
        fail("cannot read %s: %s", image->path, strerror(errno));
    return bytes;
}

void image_check(const struct image *image)
{
    const uint8_t *bytes = map(image);
    uint8_t digest[SHA256_BYTES];
    struct sha256 hash;
    sha256_begin(&hash);
    sha256_add(&hash, bytes, image->status.st_size - SHA256_BYTES);
    sha256_end(&hash, digest);
    munmap((void *)bytes, image->status.st_size);
    if (memcmp(digest, image->trailer.digest, SHA256_BYTES))
        damaged(image, "its contents are not what they were");
}

static int write_all(int fd, const void *data, size_t size)
{
    for (const char *next = data; size;) {
        ssize_t written = write(fd, next, size);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return -1;
        next += written, size -= written;
    }
    return 0;
}

// Creates a file and the folders on its way. The folder is new and this user's alone, but no name
// in it is ever followed or reused all the same.
static int create(int folder, const struct entry *entry)
{
    char path[PATH_LIMIT + 1];
    strcpy(path, entry->path);
    for (char *slash = path; (slash = strchr(slash, '/')); slash++) {
        *slash = 0;
        if (mkdirat(folder, path, 0700) && errno != EEXIST)
            return -1;
        *slash = '/';
    }
    int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
    return openat(folder, path, flags, entry->executable ? 0500 : 0400);
}

struct decoder {
    ZSTD_DStream *stream;
    ZSTD_inBuffer input;
    ZSTD_outBuffer output;
    size_t taken; // bytes of the output that are already in files
    size_t status; // of the last call: 0 when the frame is complete
};

static void decode_more(const struct image *image, struct decoder *decoder)
{
    decoder->output.pos = decoder->taken = 0;
    decoder->status = ZSTD_decompressStream(decoder->stream, &decoder->output, &decoder->input);
    if (ZSTD_isError(decoder->status))
        damaged(image, ZSTD_getErrorName(decoder->status));
}

static int unpack_file(const struct image *image, const struct entry *entry, int file,
                       struct decoder *decoder)
{
    for (uint64_t left = entry->size; left;) {
        if (decoder->taken == decoder->output.pos) {
            if (decoder->status == 0)
                damaged(image, "its payload is shorter than its table says");
            size_t before = decoder->input.pos;
            decode_more(image, decoder);
            if (!decoder->output.pos && decoder->input.pos == before)
                damaged(image, "its payload ends too early");
            continue;
        }
        size_t ready = decoder->output.pos - decoder->taken;
        size_t part = ready < left ? ready : left;
        if (write_all(file, (char *)decoder->output.dst + decoder->taken, part))
            return -1;
        decoder->taken += part, left -= part;
    }
    return 0;
}

static int unpack_all(const struct image *image, int folder, struct decoder *decoder)
{
    for (uint64_t i = 0; i < image->count; i++) {
        const struct entry *entry = &image->entries[i];
        int file = create(folder, entry);
        if (file < 0)
            return -1;
        int failed = unpack_file(image, entry, file, decoder);
        int reason = errno;
        if (close(file) && !failed) // a full quota may be reported only here
            return -1;
        errno = reason;
        if (failed)
            return -1;
    }
    if (decoder->taken == decoder->output.pos && decoder->status)
        decode_more(image, decoder); // the frame's end, with its checksum
    if (decoder->taken != decoder->output.pos || decoder->status)
        damaged(image, "its payload is longer than its table says");
    return 0;
}

int image_unpack(const struct image *image, int folder)
{
    const uint8_t *bytes = map(image);
    const uint8_t *payload = bytes + table_offset(image) + image->trailer.table_size;
    struct decoder decoder = {
        .stream = ZSTD_createDStream(),
        .input = {payload, image->trailer.payload_size, 0},
        .output = {malloc(OUTPUT), OUTPUT, 0},
        .status = 1,
    };
    if (!decoder.stream || !decoder.output.dst)
        fail("out of memory");
    ZSTD_DCtx_setParameter(decoder.stream, ZSTD_d_windowLogMax, WINDOW_LOG);
    int failed = unpack_all(image, folder, &decoder);
    int reason = errno;
    ZSTD_freeDStream(decoder.stream);
    free(decoder.output.dst);
    munmap((void *)bytes, image->status.st_size);
    errno = reason;
    return failed;
}

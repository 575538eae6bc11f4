// The file that people download: this launcher, a table of files, their contents as one zstd frame,
// a trailer.
//
//   launcher ELF | table | payload | trailer
//
// The table has a line "MODE SIZE SHA256 PATH" per file, sorted by path; MODE is r or x. The
// payload is the files' contents in that order. All numbers of the trailer are little-endian, as is
// every x86-64.
#ifndef IMAGE_H
#define IMAGE_H

#include <stdint.h>
#include <sys/stat.h>

#include "sha256.h"

struct trailer {
    char magic[8];
    uint64_t table_size;
    uint64_t payload_size;
    uint64_t unpacked_size;       // sum of the sizes in the table
    char version[32];             // of tat, for messages; ends in zero bytes
    uint8_t digest[SHA256_BYTES]; // SHA-256 of the whole file up to here
};

struct entry {
    const char *path;
    uint64_t size;
    int executable;
    uint8_t digest[SHA256_BYTES];
};

struct image {
    const char *path; // of the file itself
    int fd;
    struct stat status;
    struct trailer trailer;
    char id[2 * SHA256_BYTES + 1]; // digest in hexadecimal
    char *table;                   // entries' paths point into it
    struct entry *entries;
    uint64_t count;
};

// Opens the running file and reads its trailer and table; a file that makes no sense ends the
// process.
void image_open(struct image *image);

// Ends the process unless the whole file has the digest of its trailer. Reads all of it.
void image_check(const struct image *image);

// Writes every file under the empty folder; 0, or -1 with errno. A payload that is not what the
// table says ends the process.
int image_unpack(const struct image *image, int folder);

#endif

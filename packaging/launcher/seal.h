// A note in an unpacked folder that its files were checked: lets later starts get by without
// reading them.
//
// It holds what the kernel says of the image and of each file (inode, size, times of change) and
// the boot in which that was seen. The time of the last inode change cannot be set from user space,
// so a file that was written to since does not match; after a power cut sizes and times may be
// right and contents lost, so a new boot matches nothing.
#ifndef SEAL_H
#define SEAL_H

#include "image.h"

// Whether the image and every file in the folder are as they were when the seal was written.
int seal_holds(const struct image *image, int folder);

// Whether every file in the folder has the digest of the table; reads all of them.
int contents_match(const struct image *image, int folder);

// Seals the folder as it is now; 0, or -1 with errno.
int seal_write(const struct image *image, int folder);

#endif

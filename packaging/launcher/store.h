// The folder that the files are unpacked to, once per version and user.
#ifndef STORE_H
#define STORE_H

#include "image.h"

struct store {
    int folder;      // descriptor; holds a shared lock for as long as anyone uses the folder
    char path[4352]; // absolute
};

// Finds or makes a folder with every file of the image, checked; ends the process where none can be
// had.
void store_open(const struct image *image, struct store *store);

#endif

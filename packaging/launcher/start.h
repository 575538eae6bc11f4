// Starts the unpacked program in place of the launcher.
#ifndef START_H
#define START_H

#include "image.h"
#include "store.h"

// Does not return: the process becomes the program, or ends.
_Noreturn void start(const struct image *image, const struct store *store, int argc, char **argv);

#endif

// The launcher: unpacks what it carries once, checks it, and becomes the program inside.
//
// It is linked statically, so that it runs where there is no C library, and has no features of its
// own: every argument belongs to the program.
#include <cpuid.h>
#include <fcntl.h>
#include <unistd.h>

#include "image.h"
#include "report.h"
#include "start.h"
#include "store.h"

// Without these three a file opened next would become standard output, and be written to.
static void fill_standard_descriptors(void)
{
    for (int fd = 0; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) < 0 && open("/", O_RDONLY) < 0)
            _exit(EXIT_CANNOT_START);
}

// The kernels and libraries inside are compiled for x86-64-v2 and better.
static void require_processor(void)
{
    const unsigned needed = bit_SSE3 | bit_SSSE3 | bit_SSE4_1 | bit_SSE4_2 | bit_POPCNT;
    unsigned a, b, c, d;
    if (!__get_cpuid(1, &a, &b, &c, &d) || (c & needed) != needed)
        fail("this processor is too old: x86-64-v2 is needed (SSE4.2 and POPCNT, since 2009)");
}

int main(int argc, char **argv)
{
    char *nameless[] = {"tat", NULL};
    struct image image;
    struct store store;
    fill_standard_descriptors();
    require_processor();
    image_open(&image);
    store_open(&image, &store);
    if (argc < 1)
        start(&image, &store, 1, nameless);
    start(&image, &store, argc, argv);
}

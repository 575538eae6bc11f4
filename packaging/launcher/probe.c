// Exits with 42 where the host's loader, C library and the other libraries that the program needs
// are there and new enough; run by the launcher, linked like the program against those of the build
// machine.
#include <gnu/libc-version.h>
#include <stdio.h>

enum { SERVES = 42 };

int main(void)
{
    int major = 0, minor = 0;
    if (sscanf(gnu_get_libc_version(), "%d.%d", &major, &minor) != 2)
        return 1;
    return major * 1000 + minor >= __GLIBC__ * 1000 + __GLIBC_MINOR__ ? SERVES : 1;
}

// Paths as UTF-8 in Nuitka's start, whatever the locale.
//
// Nuitka makes its folder's path wide with the locale that the environment names, or else with
// C.UTF-8, and calls abort() where the system has neither: in an empty root, in slim containers.
// The plugin puts these two in the place of the C library's functions that it uses for that. Bytes
// that are no UTF-8 become lone surrogates, as everywhere in Python's UTF-8 mode.
#include <Python.h>
#undef newlocale
#undef mbstowcs
#include <locale.h>
#include <string.h>
#include <wchar.h>

extern wchar_t *_Py_DecodeUTF8_surrogateescape(const char *text, Py_ssize_t size, size_t *length);

// The one locale that every system has; its conversions are not used.
locale_t tat_newlocale(int mask, const char *name, locale_t base)
{
    (void)name;
    return newlocale(mask, "C", base);
}

size_t tat_mbstowcs(wchar_t *target, const char *source, size_t room)
{
    size_t length;
    wchar_t *wide = _Py_DecodeUTF8_surrogateescape(source, strlen(source), &length);
    if (!wide)
        return (size_t)-1;
    size_t copied = length < room ? length + 1 : room; // with the end, where it fits
    wmemcpy(target, wide, copied);
    PyMem_RawFree(wide);
    return length < room ? length : room;
}

// What the launcher says: one line each, on standard error.
#ifndef REPORT_H
#define REPORT_H

enum { EXIT_CANNOT_START = 125 };

// Ends the process with EXIT_CANNOT_START after printing "tat: MESSAGE".
_Noreturn void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

// Prints "tat: MESSAGE" and goes on.
void note(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif

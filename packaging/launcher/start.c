#define _GNU_SOURCE
#include "start.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "report.h"

enum { PROBE_OK = 42, PATH_SIZE = 4608 };

static char *const NO_ARGUMENTS[] = {"probe", NULL};
extern char **environ;

static int run_probe(const char *path)
{
    posix_spawn_file_actions_t actions;
    pid_t child;
    int status = 0;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addclose(&actions, STDOUT_FILENO); // its loader complains of what
    posix_spawn_file_actions_addclose(&actions, STDERR_FILENO); // the host lacks: not news
    int failed = posix_spawn(&child, path, &actions, NULL, NO_ARGUMENTS, environ);
    posix_spawn_file_actions_destroy(&actions);
    if (failed)
        return 0;
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            return 0;
    return WIFEXITED(status) && WEXITSTATUS(status) == PROBE_OK;
}

// Whether the host's own C library is there and at least as new as the bundled one. The newer must
// win: an old host's GPU driver runs with a newer C library, a new host's not with an older one.
static int host_library_serves(const struct store *store)
{
    char path[PATH_SIZE];
    struct sigaction before, standard = {.sa_handler = SIG_DFL};
    snprintf(path, sizeof path, "%s/probe", store->path);
    sigaction(SIGCHLD, &standard, &before); // whoever ignores it would take the exit status from us
    int serves = run_probe(path);
    sigaction(SIGCHLD, &before, NULL);
    return serves;
}

static int use_host_library(const struct store *store)
{
    const char *choice = getenv("TATFILE_LIBC");
    if (!choice || !*choice)
        return host_library_serves(store);
    if (!strcmp(choice, "host") || !strcmp(choice, "bundled"))
        return choice[0] == 'h';
    fail("TATFILE_LIBC=%s is neither host nor bundled", choice);
}

// The bundled loader as a program: it takes its own options, then the program and its arguments.
static char **loader_arguments(char *library_path, char *program, int argc, char **argv)
{
    char **arguments = calloc(argc + 6, sizeof *arguments);
    if (!arguments)
        fail("out of memory");
    arguments[0] = arguments[2] = argv[0];
    arguments[1] = "--argv0";
    arguments[3] = "--library-path";
    arguments[4] = library_path;
    arguments[5] = program;
    for (int i = 1; i < argc; i++)
        arguments[5 + i] = argv[i];
    return arguments;
}

// The bundled libraries, and behind them what LD_LIBRARY_PATH names: --library-path stands in for it,
// and a cluster's MPI is found by it.
static char *library_path(const struct store *store)
{
    const char *site = getenv("LD_LIBRARY_PATH");
    size_t size = PATH_SIZE + (site ? strlen(site) : 0) + sizeof "/glibc:";
    char *path = malloc(size);
    if (!path)
        fail("out of memory");
    if (site && *site)
        snprintf(path, size, "%s/glibc:%s", store->path, site);
    else
        snprintf(path, size, "%s/glibc", store->path);
    return path;
}

void start(const struct image *image, const struct store *store, int argc, char **argv)
{
    char program[PATH_SIZE], loader[PATH_SIZE];
    snprintf(program, sizeof program, "%s/tat", store->path);
    snprintf(loader, sizeof loader, "%s/ld-tat.so", store->path);
    int host = use_host_library(store);
    if (setenv("TAT_LAUNCHER", image->path, 1)) // how child processes start it again
        fail("out of memory");
    fcntl(store->folder, F_SETFD, 0); // the lock lives on in the program
    if (host)
        execv(program, argv);
    else
        execv(loader, loader_arguments(library_path(store), program, argc, argv));
    fail("cannot run %s: %s", host ? program : loader, strerror(errno));
}

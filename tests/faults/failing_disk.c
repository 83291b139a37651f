/* Stands before the C library of a whole house and makes its disk fail, as a file of rules says at that moment:
 * lines "CALL ERRNO PART", such as "fsync 5 /blobs/": that call fails on files whose path holds that part.
 * (libfiu, which does the like, crashes PostgreSQL's bootstrap.) */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static int fails(const char *call, int fd) {
    int before = errno, found = 0;
    char rules[1024], link[64], path[4096];
    const char *name = getenv("FAILING_DISK");
    int file = name ? (int)syscall(SYS_openat, AT_FDCWD, name, O_RDONLY | O_CLOEXEC) : -1;
    if (file >= 0) {
        ssize_t size = syscall(SYS_read, file, rules, sizeof rules - 1);
        syscall(SYS_close, file);
        rules[size > 0 ? size : 0] = 0;
        snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
        size = size > 0 ? readlink(link, path, sizeof path - 1) : -1;
        path[size > 0 ? size : 0] = 0;
        char *rest = rules, *line, of[32], part[256];
        int number;
        while (size > 0 && !found && (line = strsep(&rest, "\n")))
            if (sscanf(line, "%31s %d %255s", of, &number, part) == 3 && !strcmp(of, call) && strstr(path, part))
                found = number;
    }
    errno = found ? found : before;
    return found;
}

#define WRAP(result, name, call, declared, given)                                                                    \
    result name declared {                                                                                           \
        static result(*real) declared;                                                                               \
        if (!real) real = (result(*) declared)dlsym(RTLD_NEXT, #name);                                               \
        return fails(call, fd) ? -1 : real given;                                                                    \
    }

WRAP(int, fsync, "fsync", (int fd), (fd))
WRAP(int, fdatasync, "fsync", (int fd), (fd))
WRAP(ssize_t, write, "write", (int fd, const void *octets, size_t size), (fd, octets, size))
WRAP(ssize_t, pwrite, "write", (int fd, const void *octets, size_t size, off_t at), (fd, octets, size, at))
WRAP(ssize_t, pwrite64, "write", (int fd, const void *octets, size_t size, off64_t at), (fd, octets, size, at))
WRAP(ssize_t, pwritev, "write", (int fd, const struct iovec *parts, int count, off_t at), (fd, parts, count, at))
WRAP(ssize_t, pwritev64, "write", (int fd, const struct iovec *parts, int count, off64_t at), (fd, parts, count, at))
WRAP(int, posix_fallocate, "write", (int fd, off_t at, off_t size), (fd, at, size))

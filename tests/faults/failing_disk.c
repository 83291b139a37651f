/* Stands before the C library of a whole house and makes its disk fail, as a file of rules says at that moment:
 * lines "CALL ERRNO PART", such as "fsync 5 /blobs/": that call fails on files whose path holds that part. Of "short"
 * a write takes half of what it is given, whatever the number; "close" fails once the file is closed, as NFS does.
 * (libfiu, which does the like, crashes PostgreSQL's bootstrap.) */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static int ruled(const char *call, const char *path) {
    int before = errno, found = 0;
    char rules[1024];
    const char *name = getenv("LD_FAILING_DISK");
    int file = name ? (int)syscall(SYS_openat, AT_FDCWD, name, O_RDONLY | O_CLOEXEC) : -1;
    if (file >= 0) {
        ssize_t size = syscall(SYS_read, file, rules, sizeof rules - 1);
        syscall(SYS_close, file);
        rules[size > 0 ? size : 0] = 0;
        char *rest = rules, *line, of[32], part[256];
        int number;
        while (!found && (line = strsep(&rest, "\n")))
            if (sscanf(line, "%31s %d %255s", of, &number, part) == 3 && !strcmp(of, call) && strstr(path, part))
                found = number;
    }
    errno = found ? found : before;
    return found;
}

static int fails(const char *call, int fd) {
    int before = errno;
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t size = readlink(link, path, sizeof path - 1);
    errno = before;
    path[size > 0 ? size : 0] = 0;
    return size > 0 ? ruled(call, path) : 0;
}

/* A path of a call beside an open folder; where it is relative, that of the folder goes before it. */
static int fails_at(const char *call, int folder, const char *path) {
    char link[64], whole[8192];
    ssize_t size = 0;
    if (path[0] != '/') {
        int before = errno;
        snprintf(link, sizeof link, folder == AT_FDCWD ? "/proc/self/cwd" : "/proc/self/fd/%d", folder);
        size = readlink(link, whole, 4095);
        errno = before;
    }
    snprintf(whole + (size > 0 ? size : 0), 4096, "/%s", path);
    return ruled(call, whole);
}

#define REAL(result, name, declared)                                                                                 \
    static result(*real) declared;                                                                                   \
    if (!real) real = (result(*) declared)dlsym(RTLD_NEXT, #name);

#define WRAP(result, name, call, declared, given)                                                                    \
    result name declared {                                                                                           \
        REAL(result, name, declared)                                                                                 \
        return fails(call, fd) ? -1 : real given;                                                                    \
    }

#define WRITES(name, declared, given, halved)                                                                        \
    ssize_t name declared {                                                                                          \
        REAL(ssize_t, name, declared)                                                                                \
        if (fails("write", fd)) return -1;                                                                           \
        return size > 1 && fails("short", fd) ? real halved : real given;                                            \
    }

#define OPENS(name, declared, at, given)                                                                             \
    int name declared {                                                                                              \
        REAL(int, name, declared)                                                                                    \
        mode_t mode = 0;                                                                                             \
        if (flags & (O_CREAT | __O_TMPFILE)) {                                                                       \
            va_list rest;                                                                                            \
            va_start(rest, flags);                                                                                   \
            mode = va_arg(rest, mode_t);                                                                             \
            va_end(rest);                                                                                            \
        }                                                                                                            \
        return fails_at("open", at, path) ? -1 : real given;                                                         \
    }

WRAP(int, fsync, "fsync", (int fd), (fd))
WRAP(int, fdatasync, "fsync", (int fd), (fd))
WRITES(write, (int fd, const void *octets, size_t size), (fd, octets, size), (fd, octets, size / 2))
WRITES(pwrite, (int fd, const void *octets, size_t size, off_t at), (fd, octets, size, at), (fd, octets, size / 2, at))
WRITES(pwrite64, (int fd, const void *octets, size_t size, off64_t at), (fd, octets, size, at),
       (fd, octets, size / 2, at))
WRAP(ssize_t, pwritev, "write", (int fd, const struct iovec *parts, int count, off_t at), (fd, parts, count, at))
WRAP(ssize_t, pwritev64, "write", (int fd, const struct iovec *parts, int count, off64_t at), (fd, parts, count, at))
WRAP(int, posix_fallocate, "write", (int fd, off_t at, off_t size), (fd, at, size))
WRAP(ssize_t, read, "read", (int fd, void *octets, size_t size), (fd, octets, size))
WRAP(ssize_t, pread, "read", (int fd, void *octets, size_t size, off_t at), (fd, octets, size, at))
WRAP(ssize_t, pread64, "read", (int fd, void *octets, size_t size, off64_t at), (fd, octets, size, at))
WRAP(ssize_t, preadv, "read", (int fd, const struct iovec *parts, int count, off_t at), (fd, parts, count, at))
OPENS(open, (const char *path, int flags, ...), AT_FDCWD, (path, flags, mode))
OPENS(open64, (const char *path, int flags, ...), AT_FDCWD, (path, flags, mode))
OPENS(openat, (int folder, const char *path, int flags, ...), folder, (folder, path, flags, mode))
OPENS(openat64, (int folder, const char *path, int flags, ...), folder, (folder, path, flags, mode))

int close(int fd) {
    REAL(int, close, (int fd))
    int number = fails("close", fd), done = real(fd);
    if (number) errno = number;
    return number ? -1 : done;
}

int rename(const char *from, const char *path) {
    REAL(int, rename, (const char *from, const char *path))
    return fails_at("rename", AT_FDCWD, path) ? -1 : real(from, path);
}

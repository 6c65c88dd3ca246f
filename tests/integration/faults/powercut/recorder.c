/* Writes down, in order, every change of names and every sync below one directory.
 *
 * Loaded with LD_PRELOAD. FAULTS_ROOT names the directory, FAULTS_RECORD the file to write to.
 * A record is a line "KIND \t inode \t mode \t mtime in ns \t length \t path \t second path \n";
 * the record of a synced file is followed by its content of that moment, `length` bytes of it.
 * What is written to a file is not recorded: until it is synced, none of it counts.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define HIGH_DESCRIPTOR 900

static char root[PATH_MAX];
static size_t root_length;
static int out = -1;

__attribute__((constructor)) static void begin(void) {
    const char *directory = getenv("FAULTS_ROOT"), *record = getenv("FAULTS_RECORD");
    if (!directory || !record) return;
    snprintf(root, sizeof root, "%s/", directory);
    root_length = strlen(root);
    int low = (int)syscall(SYS_openat, AT_FDCWD, record, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    out = fcntl(low, F_DUPFD_CLOEXEC, HIGH_DESCRIPTOR);
    syscall(SYS_close, low);
    if (out < 0) abort();
}

static void put(const void *bytes, size_t length) {
    const char *next = bytes;
    while (length) {
        ssize_t done = syscall(SYS_write, out, next, length);
        if (done <= 0) abort(); /* a hole in the record would make every judgement worthless */
        next += done;
        length -= (size_t)done;
    }
}

static int watched(const char *path) { return out >= 0 && strncmp(path, root, root_length) == 0; }

static void of_descriptor(int descriptor, char *path) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t length = readlink(link, path, PATH_MAX - 1);
    path[length < 0 ? 0 : length] = 0;
}

/* The absolute path of `name` below `directory`, without resolving links. */
static void resolve(int directory, const char *name, char *path) {
    char above[PATH_MAX];
    if (name[0] == '/') {
        snprintf(path, PATH_MAX, "%s", name);
        return;
    }
    if (directory == AT_FDCWD) {
        if (!getcwd(above, sizeof above)) above[0] = 0;
    } else {
        of_descriptor(directory, above);
    }
    if (snprintf(path, PATH_MAX, "%s/%s", above, name) >= PATH_MAX) abort();
}

static void record(const char *kind, const struct stat *state, size_t length, const char *path, const char *second) {
    char line[2 * PATH_MAX + 128];
    int size = snprintf(line, sizeof line, "%s\t%lu\t%o\t%lld\t%zu\t%s\t%s\n", kind, (unsigned long)state->st_ino,
                        state->st_mode & 07777, state->st_mtim.tv_sec * 1000000000LL + state->st_mtim.tv_nsec, length,
                        path, second);
    put(line, (size_t)size);
}

static void record_name(const char *kind, const char *path, const char *second) {
    struct stat state = {0};
    int saved = errno;
    lstat(*second ? second : path, &state);
    record(kind, &state, 0, path, second);
    errno = saved;
}

static void record_size(int descriptor) {
    char path[PATH_MAX];
    struct stat state;
    int saved = errno;
    of_descriptor(descriptor, path);
    if (watched(path) && fstat(descriptor, &state) == 0) record("truncate", &state, (size_t)state.st_size, path, "");
    errno = saved;
}

static void record_sync(int descriptor) {
    char path[PATH_MAX];
    struct stat state;
    int saved = errno;
    of_descriptor(descriptor, path);
    size_t length = strlen(path);
    if (length + 1 == root_length) strcpy(path + length, "/"); /* the root itself */
    if (!watched(path) || fstat(descriptor, &state) != 0) goto done;
    if (S_ISDIR(state.st_mode)) {
        record("syncdir", &state, 0, path, "");
        goto done;
    }
    char link[64], *content = malloc((size_t)state.st_size + 1);
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    int again = (int)syscall(SYS_openat, AT_FDCWD, link, O_RDONLY | O_CLOEXEC, 0);
    off_t got = 0;
    while (got < state.st_size) {
        ssize_t part = syscall(SYS_pread64, again, content + got, (size_t)(state.st_size - got), got);
        if (part <= 0) abort();
        got += part;
    }
    syscall(SYS_close, again);
    record("sync", &state, (size_t)state.st_size, path, "");
    put(content, (size_t)state.st_size);
    free(content);
done:
    errno = saved;
}

static int opened(int directory, const char *name, int flags, mode_t mode) {
    char path[PATH_MAX];
    struct stat before;
    resolve(directory, name, path);
    int makes = (flags & O_CREAT) && watched(path);
    int was_there = makes && lstat(path, &before) == 0;
    int descriptor = (int)syscall(SYS_openat, directory, name, flags, mode);
    if (descriptor >= 0 && makes && !was_there) record_name("create", path, "");
    if (descriptor >= 0 && (flags & O_TRUNC)) record_size(descriptor);
    return descriptor;
}

#define MODE(flags, last)                                    \
    mode_t mode = 0;                                         \
    if (((flags) & O_CREAT) || ((flags) & O_TMPFILE) == O_TMPFILE) {                  \
        va_list rest;                                        \
        va_start(rest, last);                                \
        mode = va_arg(rest, mode_t);                         \
        va_end(rest);                                        \
    }

int open(const char *name, int flags, ...) { MODE(flags, flags) return opened(AT_FDCWD, name, flags, mode); }
int open64(const char *name, int flags, ...) { MODE(flags, flags) return opened(AT_FDCWD, name, flags, mode); }
int openat(int at, const char *name, int flags, ...) { MODE(flags, flags) return opened(at, name, flags, mode); }
int openat64(int at, const char *name, int flags, ...) { MODE(flags, flags) return opened(at, name, flags, mode); }
int creat(const char *name, mode_t mode) { return opened(AT_FDCWD, name, O_CREAT | O_WRONLY | O_TRUNC, mode); }

int fsync(int descriptor) {
    int result = NEXT(fsync)(descriptor);
    if (result == 0) record_sync(descriptor);
    return result;
}

int fdatasync(int descriptor) {
    int result = NEXT(fdatasync)(descriptor);
    if (result == 0) record_sync(descriptor);
    return result;
}

static int truncated(int descriptor, int result) {
    if (result == 0) record_size(descriptor);
    return result;
}

int ftruncate(int descriptor, off_t length) { return truncated(descriptor, NEXT(ftruncate)(descriptor, length)); }
int ftruncate64(int descriptor, off64_t length) { return truncated(descriptor, NEXT(ftruncate64)(descriptor, length)); }

static int made(int directory, const char *name, int result) {
    char path[PATH_MAX];
    resolve(directory, name, path);
    if (result == 0 && watched(path)) record_name("mkdir", path, "");
    return result;
}

int mkdir(const char *name, mode_t mode) { return made(AT_FDCWD, name, NEXT(mkdir)(name, mode)); }
int mkdirat(int at, const char *name, mode_t mode) { return made(at, name, NEXT(mkdirat)(at, name, mode)); }

static int removed(const char *kind, int directory, const char *name, int result) {
    char path[PATH_MAX];
    resolve(directory, name, path);
    if (result == 0 && watched(path)) record_name(kind, path, "");
    return result;
}

int unlink(const char *name) { return removed("unlink", AT_FDCWD, name, NEXT(unlink)(name)); }
int rmdir(const char *name) { return removed("unlink", AT_FDCWD, name, NEXT(rmdir)(name)); }
int unlinkat(int at, const char *name, int flags) { return removed("unlink", at, name, NEXT(unlinkat)(at, name, flags)); }

static int named(const char *kind, int from_at, const char *from, int to_at, const char *to, int result) {
    char path[PATH_MAX], second[PATH_MAX];
    resolve(from_at, from, path);
    resolve(to_at, to, second);
    if (result == 0 && watched(second)) record_name(kind, path, second);
    return result;
}

int rename(const char *from, const char *to) {
    return named("rename", AT_FDCWD, from, AT_FDCWD, to, NEXT(rename)(from, to));
}
int renameat(int from_at, const char *from, int to_at, const char *to) {
    return named("rename", from_at, from, to_at, to, NEXT(renameat)(from_at, from, to_at, to));
}
int renameat2(int from_at, const char *from, int to_at, const char *to, unsigned flags) {
    return named("rename", from_at, from, to_at, to, NEXT(renameat2)(from_at, from, to_at, to, flags));
}
int link(const char *from, const char *to) { return named("link", AT_FDCWD, from, AT_FDCWD, to, NEXT(link)(from, to)); }
int linkat(int from_at, const char *from, int to_at, const char *to, int flags) {
    return named("link", from_at, from, to_at, to, NEXT(linkat)(from_at, from, to_at, to, flags));
}

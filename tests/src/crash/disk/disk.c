/* A disk that can lose power, fill up and fail, put under one program with LD_PRELOAD.
 *
 * Every change of a file under DISK_UNDER is appended to the journal DISK_JOURNAL in the order in which it happened.
 * What the program reads is the live file, as with a page cache. What would be left after a loss of power is worked
 * out from the journal alone (platter.rs): a write counts only once its file was synced, a name only once its
 * directory was. Syncing is therefore noted and not done.
 *
 * Faults are read from the shared words of DISK_CONTROL, so that a test turns them on and off while the program runs.
 * Stores through a shared mapping are not seen: SQLite maps only its -shm file, which it makes anew after a crash.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

/* Words of the control file; control.rs has the same numbers. Of each kind: errno, how many calls still succeed, how
 * many then fail (-1: all). */
enum { WRITE = 0, SYNC = 3, READ = 6, FULL = 9, LIE = 10, HITS = 11, SYNCS = 12, WORDS = 16 };
enum { CREATE = 1, WROTE, TRUNCATED, SYNCED, SYNC_FAILED, DIRECTORY_SYNCED, UNLINKED, RENAMED, MADE, REMOVED };

struct record {
    char magic[3];
    uint8_t op;
    uint32_t path, other;
    uint32_t unused;
    uint64_t offset, length;
};

static pthread_mutex_t order = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static char root[PATH_MAX];
static size_t root_length;
static int journal = -1;
static volatile int64_t *control;


static void start(void) {
    const char *under = getenv("DISK_UNDER"), *to = getenv("DISK_JOURNAL"), *by = getenv("DISK_CONTROL");
    if (!under || !to || !by || !realpath(under, root))
        return;
    root_length = strlen(root);
    journal = (int)syscall(SYS_openat, AT_FDCWD, to, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    int words = (int)syscall(SYS_openat, AT_FDCWD, by, O_RDWR | O_CLOEXEC, 0600);
    void *mapped = words < 0 ? MAP_FAILED : mmap(0, WORDS * 8, PROT_READ | PROT_WRITE, MAP_SHARED, words, 0);
    if (words >= 0)
        syscall(SYS_close, words);
    if (journal < 0 || mapped == MAP_FAILED) {
        static const char said[] = "disk: journal or control cannot be opened\n";
        syscall(SYS_write, 2, said, sizeof said - 1);
        _exit(70);
    }
    control = mapped;
}

static int on(void) {
    pthread_once(&once, start);
    return control != NULL;
}

static int watched(const char *path) {
    return !strncmp(path, root, root_length) && (path[root_length] == '/' || !path[root_length]);
}

/* The path of an open file of the disk; 0 when it is none, or has no name any more. */
static int path_of(int fd, char path[PATH_MAX]) {
    if (!on() || fd < 0)
        return 0;
    char link[48];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, PATH_MAX - 1);
    if (length <= 0)
        return 0;
    path[length] = 0;
    static const char gone[] = " (deleted)";
    size_t end = sizeof gone - 1;
    return watched(path) && !((size_t)length > end && !strcmp(path + length - end, gone));
}

/* The absolute form of a path as a call names it. */
static int path_at(int at, const char *name, char path[PATH_MAX]) {
    if (!on() || !name)
        return 0;
    if (*name == '/')
        snprintf(path, PATH_MAX, "%s", name);
    else {
        char base[PATH_MAX];
        if (at == AT_FDCWD ? !getcwd(base, sizeof base) : !path_of(at, base))
            return 0;
        if (snprintf(path, PATH_MAX, "%s/%s", base, name) >= PATH_MAX)
            return 0;
    }
    return watched(path);
}

static void note(uint8_t op, const char *path, const char *other, uint64_t offset, const void *data, uint64_t length) {
    struct record head = {{'D', 'S', 'K'}, op, 0, 0, 0, offset, length};
    const char *from = path + root_length, *to = other ? other + root_length : "";
    head.path = (uint32_t)strlen(from);
    head.other = (uint32_t)strlen(to);
    struct iovec parts[4] = {
        {&head, sizeof head}, {(void *)from, head.path}, {(void *)to, head.other}, {(void *)data, data ? length : 0}};
    int saved = errno;
    syscall(SYS_writev, journal, parts, 4);
    errno = saved;
}

/* Whether this call is to fail; sets errno then. */
static int fails(int kind) {
    int64_t error = control[kind];
    if (!error || !control[kind + 2])
        return 0;
    if (control[kind + 1] > 0) {
        control[kind + 1]--;
        return 0;
    }
    if (control[kind + 2] > 0)
        control[kind + 2]--;
    control[HITS]++;
    errno = (int)error;
    return 1;
}

static uint64_t size_of(int fd) {
    struct stat stat;
    return fstat(fd, &stat) ? 0 : (uint64_t)stat.st_size;
}

/* One write of the program. offset < 0: at the file's own position. */
static ssize_t write_at(int fd, const char *path, const void *data, size_t length, off64_t offset) {
    pthread_mutex_lock(&order);
    ssize_t done = -1;
    if (fails(WRITE))
        goto out;
    off64_t at = offset;
    uint64_t size = size_of(fd);
    if (at < 0)
        at = fcntl(fd, F_GETFL) & O_APPEND ? (off64_t)size : lseek64(fd, 0, SEEK_CUR);
    if (control[FULL] && (uint64_t)at + length > size) {
        /* What is allocated can still be written; only growth fails. */
        control[HITS]++;
        if ((uint64_t)at >= size) {
            errno = ENOSPC;
            goto out;
        }
        length = size - (uint64_t)at;
    }
    done = offset < 0 ? syscall(SYS_write, fd, data, length) : syscall(SYS_pwrite64, fd, data, length, offset);
    if (done > 0)
        note(WROTE, path, 0, (uint64_t)at, data, (uint64_t)done);
out:
    pthread_mutex_unlock(&order);
    return done;
}

ssize_t write(int fd, const void *data, size_t length) {
    char path[PATH_MAX];
    return path_of(fd, path) ? write_at(fd, path, data, length, -1) : syscall(SYS_write, fd, data, length);
}

ssize_t pwrite64(int fd, const void *data, size_t length, off64_t offset) {
    char path[PATH_MAX];
    return path_of(fd, path) ? write_at(fd, path, data, length, offset)
                             : syscall(SYS_pwrite64, fd, data, length, offset);
}

ssize_t pwrite(int fd, const void *data, size_t length, off_t offset) {
    return pwrite64(fd, data, length, offset);
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
    char path[PATH_MAX];
    if (!path_of(fd, path))
        return syscall(SYS_writev, fd, parts, count);
    ssize_t all = 0;
    for (int i = 0; i < count; i++) {
        ssize_t done = write_at(fd, path, parts[i].iov_base, parts[i].iov_len, -1);
        if (done < 0)
            return all ? all : done;
        all += done;
        if ((size_t)done < parts[i].iov_len)
            break;
    }
    return all;
}

static ssize_t may_read(int fd) {
    char path[PATH_MAX];
    if (!on() || !control[READ] || !path_of(fd, path))
        return 0;
    pthread_mutex_lock(&order);
    int failed = fails(READ);
    pthread_mutex_unlock(&order);
    return failed ? -1 : 0;
}

ssize_t read(int fd, void *data, size_t length) {
    return may_read(fd) ? -1 : syscall(SYS_read, fd, data, length);
}

ssize_t pread64(int fd, void *data, size_t length, off64_t offset) {
    return may_read(fd) ? -1 : syscall(SYS_pread64, fd, data, length, offset);
}

ssize_t pread(int fd, void *data, size_t length, off_t offset) {
    return pread64(fd, data, length, offset);
}

/* Copies inside the kernel would not be seen: callers fall back to reading and writing. */
ssize_t copy_file_range(int in, off64_t *from, int out, off64_t *to, size_t length, unsigned flags) {
    char path[PATH_MAX];
    if (path_of(out, path)) {
        errno = ENOSYS;
        return -1;
    }
    return syscall(SYS_copy_file_range, in, from, out, to, length, flags);
}

static int sync_file(int fd, int number) {
    char path[PATH_MAX];
    if (!path_of(fd, path))
        return (int)syscall(number, fd);
    pthread_mutex_lock(&order);
    int done = 0;
    struct stat stat;
    int directory = !fstat(fd, &stat) && S_ISDIR(stat.st_mode);
    control[SYNCS]++;
    if (fails(SYNC)) {
        done = -1;
        /* As Linux does: what could not be written is forgotten, and the next sync will not try it again. */
        if (!directory)
            note(SYNC_FAILED, path, 0, 0, 0, 0);
    } else if (!control[LIE])
        note(directory ? DIRECTORY_SYNCED : SYNCED, path, 0, 0, 0, 0);
    pthread_mutex_unlock(&order);
    return done;
}

int fsync(int fd) { return sync_file(fd, SYS_fsync); }
int fdatasync(int fd) { return sync_file(fd, SYS_fdatasync); }

int ftruncate64(int fd, off64_t length) {
    char path[PATH_MAX];
    if (!path_of(fd, path))
        return (int)syscall(SYS_ftruncate, fd, length);
    pthread_mutex_lock(&order);
    int done = -1;
    if (!fails(WRITE)) {
        if (control[FULL] && (uint64_t)length > size_of(fd)) {
            control[HITS]++;
            errno = ENOSPC;
        } else if (!(done = (int)syscall(SYS_ftruncate, fd, length)))
            note(TRUNCATED, path, 0, (uint64_t)length, 0, 0);
    }
    pthread_mutex_unlock(&order);
    return done;
}

int ftruncate(int fd, off_t length) { return ftruncate64(fd, length); }

static int open_at(int at, const char *name, int flags, mode_t mode) {
    char path[PATH_MAX];
    if (!(flags & (O_CREAT | O_TRUNC)) || !path_at(at, name, path))
        return (int)syscall(SYS_openat, at, name, flags, mode);
    pthread_mutex_lock(&order);
    struct stat stat;
    int fd = -1, missing = lstat(path, &stat) != 0;
    if (missing && flags & O_CREAT && control[FULL]) {
        control[HITS]++;
        errno = ENOSPC;
    } else if ((fd = (int)syscall(SYS_openat, at, name, flags, mode)) >= 0) {
        if (missing)
            note(CREATE, path, 0, 0, 0, 0);
        else if (flags & O_TRUNC && stat.st_size)
            note(TRUNCATED, path, 0, 0, 0, 0);
    }
    pthread_mutex_unlock(&order);
    return fd;
}

static mode_t mode_of(int flags, va_list rest) {
    return flags & (O_CREAT | __O_TMPFILE) ? va_arg(rest, mode_t) : 0;
}

#define OPEN(name, parameters, at, path)                                                                               \
    int name parameters {                                                                                              \
        va_list rest;                                                                                                  \
        va_start(rest, flags);                                                                                         \
        mode_t mode = mode_of(flags, rest);                                                                            \
        va_end(rest);                                                                                                  \
        return open_at(at, path, flags, mode);                                                                         \
    }
OPEN(open, (const char *path, int flags, ...), AT_FDCWD, path)
OPEN(open64, (const char *path, int flags, ...), AT_FDCWD, path)
OPEN(openat, (int at, const char *path, int flags, ...), at, path)
OPEN(openat64, (int at, const char *path, int flags, ...), at, path)

/* A call on one name: done, and noted when it was. */
#define NAMED(at, name, op, call)                                                                                      \
    char path[PATH_MAX];                                                                                               \
    if (!path_at(at, name, path))                                                                                      \
        return (int)call;                                                                                              \
    pthread_mutex_lock(&order);                                                                                        \
    int done = (int)call;                                                                                              \
    if (!done)                                                                                                         \
        note(op, path, 0, 0, 0, 0);                                                                                    \
    pthread_mutex_unlock(&order);                                                                                      \
    return done;

int unlink(const char *name) { NAMED(AT_FDCWD, name, UNLINKED, syscall(SYS_unlinkat, AT_FDCWD, name, 0)) }
int rmdir(const char *name) { NAMED(AT_FDCWD, name, REMOVED, syscall(SYS_unlinkat, AT_FDCWD, name, AT_REMOVEDIR)) }
int mkdir(const char *name, mode_t mode) { NAMED(AT_FDCWD, name, MADE, syscall(SYS_mkdirat, AT_FDCWD, name, mode)) }
int unlinkat(int at, const char *name, int flags) {
    NAMED(at, name, flags & AT_REMOVEDIR ? REMOVED : UNLINKED, syscall(SYS_unlinkat, at, name, flags))
}

int rename(const char *from, const char *to) {
    char path[PATH_MAX], other[PATH_MAX];
    int in = path_at(AT_FDCWD, from, path), out = path_at(AT_FDCWD, to, other);
    if (in && out) {
        pthread_mutex_lock(&order);
        int done = (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
        if (!done)
            note(RENAMED, path, other, 0, 0, 0);
        pthread_mutex_unlock(&order);
        return done;
    }
    return (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
}

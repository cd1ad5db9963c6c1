/* Stands between a program and the C library (LD_PRELOAD), and makes its disk or its clock fail on demand.

   It is steered by a control file that both sides map: `struct control` here, `Control` in shim.py, the same
   fields in the same order. Only files whose path begins with `path` are touched, and the folder that holds
   them where it is synced. Children of the program run without it. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { OFF, KILL, ERROR, RANDOM, HANG };
enum { WRITE = 1, SYNC = 2, TRUNCATE = 4, UNLINK = 8, RENAME = 16, LINK = 32, CREATE = 64 };

struct control {
    _Atomic uint32_t mode;
    uint32_t calls;          /* which calls count and fail, a sum of the above */
    uint64_t at;             /* the first call to fail, counted from 1 */
    uint32_t error;          /* errno to fail with */
    uint32_t ever;           /* whether the calls after it fail too */
    uint32_t permille;       /* RANDOM: how many of 1,000 fail */
    uint32_t half;           /* a failing write writes its first half before */
    uint64_t seed;           /* RANDOM: decides which */
    _Atomic int64_t clock_ms; /* added to CLOCK_REALTIME */
    _Atomic uint64_t count;  /* calls so far that could have failed */
    _Atomic uint64_t hits;   /* of them, failed */
    _Atomic uint32_t journaled; /* whether each call is written to the journal */
    char path[512];
    char journal[512];
};

struct entry { /* then follow the path, the second path (rename, link) and the data */
    uint32_t call, path_bytes, second_bytes, data_bytes;
    int64_t offset;
};

static struct control *control;
static pid_t owner;
static pthread_mutex_t order = PTHREAD_MUTEX_INITIALIZER; /* the journal has calls in the order of the disk */

#define REAL(name) ((__typeof__(&name))real(#name))

static void *real(const char *name) { return dlsym(RTLD_NEXT, name); }

__attribute__((constructor)) static void begin(void) {
    const char *name = getenv("FAULTS_CONTROL");
    int fd = name ? open(name, O_RDWR | O_CLOEXEC) : -1;
    unsetenv("LD_PRELOAD");
    unsetenv("FAULTS_CONTROL");
    if (fd < 0)
        return;
    void *mapped = mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd), owner = getpid();
    if (mapped != MAP_FAILED)
        control = mapped;
}

static int ours(const char *path, uint32_t call) {
    size_t length = strlen(control->path);
    if (!strncmp(path, control->path, length))
        return 1;
    const char *name = strrchr(control->path, '/'); /* the folder itself, when its entries are synced */
    size_t folder = name ? (size_t)(name - control->path) : 0;
    return call == SYNC && strlen(path) == folder && !strncmp(path, control->path, folder);
}

static int of_descriptor(int fd, char path[1024], uint32_t call) {
    char link[64];
    if (!control || getpid() != owner)
        return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, 1023);
    path[length > 0 ? length : 0] = 0;
    return ours(path, call);
}

static int of_path(const char *path, uint32_t call) {
    return control && getpid() == owner && ours(path, call);
}

static uint64_t mixed(uint64_t n) { /* splitmix64: the same calls fail for the same seed */
    n += 0x9e3779b97f4a7c15u;
    n = (n ^ (n >> 30)) * 0xbf58476d1ce4e5b9u;
    n = (n ^ (n >> 27)) * 0x94d049bb133111ebu;
    return n ^ (n >> 31);
}

/* The mode in which this call has to fail; OFF when it goes on as it is. */
static uint32_t verdict(uint32_t call) {
    if (!(control->calls & call))
        return OFF;
    uint64_t number = atomic_fetch_add(&control->count, 1) + 1;
    uint32_t mode = atomic_load(&control->mode);
    if (mode == RANDOM)
        mode = mixed(control->seed ^ mixed(number)) % 1000 < control->permille ? ERROR : OFF;
    else if (number < control->at || (number > control->at && !control->ever))
        mode = OFF;
    if (mode != OFF)
        atomic_fetch_add(&control->hits, 1);
    return mode;
}

/* 0 to go on, -1 with errno to fail. Does not come back from a kill, nor from a hang until it is called off. */
static int failed(uint32_t mode) {
    if (mode == KILL)
        kill(getpid(), SIGKILL);
    while (mode == HANG && atomic_load(&control->mode) == HANG)
        usleep(5000);
    if (mode != ERROR)
        return 0;
    errno = (int)control->error;
    return -1;
}

static void note(uint32_t call, const char *path, const char *second, const void *data, size_t size, off64_t at) {
    static int fd = -1;
    if (fd < 0)
        fd = open(control->journal, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    struct entry head = {call, (uint32_t)strlen(path), (uint32_t)strlen(second), (uint32_t)size, at};
    struct iovec parts[] = {{&head, sizeof head},
                            {(void *)path, head.path_bytes},
                            {(void *)second, head.second_bytes},
                            {(void *)data, size}};
    if (writev(fd, parts, 4) != (ssize_t)(sizeof head + head.path_bytes + head.second_bytes + size))
        abort(); /* a journal with a hole would prove nothing */
}

static int lock(void) { /* no calls overlap while they are written down */
    int journaled = (int)atomic_load(&control->journaled);
    if (journaled)
        pthread_mutex_lock(&order);
    return journaled;
}

static void unlock(int journaled) {
    int kept = errno;
    if (journaled)
        pthread_mutex_unlock(&order);
    errno = kept;
}

/* `at` below 0: where the descriptor stands. */
static ssize_t written(int fd, const void *data, size_t size, off64_t at, const char *path) {
    uint32_t mode = verdict(WRITE);
    int journaled = lock();
    off64_t place = at < 0 ? lseek64(fd, 0, SEEK_CUR) : at;
    size_t part = mode == OFF ? size : (mode == KILL || mode == ERROR) && control->half ? size / 2 : 0;
    if (mode == HANG && !failed(mode))
        part = size;
    ssize_t done = !part && size ? 0 : at < 0 ? REAL(write)(fd, data, part) : REAL(pwrite64)(fd, data, part, at);
    if (journaled && done > 0)
        note(WRITE, path, "", data, (size_t)done, place);
    unlock(journaled);
    return failed(mode == HANG ? OFF : mode) ? -1 : done;
}

ssize_t write(int fd, const void *data, size_t size) {
    char path[1024];
    return of_descriptor(fd, path, WRITE) ? written(fd, data, size, -1, path) : REAL(write)(fd, data, size);
}

ssize_t pwrite64(int fd, const void *data, size_t size, off64_t at) {
    char path[1024];
    return of_descriptor(fd, path, WRITE) ? written(fd, data, size, at, path) : REAL(pwrite64)(fd, data, size, at);
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t at) { return pwrite64(fd, data, size, at); }

/* `inner` unless `ours` and this call's turn has come. */
#define GUARDED(ours, call, path, second, offset, inner)      \
    if (!(ours))                                              \
        return inner;                                         \
    if (failed(verdict(call)))                                \
        return -1;                                            \
    int journaled = lock(), result = inner;                   \
    if (journaled && !result)                                 \
        note(call, path, second, "", 0, offset);              \
    unlock(journaled);                                        \
    return result

int fsync(int fd) {
    char path[1024];
    GUARDED(of_descriptor(fd, path, SYNC), SYNC, path, "", 0, REAL(fsync)(fd));
}

int fdatasync(int fd) {
    char path[1024];
    GUARDED(of_descriptor(fd, path, SYNC), SYNC, path, "", 0, REAL(fdatasync)(fd));
}

int ftruncate64(int fd, off64_t size) {
    char path[1024];
    GUARDED(of_descriptor(fd, path, TRUNCATE), TRUNCATE, path, "", size, REAL(ftruncate64)(fd, size));
}

int ftruncate(int fd, off_t size) { return ftruncate64(fd, size); }

int unlink(const char *path) { GUARDED(of_path(path, UNLINK), UNLINK, path, "", 0, REAL(unlink)(path)); }

int rename(const char *path, const char *to) {
    GUARDED(of_path(path, RENAME) || of_path(to, RENAME), RENAME, path, to, 0, REAL(rename)(path, to));
}

int link(const char *path, const char *to) {
    GUARDED(of_path(path, LINK) || of_path(to, LINK), LINK, path, to, 0, REAL(link)(path, to));
}

/* Opening goes well each time; that it made a file, or emptied one, is written down. */
int open64(const char *path, int flags, ...) {
    va_list more;
    va_start(more, flags);
    mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(more, mode_t) : 0;
    va_end(more);
    int noted = flags & (O_CREAT | O_TRUNC) && of_path(path, CREATE) && lock();
    int is_new = noted && access(path, F_OK), fd = REAL(open64)(path, flags, mode);
    if (noted && fd >= 0 && (is_new || flags & O_TRUNC))
        note(is_new ? CREATE : TRUNCATE, path, "", "", 0, 0);
    unlock(noted);
    return fd;
}

int open(const char *path, int flags, ...) {
    va_list more;
    va_start(more, flags);
    mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(more, mode_t) : 0;
    va_end(more);
    return open64(path, flags, mode);
}

static int64_t shift_ms(void) { return control && getpid() == owner ? atomic_load(&control->clock_ms) : 0; }

int clock_gettime(clockid_t clock, struct timespec *now) {
    static __typeof__(&clock_gettime) inner; /* asked often: looked up once */
    if (!inner)
        inner = REAL(clock_gettime);
    int result = inner(clock, now);
    int64_t ms = clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE ? shift_ms() : 0;
    if (!result && ms) {
        int64_t ns = (int64_t)now->tv_nsec + ms % 1000 * 1000000;
        int64_t carried = ns < 0 ? -1 : ns >= 1000000000 ? 1 : 0;
        now->tv_sec += ms / 1000 + carried;
        now->tv_nsec = ns - carried * 1000000000;
    }
    return result;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    struct timespec precise;
    (void)zone; /* has meant nothing for decades */
    if (clock_gettime(CLOCK_REALTIME, &precise))
        return -1;
    now->tv_sec = precise.tv_sec;
    now->tv_usec = precise.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *place) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (place)
        *place = now.tv_sec;
    return now.tv_sec;
}

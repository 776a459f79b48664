/*
 * A library that is loaded before a program (LD_PRELOAD, Linux) and stands
 * between it and the disk. Environment variables steer it; all of them are
 * optional, and only files below FAULTS_ROOT count.
 *
 * FAULTS_ROOT    The folder, as an absolute path without links.
 *
 * FAULTS_LOG     Records each successful change of a file or folder below the
 *                root, each read of standard input and each write to standard
 *                output. All processes append to this one file. A change and its
 *                record are one step under `flock` on the log, so the log has the
 *                true order. A process that holds the lock can kill others
 *                without tearing a step apart. `-shm` is left out: it is memory.
 *
 * FAULTS         Rules, separated by `;`, each `action:call:match:when:value`.
 *                  action  fail   returns -1 with errno `value`
 *                          short  writes half of the bytes
 *                          kill   sends SIGKILL to the own process, before the call
 *                          delay  sleeps for `value` milliseconds before the call
 *                  call    open write pwrite ftruncate rename unlink mkdir fsync
 *                          fdatasync flock fcntl, `sync` for both kinds of sync,
 *                          or `*` for each of them
 *                  match   a part of the file's path; `stdout` is standard output;
 *                          empty: each file below the root
 *                  when    `3` the third such call of this process, `3-5`, `3-`
 *                          from the third on, `%3` each third one
 *
 * FAULTS_SWITCH  Rules count and apply only while a file of this name exists.
 *
 * The log is a sequence of records in the machine's byte order: a `struct
 * record`, the first name, the second name, the data. Names are relative to the
 * root. By kind:
 *
 *   1 start     inode: of the root. data: the command line
 *   2 input     data: bytes read from standard input
 *   3 output    data: bytes written to standard output
 *   4 open      first: name, offset: 1 if it was cut to no bytes. Only opens that
 *               may create or cut a file are recorded
 *   5 write     offset: where in the file. data: the bytes
 *   6 truncate  offset: the new length
 *   7 rename    first: old name, second: new name
 *   8 unlink    first: name
 *   9 mkdir     first: name
 *  10 sync      the file or folder is on the disk, as far as its changes stand
 *               before `offset` in the log: there the call began
 *  11 lost      the same call failed: the system has dropped those changes
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { START = 1, INPUT, OUTPUT, OPEN, WRITE, TRUNCATE, RENAME, UNLINK, MKDIR, SYNC, LOST };
enum action { NOTHING, FAIL, SHORT };

struct record {
    uint32_t size; /* of the whole record */
    uint32_t pid;
    uint64_t inode;
    uint64_t offset;
    uint16_t kind;
    uint16_t first; /* bytes of the first name */
    uint16_t second;
    uint16_t unused;
};

struct rule {
    char action, call[16], match[64];
    long first, last, every, value;
    long seen;
};

#define MAX_FILES 4096
#define MAX_RULES 16

static const char *root, *log_path, *switch_path;
static size_t root_bytes;
static int log_file = -1;
/* The names of open files, and of copies of the standard streams. Never freed. */
static const char *names[MAX_FILES];
static const char input_name[] = "stdin", output_name[] = "stdout";
static struct rule rules[MAX_RULES];
static int rule_count;
static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;

#define REAL(result, name, ...)                                                                    \
    static result (*real_##name)(__VA_ARGS__);                                                     \
    static void find_##name(void) { *(void **)&real_##name = dlsym(RTLD_NEXT, #name); }

REAL(int, open, const char *, int, ...)
REAL(int, openat, int, const char *, int, ...)
REAL(int, close, int)
REAL(ssize_t, read, int, void *, size_t)
REAL(ssize_t, write, int, const void *, size_t)
REAL(ssize_t, writev, int, const struct iovec *, int)
REAL(ssize_t, pwrite, int, const void *, size_t, off_t)
REAL(int, ftruncate, int, off_t)
REAL(int, rename, const char *, const char *)
REAL(int, unlink, const char *)
REAL(int, unlinkat, int, const char *, int)
REAL(int, mkdir, const char *, mode_t)
REAL(int, fsync, int)
REAL(int, fdatasync, int)
REAL(int, flock, int, int)
REAL(int, fcntl, int, int, ...)

static void find_all(void) {
    if (real_fcntl) return;
    find_open(), find_openat(), find_close(), find_read(), find_write(), find_writev(), find_pwrite();
    find_ftruncate(), find_rename(), find_unlink(), find_unlinkat(), find_mkdir(), find_fsync();
    find_fdatasync(), find_flock(), find_fcntl();
}

/* ---- what is watched ---- */

/* Returns the part of an absolute path below the root, or null. */
static const char *below(const char *path) {
    if (!root || strncmp(path, root, root_bytes)) return NULL;
    if (!path[root_bytes]) return "";
    return path[root_bytes] == '/' ? path + root_bytes + 1 : NULL;
}

/* Returns the name of a path below the root in `place`, or null. */
static const char *name_of(int folder, const char *path, char place[PATH_MAX * 2]) {
    if (!root) return NULL;
    if (path[0] == '/') return below(strcpy(place, path));
    if (folder == AT_FDCWD) {
        if (!getcwd(place, PATH_MAX)) return NULL;
    } else {
        char link[64];
        snprintf(link, sizeof link, "/proc/self/fd/%d", folder);
        ssize_t bytes = readlink(link, place, PATH_MAX - 1);
        if (bytes < 0) return NULL;
        place[bytes] = 0;
    }
    while (!strncmp(path, "./", 2)) path += 2;
    if (strcmp(path, ".") && *path) strcat(strcat(place, "/"), path);
    return below(place);
}

static const char *name_of_file(int file) {
    return file >= 0 && file < MAX_FILES ? names[file] : NULL;
}

static int is_memory(const char *name) {
    size_t bytes = strlen(name);
    return bytes > 4 && !strcmp(name + bytes - 4, "-shm");
}

/* ---- rules ---- */

static void read_rules(void) {
    char *text = getenv("FAULTS"), *rest = NULL;
    if (!text) return;
    text = strdup(text);
    for (char *word = strtok_r(text, ";", &rest); word; word = strtok_r(NULL, ";", &rest)) {
        struct rule *rule = &rules[rule_count];
        char *part[5] = {0}, *at = word;
        for (int n = 0; n < 5; n++) part[n] = strsep(&at, ":");
        if (!part[4] || rule_count == MAX_RULES) {
            fprintf(stderr, "disk.c: not a rule: %s\n", word);
            _exit(99);
        }
        rule->action = part[0][0];
        strncpy(rule->call, part[1], sizeof rule->call - 1);
        strncpy(rule->match, part[2], sizeof rule->match - 1);
        if (part[3][0] == '%') {
            rule->every = atol(part[3] + 1);
        } else {
            char *dash = strchr(part[3], '-');
            rule->first = atol(part[3]);
            rule->last = !dash ? rule->first : dash[1] ? atol(dash + 1) : LONG_MAX;
        }
        rule->value = atol(part[4]);
        rule_count++;
    }
    free(text);
}

/* Applies the rules to a call that is about to be made. */
static enum action judge(const char *call, const char *name) {
    enum action action = NOTHING;
    if (!rule_count || !name) return NOTHING;
    if (switch_path && access(switch_path, F_OK)) return NOTHING;
    for (struct rule *rule = rules; rule < rules + rule_count; rule++) {
        int is_meant = !strcmp(rule->call, call) || rule->call[0] == '*' || (!strcmp(rule->call, "sync") && strstr(call, "sync"));
        if (!is_meant) continue;
        if (rule->match[0] ? !strstr(name, rule->match) : name == input_name || name == output_name) continue;
        long n = __atomic_add_fetch(&rule->seen, 1, __ATOMIC_SEQ_CST);
        if (rule->every ? n % rule->every : n < rule->first || n > rule->last) continue;
        switch (rule->action) {
        case 'k':
            kill(getpid(), SIGKILL);
            for (;;) pause();
        case 'd': {
            struct timespec time = {rule->value / 1000, rule->value % 1000 * 1000000};
            while (nanosleep(&time, &time) && errno == EINTR) {}
            break;
        }
        case 's':
            action = SHORT;
            break;
        default:
            errno = (int)rule->value;
            return FAIL;
        }
    }
    return action;
}

/* ---- the record ---- */

static void enter(void) {
    if (log_file < 0) return;
    pthread_mutex_lock(&gate);
    while (real_flock(log_file, LOCK_EX) && errno == EINTR) {}
}

static void leave(void) {
    if (log_file < 0) return;
    int error = errno;
    real_flock(log_file, LOCK_UN);
    pthread_mutex_unlock(&gate);
    errno = error;
}

static uint64_t inode_of(int file) {
    struct stat about;
    return fstat(file, &about) ? 0 : about.st_ino;
}

static uint64_t log_bytes(void) {
    struct stat about;
    return log_file < 0 || fstat(log_file, &about) ? 0 : (uint64_t)about.st_size;
}

/* Appends a record. The caller has entered. */
static void note(int kind, uint64_t inode, uint64_t offset, const char *first, const char *second,
                 const void *data, size_t bytes) {
    if (log_file < 0) return;
    int error = errno;
    struct record record = {.pid = (uint32_t)getpid(), .inode = inode, .offset = offset, .kind = (uint16_t)kind};
    record.first = (uint16_t)strlen(first);
    record.second = (uint16_t)strlen(second);
    record.size = (uint32_t)(sizeof record + record.first + record.second + bytes);
    struct iovec parts[] = {{&record, sizeof record}, {(void *)first, record.first}, {(void *)second, record.second}, {(void *)data, bytes}};
    if (real_writev(log_file, parts, 4) != (ssize_t)record.size) abort();
    errno = error;
}

__attribute__((constructor)) static void start(void) {
    find_all();
    root = getenv("FAULTS_ROOT");
    log_path = getenv("FAULTS_LOG");
    switch_path = getenv("FAULTS_SWITCH");
    if (!root) return;
    root_bytes = strlen(root);
    names[0] = input_name;
    names[1] = output_name;
    read_rules();
    if (!log_path) return;
    int file = real_open(log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (file < 0) abort();
    /* Out of the way of programs that count on low numbers. */
    log_file = real_fcntl(file, F_DUPFD_CLOEXEC, 900);
    real_close(file);
    struct stat about;
    char line[4096];
    int command = real_open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
    ssize_t bytes = real_read(command, line, sizeof line);
    real_close(command);
    enter();
    note(START, stat(root, &about) ? 0 : about.st_ino, 0, "", "", line, bytes < 0 ? 0 : (size_t)bytes);
    leave();
}

/* ---- the calls ---- */

static int opened(int file, const char *name, int flags) {
    if (file < 0) return file;
    if (file < MAX_FILES) names[file] = strdup(name);
    if (!is_memory(name) && flags & (O_CREAT | O_TRUNC) && (flags & O_TMPFILE) != O_TMPFILE)
        note(OPEN, inode_of(file), !!(flags & O_TRUNC), name, "", NULL, 0);
    return file;
}

static int open_file(int folder, const char *path, int flags, mode_t mode) {
    char place[PATH_MAX * 2];
    find_all();
    const char *name = name_of(folder, path, place);
    if (!name) {
        int file = real_openat(folder, path, flags, mode);
        /* Programs open their pipes anew to have them without blocking. */
        if (root && file >= 0 && file < MAX_FILES && !strcmp(path, "/proc/self/fd/0")) names[file] = input_name;
        if (root && file >= 0 && file < MAX_FILES && !strcmp(path, "/proc/self/fd/1")) names[file] = output_name;
        return file;
    }
    if (judge("open", name) == FAIL) return -1;
    enter();
    int file = opened(real_openat(folder, path, flags, mode), name, flags);
    leave();
    return file;
}

static mode_t mode_in(int flags, va_list rest) {
    return flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE ? va_arg(rest, mode_t) : 0;
}

#define OPENS_IN(name, extra)                                                                      \
    int name(int folder, const char *path, int flags, ...) {                                       \
        va_list rest;                                                                              \
        va_start(rest, flags);                                                                     \
        mode_t mode = mode_in(flags, rest);                                                        \
        va_end(rest);                                                                              \
        return open_file(folder, path, flags | (extra), mode);                                     \
    }
OPENS_IN(openat, 0)
OPENS_IN(openat64, O_LARGEFILE)

#define OPENS(name, extra)                                                                         \
    int name(const char *path, int flags, ...) {                                                   \
        va_list rest;                                                                              \
        va_start(rest, flags);                                                                     \
        mode_t mode = mode_in(flags, rest);                                                        \
        va_end(rest);                                                                              \
        return open_file(AT_FDCWD, path, flags | (extra), mode);                                   \
    }
OPENS(open, 0)
OPENS(open64, O_LARGEFILE)

int creat(const char *path, mode_t mode) { return open_file(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode); }
int creat64(const char *path, mode_t mode) { return creat(path, mode); }

int close(int file) {
    find_all();
    if (file >= 0 && file == log_file) return 0;
    if (file >= 0 && file < MAX_FILES) names[file] = NULL;
    return real_close(file);
}

ssize_t read(int file, void *place, size_t bytes) {
    find_all();
    ssize_t done = real_read(file, place, bytes);
    if (done > 0 && log_file >= 0 && name_of_file(file) == input_name) {
        enter();
        note(INPUT, 0, 0, "", "", place, (size_t)done);
        leave();
    }
    return done;
}

/* Writes at `offset`, or where the file stands if that is negative. */
static ssize_t write_file(const char *call, int file, const void *data, size_t bytes, off_t offset) {
    find_all();
    const char *name = name_of_file(file);
    if (!name) return offset < 0 ? real_write(file, data, bytes) : real_pwrite(file, data, bytes, offset);
    switch (judge(call, name)) {
    case FAIL: return -1;
    case SHORT: bytes = bytes > 1 ? bytes / 2 : bytes;
    default: break;
    }
    if (log_file < 0 || is_memory(name))
        return offset < 0 ? real_write(file, data, bytes) : real_pwrite(file, data, bytes, offset);
    enter();
    ssize_t done = offset < 0 ? real_write(file, data, bytes) : real_pwrite(file, data, bytes, offset);
    if (done > 0 && name == output_name) {
        note(OUTPUT, 0, 0, "", "", data, (size_t)done);
    } else if (done > 0) {
        if (offset < 0) offset = lseek(file, 0, SEEK_CUR) - done;
        note(WRITE, inode_of(file), (uint64_t)offset, name, "", data, (size_t)done);
    }
    leave();
    return done;
}

ssize_t write(int file, const void *data, size_t bytes) { return write_file("write", file, data, bytes, -1); }
ssize_t pwrite(int file, const void *data, size_t bytes, off_t at) { return write_file("pwrite", file, data, bytes, at); }
ssize_t pwrite64(int file, const void *data, size_t bytes, off_t at) { return write_file("pwrite", file, data, bytes, at); }

ssize_t writev(int file, const struct iovec *parts, int count) {
    find_all();
    if (!name_of_file(file)) return real_writev(file, parts, count);
    size_t bytes = 0;
    for (int n = 0; n < count; n++) bytes += parts[n].iov_len;
    char *data = malloc(bytes + 1), *at = data;
    for (int n = 0; n < count; n++) at = mempcpy(at, parts[n].iov_base, parts[n].iov_len);
    ssize_t done = write_file("write", file, data, bytes, -1);
    int error = errno;
    free(data);
    errno = error;
    return done;
}

int ftruncate(int file, off_t bytes) {
    find_all();
    const char *name = name_of_file(file);
    if (!name) return real_ftruncate(file, bytes);
    if (judge("ftruncate", name) == FAIL) return -1;
    enter();
    int result = real_ftruncate(file, bytes);
    if (!result && !is_memory(name)) note(TRUNCATE, inode_of(file), (uint64_t)bytes, name, "", NULL, 0);
    leave();
    return result;
}
int ftruncate64(int file, off_t bytes) { return ftruncate(file, bytes); }

int rename(const char *from, const char *to) {
    char from_place[PATH_MAX * 2], to_place[PATH_MAX * 2];
    find_all();
    const char *first = name_of(AT_FDCWD, from, from_place), *second = name_of(AT_FDCWD, to, to_place);
    if (!first || !second) return real_rename(from, to);
    if (judge("rename", second) == FAIL) return -1;
    enter();
    int result = real_rename(from, to);
    if (!result) note(RENAME, 0, 0, first, second, NULL, 0);
    leave();
    return result;
}

static int unlink_file(int folder, const char *path, int flags) {
    char place[PATH_MAX * 2];
    find_all();
    const char *name = name_of(folder, path, place);
    if (!name) return real_unlinkat(folder, path, flags);
    if (judge("unlink", name) == FAIL) return -1;
    enter();
    int result = real_unlinkat(folder, path, flags);
    if (!result && !is_memory(name)) note(UNLINK, 0, 0, name, "", NULL, 0);
    leave();
    return result;
}
int unlink(const char *path) { return unlink_file(AT_FDCWD, path, 0); }
int unlinkat(int folder, const char *path, int flags) { return unlink_file(folder, path, flags); }

int mkdir(const char *path, mode_t mode) {
    char place[PATH_MAX * 2];
    find_all();
    const char *name = name_of(AT_FDCWD, path, place);
    if (!name) return real_mkdir(path, mode);
    if (judge("mkdir", name) == FAIL) return -1;
    enter();
    int result = real_mkdir(path, mode);
    struct stat about;
    if (!result && !stat(path, &about)) note(MKDIR, about.st_ino, 0, name, "", NULL, 0);
    leave();
    return result;
}

/* Syncs outside the lock, so that others go on meanwhile. */
static int sync_file(const char *call, int file, int (*sync)(int)) {
    const char *name = name_of_file(file);
    if (!name || name == input_name || name == output_name) return sync(file);
    enter();
    uint64_t begin = log_bytes();
    leave();
    int failed = judge(call, name) == FAIL;
    int error = errno;
    int result = failed ? -1 : sync(file);
    if (!failed) error = errno;
    enter();
    if (!is_memory(name)) note(result ? LOST : SYNC, inode_of(file), begin, name, "", NULL, 0);
    leave();
    errno = error;
    return result;
}
int fsync(int file) { return find_all(), sync_file("fsync", file, real_fsync); }
int fdatasync(int file) { return find_all(), sync_file("fdatasync", file, real_fdatasync); }

int flock(int file, int how) {
    find_all();
    return judge("flock", name_of_file(file)) == FAIL ? -1 : real_flock(file, how);
}

static int control(int file, int what, void *argument) {
    find_all();
    if (judge("fcntl", name_of_file(file)) == FAIL) return -1;
    int result = real_fcntl(file, what, argument);
    if (result >= 0 && result < MAX_FILES && (what == F_DUPFD || what == F_DUPFD_CLOEXEC) && name_of_file(file))
        names[result] = name_of_file(file);
    return result;
}

#define CONTROLS(name)                                                                             \
    int name(int file, int what, ...) {                                                            \
        va_list rest;                                                                              \
        va_start(rest, what);                                                                      \
        void *argument = va_arg(rest, void *);                                                     \
        va_end(rest);                                                                              \
        return control(file, what, argument);                                                      \
    }
CONTROLS(fcntl)
CONTROLS(fcntl64)

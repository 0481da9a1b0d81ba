/* Stands in front of a program by LD_PRELOAD, so that its wall clock can be set and its disk slowed while it
 * runs: two numbers in a file that OPTIO_CHAOS_MACHINE names, which is mapped and read at every call. The
 * monotonic clocks are left alone, as they are when somebody sets the clock of a real machine. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

struct machine {
    volatile int64_t clock_ms; /* the wall clock is ahead by so much */
    volatile int64_t flush_ms; /* a flush takes so much longer */
};

static const struct machine well;
static const struct machine *machine = &well;

__attribute__((constructor)) static void open_machine(void) {
    const char *name = getenv("OPTIO_CHAOS_MACHINE");
    int file = name ? open(name, O_RDONLY | O_CLOEXEC) : -1;
    if (file < 0)
        return;
    void *map = mmap(NULL, sizeof well, PROT_READ, MAP_SHARED, file, 0);
    close(file);
    if (map != MAP_FAILED)
        machine = map;
}

int clock_gettime(clockid_t which, struct timespec *now) {
    int failed = syscall(SYS_clock_gettime, which, now);
    if (!failed && (which == CLOCK_REALTIME || which == CLOCK_REALTIME_COARSE)) {
        int64_t nanos = now->tv_sec * INT64_C(1000000000) + now->tv_nsec + machine->clock_ms * 1000000;
        now->tv_sec = nanos / 1000000000;
        now->tv_nsec = nanos % 1000000000;
    }
    return failed;
}

int gettimeofday(struct timeval *now, void *zone) {
    struct timespec precise;
    int failed = clock_gettime(CLOCK_REALTIME, &precise);
    (void)zone;
    if (!failed) {
        now->tv_sec = precise.tv_sec;
        now->tv_usec = precise.tv_nsec / 1000;
    }
    return failed;
}

time_t time(time_t *to) {
    struct timespec now;
    if (clock_gettime(CLOCK_REALTIME, &now))
        return -1;
    if (to)
        *to = now.tv_sec;
    return now.tv_sec;
}

static void wait_for_disk(void) {
    struct timespec left = {machine->flush_ms / 1000, machine->flush_ms % 1000 * 1000000};
    while (0 < left.tv_sec + left.tv_nsec && nanosleep(&left, &left))
        ;
}

int fsync(int file) {
    wait_for_disk();
    return syscall(SYS_fsync, file);
}

int fdatasync(int file) {
    wait_for_disk();
    return syscall(SYS_fdatasync, file);
}

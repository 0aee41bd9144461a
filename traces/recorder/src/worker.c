/*
 * The init of a recorded guest: does the work that the kernel's command line names, and nothing else.
 *
 *   work=spin                 one thread a vCPU, each looping over two instructions for ever
 *   work=period:WORK:SLEEP    WORK us of that loop, then a timer sleep of SLEEP us, for ever
 *   work=io:WORK:SLEEP        a read of 4 KiB from /dev/xvda, WORK us of the loop, a timer sleep of SLEEP us, for ever
 *   work=forkjoin:WORK:ALONE  starts a thread a vCPU, each of WORK us, joins them, does ALONE us alone, for ever
 *
 * The loop has two instructions and every instruction of the recorded machine takes 2 ns, so a us is 250 turns. The
 * guest says READY when it begins. Asked on its console "count FROM TO" (of the wall clock that all domains share, in ns), it
 * tells how many pieces of work ended in between: it keeps the time of each, so that counting does not disturb what is
 * recorded.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { TURNS_PER_MICRO = 250, READ_BYTES = 4096, DISK_BYTES = 8 << 20, MOST_STAMPS = 1 << 18 };

static long long stamps[MOST_STAMPS];
static volatile unsigned ended;

static void fail(const char *what) {
    perror(what);
    printf("FAILED: %s\n", what);
    for (;;) {
        pause();
    }
}

static void loop(unsigned long turns) {
    if (turns > 0) {
        __asm__ volatile("1: dec %0\n jnz 1b" : "+r"(turns) : : "cc");
    }
}

static void work(long micros) {
    loop(micros * TURNS_PER_MICRO);
}

static void rest(long micros) {
    struct timespec time = {micros / 1000000, micros % 1000000 * 1000};
    nanosleep(&time, NULL);
}

static long long wall_nanos(void) {
    struct timespec time;
    clock_gettime(CLOCK_REALTIME, &time);
    return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static void end_of_piece(void) {
    if (ended < MOST_STAMPS) {
        stamps[ended] = wall_nanos();
        ended++;
    }
}

static void *for_ever(void *unused) {
    for (;;) {
        loop(~0UL);
    }
    return unused;
}

static void *part(void *micros) {
    work((long) micros);
    return NULL;
}

static void *answer(void *unused) {
    char line[100];
    long long from, to;
    while (fgets(line, sizeof line, stdin) != NULL) {
        if (sscanf(line, "count %lld %lld", &from, &to) == 2) {
            unsigned pieces = 0;
            for (unsigned i = 0; i < ended; i++) {
                pieces += stamps[i] > from && stamps[i] <= to;
            }
            printf("COUNTED %u of %u by %lld\n", pieces, ended, wall_nanos());
        }
    }
    return unused;
}

/** Starts a thread on one vCPU; any if it is negative. */
static pthread_t start(void *(*body)(void *), void *argument, int vcpu) {
    pthread_t thread;
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, 64 << 10);
    if (vcpu >= 0) {
        cpu_set_t only;
        CPU_ZERO(&only);
        CPU_SET(vcpu, &only);
        pthread_attr_setaffinity_np(&attributes, sizeof only, &only);
    }
    if (pthread_create(&thread, &attributes, body, argument) != 0) {
        fail("pthread_create");
    }
    pthread_attr_destroy(&attributes);
    return thread;
}

static void io(long micros, long sleep) {
    int module = open("/xen-blkfront.ko", O_RDONLY);
    if (module < 0 || syscall(SYS_finit_module, module, "", 0) != 0) {
        fail("/xen-blkfront.ko");
    }
    int disk = -1;
    for (int tries = 0; disk < 0 && tries < 100; tries++) {
        rest(20000);
        disk = open("/dev/xvda", O_RDONLY | O_DIRECT);
    }
    char *buffer = aligned_alloc(READ_BYTES, READ_BYTES);
    if (disk < 0 || buffer == NULL || pread(disk, buffer, READ_BYTES, 0) != READ_BYTES) {
        fail("/dev/xvda");
    }
    puts("READY");
    for (off_t at = 0;; at = (at + READ_BYTES) % DISK_BYTES) {
        if (pread(disk, buffer, READ_BYTES, at) != READ_BYTES) {
            fail("read");
        }
        end_of_piece();
        work(micros);
        rest(sleep);
    }
}

static void forkjoin(int vcpus, long micros, long alone) {
    pthread_t threads[vcpus];
    puts("READY");
    for (;;) {
        for (int i = 0; i < vcpus; i++) {
            threads[i] = start(part, (void *) micros, i);
        }
        for (int i = 0; i < vcpus; i++) {
            pthread_join(threads[i], NULL);
        }
        end_of_piece();
        work(alone);
    }
}

int main(void) {
    const char *what = getenv("work");
    int vcpus = sysconf(_SC_NPROCESSORS_ONLN);
    long micros, other;
    setvbuf(stdout, NULL, _IOLBF, 0);
    mkdir("/dev", 0755);
    mount("devtmpfs", "/dev", "devtmpfs", 0, NULL);
    memset(stamps, 1, sizeof stamps); /* touched now, so that no page fault is recorded later */
    start(answer, NULL, -1);
    if (what == NULL) {
        fail("no work=");
    } else if (strcmp(what, "spin") == 0) {
        for (int i = 1; i < vcpus; i++) {
            start(for_ever, NULL, i);
        }
        cpu_set_t first;
        CPU_ZERO(&first);
        CPU_SET(0, &first);
        sched_setaffinity(0, sizeof first, &first);
        puts("READY");
        for_ever(NULL);
    } else if (sscanf(what, "period:%ld:%ld", &micros, &other) == 2) {
        puts("READY");
        for (;;) {
            work(micros);
            end_of_piece();
            rest(other);
        }
    } else if (sscanf(what, "io:%ld:%ld", &micros, &other) == 2) {
        io(micros, other);
    } else if (sscanf(what, "forkjoin:%ld:%ld", &micros, &other) == 2) {
        forkjoin(vcpus, micros, other);
    }
    fail(what);
    return 1;
}

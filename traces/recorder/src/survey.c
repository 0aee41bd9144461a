/*
 * Tells, on the host, what the recorder must know of an xentrace file:
 *
 *   survey TRACE FROM TO
 *
 * prints "first TSC", "records N", "lost N", and "ran DOMAIN CYCLES" for each domain: how long its vCPUs were RUNNING between
 * the stamps FROM and TO, by the records of runstate changes. A file that is damaged or ends early is refused.
 *
 * A switch writes two records, of who leaves and of who comes, some 0.3 us apart. The hypervisor's account knows one
 * instant for both, so the time between them is counted for who comes.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    CPU_CHANGE = 0x0001f003,
    LOST_RECORDS = 0x0001f001,
    WRAP_PADDING = 0x0001f002,
    RUNSTATE_CHANGE = 0x00021001, /* with the old state << 8 and the new state << 4 */
    RUNNING = 0,
    MOST_CPUS = 4096,
    MOST_DOMAINS = 32768
};

static uint64_t ran[MOST_DOMAINS];
static uint64_t since[MOST_CPUS];
static uint64_t left[MOST_CPUS]; /* when the last vCPU left; 0 if another came since */
static int64_t running[MOST_CPUS];

static void refuse(const char *file, const char *why) {
    fprintf(stderr, "%s: %s\n", file, why);
    exit(1);
}

int main(int count, char **word) {
    FILE *file = count == 4 ? fopen(word[1], "rb") : NULL;
    if (file == NULL) {
        refuse(count == 4 ? word[1] : "survey", "cannot be read; usage: survey TRACE FROM TO");
    }
    uint64_t from = strtoull(word[2], NULL, 10);
    uint64_t to = strtoull(word[3], NULL, 10);
    uint64_t first = UINT64_MAX;
    uint64_t last = 0;
    uint64_t records = 0;
    uint64_t lost = 0;
    uint32_t cpu = 0;
    uint32_t header;
    for (int i = 0; i < MOST_CPUS; i++) {
        running[i] = -1;
    }
    while (fread(&header, sizeof header, 1, file) == 1) {
        uint32_t event = header & 0x0fffffff;
        uint32_t words = header >> 28 & 7;
        uint32_t data[10] = {0};
        int timed = header >> 31;
        words += timed ? 2 : 0;
        if (fread(data, 4, words, file) != words) {
            refuse(word[1], "ends in the middle of a record");
        }
        if (event == CPU_CHANGE) {
            cpu = data[0];
            if (cpu >= MOST_CPUS) {
                refuse(word[1], "is no trace of xentrace");
            }
            continue;
        }
        if (event == WRAP_PADDING) {
            continue;
        }
        records++;
        uint64_t tsc = timed ? data[0] | (uint64_t) data[1] << 32 : 0;
        uint32_t *payload = data + (timed ? 2 : 0);
        if (timed) {
            first = tsc < first ? tsc : first;
            last = tsc > last ? tsc : last;
        }
        if (event == LOST_RECORDS) {
            lost += payload[0];
        } else if ((event & ~0xff0) == RUNSTATE_CHANGE) {
            int64_t vcpu = payload[0];
            if ((event >> 8 & 15) == RUNNING && running[cpu] == vcpu) {
                uint64_t begin = since[cpu] > from ? since[cpu] : from;
                uint64_t end = tsc < to ? tsc : to;
                ran[vcpu >> 16 & (MOST_DOMAINS - 1)] += end > begin ? end - begin : 0;
                running[cpu] = -1;
                left[cpu] = tsc;
            }
            if ((event >> 4 & 15) == RUNNING) {
                running[cpu] = vcpu;
                since[cpu] = left[cpu] == 0 ? tsc : left[cpu];
                left[cpu] = 0;
            }
        }
    }
    if (records == 0 || last < to) {
        refuse(word[1], "ends before the window does");
    }
    printf("first %llu\nrecords %llu\nlost %llu\n", (unsigned long long) first, (unsigned long long) records,
            (unsigned long long) lost);
    for (int i = 0; i < MOST_DOMAINS; i++) {
        if (ran[i] > 0) {
            printf("ran %d %llu\n", i, (unsigned long long) ran[i]);
        }
    }
    return 0;
}

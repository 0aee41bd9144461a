/*
 * The host CPU as an oracle: reads tests from standard input, executes each natively in user mode and writes what became of the state to
 * standard output, until the input ends. Linux on x86-64; build with: gcc -O2 -o host-cpu host-cpu.c
 *
 * A test is entered and left by signals: the handler of a breakpoint replaces the whole interrupted context by the test's, and returns into
 * the test's instruction; that traps (single step, breakpoint behind it, or a fault of its own), and the handler takes the state from
 * the context and puts the saved one back.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#define CODE 0x10000000UL      /* a page of breakpoints; the instruction lies at CODE_AT */
#define CODE_AT (CODE + 0x800)
#define SCRATCH 0x20000000UL   /* two pages, what is around them is not mapped */
#define SCRATCH_SIZE 0x2000
#define WINDOW (SCRATCH + 0xe00) /* the part of them that tests fill and look at; it crosses the pages' border */
#define WINDOW_SIZE 1024
#define GS_BASE 0x1000
#define FX_SIZE 416

#define STEP 1    /* single step, else a breakpoint behind the instruction */
#define CODE32 2  /* compatibility mode */
#define DONE 0xffffffffu /* no trap of the instruction's own */

struct test {
    uint8_t code[16];
    uint8_t length;
    uint8_t flags;
    uint8_t pad[6];
    uint64_t r[16];
    uint64_t rflags;
    uint8_t fx[FX_SIZE]; /* the begin of an fxsave area */
    uint8_t window[WINDOW_SIZE];
};

struct result {
    uint64_t r[16];
    uint64_t rip;
    uint64_t rflags;
    uint32_t trap;
    uint32_t error;
    uint64_t cr2;
    uint8_t fx[FX_SIZE];
    uint8_t window[WINDOW_SIZE];
    uint64_t strays; /* words of the scratch pages outside the window that are not zero */
};

static const int REGISTER[16] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
                                 REG_R8,  REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15};

static struct test test;
static struct result result;
static int running;
static gregset_t saved;
static uint8_t saved_fx[FX_SIZE];

static void enter(ucontext_t *context)
{
    greg_t *g = context->uc_mcontext.gregs;
    uint8_t *fp = (uint8_t *)context->uc_mcontext.fpregs;
    memcpy(saved, g, sizeof saved);
    memcpy(saved_fx, fp, FX_SIZE);
    for (int i = 0; i < 16; i++)
        g[REGISTER[i]] = test.r[i];
    g[REG_RIP] = CODE_AT;
    g[REG_EFL] = (test.rflags & 0xcd5) | 0x202 | (test.flags & STEP ? 0x100 : 0);
    if (test.flags & CODE32)
        g[REG_CSGSFS] = (g[REG_CSGSFS] & 0x0000ffffffff0000) | (greg_t)0x2b << 48 | 0x23;
    memcpy(fp, test.fx, FX_SIZE);
    *(uint64_t *)(fp + 512) |= 3; /* xstate_bv: x87 and SSE are there */
    running = 1;
}

static void leave(ucontext_t *context)
{
    greg_t *g = context->uc_mcontext.gregs;
    uint8_t *fp = (uint8_t *)context->uc_mcontext.fpregs;
    uint64_t behind = CODE_AT + test.length;
    for (int i = 0; i < 16; i++)
        result.r[i] = g[REGISTER[i]];
    result.rip = g[REG_RIP];
    result.rflags = g[REG_EFL] & 0xcd5;
    result.trap = g[REG_TRAPNO];
    result.error = g[REG_ERR];
    result.cr2 = result.trap == 14 ? g[REG_CR2] : 0;
    if (result.trap == 1 && (test.flags & STEP)) {
        result.trap = DONE;
    } else if (result.trap == 3 && result.rip == behind + 1) {
        result.trap = DONE;
        result.rip = behind;
    }
    memcpy(result.fx, fp, FX_SIZE);
    memcpy(g, saved, sizeof saved);
    memcpy(fp, saved_fx, FX_SIZE);
    *(uint64_t *)(fp + 512) |= 3;
    running = 0;
}

static void handler(int signal, siginfo_t *info, void *context)
{
    (void)signal;
    (void)info;
    if (running)
        leave(context);
    else
        enter(context);
}

static void *map(unsigned long at, size_t size, int protection)
{
    void *p = mmap((void *)at, size, protection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    if (p != (void *)at) {
        perror("host-cpu: mmap");
        exit(2);
    }
    return p;
}

int main(void)
{
    static const int signals[] = {SIGTRAP, SIGSEGV, SIGBUS, SIGFPE, SIGILL};
    static uint8_t stack[1 << 16];
    stack_t alternate = {.ss_sp = stack, .ss_size = sizeof stack};
    struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};
    uint8_t *code = map(CODE, 0x1000, PROT_READ | PROT_WRITE | PROT_EXEC);
    uint8_t *scratch = map(SCRATCH, SCRATCH_SIZE, PROT_READ | PROT_WRITE);

    sigaltstack(&alternate, NULL);
    for (unsigned i = 0; i < sizeof signals / sizeof *signals; i++)
        sigaction(signals[i], &action, NULL);
    syscall(SYS_arch_prctl, 0x1001 /* ARCH_SET_GS */, GS_BASE);
    __asm__ volatile("mov %0, %%ds; mov %0, %%es" ::"r"(0x2b)); /* for compatibility mode */
    memset(code, 0xcc, 0x1000);

    while (fread(&test, sizeof test, 1, stdin) == 1) {
        memset(code + 0x800, 0xcc, 32);
        memcpy(code + 0x800, test.code, test.length);
        memcpy((void *)WINDOW, test.window, WINDOW_SIZE);
        __asm__ volatile("int3" ::: "memory");
        memcpy(result.window, (void *)WINDOW, WINDOW_SIZE);
        memset((void *)WINDOW, 0, WINDOW_SIZE);
        result.strays = 0;
        for (uint64_t *p = (uint64_t *)scratch; p < (uint64_t *)(scratch + SCRATCH_SIZE); p++) {
            result.strays += *p != 0;
            *p = 0;
        }
        if (fwrite(&result, sizeof result, 1, stdout) != 1 || fflush(stdout) != 0)
            return 2;
    }
    return 0;
}

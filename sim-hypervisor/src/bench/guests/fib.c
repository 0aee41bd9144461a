/* Calls and returns: Fibonacci the naive way. */
static unsigned long __attribute__((noinline, optimize("no-optimize-sibling-calls", "no-inline"))) fib(unsigned n) {
    return n < 2 ? n : fib(n - 1) + fib(n - 2);
}

unsigned long main(void) {
    return fib(32);
}

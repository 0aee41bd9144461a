/* Adds, shifts and xors in registers: xorshift, 4 M steps. */
unsigned long main(void) {
    unsigned long x = 88172645463325252UL, sum = 0;
    for (unsigned i = 0; i < 4000000; i++) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        sum += x;
    }
    return sum;
}

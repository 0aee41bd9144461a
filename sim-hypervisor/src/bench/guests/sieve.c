/* Byte stores and loads in order: primes below 2 M, by Eratosthenes' sieve. */
#define MOST 2000000
static unsigned char composite[MOST];

unsigned long main(void) {
    unsigned long primes = 0;
    for (unsigned i = 0; i < MOST; i++) composite[i] = 0;
    for (unsigned i = 2; i < MOST; i++) {
        if (composite[i]) continue;
        primes++;
        for (unsigned j = i + i; j < MOST; j += i) composite[j] = 1;
    }
    return primes;
}

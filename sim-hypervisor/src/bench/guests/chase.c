/* Dependent loads all over 8 MiB: a random cycle of pointers, followed 8 M times. */
#define NODES 131072
struct node {
    struct node *next;
    unsigned long pad[7];
};
static struct node nodes[NODES];
static unsigned order[NODES];

unsigned long main(void) {
    unsigned long x = 88172645463325252UL, sum = 0;
    for (unsigned i = 0; i < NODES; i++) order[i] = i;
    for (unsigned i = NODES - 1; i > 0; i--) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        unsigned j = x % (i + 1), swap = order[i];
        order[i] = order[j];
        order[j] = swap;
    }
    for (unsigned i = 0; i < NODES; i++) {
        nodes[order[i]].next = &nodes[order[(i + 1) % NODES]];
        nodes[order[i]].pad[0] = i;
    }
    struct node *at = nodes;
    for (unsigned i = 0; i < 8000000; i++) at = at->next;
    for (unsigned i = 0; i < 1000; i++, at = at->next) sum = sum * 31 + at->pad[0];
    return sum;
}

/* What programs do: a linked list that is searched, reversed and sorted, products of small matrices, a state machine that reads numbers
   from text, and a CRC over all results. The kinds of work are CoreMark's, the code is not. */
typedef unsigned char byte;

static unsigned crc(unsigned value, unsigned so_far) {
    for (int i = 0; i < 4; i++) {
        so_far ^= value & 0xff;
        value >>= 8;
        for (int bit = 0; bit < 8; bit++) so_far = so_far & 1 ? so_far >> 1 ^ 0xedb88320 : so_far >> 1;
    }
    return so_far;
}

static unsigned random_state = 12345;

static unsigned next_random(void) {
    return random_state = random_state * 1103515245 + 12345;
}

/* the list */
#define ITEMS 120
struct item {
    struct item *next;
    short key;
    short value;
};
static struct item items[ITEMS];

static struct item *reverse(struct item *list) {
    struct item *done = 0;
    while (list) {
        struct item *rest = list->next;
        list->next = done;
        done = list;
        list = rest;
    }
    return done;
}

static struct item *find(struct item *list, short key) {
    while (list && list->key != key) list = list->next;
    return list;
}

static struct item *sort(struct item *list, int (*before)(struct item *, struct item *)) {
    if (!list || !list->next) return list;
    struct item *slow = list, *fast = list->next;
    while (fast && fast->next) {
        slow = slow->next;
        fast = fast->next->next;
    }
    struct item *right = sort(slow->next, before);
    slow->next = 0;
    struct item *left = sort(list, before);
    struct item *merged = 0, **end = &merged;
    while (left && right) {
        struct item **from = before(right, left) ? &right : &left;
        *end = *from;
        end = &(*from)->next;
        *from = *end;
    }
    *end = left ? left : right;
    return merged;
}

static int by_key(struct item *a, struct item *b) {
    return a->key < b->key;
}

static int by_value(struct item *a, struct item *b) {
    return a->value < b->value || (a->value == b->value && a->key < b->key);
}

static unsigned lists(unsigned so_far) {
    for (int i = 0; i < ITEMS; i++) {
        items[i].next = i + 1 < ITEMS ? &items[i + 1] : 0;
        items[i].key = (short) (next_random() >> 16);
        items[i].value = (short) (next_random() >> 20);
    }
    struct item *list = reverse(sort(items, by_value));
    for (int i = 0; i < 20; i++) {
        struct item *found = find(list, items[i * 5].key);
        so_far = crc(found ? found->value : 0, so_far);
    }
    list = sort(list, by_key);
    for (; list; list = list->next) so_far = so_far * 31 + list->key;
    return crc(so_far, 1);
}

/* the matrices */
#define SIDE 12
static short a[SIDE][SIDE], b[SIDE][SIDE];
static int product[SIDE][SIDE];

static unsigned matrices(unsigned so_far) {
    for (int i = 0; i < SIDE; i++)
        for (int j = 0; j < SIDE; j++) {
            a[i][j] = (short) (next_random() >> 18);
            b[i][j] = (short) (next_random() >> 18);
        }
    for (int i = 0; i < SIDE; i++)
        for (int j = 0; j < SIDE; j++) {
            int sum = 0;
            for (int k = 0; k < SIDE; k++) sum += a[i][k] * b[k][j];
            product[i][j] = sum;
        }
    for (int i = 0; i < SIDE; i++)
        for (int j = 0; j < SIDE; j++) so_far += (product[i][j] >> 2 & 0xf) * (product[i][j] >> 5 & 0x7f);
    return crc(so_far, 2);
}

/* the state machine */
static const char *texts[] = {"5012", "1234", "-874", "+122", "35.54400", ".1234500", "-110.700", "+0.64400",
                              "5.500e+3", "-.123e-2", "-87e+832", "+0.6e-12", "T0.3e-1F", "-T.T++Tq", "1T3.4e4z", "34.0e-T^"};
enum state { BEGIN, SIGN, INTEGER, POINT, FRACTION, EXPONENT, EXPONENT_SIGN, SCALE, INVALID, STATES };
static unsigned visits[STATES];

static enum state step(enum state state, char ch) {
    int digit = ch >= '0' && ch <= '9';
    switch (state) {
        case BEGIN:
            return digit ? INTEGER : ch == '+' || ch == '-' ? SIGN : ch == '.' ? POINT : INVALID;
        case SIGN:
            return digit ? INTEGER : ch == '.' ? POINT : INVALID;
        case INTEGER:
            return digit ? INTEGER : ch == '.' ? FRACTION : ch == 'e' ? EXPONENT : INVALID;
        case POINT:
            return digit ? FRACTION : INVALID;
        case FRACTION:
            return digit ? FRACTION : ch == 'e' ? EXPONENT : INVALID;
        case EXPONENT:
            return ch == '+' || ch == '-' ? EXPONENT_SIGN : digit ? SCALE : INVALID;
        case EXPONENT_SIGN:
            return digit ? SCALE : INVALID;
        case SCALE:
            return digit ? SCALE : INVALID;
        default:
            return INVALID;
    }
}

static unsigned machine(unsigned so_far) {
    for (int i = 0; i < STATES; i++) visits[i] = 0;
    for (int n = 0; n < 24; n++) {
        const char *text = texts[next_random() >> 28];
        enum state state = BEGIN;
        for (; *text; text++) {
            state = step(state, *text);
            visits[state]++;
        }
    }
    for (int i = 0; i < STATES; i++) so_far = crc(visits[i], so_far);
    return so_far;
}

unsigned long main(void) {
    unsigned so_far = 0;
    random_state = 12345;
    for (int round = 0; round < 400; round++) {
        so_far = lists(so_far);
        so_far = matrices(so_far);
        so_far = machine(so_far);
    }
    return so_far;
}

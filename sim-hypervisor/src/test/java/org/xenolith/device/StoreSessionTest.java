package org.xenolith.device;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.Size;
import net.jqwik.api.lifecycle.BeforeTry;
import org.xenolith.engine.RandomStream;

/** What the XenStore answers over the wire. */
class StoreSessionTest {
    private static final int DIRECTORY = 1;
    private static final int READ = 2;
    private static final int GET_PERMS = 3;
    private static final int WATCH = 4;
    private static final int UNWATCH = 5;
    private static final int START = 6;
    private static final int END = 7;
    private static final int PATH_OF = 10;
    private static final int WRITE = 11;
    private static final int MKDIR = 12;
    private static final int RM = 13;
    private static final int SET_PERMS = 14;
    private static final int INTRODUCED = 17;
    private static final int RESET_WATCHES = 21;
    private static final int DIRECTORY_PART = 22;

    private XenStore store;
    private StoreSession guest;
    private StoreSession other;

    @BeforeTry
    void newStore() {
        store = new XenStore();
        store.write("/local/domain/1", "", "n0", "r1");
        store.write("/local/domain/1/name", "one", "n0", "r1");
        store.write("/local/domain/1/data", "", "n1");
        store.write("/local/domain/2/data", "", "n2");
        guest = new StoreSession(store, 1, () -> {});
        other = new StoreSession(store, 2, () -> {});
    }

    /** Sends a request; what comes back, as {@code type:texts separated by |}. */
    private static String ask(StoreSession session, int type, int transaction, String payload) {
        send(session, type, transaction, payload);
        return next(session);
    }

    private static void send(StoreSession session, int type, int transaction, String payload) {
        byte[] body = payload.getBytes(StandardCharsets.ISO_8859_1);
        byte[] header = ByteBuffer.allocate(16)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(type)
                .putInt(77)
                .putInt(transaction)
                .putInt(body.length)
                .array();
        session.receive(header, body);
    }

    private static String next(StoreSession session) {
        byte[] message = session.poll();
        if (message == null) {
            return null;
        }
        ByteBuffer fields = ByteBuffer.wrap(message).order(ByteOrder.LITTLE_ENDIAN);
        int type = fields.getInt(0);
        assertThat(fields.getInt(12)).isEqualTo(message.length - 16);
        assertThat(fields.getInt(4)).isEqualTo(type == 15 ? 0 : 77);
        String text = new String(message, 16, message.length - 16, StandardCharsets.ISO_8859_1);
        return type + ":" + text.replace('\0', '|');
    }

    @Example
    void readsAndWritesRelativeAndAbsolutePaths() {
        assertThat(ask(guest, READ, 0, "name\0")).isEqualTo("2:one");
        assertThat(ask(guest, READ, 0, "/local/domain/1/name\0")).isEqualTo("2:one");
        assertThat(ask(guest, WRITE, 0, "data/a/b\0v\0w")).isEqualTo("11:OK|");
        assertThat(ask(guest, READ, 0, "data/a/b\0")).isEqualTo("2:v|w");
        assertThat(ask(guest, MKDIR, 0, "data/c\0")).isEqualTo("12:OK|");
        assertThat(ask(guest, MKDIR, 0, "data/c\0")).isEqualTo("12:OK|");
        assertThat(ask(guest, DIRECTORY, 0, "data\0")).isEqualTo("1:a|c|");
        assertThat(ask(guest, DIRECTORY, 0, "data/c\0")).isEqualTo("1:");
        assertThat(ask(guest, GET_PERMS, 0, "data/a\0")).isEqualTo("3:n1|");
        assertThat(ask(guest, RM, 0, "data/a\0")).isEqualTo("13:OK|");
        assertThat(ask(guest, RM, 0, "data/a\0")).as("what is not there").isEqualTo("13:OK|");
        assertThat(ask(guest, READ, 0, "data/a/b\0")).isEqualTo("16:ENOENT|");
        assertThat(ask(guest, PATH_OF, 0, "5\0")).isEqualTo("10:/local/domain/5|");
        assertThat(ask(guest, INTRODUCED, 0, "5\0")).isEqualTo("17:F|");
        store.introduce(5);
        assertThat(ask(guest, INTRODUCED, 0, "5\0")).isEqualTo("17:T|");
    }

    @Example
    void refusesByName() {
        assertThat(ask(guest, WRITE, 0, "name\0x")).as("only to be read").isEqualTo("16:EACCES|");
        assertThat(ask(guest, READ, 0, "/local/domain/2/data\0")).isEqualTo("16:EACCES|");
        assertThat(ask(guest, READ, 0, "/local/domain/2/data/x\0"))
                .as("nor learns whether it is there")
                .isEqualTo("16:EACCES|");
        assertThat(ask(guest, READ, 0, "nothing\0")).isEqualTo("16:ENOENT|");
        assertThat(ask(guest, RM, 0, "/\0")).isEqualTo("16:EINVAL|");
        assertThat(ask(guest, RM, 0, "data/x/y\0")).isEqualTo("16:ENOENT|");
        for (String path : List.of("", "data/", "a//b", "a b", "ä", "x".repeat(2049), "/" + "x".repeat(3072))) {
            assertThat(ask(guest, READ, 0, path + "\0")).as(path).isEqualTo("16:EINVAL|");
        }
        assertThat(ask(guest, READ, 0, "name")).as("no end").isEqualTo("16:EINVAL|");
        assertThat(ask(guest, READ, 0, "name\0name\0")).isEqualTo("16:EINVAL|");
        assertThat(ask(guest, READ, 0, "")).isEqualTo("16:EINVAL|");
        assertThat(ask(guest, READ, 9, "name\0")).as("no such transaction").isEqualTo("16:ENOENT|");
        assertThat(ask(guest, 8, 0, "3\0")).as("INTRODUCE").isEqualTo("16:EACCES|");
        assertThat(ask(guest, 23, 0, "")).isEqualTo("16:ENOSYS|");
        assertThat(ask(guest, -1, 0, "")).isEqualTo("16:ENOSYS|");
        assertThat(ask(guest, SET_PERMS, 0, "name\0n1\0")).isEqualTo("16:EACCES|");
        assertThat(ask(guest, SET_PERMS, 0, "data\0n2\0")).as("gives it away").isEqualTo("16:EPERM|");
        assertThat(ask(guest, SET_PERMS, 0, "data\0x2\0")).isEqualTo("16:EINVAL|");
        assertThat(ask(guest, SET_PERMS, 0, "data\0")).isEqualTo("16:EINVAL|");
    }

    @Example
    void permissionsOpenWhatIsOnesOwn() {
        assertThat(ask(guest, SET_PERMS, 0, "data\0n1\0r2\0")).isEqualTo("14:OK|");
        assertThat(ask(other, READ, 0, "/local/domain/1/data\0")).isEqualTo("2:");
        assertThat(ask(other, WRITE, 0, "/local/domain/1/data\0x")).isEqualTo("16:EACCES|");
        assertThat(ask(guest, SET_PERMS, 0, "data\0b1\0")).isEqualTo("14:OK|");
        assertThat(ask(other, WRITE, 0, "/local/domain/1/data/x\0y")).isEqualTo("11:OK|");
        assertThat(ask(guest, GET_PERMS, 0, "data/x\0"))
                .as("owned by who made it")
                .isEqualTo("3:b2|");
    }

    @Example
    void watchesFireOnceAtOnceAndThenAtEachChange() {
        assertThat(ask(guest, WATCH, 0, "data\0tok\0")).isEqualTo("4:OK|");
        assertThat(next(guest)).isEqualTo("15:data|tok|");
        assertThat(ask(guest, WATCH, 0, "data\0tok\0")).isEqualTo("16:EEXIST|");
        store.write("/local/domain/1/data/a", "x");
        assertThat(next(guest)).isEqualTo("15:data/a|tok|");
        assertThat(ask(guest, WATCH, 0, "/local/domain/1/data/a\0two\0")).isEqualTo("4:OK|");
        assertThat(next(guest)).isEqualTo("15:/local/domain/1/data/a|two|");
        store.remove("/local/domain/1/data");
        assertThat(next(guest)).isEqualTo("15:data|tok|");
        assertThat(next(guest)).isEqualTo("15:/local/domain/1/data/a|two|");
        assertThat(next(guest)).isNull();
        assertThat(ask(guest, UNWATCH, 0, "data\0tok\0")).isEqualTo("5:OK|");
        assertThat(ask(guest, UNWATCH, 0, "data\0tok\0")).isEqualTo("16:ENOENT|");
        assertThat(ask(guest, RESET_WATCHES, 0, "\0")).isEqualTo("21:OK|");
        store.write("/local/domain/1/data/a", "x");
        assertThat(next(guest)).isNull();
        assertThat(ask(guest, WATCH, 0, "@releaseDomain\0t\0")).isEqualTo("16:EACCES|");
    }

    @Example
    void aDomainThatIsGoneHearsNothingMore() {
        assertThat(ask(guest, WATCH, 0, "data\0tok\0")).isEqualTo("4:OK|");
        assertThat(next(guest)).isEqualTo("15:data|tok|");
        int[] heard = new int[1];
        store.introduce(1);
        store.watch("@releaseDomain", () -> heard[0]++);
        store.release(1);
        assertThat(heard[0]).isEqualTo(2);
        assertThat(ask(other, INTRODUCED, 0, "1\0")).isEqualTo("17:F|");
        store.write("/local/domain/1/data", "x");
        assertThat(next(guest)).isNull();
    }

    @Example
    void aWatchTellsNothingOfWhatMayNotBeRead() {
        store.write("/secret", "", "n0");
        assertThat(ask(guest, WATCH, 0, "/\0all\0")).isEqualTo("4:OK|");
        assertThat(next(guest)).isEqualTo("15:/|all|");
        store.write("/secret/key", "1");
        assertThat(next(guest)).isNull();
        store.write("/local/domain/1/name", "uno");
        assertThat(next(guest)).isEqualTo("15:/local/domain/1/name|all|");
    }

    @Example
    void transactionsHoldAllAtOnceOrConflict() {
        assertThat(ask(guest, START, 0, "\0")).isEqualTo("6:1|");
        assertThat(ask(guest, START, 0, "\0")).isEqualTo("6:2|");
        assertThat(ask(guest, START, 1, "\0")).isEqualTo("16:EBUSY|");
        assertThat(ask(guest, WRITE, 1, "data/a\0one")).isEqualTo("11:OK|");
        assertThat(ask(guest, READ, 0, "data/a\0")).as("not yet").isEqualTo("16:ENOENT|");
        assertThat(ask(guest, READ, 1, "data/a\0")).isEqualTo("2:one");
        assertThat(ask(guest, WRITE, 2, "data/a\0two")).isEqualTo("11:OK|");
        assertThat(ask(guest, END, 1, "T\0")).isEqualTo("7:OK|");
        assertThat(ask(guest, END, 2, "T\0")).isEqualTo("16:EAGAIN|");
        assertThat(ask(guest, READ, 0, "data/a\0")).isEqualTo("2:one");
        assertThat(ask(guest, START, 0, "\0")).isEqualTo("6:3|");
        assertThat(ask(guest, RM, 3, "data/a\0")).isEqualTo("13:OK|");
        assertThat(ask(guest, END, 3, "F\0")).isEqualTo("7:OK|");
        assertThat(ask(guest, READ, 0, "data/a\0")).isEqualTo("2:one");
        assertThat(ask(guest, END, 3, "T\0")).isEqualTo("16:ENOENT|");
        assertThat(ask(guest, END, 0, "T\0")).isEqualTo("16:ENOENT|");
    }

    @Example
    void quotasHoldForDomains() {
        for (int i = 0; i < 128; i++) {
            assertThat(ask(guest, WATCH, 0, "data\0t" + i + "\0")).isEqualTo("4:OK|");
            next(guest);
        }
        assertThat(ask(guest, WATCH, 0, "data\0more\0")).isEqualTo("16:E2BIG|");
        assertThat(ask(guest, RESET_WATCHES, 0, "\0")).isEqualTo("21:OK|");
        for (int i = 0; i < 10; i++) {
            assertThat(ask(guest, START, 0, "\0")).startsWith("6:");
        }
        assertThat(ask(guest, START, 0, "\0")).isEqualTo("16:ENOSPC|");
        assertThat(ask(guest, WRITE, 0, "data/big\0" + "x".repeat(2040))).isEqualTo("11:OK|");
        assertThat(ask(guest, WRITE, 0, "data/big\0" + "x".repeat(2041))).isEqualTo("16:ENOSPC|");
        int made = 0;
        while (ask(guest, WRITE, 0, "data/" + made / 30 + "/" + made % 30 + "\0")
                .startsWith("11")) {
            made++;
        }
        assertThat(made).isBetween(900, 1000);
        assertThat(ask(other, WRITE, 0, "data/x\0"))
                .as("another domain's are its own")
                .isEqualTo("11:OK|");
    }

    @Example
    void longListsComeInParts() {
        StringBuilder names = new StringBuilder();
        for (int i = 0; i < 1000; i++) {
            store.write("/local/domain/1/data/child-" + i, "");
            names.append("child-").append(i).append('|');
        }
        assertThat(ask(guest, DIRECTORY, 0, "data\0")).isEqualTo("16:E2BIG|");
        StringBuilder got = new StringBuilder();
        String part;
        do {
            String answer = ask(guest, DIRECTORY_PART, 0, "data\0" + got.length() + "\0");
            assertThat(answer).startsWith("22:").hasSizeLessThanOrEqualTo(3 + 4096);
            part = answer.substring(answer.indexOf('|') + 1);
            got.append(part.endsWith("||") ? part.substring(0, part.length() - 1) : part);
        } while (!part.endsWith("||"));
        assertThat(got).hasToString(names.toString());
    }

    /** Two transactions and plain writes in any order: what holds in the end is what the committed ones alone, in that order, come to. */
    @Property(tries = 200)
    void committedTransactionsMightHaveBeenAlone(@ForAll @Size(max = 40) List<Integer> choices) {
        TreeMap<String, String> model = new TreeMap<>();
        List<List<String[]>> pending = new ArrayList<>(List.of(new ArrayList<>(), new ArrayList<>()));
        int[] ids = new int[2];
        for (int choice : choices) {
            int which = choice >>> 4 & 1;
            String key = "data/k" + (choice >>> 5 & 3);
            String value = "v" + (choice >>> 7 & 255);
            switch (choice & 7) {
                case 0, 1 -> {
                    if (ids[which] == 0) {
                        ids[which] = Integer.parseInt(ask(guest, START, 0, "\0").replaceAll("6:|\\|", ""));
                    }
                }
                case 2 -> {
                    if (ids[which] != 0) {
                        boolean held = ask(guest, END, ids[which], "T\0").equals("7:OK|");
                        if (held) {
                            for (String[] step : pending.get(which)) {
                                assertThat(step[2])
                                        .as("what it had read of %s", step[0])
                                        .isEqualTo(model.get(step[0]));
                                if (step[1] != null) {
                                    model.put(step[0], step[1]);
                                }
                            }
                        }
                        pending.get(which).clear();
                        ids[which] = 0;
                    }
                }
                case 3 -> {
                    assertThat(ask(guest, WRITE, 0, key + "\0" + value)).isEqualTo("11:OK|");
                    model.put(key, value);
                }
                default -> {
                    if (ids[which] != 0) {
                        String before = ask(guest, READ, ids[which], key + "\0");
                        String seen = before.equals("16:ENOENT|") ? null : before.substring(2);
                        boolean write = (choice & 1) == 0;
                        if (write) {
                            assertThat(ask(guest, WRITE, ids[which], key + "\0" + value))
                                    .isEqualTo("11:OK|");
                        }
                        pending.get(which).add(new String[] {key, write ? value : null, seen});
                    }
                }
            }
            model.forEach((k, v) -> assertThat(ask(guest, READ, 0, k + "\0")).isEqualTo("2:" + v));
        }
    }

    /** Any message at all is answered, once, and leaves dom0's nodes alone. */
    @Property(tries = 100)
    void anyMessageIsAnswered(@ForAll long seed) {
        RandomStream random = new RandomStream(seed, "store", "messages");
        String[] pieces = {
            "name",
            "data",
            "/",
            "\0",
            "\0",
            "data/a",
            "T",
            "F",
            "n1",
            "r2",
            "@releaseDomain",
            "1",
            "/local/domain/2/data",
            "ö",
            "//",
            "99999999999"
        };
        for (int i = 0; i < 200; i++) {
            StringBuilder payload = new StringBuilder();
            for (int n = random.nextInt(5); n > 0; n--) {
                payload.append(pieces[random.nextInt(pieces.length)]);
            }
            send(guest, random.nextInt(26) - 1, random.nextInt(3), payload.toString());
            int answers = 0;
            for (String answer = next(guest); answer != null; answer = next(guest)) {
                answers += answer.startsWith("15:") ? 0 : 1;
            }
            assertThat(answers).isEqualTo(1);
        }
        assertThat(store.read("/local/domain/1/name")).isEqualTo("one");
        assertThat(ask(other, READ, 0, "data\0")).isEqualTo("2:");
    }
}

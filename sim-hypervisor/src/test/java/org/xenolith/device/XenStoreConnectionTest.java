package org.xenolith.device;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.lifecycle.BeforeTry;
import org.xenolith.engine.RandomStream;
import org.xenolith.hypervisor.Domain;

/** The XenStore's rings, with guests that play by the rules and that do not; and what a domain finds there. */
class XenStoreConnectionTest {
    private static final int REQ_CONS = 2048;
    private static final int REQ_PROD = 2052;
    private static final int RSP_CONS = 2056;
    private static final int RSP_PROD = 2060;
    private static final int ERROR = 2072;
    private static final int READ = 2;
    private static final int WRITE = 11;

    private GuestPages machine;
    private Domain domain;
    private XenStore store;
    private DomainServices services;
    private int ring;

    @BeforeTry
    void newStore() {
        machine = new GuestPages();
        domain = machine.domain(1);
        store = new XenStore();
        int storeFrame = domain.physmap().mfn(1);
        int consoleFrame = domain.physmap().mfn(2);
        services = new DomainServices(
                machine.hypervisor, store, domain, new DomainServices.Rings(storeFrame, 1, consoleFrame, 2), 65536, 0);
        ring = machine.at(domain, 1);
    }

    private static byte[] request(int type, int id, String payload) {
        byte[] body = payload.getBytes(StandardCharsets.ISO_8859_1);
        return ByteBuffer.allocate(16 + body.length)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(type)
                .putInt(id)
                .putInt(0)
                .putInt(body.length)
                .put(body)
                .array();
    }

    /** Sends as much of {@code bytes} as there is room for; how much that was. */
    private int send(byte[] bytes, int from) {
        int prod = machine.memory.get32(ring + REQ_PROD);
        int room = 1024 - (prod - machine.memory.get32(ring + REQ_CONS));
        int count = Math.min(room, bytes.length - from);
        for (int i = 0; i < count; i++) {
            machine.memory.put8(ring + (prod + i & 1023), bytes[from + i]);
        }
        machine.memory.put32(ring + REQ_PROD, prod + count);
        machine.hypervisor.events().send(domain, 1);
        return count;
    }

    /** Takes up to {@code most} bytes of answers. */
    private byte[] take(int most) {
        int cons = machine.memory.get32(ring + RSP_CONS);
        int count = Math.max(0, Math.min(most, machine.memory.get32(ring + RSP_PROD) - cons));
        byte[] bytes = new byte[count];
        for (int i = 0; i < count; i++) {
            bytes[i] = (byte) machine.memory.get8(ring + 1024 + (cons + i & 1023));
        }
        machine.memory.put32(ring + RSP_CONS, cons + count);
        machine.hypervisor.events().send(domain, 1);
        return bytes;
    }

    private String read(String path) {
        send(request(READ, 1, path + "\0"), 0);
        byte[] answer = take(1024);
        return new String(answer, 16, answer.length - 16, StandardCharsets.ISO_8859_1);
    }

    @Example
    void aDomainFindsWhatXlWritesForIt() {
        assertThat(read("name")).isEqualTo("guest1");
        assertThat(read("domid")).isEqualTo("1");
        assertThat(read("memory/target")).isEqualTo("65536");
        assertThat(read("cpu/0/availability")).isEqualTo("online");
        assertThat(read("control/platform-feature-xs_reset_watches")).isEqualTo("1");
        assertThat(read("console/ring-ref")).isEqualTo("2");
        assertThat(read("console/port")).isEqualTo("2");
        assertThat(read("console/type")).isEqualTo("xenconsoled");
        assertThat(read("store/ring-ref")).isEqualTo("1");
        assertThat(read(read("vm") + "/uuid")).hasSize(36);
        services.ask("poweroff");
        assertThat(read("control/shutdown")).isEqualTo("poweroff");
        services.setAvailable(0, false);
        assertThat(read("cpu/0/availability")).isEqualTo("offline");
        assertThat(domain.sharedInfo().isPending(1)).isTrue();
    }

    /** Requests sent and answers taken in pieces of any sizes come to the same answers in the same order. */
    @Example
    void aDomainThatIsGoneLeavesNothing() {
        Domain watcher = machine.domain(2);
        new DomainServices(
                machine.hypervisor,
                store,
                watcher,
                new DomainServices.Rings(
                        watcher.physmap().mfn(1), 1, watcher.physmap().mfn(2), 2),
                65536,
                0);
        int free = machine.memory.freeFrames();
        assertThat(store.isIntroduced(1)).isTrue();
        machine.hypervisor.destroy(domain);
        assertThat(machine.memory.freeFrames()).isGreaterThanOrEqualTo(free + GuestPages.PAGES);
        assertThat(store.isIntroduced(1)).isFalse();
        assertThat(store.list("/local/domain")).contains("2").doesNotContain("1");
        assertThat(store.list("/vm")).hasSize(1);
        byte[] before = machine.memory.bytes().clone();
        services.console().type("echo\n".getBytes(StandardCharsets.ISO_8859_1));
        store.write("/local/domain/1/control/shutdown", "poweroff");
        assertThat(machine.memory.bytes()).isEqualTo(before);
    }

    @Property(tries = 100)
    void anyPiecesComeToTheSame(
            @ForAll @IntRange(min = 1, max = 400) int sendPiece, @ForAll @IntRange(min = 1, max = 400) int takePiece) {
        ByteArrayOutputStream requests = new ByteArrayOutputStream();
        ByteArrayOutputStream expected = new ByteArrayOutputStream();
        for (int i = 0; i < 30; i++) {
            String value = "v".repeat(i * 37 % 700) + i;
            requests.writeBytes(request(WRITE, 2 * i, "data/x\0" + value));
            expected.writeBytes(request(WRITE, 2 * i, "OK\0"));
            requests.writeBytes(request(READ, 2 * i + 1, "data/x\0"));
            expected.writeBytes(request(READ, 2 * i + 1, value));
        }
        byte[] all = requests.toByteArray();
        ByteArrayOutputStream answers = new ByteArrayOutputStream();
        for (int at = 0; at < all.length || answers.size() < expected.size(); ) {
            int sent = send(Arrays.copyOf(all, Math.min(all.length, at + sendPiece)), at);
            at += sent;
            byte[] got = take(takePiece);
            answers.writeBytes(got);
            assertThat(sent + got.length).as("something moves").isPositive();
        }
        assertThat(answers.toByteArray()).isEqualTo(expected.toByteArray());
    }

    @Example
    void aMessageThatIsTooLongEndsTheConversation() {
        byte[] header = request(READ, 1, "");
        header[13] = 0x10;
        header[12] = 1;
        send(header, 0);
        assertThat(services.talksToStore()).isFalse();
        assertThat(machine.memory.get32(ring + ERROR)).isEqualTo(3);
    }

    @Example
    void indicesThatMakeNoSenseEndTheConversationAndNoOther() {
        Domain second = machine.domain(2);
        DomainServices others = new DomainServices(
                machine.hypervisor,
                store,
                second,
                new DomainServices.Rings(
                        second.physmap().mfn(1), 1, second.physmap().mfn(2), 2),
                65536,
                0);
        machine.memory.put32(ring + REQ_PROD, 5000);
        machine.hypervisor.events().send(domain, 1);
        assertThat(services.talksToStore()).isFalse();
        assertThat(machine.memory.get32(ring + ERROR)).isEqualTo(2);
        assertThat(others.talksToStore()).isTrue();
    }

    @Property(tries = 100)
    void ringsFullOfNoiseHarmNobodyElse(@ForAll long seed) {
        RandomStream random = new RandomStream(seed, "store", "ring");
        Domain other = machine.domain(2);
        machine.memory.fill(machine.at(other, 0), GuestPages.PAGES * 4096, (byte) 0x5a);
        for (int i = 0; i < 300; i++) {
            switch (random.nextInt(8)) {
                case 0 -> machine.memory.put32(ring + REQ_CONS + 4 * random.nextInt(4), random.nextInt(2048));
                case 1 -> machine.memory.put32(ring + 4 * random.nextInt(512), (int) random.nextLong());
                case 2 -> take(random.nextInt(100) + 1);
                default -> send(request(random.nextInt(24), i, "data\0" + random.nextInt(9) + "\0"), 0);
            }
            if (!services.talksToStore()) {
                break;
            }
        }
        for (int at = 0; at < GuestPages.PAGES * 4096; at++) {
            assertThat(machine.memory.get8(machine.at(other, 0) + at)).isEqualTo(0x5a);
        }
        assertThat(store.read("/local/domain/1/name")).isEqualTo("guest1");
    }
}

package org.xenolith.device;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.Size;
import net.jqwik.api.lifecycle.BeforeTry;
import org.xenolith.engine.RandomStream;
import org.xenolith.hypervisor.Domain;

/** The console's rings, with a guest that plays by the rules and one that does not. */
class ConsoleBackendTest {
    private static final int OUT = 1024;
    private static final int IN_CONS = 3072;
    private static final int IN_PROD = 3076;
    private static final int OUT_CONS = 3080;
    private static final int OUT_PROD = 3084;

    private GuestPages machine;
    private Domain domain;
    private int ring;
    private ConsoleBackend console;
    private ByteArrayOutputStream printed;

    @BeforeTry
    void newConsole() {
        machine = new GuestPages();
        domain = machine.domain(1);
        ring = machine.at(domain, 2);
        console =
                new ConsoleBackend(machine.memory, domain.physmap().mfn(2), machine.hypervisor.events(), domain, 2, 0);
        printed = new ByteArrayOutputStream();
        console.setOutput((bytes, length) -> printed.write(bytes, 0, length));
    }

    private void print(byte[] bytes) {
        int prod = machine.memory.get32(ring + OUT_PROD);
        for (byte b : bytes) {
            machine.memory.put8(ring + OUT + (prod++ & 2047), b);
        }
        machine.memory.put32(ring + OUT_PROD, prod);
        machine.hypervisor.events().send(domain, 2);
    }

    private byte[] read(int most) {
        ByteArrayOutputStream got = new ByteArrayOutputStream();
        int cons = machine.memory.get32(ring + IN_CONS);
        while (got.size() < most && cons != machine.memory.get32(ring + IN_PROD)) {
            got.write(machine.memory.get8(ring + (cons++ & 1023)));
        }
        machine.memory.put32(ring + IN_CONS, cons);
        machine.hypervisor.events().send(domain, 2);
        return got.toByteArray();
    }

    @Example
    void whatIsPrintedIsHeardAndTheGuestToldSo() {
        print("hello\n".getBytes(StandardCharsets.US_ASCII));
        assertThat(printed).hasToString("hello\n");
        assertThat(machine.memory.get32(ring + OUT_CONS)).isEqualTo(6);
        assertThat(domain.sharedInfo().isPending(2)).isTrue();
    }

    @Example
    void whatIsTypedWaitsForRoom() {
        byte[] text = new byte[3000];
        for (int i = 0; i < text.length; i++) {
            text[i] = (byte) i;
        }
        console.type(text);
        assertThat(console.untyped()).isEqualTo(3000 - 1024);
        ByteArrayOutputStream got = new ByteArrayOutputStream();
        for (int i = 0; i < 30; i++) {
            got.writeBytes(read(100));
        }
        assertThat(got.toByteArray()).isEqualTo(text);
        assertThat(console.untyped()).isZero();
    }

    @Property(tries = 100)
    void nothingIsLostOrAddedOnTheWayOut(@ForAll @Size(max = 40) byte[][] pieces) {
        machine.memory.put32(ring + OUT_CONS, -100); // so that the indices wrap
        machine.memory.put32(ring + OUT_PROD, -100);
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        for (byte[] piece : pieces) {
            print(piece);
            all.writeBytes(piece);
        }
        assertThat(printed.toByteArray()).isEqualTo(all.toByteArray());
    }

    @Property(tries = 100)
    void indicesThatMakeNoSenseHarmNobody(@ForAll long seed) {
        RandomStream random = new RandomStream(seed, "console", "indices");
        Domain other = machine.domain(2);
        machine.memory.fill(machine.at(other, 0), GuestPages.PAGES * 4096, (byte) 0x5a);
        for (int i = 0; i < 50; i++) {
            machine.memory.put32(ring + IN_CONS + 4 * random.nextInt(4), (int) random.nextLong());
            console.type(new byte[random.nextInt(50)]);
            printed.reset();
            machine.hypervisor.events().send(domain, 2);
            assertThat(printed.size()).isLessThanOrEqualTo(2048);
        }
        for (int at = 0; at < GuestPages.PAGES * 4096; at++) {
            assertThat(machine.memory.get8(machine.at(other, 0) + at)).isEqualTo(0x5a);
        }
    }

    @Example
    void thePageStaysTheConsolesWhenTheGuestGivesItBack() {
        int mfn = domain.physmap().mfn(2);
        assertThat(domain.physmap().depopulate(2)).isTrue();
        for (int i = machine.memory.freeFrames(); i > 0; i--) {
            assertThat(machine.hypervisor.frames().allocate(5)).isNotEqualTo(mfn);
        }
    }
}

package org.xenolith.hypervisor;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.Size;
import net.jqwik.api.lifecycle.BeforeTry;
import org.xenolith.engine.RandomStream;
import org.xenolith.machine.MachineMemory;

/** Event channels by the FIFO ABI, against a guest that takes them from its queues as Linux does, and a model that knows no queues. */
class FifoEventsTest {
    private static final int VCPUS = 3;
    private static final int ARRAY_PAGE = 2;
    private static final int CONTROL_PAGE = 3;
    private static final int PENDING = 1 << 31;
    private static final int MASKED = 1 << 30;
    private static final int LINKED = 1 << 29;

    private Hypervisor hypervisor;
    private EventChannels events;
    private Domain domain;
    private MachineMemory memory;

    /** The guest's own idea of the head of each queue. */
    private int[][] heads;

    private List<Integer> taken;

    @BeforeTry
    void newMachine() {
        hypervisor = Machines.withFrames(1, 64, null, 0);
        events = hypervisor.events();
        memory = hypervisor.frames().memory();
        domain = Machines.booted(
                hypervisor, 1, Domain.Type.PVH, 8, new FakeBootedGuest(), new FakeBootedGuest(), new FakeBootedGuest());
        heads = new int[VCPUS][16];
        taken = new ArrayList<>();
    }

    private void useFifo() {
        for (Vcpu v : domain.vcpus()) {
            assertThat(events.initControl(v, CONTROL_PAGE, 128 * v.id())).isZero();
        }
        assertThat(events.expandArray(domain, ARRAY_PAGE)).isZero();
    }

    private int word(int port) {
        return (domain.physmap().mfn(ARRAY_PAGE) << 12) + 4 * port;
    }

    private int control(int vcpu) {
        return (domain.physmap().mfn(CONTROL_PAGE) << 12) + 128 * vcpu;
    }

    private boolean has(int port, int bit) {
        return (memory.get32(word(port)) & bit) != 0;
    }

    /** Takes all events of {@code vcpu} that its upcall is for. */
    private void takeAll(int vcpu) {
        SharedInfo shared = domain.sharedInfo();
        while (shared.upcallPending(vcpu)) {
            shared.setUpcallPending(vcpu, false);
            int ready = memory.get32(control(vcpu));
            memory.put32(control(vcpu), 0);
            while (ready != 0) {
                int queue = Integer.numberOfTrailingZeros(ready);
                int head = heads[vcpu][queue];
                int port = head != 0 ? head : memory.get32(control(vcpu) + 8 + 4 * queue);
                int word = memory.get32(word(port));
                memory.put32(word(port), word & ~(LINKED | 0x1ffff));
                heads[vcpu][queue] = word & 0x1ffff;
                if (heads[vcpu][queue] == 0) {
                    ready &= ~(1 << queue);
                }
                if ((word & PENDING) != 0 && (word & MASKED) == 0) {
                    memory.put32(word(port), memory.get32(word(port)) & ~PENDING);
                    taken.add(port);
                }
                ready |= memory.get32(control(vcpu));
                memory.put32(control(vcpu), 0);
            }
        }
    }

    private int bindIpi(int vcpu) {
        return (int) events.bindIpi(domain.vcpus().get(vcpu));
    }

    @Example
    void urgentOnesComeFirstThenThoseThatCameFirst() {
        useFifo();
        for (int i = 0; i < 5; i++) {
            bindIpi(0);
        }
        assertThat(events.setPriority(domain, 4, 0)).isZero();
        assertThat(events.setPriority(domain, 2, 15)).isZero();
        for (int port : new int[] {2, 5, 1, 4, 3, 5}) {
            assertThat(events.send(domain, port)).isZero();
        }
        takeAll(0);
        assertThat(taken).containsExactly(4, 5, 1, 3, 2);
    }

    @Example
    void whatCameBeforeTheEventArrayIsNotLost() {
        bindIpi(0);
        bindIpi(1);
        assertThat(events.send(domain, 1)).isZero(); // by the two-level ABI
        assertThat(events.initControl(domain.vcpus().get(0), CONTROL_PAGE, 0)).isZero();
        assertThat(events.initControl(domain.vcpus().get(1), CONTROL_PAGE, 128)).isZero();
        assertThat(events.send(domain, 2)).isZero();
        assertThat(events.expandArray(domain, ARRAY_PAGE)).isZero();
        takeAll(0);
        takeAll(1);
        assertThat(taken).containsExactly(1, 2);
    }

    @Example
    void refusesWhatXenRefuses() {
        Vcpu v = domain.vcpus().get(0);
        assertThat(events.expandArray(domain, ARRAY_PAGE)).isEqualTo(Abi.EOPNOTSUPP);
        assertThat(events.setPriority(domain, 1, 3)).isEqualTo(Abi.ENOSYS);
        assertThat(events.initControl(v, CONTROL_PAGE, 4)).isEqualTo(Abi.EINVAL);
        assertThat(events.initControl(v, CONTROL_PAGE, 4096 - 64)).isEqualTo(Abi.EINVAL);
        assertThat(events.initControl(v, CONTROL_PAGE, -8)).isEqualTo(Abi.EINVAL);
        assertThat(events.initControl(v, 1000, 0)).isEqualTo(Abi.EINVAL);
        assertThat(domain.eventAbi).isInstanceOf(TwoLevelAbi.class);
        assertThat(events.initControl(v, CONTROL_PAGE, 0)).isZero();
        assertThat(events.initControl(v, CONTROL_PAGE, 0)).isEqualTo(Abi.EINVAL);
        assertThat(events.expandArray(domain, -1)).isEqualTo(Abi.EINVAL);
        assertThat(events.setPriority(domain, 1, 16)).isEqualTo(Abi.EINVAL);
        assertThat(events.setPriority(domain, 64, 0)).isEqualTo(Abi.EINVAL);
    }

    @Example
    void tellsOfMorePortsThanTwoLevelsCan() {
        useFifo();
        events.limitPorts(domain, 200_000);
        for (int page = 1; page < 128; page++) {
            assertThat(events.expandArray(domain, ARRAY_PAGE)).isZero();
        }
        assertThat(events.expandArray(domain, ARRAY_PAGE)).isEqualTo(Abi.ENOSPC);
        int last = 0;
        for (int i = 1; i < 1 << 17; i++) {
            last = bindIpi(0);
        }
        assertThat(last).isEqualTo((1 << 17) - 1);
        assertThat(events.bindIpi(domain.vcpus().get(0))).isEqualTo(Abi.ENOSPC);
        assertThat(events.close(domain, 77_777)).isZero();
        assertThat(bindIpi(0)).isEqualTo(77_777);
    }

    @Example
    void resetGoesBackToTwoLevelsAndGivesThePagesBack() {
        useFifo();
        bindIpi(0);
        events.reset(domain);
        assertThat(domain.eventAbi).isInstanceOf(TwoLevelAbi.class);
        assertThat(bindIpi(0)).isEqualTo(1);
        int free = memory.freeFrames();
        assertThat(domain.physmap().depopulate(ARRAY_PAGE)).isTrue();
        assertThat(memory.freeFrames()).isEqualTo(free + 1);
    }

    /** Whatever is sent, masked, moved to other vCPUs and priorities: each event is taken once, and none is left behind. */
    @Property(tries = 500)
    void noEventIsLostOrTakenTwice(@ForAll @Size(max = 300) List<Integer> choices) {
        useFifo();
        int ports = 8;
        boolean[] pending = new boolean[ports + 1];
        boolean[] masked = new boolean[ports + 1];
        for (int port = 1; port <= ports; port++) {
            // Channels whose vCPU may change: the other ends of channels within the domain.
            assertThat(events.allocUnbound(domain, domain.id())).isEqualTo(port);
        }
        for (int port = 1; port <= ports; port++) {
            assertThat(events.bindInterdomain(domain, domain.id(), port)).isEqualTo(ports + port);
            takeAll(0);
        }
        taken.clear();
        for (int choice : choices) {
            int port = 1 + (choice >>> 8 & 7);
            int value = choice >>> 16;
            switch (choice & 7) {
                case 0, 1, 2 -> {
                    assertThat(events.send(domain, ports + port)).isZero();
                    pending[port] = true;
                }
                case 3 -> {
                    memory.put32(word(port), memory.get32(word(port)) | MASKED);
                    masked[port] = true;
                }
                case 4 -> {
                    assertThat(events.unmask(domain, port)).isZero();
                    masked[port] = false;
                }
                case 5 ->
                    assertThat(events.setPriority(domain, port, value & 15)).isZero();
                case 6 ->
                    assertThat(events.bindVcpu(domain, port, value % VCPUS)).isZero();
                default -> takeAll(value % VCPUS);
            }
            check(pending, masked);
        }
        for (int vcpu = 0; vcpu < VCPUS; vcpu++) {
            takeAll(vcpu);
        }
        check(pending, masked);
        for (int port = 1; port <= ports; port++) {
            assertThat(pending[port] && !masked[port])
                    .as("port %d left behind", port)
                    .isFalse();
            assertThat(has(port, PENDING)).isEqualTo(pending[port]);
        }
    }

    private void check(boolean[] pending, boolean[] masked) {
        for (int port : taken) {
            assertThat(pending[port] && !masked[port]).as("port %d taken", port).isTrue();
            pending[port] = false;
        }
        taken.clear();
    }

    /** A guest that scribbles over its queues harms itself alone: nothing is thrown, no frame but its own changes. */
    @Property(tries = 200)
    void scribblingOverTheQueuesHarmsNobodyElse(@ForAll long seed) {
        RandomStream random = new RandomStream(seed, "fifo", "scribble");
        useFifo();
        byte[] before = memory.bytes().clone();
        for (int i = 1; i < 10; i++) {
            bindIpi(i % VCPUS);
        }
        for (int i = 0; i < 200; i++) {
            int port = 1 + random.nextInt(10);
            switch (random.nextInt(6)) {
                case 0 -> memory.put32(word(random.nextInt(1024)), (int) random.nextLong());
                case 1 ->
                    memory.put32(control(random.nextInt(VCPUS)) + 4 * random.nextInt(18), (int) random.nextLong());
                case 2 -> events.unmask(domain, port);
                case 3 -> events.setPriority(domain, port, random.nextInt(16));
                case 4 -> {
                    events.close(domain, port);
                    events.bindIpi(domain.vcpus().get(random.nextInt(VCPUS)));
                }
                default -> events.send(domain, port);
            }
        }
        for (int frame = 0; frame < memory.frames(); frame++) {
            if (hypervisor.frames().owner(frame) != domain.id()
                    && frame != domain.sharedInfo().frame()) {
                int at = frame << 12;
                assertThat(memory.bytes()).as("frame %d", frame).satisfies(now -> assertThat(
                                java.util.Arrays.equals(now, at, at + 4096, before, at, at + 4096))
                        .isTrue());
            }
        }
    }
}

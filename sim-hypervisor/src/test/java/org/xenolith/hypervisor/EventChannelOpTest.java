package org.xenolith.hypervisor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.lifecycle.BeforeTry;
import org.xenolith.engine.RandomStream;
import org.xenolith.machine.MachineMemory;

/** What {@code event_channel_op} answers, services of dom0 as the other end, and hostile arguments. */
class EventChannelOpTest {
    private static final int ARGS = 0x1000;
    private static final int STATUS = 5;

    private Hypervisor hypervisor;
    private FakeBootedGuest guest;
    private Domain domain;
    private MachineMemory memory;

    @BeforeTry
    void newMachine() {
        hypervisor = Machines.withFrames(2, 64, null, 0);
        guest = new FakeBootedGuest();
        domain = Machines.booted(hypervisor, 7, Domain.Type.PVH, 8, guest, new FakeBootedGuest());
        memory = hypervisor.frames().memory();
    }

    private int args() {
        return domain.physmap().mfn(1) << 12;
    }

    private long op(int op, int... words) {
        for (int i = 0; i < words.length; i++) {
            memory.put32(args() + 4 * i, words[i]);
        }
        return new EventChannelOp(hypervisor).call(domain.vcpus().get(0), new long[] {op, ARGS, 0, 0, 0});
    }

    @Example
    void tellsTheStatusOfEachKindOfChannel() {
        assertThat(op(Abi.EVTCHNOP_ALLOC_UNBOUND, Abi.DOMID_SELF | 3 << 16, 0)).isZero();
        assertThat(op(Abi.EVTCHNOP_BIND_VIRQ, Abi.VIRQ_DEBUG, 1, 0)).isZero();
        assertThat(op(Abi.EVTCHNOP_BIND_IPI, 1, 0)).isZero();
        assertThat(op(Abi.EVTCHNOP_ALLOC_UNBOUND, Abi.DOMID_SELF | Abi.DOMID_SELF << 16, 0))
                .isZero();
        assertThat(op(Abi.EVTCHNOP_BIND_INTERDOMAIN, Abi.DOMID_SELF, 4, 0)).isZero();
        assertThat(memory.get32(args() + 8)).isEqualTo(5);
        assertThat(status(1)).containsExactly(1, 0, 3, 0);
        assertThat(status(2)).containsExactly(4, 1, 1, 0);
        assertThat(status(3)).startsWith(5, 1);
        assertThat(status(4)).containsExactly(2, 0, 7, 5);
        assertThat(status(5)).containsExactly(2, 0, 7, 4);
        assertThat(status(6)).startsWith(0, 0);
        assertThat(op(Abi.EVTCHNOP_CLOSE, 5)).isZero();
        assertThat(status(4)).startsWith(1, 0, 7);
        assertThat(op(STATUS, Abi.DOMID_SELF, 64, 0, 0, 0, 0)).isEqualTo(Abi.EINVAL);
        assertThat(op(STATUS, 9, 1, 0, 0, 0, 0)).isEqualTo(Abi.ESRCH);
        assertThat(op(STATUS, 0, 1, 0, 0, 0, 0)).isEqualTo(Abi.EPERM);
    }

    /** State, vCPU and the two words that depend on the state. */
    private int[] status(int port) {
        assertThat(op(STATUS, Abi.DOMID_SELF, port, 0, 0, 0, 0)).isZero();
        return new int[] {
            memory.get32(args() + 8), memory.get32(args() + 12), memory.get32(args() + 16), memory.get32(args() + 20)
        };
    }

    @Example
    void answersAsXenToWhatIsWrong() {
        assertThat(op(2, 1, 0, 0)).as("physical interrupt").isEqualTo(Abi.EINVAL);
        assertThat(op(Abi.EVTCHNOP_BIND_VIRQ, 2, 1, 0))
                .as("global VIRQ of another vCPU")
                .isEqualTo(Abi.EINVAL);
        assertThat(op(Abi.EVTCHNOP_BIND_VIRQ, 0, 2, 0)).isEqualTo(Abi.ENOENT);
        assertThat(op(Abi.EVTCHNOP_BIND_IPI, 2, 0)).isEqualTo(Abi.ENOENT);
        assertThat(op(Abi.EVTCHNOP_BIND_IPI, 0, 0)).isZero();
        assertThat(op(Abi.EVTCHNOP_BIND_VCPU, 1, 1)).as("an IPI stays").isEqualTo(Abi.EINVAL);
        assertThat(op(Abi.EVTCHNOP_BIND_VCPU, 1, 2)).isEqualTo(Abi.ENOENT);
        assertThat(op(Abi.EVTCHNOP_BIND_INTERDOMAIN, 0, 1, 0)).isEqualTo(Abi.EINVAL);
        assertThat(op(Abi.EVTCHNOP_BIND_INTERDOMAIN, 8, 1, 0)).isEqualTo(Abi.ESRCH);
        assertThat(op(Abi.EVTCHNOP_ALLOC_UNBOUND, 8, 0)).isEqualTo(Abi.ESRCH);
        assertThat(op(Abi.EVTCHNOP_ALLOC_UNBOUND, 0, 0)).isEqualTo(Abi.EPERM);
        assertThat(op(10, 0)).as("reset of another").isEqualTo(Abi.EPERM);
        assertThat(op(11, 3, 0, 0, 2, 0, 0)).as("control block of no vCPU").isEqualTo(Abi.ENOENT);
        assertThat(op(13, 1, 0)).isEqualTo(Abi.ENOSYS);
        assertThat(op(14)).isEqualTo(Abi.ENOSYS);
        assertThat(op(-1)).isEqualTo(Abi.ENOSYS);
    }

    @Example
    void aGuestHasAsManyPortsAsTheToolstackAllows() {
        for (int port = 1; port <= 1023; port++) {
            assertThat(hypervisor.events().bindIpi(domain.vcpus().get(0))).isEqualTo(port);
        }
        assertThat(hypervisor.events().bindIpi(domain.vcpus().get(0))).isEqualTo(Abi.ENOSPC);
        hypervisor.events().limitPorts(domain, 1024);
        assertThat(hypervisor.events().bindIpi(domain.vcpus().get(0))).isEqualTo(1024);
    }

    @Example
    void aServiceOfDom0HearsTheGuestAndIsHeard() {
        EventChannels events = hypervisor.events();
        int[] heard = new int[1];
        int port = (int) events.allocUnbound(domain, 0);
        events.bindBackend(domain, port, 0, () -> heard[0]++);
        assertThat(heard[0]).as("a new end starts pending").isEqualTo(1);
        assertThat(op(Abi.EVTCHNOP_SEND, port)).isZero();
        assertThat(heard[0]).isEqualTo(2);
        assertThat(status(port)).startsWith(2, 0, 0);
        events.notifyGuest(domain, port);
        assertThat(domain.sharedInfo().isPending(port)).isTrue();
        assertThat(domain.sharedInfo().upcallPending(0)).isTrue();
        assertThatThrownBy(() -> events.bindBackend(domain, port, 0, () -> {}))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("event channel 1 does not wait for domain 0");
        assertThat(op(Abi.EVTCHNOP_CLOSE, port)).isZero();
        events.notifyGuest(domain, port);
        assertThat(domain.sharedInfo().isPending(port)).isFalse();
        assertThat(op(Abi.EVTCHNOP_SEND, port)).isEqualTo(Abi.EINVAL);
        assertThat(heard[0]).isEqualTo(2);
    }

    @Example
    void aServiceTakesItsTimeAndServesTogetherWhatCameMeanwhile() {
        EventChannels events = hypervisor.events();
        List<Long> heard = new ArrayList<>();
        int port = (int) events.allocUnbound(domain, 0);
        events.bindBackend(domain, port, 1000, () -> heard.add(hypervisor.time()));
        memory.put32(args(), port);
        memory.put32(args() + 8, Abi.SHUTDOWN_POWEROFF);
        guest.hypercall(Abi.HYPERVISOR_EVENT_CHANNEL_OP, Abi.EVTCHNOP_SEND, ARGS)
                .hypercall(Abi.HYPERVISOR_EVENT_CHANNEL_OP, Abi.EVTCHNOP_SEND, ARGS);
        hypervisor.unpause(domain);
        hypervisor.run(5000);
        assertThat(heard).containsExactly(0L, FakeBootedGuest.STEP + 1000L);
        guest.hypercall(Abi.HYPERVISOR_EVENT_CHANNEL_OP, Abi.EVTCHNOP_SEND, ARGS)
                .hypercall(Abi.HYPERVISOR_SCHED_OP, Abi.SCHEDOP_SHUTDOWN, ARGS + 8);
        hypervisor.pause(domain);
        hypervisor.unpause(domain);
        hypervisor.run(10_000);
        assertThat(domain.shutdownReason()).isEqualTo(Abi.SHUTDOWN_POWEROFF);
        assertThat(heard).as("what was asked last is done when the domain ends").hasSize(3);
        assertThat(heard.get(2)).isLessThan(5100);
    }

    /** Random operations of event_channel_op, vcpu_op, sched_op and set_timer_op on random memory: no frame of others changes. */
    @Property(tries = 300)
    void hostileArgumentsHarmNobodyElse(@ForAll long seed) {
        RandomStream random = new RandomStream(seed, "events", "hostile");
        FakeBootedGuest bystander = new FakeBootedGuest();
        Domain other = Machines.booted(hypervisor, 3, Domain.Type.PVH, 8, bystander);
        FakeBootedGuest hostile = new FakeBootedGuest();
        Domain attacker = Machines.booted(hypervisor, 2, Domain.Type.PVH, 8, hostile, new FakeBootedGuest());
        for (int gfn = 0; gfn < 8; gfn++) {
            memory.fill(other.physmap().mfn(gfn) << 12, 4096, (byte) 0x5a);
        }
        int[] numbers = {
            Abi.HYPERVISOR_EVENT_CHANNEL_OP,
            Abi.HYPERVISOR_EVENT_CHANNEL_OP,
            Abi.HYPERVISOR_VCPU_OP,
            Abi.HYPERVISOR_SCHED_OP,
            Abi.HYPERVISOR_SET_TIMER_OP
        };
        for (int i = 0; i < 100; i++) {
            int number = numbers[random.nextInt(numbers.length)];
            hostile.then(exit -> {
                int at = attacker.physmap().mfn(1) << 12;
                for (int word = 0; word < 16; word++) {
                    memory.put32(at + 4 * word, word(random));
                }
                exit.hypercall(number, 0, 0);
                boolean first = number == Abi.HYPERVISOR_VCPU_OP;
                int op = random.nextInt(15);
                // A domain that has ended asks for nothing more.
                exit.arg[0] = number == Abi.HYPERVISOR_SCHED_OP && op == 2 || first && op == 2 ? 0 : op;
                exit.arg[1] = first ? random.nextInt(3) : pointer(random);
                exit.arg[2] = first ? pointer(random) : random.nextLong();
            });
        }
        byte[] before = memory.bytes().clone();
        hypervisor.unpause(attacker);
        hypervisor.unpause(other);
        hypervisor.run(5_000_000);
        for (int gfn = 0; gfn < 8; gfn++) {
            int at = other.physmap().mfn(gfn) << 12;
            assertThat(Arrays.equals(memory.bytes(), at, at + 4096, before, at, at + 4096))
                    .as("frame at gfn %d of the other domain", gfn)
                    .isTrue();
        }
        for (int frame = 0; frame < memory.frames(); frame++) {
            int at = frame << 12;
            boolean shared = frame == attacker.sharedInfo().frame()
                    || frame == other.sharedInfo().frame();
            if (hypervisor.frames().owner(frame) == FrameTable.NOBODY && !shared) {
                assertThat(Arrays.equals(memory.bytes(), at, at + 4096, before, at, at + 4096))
                        .as("frame %d of nobody", frame)
                        .isTrue();
            }
        }
        assertThat(other.shutdownReason()).isEqualTo(-1);
        assertThat(hostile.results).isNotEmpty();
    }

    private static int word(RandomStream random) {
        return switch (random.nextInt(4)) {
            case 0 -> (int) random.nextLong();
            case 1 -> -random.nextInt(10);
            default -> random.nextInt(10);
        };
    }

    private static long pointer(RandomStream random) {
        return switch (random.nextInt(6)) {
            case 0 -> random.nextLong();
            case 1 -> random.nextInt(8 * 4096);
            default -> ARGS + 4L * random.nextInt(8);
        };
    }
}

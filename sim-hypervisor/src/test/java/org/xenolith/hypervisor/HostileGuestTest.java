package org.xenolith.hypervisor;

import static org.assertj.core.api.Assertions.assertThat;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.xenolith.engine.RandomStream;

/** Whatever a guest passes to whatever hypercall: an error code or its own end, and the others run on. */
class HostileGuestTest {
    private static final long[] NUMBERS = {29, 24, 32, 15, 0, -1, 63, 29, 32, 32};

    private static final class Hostile implements Guest {
        private final RandomStream random;
        private final FlatMemory memory = new FlatMemory(512);
        private VcpuPort port;

        Hostile(long seed) {
            random = new RandomStream(seed, "hostile", "guest");
        }

        private long number() {
            return switch (random.nextInt(6)) {
                case 0 -> random.nextLong();
                case 1 -> -random.nextLong(20);
                case 2 -> random.nextLong(600);
                default -> random.nextLong(12);
            };
        }

        @Override
        public void attach(VcpuPort vcpuPort) {
            port = vcpuPort;
        }

        @Override
        public long lookahead() {
            return random.nextInt(8) == 0 ? 0 : 50;
        }

        @Override
        public long run(long budget, GuestExit exit) {
            if (budget < 50) {
                exit.budget();
                return budget;
            }
            for (int i = 0; i < 512; i += 4) {
                memory.put32(i, (int) number());
            }
            port.sharedInfo().setUpcallPending(port.vcpuId(), random.nextInt(2) == 0);
            port.sharedInfo().setUpcallMask(port.vcpuId(), random.nextInt(2) == 0);
            port.sharedInfo().mask(random.nextInt(SharedInfo.PORTS));
            switch (random.nextInt(40)) {
                case 0 -> exit.halt();
                case 1 -> exit.io(number(), (int) number(), true, number());
                case 2 -> exit.fault((int) number(), (int) number(), number());
                default -> exit.hypercall((int) NUMBERS[random.nextInt(NUMBERS.length)], number(), number(), number());
            }
            return budget;
        }

        @Override
        public void complete(long result) {}

        @Override
        public void upcall() {}

        @Override
        public void fault(int vector, int errorCode, long address) {}
    }

    @Property(tries = 300)
    void harmsOnlyItself(@ForAll long seed) {
        Hypervisor hypervisor = Machines.flat(2, "qemu-icount", new Fifo(), null);
        Hostile one = new Hostile(seed);
        Hostile other = new Hostile(seed + 1);
        Machines.domain(hypervisor, 1, one.memory, one, new Hostile(seed + 2));
        Machines.domain(hypervisor, 2, other.memory, other);
        ScriptedGuest honest = new ScriptedGuest();
        Domain bystander = Machines.domain(hypervisor, 3, honest);
        long end = 20_000_000;
        hypervisor.run(end);
        assertThat(Machines.share(bystander.vcpus().get(0), end)).isGreaterThan(0.3);
        assertThat(bystander.shutdownReason()).isEqualTo(-1);
    }
}

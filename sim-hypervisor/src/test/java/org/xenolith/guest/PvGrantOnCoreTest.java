package org.xenolith.guest;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.xenolith.hypervisor.Abi;
import org.xenolith.hypervisor.BootMachines;
import org.xenolith.hypervisor.Domain;
import org.xenolith.hypervisor.DomainConfig;
import org.xenolith.hypervisor.Hypervisor;
import org.xenolith.machine.CostProfile;
import org.xenolith.machine.MachineMemory;

/** A PV kernel of a few instructions, executed on the core, that uses another domain's page: until it has unmapped it. */
class PvGrantOnCoreTest {
    private static final int PAGES = 16;
    private static final int WRITABLE = 0x63; // present, accessed, dirty
    private static final int READ_ONLY = 0x21;
    private static final int REF = 20;
    private static final int CODE = 0x5000;
    private static final int MAP_ARGS = 0x6000;
    private static final int UNMAP_ARGS = 0x6800;
    private static final int OUT = 0x7000;
    private static final int STACK = 0x9000;

    /** Where it maps the page. */
    private static final int WINDOW = 0x64000;

    private final Hypervisor hypervisor = BootMachines.machine(4);
    private final MachineMemory memory = hypervisor.frames().memory();
    private final Domain granter = BootMachines.domain(hypervisor, 2, Domain.Type.PVH, 1);
    private final BootedGuest kernel =
            new BootedGuest(Domain.Type.PV, memory, Timing.Kind.FUNCTIONAL, CostProfile.load("qemu-icount"));
    private final Domain domain = hypervisor.createDomain(
            new DomainConfig(1, "pv", Domain.Type.PV, null, "Pool-0", 256, 0, List.of(kernel), null, null));
    private final ByteBuffer code = ByteBuffer.allocate(256).order(ByteOrder.LITTLE_ENDIAN);

    private int machine(int address) {
        return (domain.physmap().mfn(address >> 12) << 12) + (address & 0xfff);
    }

    private void grantOperation(int operation, int arguments) {
        code.put((byte) 0xbf).putInt(operation); // mov edi
        code.put((byte) 0xbe).putInt(arguments); // mov esi
        code.put((byte) 0xba).putInt(1); // mov edx
        code.put((byte) 0xb8).putInt(Abi.HYPERVISOR_GRANT_TABLE_OP); // mov eax
        code.putShort((short) 0x050f); // syscall
    }

    private void copy(int from, int to) {
        code.putInt(0x25048b48).putInt(from); // mov rax, [from]
        code.putInt(0x25048948).putInt(to); // mov [to], rax
    }

    private void store(int to, int value) {
        code.putInt(0x2504c748).putInt(to).putInt(value); // mov qword [to], value
    }

    private void build() {
        for (int gfn = 0; gfn < PAGES; gfn++) {
            domain.physmap().populate(gfn);
        }
        for (int table = 0; table < 3; table++) {
            memory.put64(machine(table << 12), machine(table + 1 << 12) | WRITABLE | 4);
        }
        for (int gfn = 0; gfn < PAGES; gfn++) {
            memory.put64(machine(3 << 12) + 8 * gfn, machine(gfn << 12) | (gfn < 4 ? READ_ONLY : WRITABLE));
        }
        memory.write(machine(CODE), code.array(), 0, code.position());
        kernel.registers().startPv(CODE, STACK, 0, machine(0));
        domain.finishPvBuild(machine(0) >> 12);
    }

    @Test
    void thePageIsReadAndWrittenUntilItIsUnmapped() {
        int granted = granter.physmap().populate(5);
        granter.grants().permit(REF, 1, 5);
        memory.put64((granted << 12) + 0x10, 4711);
        grantOperation(0, MAP_ARGS);
        copy(WINDOW + 0x10, OUT);
        store(WINDOW + 0x18, 42);
        grantOperation(1, UNMAP_ARGS);
        store(OUT + 8, 1);
        store(WINDOW + 0x20, 13); // what it does not survive, without a handler of page faults
        store(OUT + 16, 1);
        build();
        memory.put64(machine(MAP_ARGS), WINDOW);
        memory.put32(machine(MAP_ARGS + 8), 2);
        memory.put32(machine(MAP_ARGS + 12), REF);
        memory.put16(machine(MAP_ARGS + 16), 2);
        memory.put64(machine(UNMAP_ARGS), WINDOW);
        memory.put32(machine(UNMAP_ARGS + 16), 0); // the first handle
        hypervisor.unpause(domain);
        hypervisor.run(10_000_000);
        assertThat(memory.get64(machine(OUT))).isEqualTo(4711);
        assertThat(memory.get64((granted << 12) + 0x18)).isEqualTo(42);
        assertThat(memory.get64(machine(OUT + 8))).as("it is unmapped").isEqualTo(1);
        assertThat(memory.get64((granted << 12) + 0x20)).as("too late").isZero();
        assertThat(memory.get64(machine(OUT + 16))).isZero();
        assertThat(domain.shutdownText()).isEqualTo("crash");
    }
}

package org.xenolith.hypervisor;

import java.util.Arrays;
import org.xenolith.machine.MachineMemory;
import org.xenolith.trace.TraceSink;

/**
 * A PV domain for tests: page {@code gfn} of its memory is at linear address {@code gfn << 12}, by real page tables in its first four pages (top
 * level first), which it maps read-only. Its registers are fakes.
 */
final class PvGuests {
    static final int PAGES = 64;
    static final long RW = Pte.PRESENT | Pte.WRITABLE | Pte.ACCESSED | Pte.DIRTY;
    static final long RO = Pte.PRESENT | Pte.ACCESSED;

    final Hypervisor hypervisor;
    final Domain domain;
    final FakeBootedGuest guest = new FakeBootedGuest();
    final Vcpu vcpu;
    final PvArch arch;
    final FakeRegisters registers = guest.registers;
    final PageTypes types;
    final MachineMemory memory;

    PvGuests() {
        this(Machines.withFrames(1, 512, null, 0), 1);
    }

    PvGuests(TraceSink sink, int mask) {
        this(Machines.withFrames(1, 512, sink, mask), 1);
    }

    /** Domain {@code id} on a machine that others may be on. */
    PvGuests(Hypervisor machine, int id) {
        hypervisor = machine;
        domain = Machines.booted(hypervisor, id, Domain.Type.PV, PAGES, guest);
        vcpu = domain.vcpus().get(0);
        arch = (PvArch) vcpu.arch;
        memory = hypervisor.frames().memory();
        types = hypervisor.frames().types();
        put(0, 0, table(1));
        put(1, 0, table(2));
        put(2, 0, table(3));
        for (int gfn = 0; gfn < PAGES; gfn++) {
            put(3, gfn, entry(gfn, gfn < 4 ? RO : RW));
        }
        for (long page = 0; page < 4; page++) {
            registers.readOnlyPages.add(page);
        }
        registers.cpl = 3;
        domain.finishPvBuild(mfn(0));
    }

    int mfn(int gfn) {
        return domain.physmap().mfn(gfn);
    }

    int machine(int gfn, int offset) {
        return (mfn(gfn) << 12) + offset;
    }

    long entry(int gfn, long flags) {
        return (long) mfn(gfn) << 12 | flags;
    }

    long table(int gfn) {
        return entry(gfn, RW | Pte.USER);
    }

    void put(int gfn, int slot, long entry) {
        memory.put64(machine(gfn, 8 * slot), entry);
    }

    long get(int gfn, int slot) {
        return memory.get64(machine(gfn, 8 * slot));
    }

    /** Issues a hypercall with the vCPU as caller. */
    long call(int number, long... arguments) {
        return hypervisor.hypercalls().dispatch(vcpu, number, Arrays.copyOf(arguments, 5));
    }

    /** One request of mmu_update. */
    long update(int gfn, int slot, long value) {
        return request(machine(gfn, 8 * slot), value);
    }

    long request(long ptr, long value) {
        memory.put64(machine(63, 0), ptr);
        memory.put64(machine(63, 8), value);
        return call(Abi.HYPERVISOR_MMU_UPDATE, 63 << 12, 1, 0, Abi.DOMID_SELF);
    }

    /** One operation of mmuext_op. */
    long extended(int command, long first, long second) {
        memory.put64(machine(63, 0), command);
        memory.put64(machine(63, 8), first);
        memory.put64(machine(63, 16), second);
        return call(Abi.HYPERVISOR_MMUEXT_OP, 63 << 12, 1, 0, Abi.DOMID_SELF);
    }

    /** The guest raises an exception. */
    void fault(int vector, int errorCode, long address) {
        GuestExit exit = new GuestExit();
        exit.fault(vector, errorCode, address);
        arch.handle(exit);
    }

    boolean crashed() {
        return domain.shutdownReason() == Abi.SHUTDOWN_CRASH;
    }
}

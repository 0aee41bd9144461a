package org.xenolith.hypervisor;

import static org.assertj.core.api.Assertions.assertThat;

import net.jqwik.api.Example;
import org.xenolith.machine.MachineMemory;

/** What a domain had is the machine's again when it is gone. */
class RelinquishTest {
    private static final int MAP = 0;
    private static final int UNMAP = 1;
    private static final int HOST = 2;
    private static final int REF = 20;
    private static final int SLOT = 100;
    private static final int PIN_L1 = 0;
    private static final int SET_LDT = 13;
    private static final int NEW_USER_BASEPTR = 15;
    private static final int REGISTER_VCPU_INFO = 10;
    private static final int INIT_CONTROL = 11;
    private static final int EXPAND_ARRAY = 12;
    private static final int SET_VERSION = 8;

    /** Where the structures lie, and in which page what the guest has the hypervisor write to. */
    private static final int ARGS = 62;

    private final Hypervisor hypervisor = Machines.withFrames(1, 300, null, 0);
    private final MachineMemory memory = hypervisor.frames().memory();

    private void assertNothingIsReferredTo() {
        for (int mfn = 0; mfn < memory.frames(); mfn++) {
            assertThat(hypervisor.frames().types().references(mfn))
                    .as("references of " + mfn)
                    .isZero();
            assertThat(hypervisor.frames().types().typeCount(mfn))
                    .as("uses of " + mfn)
                    .isZero();
            assertThat(hypervisor.frames().owner(mfn)).isEqualTo(FrameTable.NOBODY);
        }
    }

    /** The first PV guest's machine-to-physical table stays the hypervisor's. */
    private int freeOnceThereWasAPvGuest() {
        hypervisor.frames().machineToPhys();
        return memory.freeFrames();
    }

    @Example
    void domainsComeAndGoOnAMachineThatHoldsOne() {
        int free = freeOnceThereWasAPvGuest();
        for (int id = 1; id <= 40; id++) {
            Domain domain = id % 2 == 0
                    ? new PvGuests(hypervisor, id).domain
                    : Machines.booted(hypervisor, id, Domain.Type.PVH, 200, new FakeBootedGuest());
            for (int gfn = 0; gfn < 200 && domain.physmap().mfn(gfn) != Physmap.NONE; gfn++) {
                int at = domain.physmap().mfn(gfn) << 12;
                if (id % 2 != 0) {
                    assertThat(memory.get64(at + 8 * id)).as("left by another").isZero();
                    memory.fill(at, MachineMemory.PAGE_SIZE, (byte) id);
                }
            }
            hypervisor.destroy(domain);
            assertThat(memory.freeFrames()).isEqualTo(free);
            assertThat(domain.physmap().mfn(0)).isEqualTo(Physmap.NONE);
            assertThat(domain.physmap().pages()).isZero();
        }
        assertNothingIsReferredTo();
    }

    @Example
    void theNextOwnerSeesZeroes() {
        Domain first = Machines.booted(hypervisor, 1, Domain.Type.PVH, 250, new FakeBootedGuest());
        for (int gfn = 0; gfn < 250; gfn++) {
            memory.fill(first.physmap().mfn(gfn) << 12, MachineMemory.PAGE_SIZE, (byte) 0x5a);
        }
        hypervisor.destroy(first);
        Domain second = Machines.booted(hypervisor, 2, Domain.Type.PVH, 250, new FakeBootedGuest());
        byte[] page = new byte[MachineMemory.PAGE_SIZE];
        for (int gfn = 0; gfn < 250; gfn++) {
            memory.read(second.physmap().mfn(gfn) << 12, page, 0, page.length);
            assertThat(page).containsOnly(0);
        }
    }

    /** All that a PV guest can have of its memory in use: tables of its own, descriptors, {@code vcpu_info}, event queues, a grant table that grew. */
    @Example
    void aPvGuestLetsGoOfAllThatItUsed() {
        int free = freeOnceThereWasAPvGuest();
        PvGuests g = new PvGuests(hypervisor, 1);
        for (int gfn = 20; gfn < 26; gfn++) {
            assertThat(g.update(3, gfn, g.entry(gfn, PvGuests.RO))).isZero();
        }
        assertThat(g.extended(PIN_L1, g.mfn(20), 0)).isZero();
        assertThat(g.extended(NEW_USER_BASEPTR, g.mfn(0), 0)).isZero();
        assertThat(g.extended(SET_LDT, 21 << 12, 10)).isZero();
        g.memory.put64(g.machine(ARGS, 0), g.mfn(22));
        assertThat(g.call(Abi.HYPERVISOR_SET_GDT, ARGS << 12, 512)).isZero();
        g.memory.put64(g.machine(ARGS, 0), g.mfn(30));
        g.memory.put64(g.machine(ARGS, 8), 64);
        assertThat(g.call(Abi.HYPERVISOR_VCPU_OP, REGISTER_VCPU_INFO, 0, ARGS << 12))
                .isZero();
        g.memory.put64(g.machine(ARGS, 0), g.mfn(31));
        g.memory.put64(g.machine(ARGS, 8), 0);
        assertThat(g.call(Abi.HYPERVISOR_EVENT_CHANNEL_OP, INIT_CONTROL, ARGS << 12))
                .isZero();
        g.memory.put64(g.machine(ARGS, 0), g.mfn(32));
        assertThat(g.call(Abi.HYPERVISOR_EVENT_CHANNEL_OP, EXPAND_ARRAY, ARGS << 12))
                .isZero();
        g.memory.put32(g.machine(ARGS, 0), 2);
        assertThat(g.call(Abi.HYPERVISOR_GRANT_TABLE_OP, SET_VERSION, ARGS << 12, 1))
                .isZero();
        assertThat(g.domain.grants().grow(9)).isTrue();
        assertThat(g.update(3, SLOT, Pte.of(g.domain.sharedInfo().frame(), PvGuests.RW)))
                .isZero();
        g.domain.physmap().depopulate(40); // it is mapped still
        hypervisor.destroy(g.domain);
        assertNothingIsReferredTo();
        assertThat(memory.freeFrames()).isEqualTo(free);
    }

    @Example
    void whatIsSaidToADomainThatIsGoneIsSaidToNobody() {
        Domain gone = Machines.booted(hypervisor, 1, Domain.Type.PVH, 8, new FakeBootedGuest());
        SharedInfo shared = gone.sharedInfo();
        shared.mask(77);
        hypervisor.destroy(gone);
        byte[] before = memory.bytes().clone();
        assertThat(shared.isMasked(77)).isTrue();
        shared.setUpcallPending(0, true);
        shared.markPending(5);
        assertThat(shared.isPending(5)).isTrue();
        assertThat(memory.bytes()).isEqualTo(before);
    }

    @Example
    void oneThatRunsGoesWhenItHasStopped() {
        Domain domain = Machines.booted(hypervisor, 1, Domain.Type.PVH, 100, new FakeBootedGuest());
        int free = memory.freeFrames();
        hypervisor.unpause(domain);
        hypervisor.run(1000);
        hypervisor.destroy(domain);
        hypervisor.run(100_000);
        assertThat(hypervisor.domains()).isEmpty();
        assertThat(memory.freeFrames()).isGreaterThanOrEqualTo(free + 100);
        assertNothingIsReferredTo();
    }

    // ------------------------------------------------------------------------------------------------------ grants

    /** Who grants, where somebody does. */
    private PvGuests granter;

    private RelinquishTest withGranter() {
        granter = new PvGuests(hypervisor, 11);
        return this;
    }

    private int map(BootedOrPv mapper, long address) {
        granter.domain.grants().permit(REF, mapper.domain.id(), granter.mfn(10));
        memory.put64(mapper.machine(0), address);
        memory.put32(mapper.machine(8), HOST);
        memory.put32(mapper.machine(12), REF);
        memory.put16(mapper.machine(16), granter.domain.id());
        assertThat(mapper.call(MAP)).isZero();
        assertThat((short) memory.get16(mapper.machine(18))).isEqualTo((short) GrantStatus.OKAY);
        return memory.get32(mapper.machine(20));
    }

    private int unmap(BootedOrPv mapper, int handle, long address) {
        memory.put64(mapper.machine(0), address);
        memory.put64(mapper.machine(8), 0);
        memory.put32(mapper.machine(16), handle);
        assertThat(mapper.call(UNMAP)).isZero();
        return (short) memory.get16(mapper.machine(20));
    }

    /** A domain that maps: its structures are in page {@link #ARGS}. */
    private record BootedOrPv(Hypervisor hypervisor, Domain domain) {
        static BootedOrPv of(Hypervisor hypervisor, Domain.Type type, int id) {
            return new BootedOrPv(
                    hypervisor,
                    type == Domain.Type.PV
                            ? new PvGuests(hypervisor, id).domain
                            : Machines.booted(hypervisor, id, type, PvGuests.PAGES, new FakeBootedGuest()));
        }

        int machine(int offset) {
            return (domain.physmap().mfn(ARGS) << 12) + offset;
        }

        long call(int op) {
            return hypervisor.hypercalls().dispatch(domain.vcpus().get(0), Abi.HYPERVISOR_GRANT_TABLE_OP, new long[] {
                op, ARGS << 12, 1, 0, 0
            });
        }
    }

    @Example
    void aFrameThatAnotherMapsStaysUntilItIsUnmapped() {
        for (Domain.Type type : Domain.Type.values()) {
            new RelinquishTest().withGranter().granterGoesFirst(type);
        }
    }

    private void granterGoesFirst(Domain.Type type) {
        BootedOrPv mapper = BootedOrPv.of(hypervisor, type, 12);
        int mfn = granter.mfn(10);
        long address = (long) SLOT << 12;
        int handle = map(mapper, address);
        int table = granter.domain.grants().frame(0);
        memory.put64(mfn << 12, 42);
        hypervisor.destroy(granter.domain);
        int free = memory.freeFrames();
        for (int i = 0; i < free; i++) {
            assertThat(hypervisor.frames().allocate(FrameTable.NOBODY)).isNotIn(mfn, table, -1);
        }
        assertThat(memory.get64(mfn << 12)).isEqualTo(42);
        assertThat(unmap(mapper, handle, address)).isEqualTo(GrantStatus.OKAY);
        assertThat(memory.freeFrames())
                .as("it, and the frame of the grant table")
                .isEqualTo(2);
        assertThat(hypervisor.frames().types().references(mfn)).isZero();
    }

    @Example
    void aDomainThatMapsAndGoesUnmaps() {
        for (Domain.Type type : Domain.Type.values()) {
            new RelinquishTest().withGranter().mapperGoesFirst(type);
        }
    }

    private void mapperGoesFirst(Domain.Type type) {
        int free = memory.freeFrames();
        BootedOrPv mapper = BootedOrPv.of(hypervisor, type, 12);
        map(mapper, (long) SLOT << 12);
        map(mapper, (long) SLOT + 1 << 12);
        hypervisor.destroy(mapper.domain);
        assertThat(memory.freeFrames()).isEqualTo(free);
        assertThat(granter.domain.grants().flags(REF)).isEqualTo(GrantTable.PERMIT_ACCESS);
        assertThat(hypervisor.frames().types().references(granter.mfn(10))).isEqualTo(1);
    }

    @Example
    void aDomainMayGrantToItself() {
        withGranter();
        BootedOrPv self = new BootedOrPv(hypervisor, granter.domain);
        map(self, (long) SLOT << 12);
        hypervisor.destroy(granter.domain);
        assertNothingIsReferredTo();
    }

    @Example
    void guestsThatExecuteNothingUnmapToo() {
        Hypervisor machine = Machines.flat(1, "zero", new Fifo(), null);
        FlatMemory one = new FlatMemory(2 * FlatMemory.FRAME);
        FlatMemory two = new FlatMemory(2 * FlatMemory.FRAME);
        one.setGrantTable(0, 8);
        one.put16(8 * 3, GrantTable.PERMIT_ACCESS);
        one.put16(8 * 3 + 2, 2);
        one.put32(8 * 3 + 4, 1);
        Machines.domain(machine, 1, one, new ScriptedGuest());
        Domain mapper = Machines.domain(machine, 2, two, new ScriptedGuest());
        two.put32(64 + 8, HOST);
        two.put32(64 + 12, 3);
        two.put16(64 + 16, 1);
        assertThat(machine.hypercalls()
                        .dispatch(mapper.vcpus().get(0), Abi.HYPERVISOR_GRANT_TABLE_OP, new long[] {MAP, 64, 1, 0, 0}))
                .isZero();
        assertThat(one.get16(8 * 3)).isEqualTo(GrantTable.PERMIT_ACCESS | GrantTable.READING | GrantTable.WRITING);
        machine.destroy(mapper);
        machine.run(100_000);
        assertThat(one.get16(8 * 3)).isEqualTo(GrantTable.PERMIT_ACCESS);
    }
}

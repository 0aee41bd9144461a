package org.xenolith.hypervisor;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;
import org.xenolith.engine.RandomStream;

/** Grants of others in the page tables of a PV guest. */
class PvGrantsTest {
    private static final int MAP = 0;
    private static final int UNMAP = 1;
    private static final int REPLACE = 7;
    private static final int DEVICE = 1;
    private static final int HOST = 2;
    private static final int READ_ONLY = 4;
    private static final int APPLICATION = 8;
    private static final int CONTAINS_PTE = 16;
    private static final int PIN_L1 = 0;
    private static final int UNPIN = 4;
    private static final int REF = 20;

    /** Where the structures lie. */
    private static final int ARGS = 62;

    /** Last-level slots that map nothing of the guest's own. */
    private static final int SLOT = 100;

    private static final long ENTRY = Pte.PRESENT | Pte.ACCESSED | Pte.DIRTY | Pte.NO_EXECUTE | Pte.USER;

    private final PvGuests g = new PvGuests();
    private final PvGuests pv = new PvGuests(g.hypervisor, 2);
    private final Domain pvh = Machines.booted(g.hypervisor, 3, Domain.Type.PVH, 8, new FakeBootedGuest());

    private static long address(int slot) {
        return (long) slot << 12;
    }

    private int map(int domain, int ref, int flags, long address) {
        g.memory.put64(g.machine(ARGS, 0), address);
        g.memory.put32(g.machine(ARGS, 8), flags);
        g.memory.put32(g.machine(ARGS, 12), ref);
        g.memory.put16(g.machine(ARGS, 16), domain);
        assertThat(g.call(Abi.HYPERVISOR_GRANT_TABLE_OP, MAP, ARGS << 12, 1)).isZero();
        return (short) g.memory.get16(g.machine(ARGS, 18));
    }

    private int handle() {
        return g.memory.get32(g.machine(ARGS, 20));
    }

    private int unmap(int op, int handle, long address, long other) {
        g.memory.put64(g.machine(ARGS, 0), address);
        g.memory.put64(g.machine(ARGS, 8), other);
        g.memory.put32(g.machine(ARGS, 16), handle);
        assertThat(g.call(Abi.HYPERVISOR_GRANT_TABLE_OP, op, ARGS << 12, 1)).isZero();
        return (short) g.memory.get16(g.machine(ARGS, 20));
    }

    private int unmap(int handle, long address) {
        return unmap(UNMAP, handle, address, 0);
    }

    /** Domain 2 grants its page {@code gfn} by entry {@code REF + gfn}; its machine frame. */
    private int granted(int gfn) {
        pv.domain.grants().permit(REF + gfn, 1, pv.mfn(gfn));
        return pv.mfn(gfn);
    }

    private int inUse(Domain granter, int ref) {
        return granter.grants().flags(ref) & (GrantTable.READING | GrantTable.WRITING);
    }

    @Test
    void theHypervisorWritesTheEntryOfALinearAddress() {
        int mfn = granted(10);
        assertThat(g.types.references(mfn)).isEqualTo(1); // its owner's own mapping
        assertThat(map(2, REF + 10, HOST, address(SLOT))).isEqualTo(GrantStatus.OKAY);
        int handle = handle();
        assertThat(g.memory.get64(g.machine(ARGS, 24))).isEqualTo((long) mfn << 12);
        assertThat(g.get(3, SLOT)).isEqualTo(Pte.of(mfn, ENTRY | Pte.WRITABLE | Pte.GUEST_KERNEL));
        assertThat(g.types.references(mfn)).isEqualTo(2);
        assertThat(g.types.typeCount(mfn)).isEqualTo(2);
        assertThat(inUse(pv.domain, REF + 10)).isEqualTo(GrantTable.READING | GrantTable.WRITING);
        assertThat(unmap(handle, address(SLOT + 1))).isEqualTo(GrantStatus.GENERAL_ERROR);
        g.registers.log.clear();
        assertThat(unmap(handle, address(SLOT))).isEqualTo(GrantStatus.OKAY);
        assertThat(g.registers.log).contains("flushTlb");
        assertThat(g.get(3, SLOT)).isZero();
        assertThat(g.types.references(mfn)).isEqualTo(1);
        assertThat(g.types.typeCount(mfn)).isEqualTo(1);
        assertThat(inUse(pv.domain, REF + 10)).isZero();
        assertThat(unmap(handle, address(SLOT))).isEqualTo(GrantStatus.BAD_HANDLE);
    }

    @Test
    void theEntryIsAsTheFlagsSay() {
        int mfn = granted(10);
        assertThat(map(2, REF + 10, HOST | READ_ONLY | APPLICATION | 5 << 16, address(SLOT)))
                .isEqualTo(GrantStatus.OKAY);
        assertThat(g.get(3, SLOT)).isEqualTo(Pte.of(mfn, ENTRY | Pte.GLOBAL | 5 << 9));
        assertThat(g.types.typeCount(mfn)).isEqualTo(1);
        assertThat(inUse(pv.domain, REF + 10)).isEqualTo(GrantTable.READING);
        assertThat(unmap(handle(), address(SLOT))).isEqualTo(GrantStatus.OKAY);
    }

    @Test
    void theEntryMayBeNamedByItsMachineAddress() {
        int mfn = granted(10);
        long entry = g.machine(3, 8 * SLOT);
        assertThat(map(2, REF + 10, HOST | CONTAINS_PTE, entry)).isEqualTo(GrantStatus.OKAY);
        int handle = handle();
        assertThat(Pte.frame(g.get(3, SLOT))).isEqualTo(mfn);
        assertThat(unmap(handle, address(SLOT))).as("named otherwise").isEqualTo(GrantStatus.GENERAL_ERROR);
        assertThat(unmap(REPLACE, handle, entry, address(SLOT + 1))).isEqualTo(GrantStatus.GENERAL_ERROR);
        assertThat(unmap(handle, entry)).isEqualTo(GrantStatus.OKAY);
        assertThat(g.get(3, SLOT)).isZero();
        assertThat(g.types.references(mfn)).isEqualTo(1);
    }

    @Test
    void whereThereIsNoEntryThereIsNoMapping() {
        int mfn = granted(10);
        long[] addresses = {1L << 39, 0xffff800000000000L, 0x0001000000000000L | address(SLOT), -4096};
        for (long address : addresses) {
            assertThat(map(2, REF + 10, HOST, address)).isEqualTo(GrantStatus.GENERAL_ERROR);
        }
        long[] entries = {
            g.machine(3, 8 * SLOT) + 4, // crosses two
            g.machine(2, 8 * SLOT), // of a level above
            g.machine(20, 0), // data
            pv.machine(3, 8 * SLOT), // another's
            -8,
            1L << 40
        };
        for (long entry : entries) {
            assertThat(map(2, REF + 10, HOST | CONTAINS_PTE, entry)).isEqualTo(GrantStatus.GENERAL_ERROR);
        }
        assertThat(map(2, REF + 10, HOST | DEVICE, 1L << 39)).isEqualTo(GrantStatus.GENERAL_ERROR);
        assertThat(g.types.references(mfn)).isEqualTo(1);
        assertThat(g.types.typeCount(mfn)).isEqualTo(1);
        assertThat(inUse(pv.domain, REF + 10)).isZero();
        assertThat(map(2, REF + 10, HOST, address(SLOT))).isEqualTo(GrantStatus.OKAY);
        assertThat(handle()).as("no handle was lost").isZero();
    }

    @Test
    void whatWasMappedThereBeforeIsDropped() {
        int mfn = granted(10);
        int before = g.mfn(30);
        assertThat(map(2, REF + 10, HOST, address(30))).isEqualTo(GrantStatus.OKAY);
        assertThat(g.types.references(before)).isZero();
        assertThat(g.types.typeCount(before)).isZero();
        assertThat(unmap(handle(), address(30))).isEqualTo(GrantStatus.OKAY);
        assertThat(g.types.references(mfn)).isEqualTo(1);
    }

    @Test
    void anotherEntryTakesItsPlace() {
        int mfn = granted(10);
        long moved = g.get(3, 30);
        assertThat(map(2, REF + 10, HOST, address(SLOT))).isEqualTo(GrantStatus.OKAY);
        assertThat(unmap(REPLACE, handle(), address(SLOT), address(30))).isEqualTo(GrantStatus.OKAY);
        assertThat(g.get(3, SLOT)).isEqualTo(moved);
        assertThat(g.get(3, 30)).isZero();
        assertThat(g.types.references(g.mfn(30))).isEqualTo(1);
        assertThat(g.types.references(mfn)).isEqualTo(1);
        assertThat(map(2, REF + 10, HOST, address(SLOT + 1))).isEqualTo(GrantStatus.OKAY);
        int handle = handle();
        assertThat(unmap(REPLACE, handle, address(SLOT + 1), 1L << 39)).isEqualTo(GrantStatus.GENERAL_ERROR);
        assertThat(unmap(REPLACE, handle, address(SLOT + 2), address(31)))
                .as("the moved entry is lost, as in Xen")
                .isEqualTo(GrantStatus.GENERAL_ERROR);
        assertThat(g.types.references(g.mfn(31))).isZero();
        assertThat(unmap(REPLACE, handle, address(SLOT + 1), 0)).isEqualTo(GrantStatus.OKAY);
    }

    @Test
    void aPageTableIsNotMappedWritableNorMadeOfWhatIs() {
        granted(3);
        assertThat(map(2, REF + 3, HOST, address(SLOT))).isEqualTo(GrantStatus.GENERAL_ERROR);
        assertThat(inUse(pv.domain, REF + 3)).isZero();
        assertThat(map(2, REF + 3, HOST | READ_ONLY, address(SLOT))).isEqualTo(GrantStatus.OKAY);
        int mfn = granted(20);
        assertThat(pv.update(3, 20, pv.entry(20, PvGuests.RO))).isZero();
        assertThat(map(2, REF + 20, HOST, address(SLOT + 1))).isEqualTo(GrantStatus.OKAY);
        int handle = handle();
        assertThat(pv.extended(PIN_L1, mfn, 0)).isEqualTo(Abi.EINVAL);
        assertThat(unmap(handle, address(SLOT + 1))).isEqualTo(GrantStatus.OKAY);
        assertThat(pv.extended(PIN_L1, mfn, 0)).isZero();
    }

    @Test
    void theGuestItselfCannotReferToTheFrame() {
        int mfn = granted(10);
        assertThat(map(2, REF + 10, HOST, address(SLOT))).isEqualTo(GrantStatus.OKAY);
        assertThat(g.update(3, SLOT + 1, Pte.of(mfn, PvGuests.RO))).isEqualTo(Abi.EPERM);
        assertThat(g.update(3, SLOT, Pte.of(mfn, PvGuests.RO))).isEqualTo(Abi.EPERM);
        assertThat(g.update(3, SLOT, g.get(3, SLOT) & ~Pte.DIRTY))
                .as("what refers to nothing new")
                .isZero();
        assertThat(g.types.references(mfn)).isEqualTo(2);
    }

    @Test
    void anEntryThatTheGuestOverwritesDropsItsReferencesAndLeavesTheGrantInUse() {
        int mfn = granted(10);
        assertThat(map(2, REF + 10, HOST, address(SLOT))).isEqualTo(GrantStatus.OKAY);
        int handle = handle();
        assertThat(g.update(3, SLOT, 0)).isZero();
        assertThat(g.types.references(mfn)).isEqualTo(1);
        assertThat(g.types.typeCount(mfn)).isEqualTo(1);
        assertThat(inUse(pv.domain, REF + 10)).isEqualTo(GrantTable.READING | GrantTable.WRITING);
        assertThat(unmap(handle, address(SLOT))).isEqualTo(GrantStatus.GENERAL_ERROR);
        g.hypervisor.destroy(g.domain);
        assertThat(inUse(pv.domain, REF + 10)).isZero();
        assertThat(g.types.references(mfn)).isEqualTo(1);
    }

    @Test
    void whoOverwroteAnEntryAndUnmapsItWhenTheGranterIsForgottenCrashes() {
        granted(10);
        granted(11);
        assertThat(map(2, REF + 10, HOST, address(SLOT))).isEqualTo(GrantStatus.OKAY);
        int overwritten = handle();
        assertThat(map(2, REF + 11, HOST, address(SLOT + 1))).isEqualTo(GrantStatus.OKAY);
        int kept = handle();
        assertThat(g.update(3, SLOT, 0)).isZero();
        g.hypervisor.destroy(pv.domain);
        assertThat(unmap(overwritten, address(SLOT))).isEqualTo(GrantStatus.GENERAL_ERROR);
        assertThat(unmap(kept, address(SLOT + 1))).isEqualTo(GrantStatus.OKAY);
        assertThat(g.crashed()).isFalse();
        assertThat(unmap(overwritten, address(SLOT))).isEqualTo(GrantStatus.GENERAL_ERROR);
        assertThat(g.crashed()).isTrue();
    }

    @Test
    void aFrameThatItsOwnerGaveBackIsFreeWhenItIsUnmapped() {
        int mfn = granted(30);
        assertThat(map(2, REF + 30, HOST, address(SLOT))).isEqualTo(GrantStatus.OKAY);
        int handle = handle();
        int free = g.memory.freeFrames();
        pv.domain.physmap().depopulate(30);
        assertThat(pv.update(3, 30, 0)).isZero();
        assertThat(g.memory.freeFrames()).isEqualTo(free);
        assertThat(map(2, REF + 30, HOST, address(SLOT + 1))).as("again").isEqualTo(GrantStatus.OKAY);
        assertThat(unmap(handle(), address(SLOT + 1))).isEqualTo(GrantStatus.OKAY);
        assertThat(unmap(handle, address(SLOT))).isEqualTo(GrantStatus.OKAY);
        assertThat(g.memory.freeFrames()).isEqualTo(free + 1);
        assertThat(g.hypervisor.frames().owner(mfn)).isEqualTo(FrameTable.NOBODY);
    }

    @Test
    void aGrantInUseOfAFrameThatIsAnothersNowIsNotMappedAgain() {
        int mfn = granted(30);
        assertThat(map(2, REF + 30, HOST, address(SLOT))).isEqualTo(GrantStatus.OKAY);
        assertThat(g.update(3, SLOT, 0)).isZero();
        pv.domain.physmap().depopulate(30);
        assertThat(pv.update(3, 30, 0)).isZero();
        assertThat(pvh.physmap().populate(50)).isEqualTo(mfn);
        assertThat(map(2, REF + 30, HOST, address(SLOT))).isEqualTo(GrantStatus.GENERAL_ERROR);
        assertThat(g.types.references(mfn)).isZero();
    }

    @Test
    void aHardwareVirtualisedDomainsFrameIsMappedToo() {
        pvh.grants().permit(REF, 1, 5);
        int mfn = pvh.physmap().mfn(5);
        assertThat(map(3, REF, HOST, address(SLOT))).isEqualTo(GrantStatus.OKAY);
        assertThat(Pte.frame(g.get(3, SLOT))).isEqualTo(mfn);
        assertThat(g.types.references(mfn)).isEqualTo(1);
        assertThat(unmap(handle(), address(SLOT))).isEqualTo(GrantStatus.OKAY);
        assertThat(g.types.references(mfn)).isZero();
        assertThat(g.types.typeCount(mfn)).isZero();
    }

    @Test
    void aTlbThatMayHoldAFrameOfAnothersIsFlushedBeforeThatBecomesATable() {
        int mfn = granted(20);
        assertThat(map(2, REF + 20, HOST, address(SLOT))).isEqualTo(GrantStatus.OKAY);
        assertThat(g.update(3, SLOT, 0)).isZero();
        assertThat(pv.update(3, 20, pv.entry(20, PvGuests.RO))).isZero();
        g.registers.log.clear();
        assertThat(pv.extended(PIN_L1, mfn, 0)).isZero();
        assertThat(g.registers.log).containsExactly("flushTlb");
    }

    // ------------------------------------------------------------------------------------------------ properties

    private record Mapping(int handle, int ref, int slot, boolean writable, boolean byEntry, boolean device) {}

    /**
     * Whatever the guest maps, unmaps, replaces and overwrites, and whether its tables go first or it dies: references are those of its entries and
     * of the mappings for devices, and at last none.
     */
    @Property(tries = 150)
    void referencesAreThoseOfARecountAndAtLastNone(@ForAll long seed) {
        new PvGrantsTest().mapAndOverwrite(new RandomStream(seed, "grants", "pv"));
    }

    private void mapAndOverwrite(RandomStream random) {
        int[] frames = new int[4];
        for (int i = 0; i < 3; i++) {
            frames[i] = granted(10 + i);
        }
        frames[3] = pvh.physmap().mfn(5);
        pvh.grants().permit(REF + 13, 1, 5);
        List<Mapping> mapped = new ArrayList<>();
        for (int step = 0; step < 60; step++) {
            int slot = SLOT + random.nextInt(6);
            switch (random.nextInt(8)) {
                case 0, 1, 2, 3 -> mapOne(random, slot, mapped);
                case 4, 5 -> unmapOne(random, mapped);
                case 6 -> assertThat(g.update(3, slot, 0)).isZero();
                default -> {
                    // Its own page, or nothing, in place of whatever is there.
                    long entry = random.nextInt(2) == 0 ? g.entry(40, PvGuests.RW) : 0;
                    assertThat(g.update(3, slot, entry)).isZero();
                }
            }
            recount(frames, mapped);
        }
        if (random.nextInt(2) == 0) {
            g.extended(UNPIN, g.mfn(0), 0);
        }
        g.hypervisor.destroy(g.domain);
        for (int i = 0; i < 4; i++) {
            assertThat(g.types.references(frames[i])).isEqualTo(i < 3 ? 1 : 0);
            assertThat(g.types.typeCount(frames[i])).isEqualTo(i < 3 ? 1 : 0);
            assertThat(inUse(i < 3 ? pv.domain : pvh, REF + 10 + i)).isZero();
        }
        pv.hypervisor.destroy(pv.domain);
        pv.hypervisor.destroy(pvh);
        for (int mfn = 0; mfn < g.memory.frames(); mfn++) {
            assertThat(g.types.references(mfn)).isZero();
            assertThat(g.types.typeCount(mfn)).isZero();
        }
    }

    private void mapOne(RandomStream random, int slot, List<Mapping> mapped) {
        int which = random.nextInt(4);
        boolean writable = random.nextInt(2) == 0;
        boolean byEntry = random.nextInt(2) == 0;
        boolean device = random.nextInt(4) == 0;
        int flags = HOST | (writable ? 0 : READ_ONLY) | (byEntry ? CONTAINS_PTE : 0) | (device ? DEVICE : 0);
        long place = byEntry ? g.machine(3, 8 * slot) : address(slot);
        assertThat(map(which < 3 ? 2 : 3, REF + 10 + which, flags, place)).isEqualTo(GrantStatus.OKAY);
        mapped.add(new Mapping(handle(), which, slot, writable, byEntry, device));
    }

    private void unmapOne(RandomStream random, List<Mapping> mapped) {
        if (mapped.isEmpty()) {
            return;
        }
        Mapping m = mapped.remove(random.nextInt(mapped.size()));
        int mfn = m.ref < 3 ? pv.mfn(10 + m.ref) : pvh.physmap().mfn(5);
        long entry = g.get(3, m.slot);
        boolean there = Pte.present(entry) && Pte.frame(entry) == mfn && (entry & Pte.WRITABLE) != 0 == m.writable;
        boolean replace = !m.device && !m.byEntry && random.nextInt(2) == 0;
        long place = m.byEntry ? g.machine(3, 8 * m.slot) : address(m.slot);
        long other = replace ? address(SLOT + 6 + random.nextInt(2)) : m.device ? (long) mfn << 12 : 0;
        int status = unmap(replace ? REPLACE : UNMAP, m.handle, place, other);
        assertThat(status).isEqualTo(there ? GrantStatus.OKAY : GrantStatus.GENERAL_ERROR);
        if (!there) {
            mapped.add(m);
        }
    }

    private void recount(int[] frames, List<Mapping> mapped) {
        for (int i = 0; i < 4; i++) {
            int own = i < 3 ? 1 : 0;
            int references = own;
            int typed = own;
            for (int slot = SLOT; slot < SLOT + 8; slot++) {
                long entry = g.get(3, slot);
                if (Pte.present(entry) && Pte.frame(entry) == frames[i]) {
                    references++;
                    typed += (entry & Pte.WRITABLE) != 0 ? 1 : 0;
                }
            }
            for (Mapping m : mapped) {
                references += m.device && m.ref == i ? 1 : 0;
                typed += m.device && m.writable && m.ref == i ? 1 : 0;
            }
            assertThat(g.types.references(frames[i])).as("of " + i).isEqualTo(references);
            assertThat(g.types.typeCount(frames[i])).as("of " + i).isEqualTo(typed);
            int at = i;
            boolean reading = mapped.stream().anyMatch(m -> m.ref == at);
            boolean writing = mapped.stream().anyMatch(m -> m.ref == at && m.writable);
            assertThat(inUse(i < 3 ? pv.domain : pvh, REF + 10 + i))
                    .isEqualTo((reading ? GrantTable.READING : 0) | (writing ? GrantTable.WRITING : 0));
        }
    }
}

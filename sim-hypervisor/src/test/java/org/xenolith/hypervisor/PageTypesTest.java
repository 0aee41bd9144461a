package org.xenolith.hypervisor;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

/** Page types: what a PV guest may have in its page tables, and the counts that say so. */
class PageTypesTest {
    private static final int PIN_L1 = 0;
    private static final int PIN_L4 = 3;
    private static final int UNPIN = 4;
    private static final int NEW_BASEPTR = 5;
    private static final int NEW_USER_BASEPTR = 15;
    private static final int CLEAR_PAGE = 16;

    private final PvGuests g = new PvGuests();

    @Test
    void validationGivesEachTableItsLevelAndMarksTheKernelsPages() {
        for (int level = 1; level <= 4; level++) {
            assertThat(g.types.is(g.mfn(4 - level), level)).as("level " + level).isTrue();
        }
        assertThat(g.types.pinned(g.mfn(0))).isTrue();
        assertThat(g.get(3, 10)).isEqualTo(g.entry(10, PvGuests.RW | Pte.USER | Pte.GUEST_KERNEL));
        assertThat(g.types.type(g.mfn(10))).isEqualTo(PageTypes.WRITABLE);
        assertThat(g.types.references(g.mfn(10))).isEqualTo(1);
    }

    @Test
    void theHypervisorsSlotsAreItsOwn() {
        assertThat(g.get(0, 256))
                .isEqualTo(g.hypervisor.frames().machineToPhys().slotEntry());
        assertThat(g.get(0, 257)).isZero();
        assertThat(g.update(0, 256, 0)).isEqualTo(Abi.EINVAL);
        assertThat(g.update(0, 271, g.table(1))).isEqualTo(Abi.EINVAL);
    }

    @Test
    void aPageTableCannotBeMappedWritable() {
        assertThat(g.update(3, 100, g.entry(3, PvGuests.RW))).isEqualTo(Abi.EBUSY);
        assertThat(g.get(3, 100)).isZero();
        assertThat(g.update(3, 100, g.entry(3, PvGuests.RO))).isZero();
    }

    @Test
    void aWritablePageCannotBecomeAPageTable() {
        assertThat(g.extended(PIN_L1, g.mfn(20), 0)).isEqualTo(Abi.EINVAL);
        assertThat(g.update(3, 20, g.entry(20, PvGuests.RO))).isZero();
        assertThat(g.extended(PIN_L1, g.mfn(20), 0)).isZero();
        assertThat(g.types.is(g.mfn(20), PageTypes.L1)).isTrue();
        assertThat(g.extended(PIN_L1, g.mfn(20), 0)).as("pinned twice").isEqualTo(Abi.EINVAL);
        assertThat(g.update(3, 20, g.entry(20, PvGuests.RW))).isEqualTo(Abi.EBUSY);
        assertThat(g.extended(UNPIN, g.mfn(20), 0)).isZero();
        assertThat(g.extended(UNPIN, g.mfn(20), 0)).isEqualTo(Abi.EINVAL);
        assertThat(g.update(3, 20, g.entry(20, PvGuests.RW))).isZero();
    }

    @Test
    void whatTheHypervisorWritesToIsNeverAPageTable() {
        int shared = g.domain.sharedInfo().frame();
        assertThat(g.extended(PIN_L1, shared, 0)).isEqualTo(Abi.EINVAL);
        assertThat(g.extended(PIN_L4, shared, 0)).isEqualTo(Abi.EINVAL);
        assertThat(g.update(3, 100, Pte.of(shared, PvGuests.RW))).isZero();
        assertThat(g.update(3, 100, 0)).isZero();
        assertThat(g.extended(PIN_L1, shared, 0)).isEqualTo(Abi.EINVAL);
    }

    @Test
    void anothersFrameCannotBeMapped() {
        Domain other = Machines.booted(g.hypervisor, 2, Domain.Type.PVH, 2, new FakeBootedGuest());
        long foreign = (long) other.physmap().mfn(0) << 12;
        assertThat(g.update(3, 100, foreign | PvGuests.RO)).isEqualTo(Abi.EPERM);
        assertThat(g.update(2, 100, foreign | PvGuests.RW)).isEqualTo(Abi.EINVAL);
        assertThat(g.update(3, 100, 0xfffffffffL << 12 | PvGuests.RO)).isEqualTo(Abi.EPERM);
        assertThat(g.request(foreign, 0)).isEqualTo(Abi.EINVAL);
        assertThat(g.extended(CLEAR_PAGE, other.physmap().mfn(0), 0)).isEqualTo(Abi.EINVAL);
    }

    @Test
    void bitsThatXenRefusesAreRefused() {
        for (long bit : new long[] {Pte.WRITE_THROUGH, Pte.CACHE_DISABLE, Pte.LARGE}) {
            assertThat(g.update(3, 100, g.entry(30, PvGuests.RO | bit))).isEqualTo(Abi.EINVAL);
        }
        for (long bit : new long[] {Pte.WRITE_THROUGH, Pte.CACHE_DISABLE, Pte.LARGE, Pte.GLOBAL}) {
            assertThat(g.update(2, 1, g.table(3) | bit)).isEqualTo(Abi.EINVAL);
        }
        assertThat(g.update(3, 100, g.entry(30, PvGuests.RO | Pte.USER))).isZero();
        assertThat(g.get(3, 100))
                .as("a program's page is global")
                .isEqualTo(g.entry(30, PvGuests.RO | Pte.USER | Pte.GLOBAL));
    }

    @Test
    void preserveAdKeepsTheBitsAsTheyAre() {
        assertThat(g.request(g.machine(3, 80) | 2, g.entry(10, Pte.PRESENT | Pte.WRITABLE)))
                .isZero();
        assertThat(g.get(3, 10)).isEqualTo(g.entry(10, PvGuests.RW | Pte.USER | Pte.GUEST_KERNEL));
    }

    @Test
    void aFailedValidationLeavesNoReference() {
        makeReadOnly(20);
        g.put(20, 0, g.entry(21, PvGuests.RO));
        g.put(20, 1, g.entry(3, PvGuests.RW));
        int before = g.types.references(g.mfn(21));
        assertThat(g.extended(PIN_L1, g.mfn(20), 0)).isEqualTo(Abi.EBUSY);
        assertThat(g.types.references(g.mfn(21))).isEqualTo(before);
        assertThat(g.types.typeCount(g.mfn(20))).isZero();
    }

    @Test
    void aTableThatMapsItselfWritableIsRefused() {
        makeReadOnly(20);
        g.put(20, 0, g.entry(20, PvGuests.RW));
        assertThat(g.extended(PIN_L1, g.mfn(20), 0)).isEqualTo(Abi.EBUSY);
    }

    @Test
    void anotherTopTableCanBeUsedAndLeft() {
        makeReadOnly(20);
        g.put(20, 0, g.table(1));
        assertThat(g.extended(PIN_L4, g.mfn(20), 0)).isZero();
        assertThat(g.extended(NEW_BASEPTR, g.mfn(20), 0)).isZero();
        assertThat(g.registers.get(Register.CR3)).isEqualTo((long) g.mfn(20) << 12);
        assertThat(g.extended(NEW_USER_BASEPTR, g.mfn(0), 0)).isZero();
        assertThat(g.extended(UNPIN, g.mfn(20), 0)).isZero();
        assertThat(g.types.is(g.mfn(20), PageTypes.L4)).as("still in use").isTrue();
        assertThat(g.extended(NEW_BASEPTR, g.mfn(0), 0)).isZero();
        assertThat(g.types.is(g.mfn(20), PageTypes.L4)).isFalse();
        assertThat(g.extended(NEW_BASEPTR, g.mfn(10), 0)).isEqualTo(Abi.EINVAL);
    }

    @Test
    void aFrameGivenBackWhileMappedStaysUntilNothingMapsIt() {
        int mfn = g.mfn(30);
        int free = g.memory.freeFrames();
        assertThat(g.domain.physmap().depopulate(30)).isTrue();
        assertThat(g.memory.freeFrames()).isEqualTo(free);
        assertThat(g.update(3, 30, 0)).isZero();
        assertThat(g.memory.freeFrames()).isEqualTo(free + 1);
        assertThat(g.hypervisor.frames().owner(mfn)).isEqualTo(FrameTable.NOBODY);
    }

    @Test
    void aTlbThatMayHoldAWritableMappingIsFlushedBeforeThePageBecomesATable() {
        makeReadOnly(20);
        g.registers.log.clear();
        assertThat(g.extended(PIN_L1, g.mfn(20), 0)).isZero();
        assertThat(g.registers.log).containsExactly("flushTlb");
        makeReadOnly(21);
        g.extended(6, 0, 0);
        g.registers.log.clear();
        assertThat(g.extended(PIN_L1, g.mfn(21), 0)).isZero();
        assertThat(g.registers.log).isEmpty();
    }

    private void makeReadOnly(int gfn) {
        assertThat(g.update(3, gfn, g.entry(gfn, PvGuests.RO))).isZero();
    }

    // ------------------------------------------------------------------------------------------------ properties

    /** Random updates, pins and switches, as a guest that forges page tables would: the counts are those of a recount, and no table is writable. */
    @Property(tries = 300)
    void countsAreThoseOfARecount(
            @ForAll @Size(min = 1, max = 60) List<@IntRange(min = 0, max = Integer.MAX_VALUE) Integer> choices) {
        PvGuests guest = new PvGuests();
        for (int i = 0; i < choices.size(); i++) {
            int choice = choices.get(i) * 0x9e3779b1 + i;
            int table = choice & 15;
            int target = choice >>> 4 & 15;
            int slot = choice >>> 8 & 7;
            long flags = (choice >>> 11 & 1) != 0 ? PvGuests.RW : (choice >>> 12 & 3) == 0 ? 0 : PvGuests.RO;
            switch (choice >>> 14 & 7) {
                case 0 -> guest.extended(choice >>> 17 & 3, guest.mfn(target), 0);
                case 1 -> guest.extended(UNPIN, guest.mfn(target), 0);
                case 2 -> guest.extended(NEW_BASEPTR, guest.mfn(target), 0);
                case 3 -> guest.extended(NEW_USER_BASEPTR, guest.mfn(target), 0);
                case 4 -> guest.update(3, target, guest.entry(target, PvGuests.RO));
                default -> guest.update(table, slot, guest.entry(target, flags));
            }
            check(guest);
        }
    }

    private static void check(PvGuests g) {
        int frames = g.memory.frames();
        int[] references = new int[frames];
        int[] typed = new int[frames];
        for (int mfn = 0; mfn < frames; mfn++) {
            for (int level = 1; level <= 4; level++) {
                if (g.types.is(mfn, level)) {
                    for (int slot = 0; slot < PageTypes.ENTRIES; slot++) {
                        long entry = g.memory.get64((mfn << 12) + 8 * slot);
                        if (Pte.present(entry) && (level < 4 || !XenSlots.isXens(slot))) {
                            int to = (int) Pte.frame(entry);
                            references[to]++;
                            boolean writable = (entry & Pte.WRITABLE) != 0;
                            if (level > 1 || writable) {
                                typed[to]++;
                                assertThat(g.types.is(to, level > 1 ? level - 1 : PageTypes.WRITABLE))
                                        .as("entry %d of table %d", slot, mfn)
                                        .isTrue();
                            }
                            assertThat(g.hypervisor.frames().owner(to)).isEqualTo(g.domain.id());
                        }
                    }
                }
            }
        }
        for (int mfn : new int[] {g.arch.kernelTable, g.arch.userTable}) {
            if (mfn >= 0) {
                references[mfn]++;
                typed[mfn]++;
            }
        }
        typed[g.domain.sharedInfo().frame()]++; // the hypervisor writes it
        List<String> wrong = new ArrayList<>();
        for (int mfn = 0; mfn < frames; mfn++) {
            int pin = g.types.pinned(mfn) ? 1 : 0;
            if (g.types.references(mfn) != references[mfn] + pin || g.types.typeCount(mfn) != typed[mfn] + pin) {
                wrong.add(mfn + ": " + g.types.references(mfn) + "/" + g.types.typeCount(mfn) + " not "
                        + (references[mfn] + pin) + "/" + (typed[mfn] + pin));
            }
        }
        assertThat(wrong).isEmpty();
    }
}

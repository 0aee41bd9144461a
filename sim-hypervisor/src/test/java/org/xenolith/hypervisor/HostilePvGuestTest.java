package org.xenolith.hypervisor;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.Size;

/** A PV guest that passes anything to any hypercall, or faults anywhere, hurts nobody but itself. */
class HostilePvGuestTest {
    private static final int[] CALLS = {0, 1, 2, 3, 4, 5, 8, 9, 10, 12, 14, 20, 22, 23, 25, 26, 28, 30};
    private static final int ARGS = 16;

    /** Entries of the other domain's by which the guest may read a page, and write one; the pages are those of their numbers. */
    private static final int READABLE = 1;

    private static final int WRITABLE = 2;
    private static final long[] VALUES = {
        0,
        1,
        2,
        3,
        7,
        15,
        16,
        0x1000,
        0x3000,
        0x3008,
        0x10000,
        0x3f000,
        0x3fff8,
        0x40000,
        Integer.MAX_VALUE,
        0x80000000L,
        0xffffffffL,
        Long.MAX_VALUE,
        Long.MIN_VALUE,
        -1,
        -8,
        0x7ff0,
        0x7ff1,
        0x00010000L,
        0xffff800000000000L,
        0xffff820000000000L,
        0xffffffff80000000L
    };

    @Property(tries = 150)
    void anythingPassedToAnyHypercall(@ForAll @Size(min = 1, max = 40) List<Long> seeds) {
        PvGuests g = new PvGuests();
        Domain other = Machines.booted(g.hypervisor, 2, Domain.Type.PVH, 4, new FakeBootedGuest());
        for (int gfn = 0; gfn < 4; gfn++) {
            g.memory.fill(other.physmap().mfn(gfn) << 12, 4096, (byte) 0x5a);
        }
        other.grants().permit(READABLE, 1, READABLE);
        int readable = (other.grants().frame(0) << 12) + 8 * READABLE;
        g.memory.put16(readable, GrantTable.PERMIT_ACCESS | GrantTable.READ_ONLY);
        other.grants().permit(WRITABLE, 1, WRITABLE);
        boolean[] kept = kept(g, other);
        byte[] before = outside(g, kept);
        for (long seed : seeds) {
            SplittableRandom random = new SplittableRandom(seed);
            scribble(g, other, random);
            int what = random.nextInt(8);
            if (what < 2) {
                grant(g, random);
            } else if (what < 4) {
                g.registers.code = new byte[15];
                random.nextBytes(g.registers.code);
                g.fault(random.nextInt(32), random.nextInt(32), value(g, other, random));
            } else {
                g.call(
                        CALLS[random.nextInt(CALLS.length)],
                        value(g, other, random),
                        value(g, other, random),
                        value(g, other, random),
                        value(g, other, random),
                        value(g, other, random));
            }
            assertThat(outside(g, kept)).isEqualTo(before);
        }
        for (int slot = 0; slot < PageTypes.ENTRIES; slot++) {
            long entry = g.memory.get64((g.arch.kernelTable << 12) + 8 * slot);
            assertThat(!Pte.present(entry) || XenSlots.isXens(slot) || g.types.is((int) Pte.frame(entry), PageTypes.L3))
                    .isTrue();
        }
        g.hypervisor.destroy(g.domain);
        g.hypervisor.destroy(other);
        for (int mfn = 0; mfn < g.memory.frames(); mfn++) {
            assertThat(g.types.references(mfn)).as("references of " + mfn).isZero();
            assertThat(g.types.typeCount(mfn)).as("uses of " + mfn).isZero();
        }
    }

    /** Maps, unmaps or copies by the other domain's grants, wherever that may be. */
    private static void grant(PvGuests g, SplittableRandom random) {
        int at = g.domain.physmap().mfn(ARGS) << 12;
        if (at < 0 || g.types.typeCount(at >> 12) != 0 && g.types.type(at >> 12) != PageTypes.WRITABLE) {
            return;
        }
        int[] operations = {0, 0, 1, 5, 7};
        int op = operations[random.nextInt(operations.length)];
        int slot = 60 + random.nextInt(8);
        boolean byEntry = random.nextInt(2) == 0 && g.mfn(3) != Physmap.NONE;
        long place = byEntry ? g.machine(3, 8 * slot) : (long) slot << 12;
        if (op == 5) {
            g.memory.put64(at, 1 + random.nextInt(2));
            g.memory.put64(at + 8, 2);
            boolean back = random.nextInt(2) == 0;
            g.memory.put64(at + 16, back ? 1 + random.nextInt(2) : g.mfn(random.nextInt(PvGuests.PAGES)));
            g.memory.put64(at + 24, back ? 2 : Abi.DOMID_SELF);
            g.memory.put64(at + 32, 64 | (back ? 3L : 1L) << 16);
        } else if (op == 0) {
            g.memory.put64(at, place);
            int flags = 2 | random.nextInt(16) & ~2 | (byEntry ? 16 : 0);
            g.memory.put64(at + 8, flags | (long) (1 + random.nextInt(2)) << 32);
            g.memory.put64(at + 16, 2);
        } else {
            g.memory.put64(at, place);
            g.memory.put64(at + 8, op == 7 ? (long) (60 + random.nextInt(8)) << 12 : 0);
            g.memory.put64(at + 16, random.nextInt(2));
        }
        g.call(Abi.HYPERVISOR_GRANT_TABLE_OP, op, ARGS << 12, 1, 0, 0);
    }

    /** Puts plausible words where the guest can write: page-table entries, requests, pointers. */
    private static void scribble(PvGuests g, Domain other, SplittableRandom random) {
        for (int i = 0; i < 64; i++) {
            int gfn = 16 + random.nextInt(48);
            if (g.mfn(gfn) == Physmap.NONE) {
                continue; // given back
            }
            if (g.types.typeCount(g.mfn(gfn)) == 0 || g.types.type(g.mfn(gfn)) == PageTypes.WRITABLE) {
                g.put(gfn, random.nextInt(16), value(g, other, random));
            }
        }
    }

    private static long value(PvGuests g, Domain other, SplittableRandom random) {
        int gfn = random.nextInt(PvGuests.PAGES);
        if (g.mfn(gfn) == Physmap.NONE) {
            return gfn;
        }
        return switch (random.nextInt(8)) {
            case 0, 1 -> VALUES[random.nextInt(VALUES.length)];
            case 2 -> random.nextLong();
            case 3 -> g.machine(gfn, 8 * random.nextInt(16)) | random.nextInt(4);
            case 4 -> g.entry(gfn, PvGuests.RW);
            case 5 -> (long) other.physmap().mfn(random.nextInt(4)) << 12 | random.nextInt(8);
            case 6 -> g.mfn(gfn);
            default -> (long) gfn << 12;
        };
    }

    /** Which frames are neither the domain's own nor free, nor shared with it, nor where Xen itself keeps things for it: as long as it lives. */
    private static boolean[] kept(PvGuests g, Domain other) {
        boolean[] kept = new boolean[g.memory.frames()];
        // The machine gives its lowest frames first, and none was given back yet.
        Arrays.fill(kept, 0, kept.length - g.memory.freeFrames(), true);
        for (int gfn = 0; gfn < PvGuests.PAGES; gfn++) {
            kept[g.mfn(gfn)] = false;
        }
        kept[g.domain.sharedInfo().frame()] = false;
        kept[g.domain.grants().frame(0)] = false;
        for (int mfn : g.domain.pv.slots.tables()) {
            kept[mfn] = false;
        }
        kept[g.hypervisor.frames().machineToPhys().page(0)] = false;
        kept[other.physmap().mfn(WRITABLE)] = false;
        kept[other.grants().frame(0)] = false; // in which Xen notes that it is used
        return kept;
    }

    private static byte[] outside(PvGuests g, boolean[] kept) {
        byte[] bytes = g.memory.bytes().clone();
        for (int mfn = 0; mfn < kept.length; mfn++) {
            if (!kept[mfn]) {
                clear(bytes, mfn);
            }
        }
        return bytes;
    }

    private static void clear(byte[] bytes, int mfn) {
        Arrays.fill(bytes, mfn << 12, (mfn << 12) + 4096, (byte) 0);
    }
}

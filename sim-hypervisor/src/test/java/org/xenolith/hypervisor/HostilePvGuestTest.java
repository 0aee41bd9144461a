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
    private static final int[] CALLS = {0, 1, 2, 3, 4, 5, 8, 9, 10, 14, 22, 23, 25, 26, 28, 30};
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
        byte[] before = outside(g);
        for (long seed : seeds) {
            SplittableRandom random = new SplittableRandom(seed);
            scribble(g, other, random);
            if (random.nextInt(4) == 0) {
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
            assertThat(outside(g)).isEqualTo(before);
        }
        for (int slot = 0; slot < PageTypes.ENTRIES; slot++) {
            long entry = g.memory.get64((g.arch.kernelTable << 12) + 8 * slot);
            assertThat(!Pte.present(entry) || XenSlots.isXens(slot) || g.types.is((int) Pte.frame(entry), PageTypes.L3))
                    .isTrue();
        }
    }

    /** Puts plausible words where the guest can write: page-table entries, requests, pointers. */
    private static void scribble(PvGuests g, Domain other, SplittableRandom random) {
        for (int i = 0; i < 64; i++) {
            int gfn = 16 + random.nextInt(48);
            if (g.types.typeCount(g.mfn(gfn)) == 0 || g.types.type(g.mfn(gfn)) == PageTypes.WRITABLE) {
                g.put(gfn, random.nextInt(16), value(g, other, random));
            }
        }
    }

    private static long value(PvGuests g, Domain other, SplittableRandom random) {
        int gfn = random.nextInt(PvGuests.PAGES);
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

    /** Everything that is not the domain's own memory nor shared with it, but for what Xen itself keeps for it there. */
    private static byte[] outside(PvGuests g) {
        byte[] bytes = g.memory.bytes().clone();
        for (int gfn = 0; gfn < PvGuests.PAGES; gfn++) {
            clear(bytes, g.mfn(gfn));
        }
        clear(bytes, g.domain.sharedInfo().frame());
        for (int mfn : g.domain.pv.slots.tables()) {
            clear(bytes, mfn);
        }
        clear(bytes, g.hypervisor.frames().machineToPhys().page(0));
        return bytes;
    }

    private static void clear(byte[] bytes, int mfn) {
        Arrays.fill(bytes, mfn << 12, (mfn << 12) + 4096, (byte) 0);
    }
}

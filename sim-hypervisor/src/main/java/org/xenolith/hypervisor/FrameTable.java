package org.xenolith.hypervisor;

import java.util.Arrays;
import org.xenolith.machine.MachineMemory;

/**
 * What the hypervisor knows of each frame of the machine: whose it is, and where that domain sees it. As Xen's {@code frame_table} and
 * machine-to-phys table.
 */
public final class FrameTable {
    /** Owner of a frame that is no domain's: free, or the hypervisor's own. */
    public static final int NOBODY = -1;

    /** Physical frame of a machine frame that has none. */
    public static final int NO_GFN = -1;

    private final MachineMemory memory;
    private final int[] owner;
    private final int[] gfn;
    private final PageTypes types;

    /** What PV guests read; null until there is one. */
    private MachineToPhys machineToPhys;

    FrameTable(MachineMemory memory) {
        this.memory = memory;
        owner = new int[memory.frames()];
        gfn = new int[memory.frames()];
        Arrays.fill(owner, NOBODY);
        Arrays.fill(gfn, NO_GFN);
        types = new PageTypes(this);
    }

    /** What PV guests use the frames as. */
    PageTypes types() {
        return types;
    }

    /** The machine-to-physical table of PV guests, made at the first call. */
    MachineToPhys machineToPhys() {
        if (machineToPhys == null) {
            machineToPhys = new MachineToPhys(this);
        }
        return machineToPhys;
    }

    /** The frames themselves. */
    public MachineMemory memory() {
        return memory;
    }

    /** Takes a frame of zeroes for {@code domainId} ({@link #NOBODY}: for the hypervisor itself); -1 if there is none. */
    public int allocate(int domainId) {
        return allocate(domainId, 0, memory.frames());
    }

    /**
     * Takes 2^{@code order} frames of zeroes for {@code domainId} that lie one behind the other, from a multiple of their number on and all
     * below frame {@code limit}; the first, or -1 if there are none such.
     */
    int allocate(int domainId, int order, int limit) {
        int first = memory.allocate(order, limit);
        if (first >= 0) {
            for (int mfn = first; mfn < first + (1 << order); mfn++) {
                owner[mfn] = domainId;
                setGfn(mfn, NO_GFN);
            }
        }
        return first;
    }

    /** Gives {@code mfn} back; while something refers to it, nobody else gets it. */
    public void release(int mfn) {
        setGfn(mfn, NO_GFN);
        boolean kept = types.keeps(mfn);
        owner[mfn] = NOBODY;
        if (!kept) {
            memory.release(mfn);
        }
    }

    /** Keeps {@code mfn} from being given to anybody else, until {@link #letGo}. Holds are counted. */
    public void hold(int mfn) {
        types.hold(mfn);
    }

    /** Ends a {@link #hold}. */
    public void letGo(int mfn) {
        types.letGo(mfn);
    }

    /** Domain id of the owner of {@code mfn}, or {@link #NOBODY}; also for a number that is no frame of the machine. */
    public int owner(long mfn) {
        return mfn >= 0 && mfn < owner.length ? owner[(int) mfn] : NOBODY;
    }

    /** Makes {@code domainId} the owner of {@code mfn}. */
    public void setOwner(int mfn, int domainId) {
        owner[mfn] = domainId;
    }

    /** Where its owner sees {@code mfn}, or {@link #NO_GFN}. */
    public int gfn(long mfn) {
        return mfn >= 0 && mfn < gfn.length ? gfn[(int) mfn] : NO_GFN;
    }

    /** Notes that its owner sees {@code mfn} at {@code newGfn}. */
    public void setGfn(int mfn, int newGfn) {
        gfn[mfn] = newGfn;
        if (machineToPhys != null) {
            machineToPhys.set(mfn, newGfn);
        }
    }
}

package org.xenolith.hypervisor;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.xenolith.machine.MachineMemory;

/**
 * What PV guests use each frame of the machine as, and how often: the type and reference counts by which Xen keeps guests from writing their
 * page tables and descriptors themselves. A frame has one type at a time; it can get another only when nobody uses it as what it is. Being
 * used as a page table means that every entry was validated, which takes a reference of what the entry refers to.
 *
 * <p>As {@code arch/x86/mm.c} of Xen 4.17, but that a validation is never preempted, and that tables of one level are not linked.
 */
final class PageTypes {
    /** Type: used as nothing in particular. */
    static final int NONE = 0;

    /** Type: page table of the last level; those of the levels above are 2 to 4. */
    static final int L1 = 1;

    static final int L2 = 2;
    static final int L3 = 3;

    /** Type: page table of the top level. */
    static final int L4 = 4;

    /** Type: segment descriptors. */
    static final int DESCRIPTORS = 5;

    /** Type: data that the guest may write. */
    static final int WRITABLE = 7;

    /** Entries of a page table. */
    static final int ENTRIES = 512;

    private static final int VALIDATED = 1;
    private static final int PINNED = 2;
    private static final int RELEASED = 4;

    /** Some PV domain has, or had, a frame of another in its page tables: any TLB may hold it. */
    private static final int FOREIGN = 8;

    /** It is the hypervisor's, and shared with a domain. */
    private static final int SHARED = 16;

    private final FrameTable frames;
    private final MachineMemory memory;
    private final byte[] type;
    private final byte[] flags;
    private final int[] typeCount;
    private final int[] references;

    /** Id of the domain that may map a frame of the hypervisor's, or {@link FrameTable#NOBODY}. */
    private final int[] sharedWith;

    /** When the last mapping of each frame went away, counted in such events: a TLB not flushed since may still hold it. */
    private final long[] unmappedAt;

    private long unmaps;

    /** PV domains, whose TLBs may hold a frame. */
    private final List<Domain> domains = new ArrayList<>();

    PageTypes(FrameTable frames) {
        this.frames = frames;
        memory = frames.memory();
        int count = memory.frames();
        type = new byte[count];
        flags = new byte[count];
        typeCount = new int[count];
        references = new int[count];
        sharedWith = new int[count];
        Arrays.fill(sharedWith, FrameTable.NOBODY);
        unmappedAt = new long[count];
    }

    /** {@code domain} is a PV one. */
    void add(Domain domain) {
        domains.add(domain);
    }

    /** {@code domain}, which was added, runs no more. */
    void remove(Domain domain) {
        domains.remove(domain);
    }

    /** The type of {@code mfn}: {@link #NONE} to {@link #WRITABLE}. It stays, unused, until another is wanted. */
    int type(int mfn) {
        return type[mfn];
    }

    /** How often {@code mfn} is used as what it is. */
    int typeCount(int mfn) {
        return typeCount[mfn];
    }

    /** How often {@code mfn} is referred to, whatever as. */
    int references(int mfn) {
        return references[mfn];
    }

    /** Whether {@code mfn} is in use as a valid {@code wanted}. */
    boolean is(int mfn, int wanted) {
        return type[mfn] == wanted && typeCount[mfn] > 0 && (flags[mfn] & VALIDATED) != 0;
    }

    /** Whether {@code mfn} is a pinned page table. */
    boolean pinned(int mfn) {
        return (flags[mfn] & PINNED) != 0;
    }

    /** Now, in mappings that went away; see {@link PvArch#flush}. */
    long unmaps() {
        return unmaps;
    }

    // --------------------------------------------------------------------------------------------- references

    /** Lets {@code domain} map {@code mfn}, which is the hypervisor's; as what that writes to, it never becomes anything but data. */
    void share(Domain domain, int mfn) {
        if (sharedWith[mfn] != domain.id()) {
            sharedWith[mfn] = domain.id();
            type[mfn] = WRITABLE;
            flags[mfn] |= VALIDATED | SHARED;
            typeCount[mfn]++;
        }
    }

    /** Whether {@code domain} may refer to {@code mfn}: its own, or shared with it. */
    boolean mayUse(Domain domain, long mfn) {
        int id = domain.id();
        return frames.owner(mfn) == id || mfn >= 0 && mfn < sharedWith.length && sharedWith[(int) mfn] == id;
    }

    /** Refers to {@code mfn}, which must be {@code domain}'s; false if it is not. */
    boolean get(Domain domain, long mfn) {
        if (!mayUse(domain, mfn)) {
            return false;
        }
        references[(int) mfn]++;
        return true;
    }

    /** Refers to {@code mfn} for the hypervisor, or for whomever it lets access it other than by a PV guest's page tables. */
    void hold(int mfn) {
        references[mfn]++;
    }

    /** Ends a {@link #hold}. A frame that its domain gave back meanwhile is free when nothing refers to it any more. */
    void letGo(int mfn) {
        if (--references[mfn] == 0 && (flags[mfn] & RELEASED) != 0) {
            frames.release(mfn);
        }
    }

    /** Ends one {@link #get}, by an entry of a page table that TLBs may hold. */
    void put(int mfn) {
        unmappedAt[mfn] = ++unmaps;
        letGo(mfn);
    }

    /** Whether its domain gave {@code mfn} back, while something still referred to it. */
    boolean isGivenBack(int mfn) {
        return (flags[mfn] & RELEASED) != 0;
    }

    /** Whether a frame that {@code domain} gave back is still referred to. */
    boolean keepsAnyOf(Domain domain) {
        for (int mfn = 0; mfn < flags.length; mfn++) {
            if (isGivenBack(mfn) && sharedWith[mfn] == domain.id()) {
                return true;
            }
        }
        return false;
    }

    /** A domain maps {@code mfn}, which is another's. */
    void mappedByAnother(int mfn) {
        flags[mfn] |= FOREIGN;
    }

    /** Whether {@code mfn}, which its domain gives back, is still referred to; then it is freed when that ends. */
    boolean keeps(int mfn) {
        if (references[mfn] > 0) {
            flags[mfn] |= RELEASED;
            sharedWith[mfn] = frames.owner(mfn);
            return true;
        }
        int last = (flags[mfn] & RELEASED) != 0 ? sharedWith[mfn] : frames.owner(mfn);
        for (int i = 0; i < domains.size(); i++) {
            if ((flags[mfn] & FOREIGN) != 0 || domains.get(i).id() == last) {
                flushStale(domains.get(i), mfn);
            }
        }
        sharedWith[mfn] = FrameTable.NOBODY;
        type[mfn] = NONE;
        typeCount[mfn] -= (flags[mfn] & SHARED) != 0 ? 1 : 0;
        flags[mfn] = 0;
        return false;
    }

    /** Refers to {@code mfn} of {@code domain} as {@code wanted}; 0, or a negative error with nothing taken. */
    long get(Domain domain, long mfn, int wanted) {
        if (!get(domain, mfn)) {
            return Abi.EINVAL;
        }
        long rc = getType(domain, (int) mfn, wanted);
        if (rc != 0) {
            put((int) mfn);
        }
        return rc;
    }

    /** Ends one {@link #get(Domain, long, int)}. */
    void putTyped(int mfn) {
        putType(mfn);
        put(mfn);
    }

    /** Uses {@code mfn}, which somebody refers to, as {@code wanted}, validating it if need be; 0, or a negative error. */
    long getType(Domain domain, int mfn, int wanted) {
        if (typeCount[mfn] == 0) {
            if (type[mfn] != wanted) {
                flushStaleBeforeNewType(domain, mfn);
                type[mfn] = (byte) wanted;
                flags[mfn] &= ~VALIDATED;
            }
        } else if (type[mfn] != wanted) {
            return Abi.EINVAL;
        }
        typeCount[mfn]++;
        if ((flags[mfn] & VALIDATED) == 0) {
            long rc = validate(domain, mfn, wanted);
            if (rc != 0) {
                typeCount[mfn]--;
                return rc;
            }
            flags[mfn] |= VALIDATED;
        }
        return 0;
    }

    /** Ends one {@link #getType}. What is no longer used as a page table no longer refers to anything. */
    void putType(int mfn) {
        if (--typeCount[mfn] == 0 && type[mfn] >= L1 && type[mfn] <= L4) {
            flags[mfn] &= ~VALIDATED;
            dropEntries(mfn, ENTRIES);
        }
    }

    /** Pins {@code mfn} as a page table of {@code level}, so that it stays valid without being used; 0, or a negative error. */
    long pin(Domain domain, long mfn, int level) {
        long rc = get(domain, mfn, level);
        if (rc == 0 && pinned((int) mfn)) {
            putTyped((int) mfn);
            return Abi.EINVAL;
        }
        if (rc == 0) {
            flags[(int) mfn] |= PINNED;
        }
        return rc;
    }

    /** Ends a {@link #pin}; 0, or a negative error. */
    long unpin(Domain domain, long mfn) {
        if (!mayUse(domain, mfn) || !pinned((int) mfn)) {
            return Abi.EINVAL;
        }
        flags[(int) mfn] &= ~PINNED;
        putTyped((int) mfn);
        return 0;
    }

    /** Ends all pins of {@code domain}'s frames. */
    void unpinAll(Domain domain) {
        for (int mfn = 0; mfn < type.length; mfn++) {
            unpin(domain, mfn);
        }
    }

    private void flushStaleBeforeNewType(Domain domain, int mfn) {
        flushStale(domain, mfn);
        for (int i = 0; (flags[mfn] & FOREIGN) != 0 && i < domains.size(); i++) {
            flushStale(domains.get(i), mfn);
        }
    }

    private void flushStale(Domain domain, int mfn) {
        for (int i = 0; i < domain.vcpus().size(); i++) {
            if (domain.vcpus().get(i).arch instanceof PvArch arch && arch.flushedAt < unmappedAt[mfn]) {
                arch.flush();
            }
        }
    }

    // --------------------------------------------------------------------------------------------- validation

    private long validate(Domain domain, int mfn, int wanted) {
        int base = mfn << MachineMemory.PAGE_SHIFT;
        if (wanted == DESCRIPTORS) {
            return Descriptors.validatePage(memory, base) ? 0 : Abi.EINVAL;
        }
        if (wanted > L4) {
            return 0;
        }
        for (int slot = 0; slot < ENTRIES; slot++) {
            if (wanted == L4 && XenSlots.isXens(slot)) {
                continue;
            }
            int at = base + 8 * slot;
            long entry = memory.get64(at);
            long rc = getEntry(domain, entry, wanted);
            if (rc != 0) {
                dropEntries(mfn, slot);
                return rc;
            }
            long adjusted = Pte.adjusted(entry, wanted);
            if (adjusted != entry) {
                memory.put64(at, adjusted);
            }
        }
        if (wanted == L4) {
            domain.pv.installSlots(base);
        }
        return 0;
    }

    /** Drops what the first {@code count} entries of the table in {@code mfn} refer to. */
    private void dropEntries(int mfn, int count) {
        int level = type[mfn];
        int base = mfn << MachineMemory.PAGE_SHIFT;
        for (int slot = 0; slot < count; slot++) {
            if (level != L4 || !XenSlots.isXens(slot)) {
                putEntry(memory.get64(base + 8 * slot), level);
            }
        }
    }

    /** Takes what {@code entry}, to be put into a table of {@code level}, refers to; 0, or a negative error. */
    long getEntry(Domain domain, long entry, int level) {
        if (!Pte.present(entry)) {
            return 0;
        }
        long mfn = Pte.frame(entry);
        if (level > 1) {
            return (entry & Pte.REFUSED_UPPER) != 0 ? Abi.EINVAL : get(domain, mfn, level - 1);
        }
        if ((entry & Pte.REFUSED_L1) != 0) {
            return Abi.EINVAL;
        }
        if (!get(domain, mfn)) {
            return Abi.EPERM;
        }
        if ((entry & Pte.WRITABLE) != 0 && getType(domain, (int) mfn, WRITABLE) != 0) {
            put((int) mfn);
            return Abi.EBUSY;
        }
        return 0;
    }

    /** Ends one {@link #getEntry}. */
    void putEntry(long entry, int level) {
        if (Pte.present(entry)) {
            int mfn = (int) Pte.frame(entry);
            if (level > 1 || (entry & Pte.WRITABLE) != 0) {
                putTyped(mfn);
            } else {
                put(mfn);
            }
        }
    }

    /**
     * Replaces an entry of the valid table of {@code level} at machine address {@code at} by {@code wanted}: takes what it refers to, and
     * drops what the old one did.
     *
     * @param keepAccess whether the accessed and dirty bits of the old entry stay
     * @return 0, or a negative error with nothing changed
     */
    long replace(Domain domain, int at, long wanted, int level, boolean keepAccess) {
        int slot = (at & MachineMemory.PAGE_SIZE - 1) >> 3;
        if (level == L4 && XenSlots.isXens(slot)) {
            return Abi.EINVAL;
        }
        long old = memory.get64(at);
        long entry = keepAccess ? wanted | old & (Pte.ACCESSED | Pte.DIRTY) : wanted;
        if (Pte.present(entry)) {
            if ((entry & (level == L1 ? Pte.REFUSED_L1 : Pte.REFUSED_UPPER)) != 0) {
                return Abi.EINVAL;
            }
            if (((old ^ entry) & ~Pte.HARMLESS) == 0) {
                memory.put64(at, Pte.adjusted(entry, level));
                return 0;
            }
            long rc = getEntry(domain, entry, level);
            if (rc != 0) {
                return rc;
            }
        }
        memory.put64(at, Pte.adjusted(entry, level));
        putEntry(old, level);
        return 0;
    }
}

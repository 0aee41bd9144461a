package org.xenolith.hypervisor;

import java.util.Arrays;
import org.xenolith.engine.InputException;
import org.xenolith.machine.MachineMemory;

/**
 * The grants of a domain: a table of entries in frames that it shares with the hypervisor, in one of two layouts
 * ({@code public/grant_table.h}), and which of them are in use by whom. After {@code common/grant_table.c} of Xen 4.17.
 */
public final class GrantTable {
    /** Entry of the console's ring. */
    public static final int CONSOLE = 0;

    /** Entry of the xenstore's ring. */
    public static final int XENSTORE = 1;

    /** Entries that a change of layout keeps. */
    static final int RESERVED = 8;

    /** Most frames of a table. */
    static final int MOST_FRAMES = 64;

    // Flags of an entry.
    static final int TYPE = 3;
    static final int PERMIT_ACCESS = 1;
    static final int TRANSITIVE = 3;
    static final int READ_ONLY = 1 << 2;
    static final int READING = 1 << 3;
    static final int WRITING = 1 << 4;
    static final int SUB_PAGE = 1 << 8;

    private static final int STATUS_INDEX = 0x80000000;
    private static final int SHIFT_1 = 3;
    private static final int SHIFT_2 = 4;
    private static final int STATUS_SHIFT = 1;

    private final Domain domain;
    private final FrameTable frameTable;
    private final MachineMemory memory;
    private final int[] frames = new int[MOST_FRAMES];
    private final int[] statusFrames = new int[statusFramesFor(MOST_FRAMES)];
    private int frameCount;
    private int statusFrameCount;
    private int version = 1;

    // Of each entry in use: how often for reading and for writing, by whom, and its frame.
    private int[] readers = new int[0];
    private int[] writers = new int[0];
    private int[] user = new int[0];
    private int[] pinnedFrame = new int[0];

    /** Entries in use. */
    private int used;

    private boolean ended;

    GrantTable(Domain domain) {
        this.domain = domain;
        this.frameTable = domain.physmap().frames();
        this.memory = frameTable.memory();
        if (!grow(1)) {
            throw new InputException(
                    domain + ": no frame of the machine is left for its grant table: give the machine more memory");
        }
    }

    private static int statusFramesFor(int frames) {
        int entries = frames << MachineMemory.PAGE_SHIFT - SHIFT_2;
        int perPage = MachineMemory.PAGE_SIZE >> STATUS_SHIFT;
        return (entries + perPage - 1) / perPage;
    }

    // ------------------------------------------------------------------------------------------- the frames

    /** How many frames it has. */
    int frameCount() {
        return frameCount;
    }

    /** How many frames the status words of its second layout have. */
    int statusFrameCount() {
        return statusFrameCount;
    }

    /** Its layout, 1 or 2. */
    int version() {
        return version;
    }

    /** Machine frame {@code i} of the table. */
    int frame(int i) {
        return frames[i];
    }

    /** Machine frame {@code i} of the status words. */
    int statusFrame(int i) {
        return statusFrames[i];
    }

    /** Has at least {@code count} frames; false if that is too many or there are none. */
    boolean grow(int count) {
        if (count < 0 || count > MOST_FRAMES) {
            return false;
        }
        while (frameCount < count) {
            int mfn = frameTable.allocate(FrameTable.NOBODY);
            if (mfn < 0) {
                return false;
            }
            frames[frameCount++] = mfn;
        }
        return version == 1 || growStatus();
    }

    private boolean growStatus() {
        while (statusFrameCount < statusFramesFor(frameCount)) {
            int mfn = frameTable.allocate(FrameTable.NOBODY);
            if (mfn < 0) {
                return false;
            }
            statusFrames[statusFrameCount++] = mfn;
        }
        return true;
    }

    /** Machine frame that {@code XENMAPSPACE_grant_table} means by {@code index}, growing the table if need be; or an error. */
    long frameToMap(long index) {
        if (version == 2 && (index & STATUS_INDEX & 0xffffffffL) != 0) {
            long i = index & ~(STATUS_INDEX & 0xffffffffL);
            return i >= 0 && i < statusFrameCount ? statusFrames[(int) i] : Abi.EINVAL;
        }
        return index >= 0 && index < MOST_FRAMES && grow((int) Math.max(frameCount, index + 1))
                ? frames[(int) index]
                : Abi.EINVAL;
    }

    // ------------------------------------------------------------------------------------------ the entries

    /** How many entries it has. */
    int entryCount() {
        return frameCount << MachineMemory.PAGE_SHIFT - (version == 1 ? SHIFT_1 : SHIFT_2);
    }

    /** Whether there is an entry {@code ref}. */
    boolean has(int ref) {
        return ref >= 0 && ref < entryCount();
    }

    private int at(int ref) {
        int shift = version == 1 ? SHIFT_1 : SHIFT_2;
        int perPage = MachineMemory.PAGE_SHIFT - shift;
        return (frames[ref >> perPage] << MachineMemory.PAGE_SHIFT) + ((ref & (1 << perPage) - 1) << shift);
    }

    private int statusAt(int ref) {
        if (version == 1) {
            return at(ref);
        }
        int perPage = MachineMemory.PAGE_SHIFT - STATUS_SHIFT;
        return (statusFrames[ref >> perPage] << MachineMemory.PAGE_SHIFT)
                + ((ref & (1 << perPage) - 1) << STATUS_SHIFT);
    }

    int flags(int ref) {
        return memory.get16(at(ref));
    }

    /** Domain that entry {@code ref} is for. */
    int grantee(int ref) {
        return memory.get16(at(ref) + 2);
    }

    /** Frame that entry {@code ref} grants, as its owner names frames. */
    long frameOf(int ref) {
        return version == 1 ? memory.get32(at(ref) + 4) & 0xffffffffL : memory.get64(at(ref) + 8);
    }

    /** First byte of the part of the page that entry {@code ref} grants. */
    int offset(int ref) {
        return isSubPage(ref) ? memory.get16(at(ref) + 4) : 0;
    }

    /** Bytes of that part. */
    int length(int ref) {
        return isSubPage(ref) ? memory.get16(at(ref) + 6) : MachineMemory.PAGE_SIZE;
    }

    /** Whether entry {@code ref} grants a part of a page only. */
    boolean isSubPage(int ref) {
        return version == 2 && (flags(ref) & SUB_PAGE) != 0;
    }

    /** Domain whose grant a transitive entry passes on. */
    int transitiveDomain(int ref) {
        return memory.get16(at(ref) + 4);
    }

    /** That grant. */
    int transitiveRef(int ref) {
        return memory.get32(at(ref) + 8);
    }

    /**
     * Writes an entry in the first layout, as the toolstack does before the guest runs.
     *
     * @param ref the entry, below 512
     * @param grantee id of the domain that may access the frame
     * @param frame the frame: gfn, or machine frame in a PV guest
     */
    public void permit(int ref, int grantee, long frame) {
        memory.put16(at(ref) + 2, grantee);
        memory.put32(at(ref) + 4, (int) frame);
        memory.put16(at(ref), PERMIT_ACCESS);
    }

    /** Exchanges two entries, neither in use. */
    void swap(int a, int b) {
        for (int i = 0; i < (version == 1 ? 8 : 16); i += 8) {
            long value = memory.get64(at(a) + i);
            memory.put64(at(a) + i, memory.get64(at(b) + i));
            memory.put64(at(b) + i, value);
        }
    }

    /** Changes the layout; the reserved entries keep what they grant as far as the new layout can say it. 0, or a negative error. */
    long setVersion(int wanted) {
        if (wanted == version) {
            return 0;
        }
        for (int ref = RESERVED; ref < readers.length; ref++) {
            if (isInUse(ref)) {
                return Abi.EBUSY;
            }
        }
        int[] flags = new int[RESERVED];
        int[] grantee = new int[RESERVED];
        long[] frame = new long[RESERVED];
        for (int ref = 0; ref < RESERVED; ref++) {
            flags[ref] = flags(ref) | (version == 2 ? memory.get16(statusAt(ref)) : 0);
            boolean kept = (flags[ref] & TYPE) == PERMIT_ACCESS && !isSubPage(ref) && frameOf(ref) >>> 32 == 0;
            flags[ref] = kept ? flags[ref] : 0;
            grantee[ref] = kept ? grantee(ref) : 0;
            frame[ref] = kept ? frameOf(ref) : 0;
        }
        int before = version;
        version = wanted;
        if (wanted == 2 && !growStatus()) {
            version = before;
            return Abi.ENOMEM;
        }
        for (int i = 0; i < frameCount; i++) {
            memory.fill(frames[i] << MachineMemory.PAGE_SHIFT, MachineMemory.PAGE_SIZE, (byte) 0);
        }
        for (int i = 0; i < statusFrameCount; i++) {
            memory.fill(statusFrames[i] << MachineMemory.PAGE_SHIFT, MachineMemory.PAGE_SIZE, (byte) 0);
        }
        int status = wanted == 2 ? READING | WRITING : 0;
        for (int ref = 0; ref < RESERVED; ref++) {
            memory.put16(at(ref) + 2, grantee[ref]);
            if (wanted == 1) {
                memory.put32(at(ref) + 4, (int) frame[ref]);
            } else {
                memory.put64(at(ref) + 8, frame[ref]);
                memory.put16(statusAt(ref), flags[ref] & status);
            }
            memory.put16(at(ref), flags[ref] & ~status);
        }
        return 0;
    }

    // ------------------------------------------------------------------------------------------------- uses

    boolean isInUse(int ref) {
        return ref < readers.length && readers[ref] != 0;
    }

    /**
     * Takes entry {@code ref}, which exists, into use by {@code by}, and notes so in the entry. What the entry says counts when it comes into
     * use, and again when it is first written by. Each access besides {@linkplain #refer refers} to the frame.
     *
     * @return 0, or a negative {@code GNTST_*}
     */
    int take(int ref, int by, boolean writing) {
        boolean inUse = isInUse(ref);
        if (inUse && user[ref] != by) {
            return GrantStatus.GENERAL_ERROR;
        }
        int flags = flags(ref);
        boolean allowed = inUse || (flags & TYPE) == PERMIT_ACCESS && grantee(ref) == by;
        boolean asked = !inUse || writing && writers[ref] == 0;
        if (!allowed || asked && writing && (flags & READ_ONLY) != 0) {
            return GrantStatus.GENERAL_ERROR;
        }
        if (!inUse) {
            long named = frameOf(ref);
            long mfn = isPv() ? named : domain.physmap().mfn(named);
            if (frameTable.owner(mfn) != domain.id()) {
                return GrantStatus.BAD_PAGE;
            }
            if (ref >= readers.length) {
                int size = Math.max(ref + 1, Math.min(2 * readers.length, entryCount()));
                readers = Arrays.copyOf(readers, size);
                writers = Arrays.copyOf(writers, size);
                user = Arrays.copyOf(user, size);
                pinnedFrame = Arrays.copyOf(pinnedFrame, size);
            }
            user[ref] = by;
            pinnedFrame[ref] = (int) mfn;
            inUse(1);
        }
        readers[ref]++;
        writers[ref] += writing ? 1 : 0;
        int at = statusAt(ref);
        memory.put16(at, memory.get16(at) | READING | (writing ? WRITING : 0));
        return GrantStatus.OKAY;
    }

    /** Machine frame of entry {@code ref}, which is in use. */
    int frameInUse(int ref) {
        return pinnedFrame[ref];
    }

    /** Ends one {@link #take}. */
    void letGo(int ref, boolean writing) {
        readers[ref]--;
        writers[ref] -= writing ? 1 : 0;
        int clear = (readers[ref] == 0 ? READING : 0) | (writers[ref] == 0 ? WRITING : 0);
        int at = statusAt(ref);
        memory.put16(at, memory.get16(at) & ~clear);
        if (readers[ref] == 0) {
            inUse(-1);
        }
    }

    /**
     * Refers to the frame of entry {@code ref}, which is in use, for one access; false if the granter has it no more, or it is one that is not
     * to be written, a page table for instance.
     */
    boolean refer(int ref, boolean writing) {
        int mfn = pinnedFrame[ref];
        PageTypes types = frameTable.types();
        return writing ? types.get(domain, mfn, PageTypes.WRITABLE) == 0 : types.get(domain, mfn);
    }

    /** Ends one {@link #refer}. */
    void deref(int ref, boolean writing) {
        int mfn = pinnedFrame[ref];
        PageTypes types = frameTable.types();
        if (writing) {
            types.putType(mfn);
        }
        types.letGo(mfn);
    }

    private void inUse(int more) {
        used += more;
        if (ended && used == 0) {
            release();
        }
    }

    /** Its domain is gone: its frames are free when nobody uses an entry any more. */
    void end() {
        ended = true;
        inUse(0);
    }

    private void release() {
        for (int i = 0; i < frameCount; i++) {
            frameTable.release(frames[i]);
        }
        for (int i = 0; i < statusFrameCount; i++) {
            frameTable.release(statusFrames[i]);
        }
        frameCount = 0;
        statusFrameCount = 0;
    }

    private boolean isPv() {
        return domain.type() == Domain.Type.PV;
    }
}

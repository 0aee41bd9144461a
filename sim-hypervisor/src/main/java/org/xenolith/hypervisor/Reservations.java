package org.xenolith.hypervisor;

import org.xenolith.machine.MachineMemory;
import org.xenolith.trace.TraceEvent;

/**
 * The part of {@code memory_op} by which a domain gives memory back and takes it again. An extent is 2^order frames, which lie one behind the
 * other in the machine; a PV guest names frames of its own by their machine frames, any other by its physical ones. After
 * {@code common/memory.c} of Xen 4.17.
 *
 * <p>A count of extents done is what most of these answer, whatever stopped them.
 */
final class Reservations {
    private static final int SIZE = 32;
    private static final int EXTENTS = 0;
    private static final int COUNT = 8;
    private static final int ORDER = 16;
    private static final int FLAGS = 20;
    private static final int DOMAIN = 24;
    private static final long MOST_EXTENTS = 0xffffffffL >>> 6;

    /** Highest order of an extent that an unprivileged domain may ask for. */
    private static final int MAX_ORDER = 9;

    // Flags of a reservation.
    private static final int ADDRESS_BITS = 0xff;
    private static final int NODE_SHIFT = 8;
    private static final int NODE = 0xff;
    private static final int ON_DEMAND = 1 << 16;
    private static final int EXACT_NODE = 1 << 17;
    private static final int VIRTUAL_NODE = 1 << 18;

    private final Hypervisor hypervisor;
    private final GuestStruct args = new GuestStruct(72);
    private final GuestStruct extent = new GuestStruct(8);

    /** Of the chunk that is being exchanged: the frames that are taken, and the first frames of the extents that are given. */
    private final int[] taken = new int[1 << MAX_ORDER];

    private final int[] given = new int[1 << MAX_ORDER];
    private int takenCount;
    private int givenCount;

    Reservations(Hypervisor hypervisor) {
        this.hypervisor = hypervisor;
    }

    /** Fetches the structure; 0 if there is something to do, else what to answer. Fewer than 0 is an error. */
    private long begin(Vcpu caller, long pointer, long start) {
        if (!args.fetch(caller, pointer, SIZE)
                || args.int64(COUNT) < 0
                || args.int64(COUNT) > MOST_EXTENTS
                || start >= args.int64(COUNT)) {
            return start + 1;
        }
        long wrong = TargetDomain.check(hypervisor, caller, args.int16(DOMAIN));
        if (wrong != 0) {
            return wrong == Abi.ESRCH ? start + 1 : wrong;
        }
        int flags = args.int32(FLAGS);
        int bits = flags & ADDRESS_BITS;
        boolean nowhere = bits != 0 && bits <= MachineMemory.PAGE_SHIFT || namesNode(flags);
        return nowhere || Integer.compareUnsigned(args.int32(ORDER), MAX_ORDER) > 0 ? start + 1 : 0;
    }

    private static long answer(long begun) {
        return begun > 0 ? begun - 1 : begun;
    }

    /** Whether {@code flags} ask for a node and no other, which only dom0 may. */
    private static boolean namesNode(int flags) {
        return (flags & (EXACT_NODE | VIRTUAL_NODE)) == EXACT_NODE && (flags >> NODE_SHIFT & NODE) != 0;
    }

    /** The frame below which all are to be that {@code flags} ask for. */
    private int limit(int flags) {
        int bits = Math.max(1, (flags & ADDRESS_BITS) - MachineMemory.PAGE_SHIFT);
        return (flags & ADDRESS_BITS) == 0 || bits >= Integer.SIZE - 1 ? Integer.MAX_VALUE : 1 << bits;
    }

    private boolean fetchExtent(Vcpu caller, long extents, long i) {
        return extent.fetch(caller, extents + 8 * i, 8);
    }

    private boolean storeExtent(Vcpu caller, long extents, long i, long value) {
        extent.put64(0, value);
        return extent.store(caller, extents + 8 * i, 8);
    }

    private FrameTable frames() {
        return hypervisor.frames();
    }

    /** Takes an extent for {@code domain}, as far as it may have it; its first frame, or {@link Physmap#NONE}. */
    private int take(Domain domain) {
        int order = args.int32(ORDER);
        return domain.physmap().pages() + (1L << order) <= domain.maxPages()
                ? domain.physmap().take(order, limit(args.int32(FLAGS)))
                : Physmap.NONE;
    }

    /** More frames, anywhere in the machine. */
    long increase(Vcpu caller, long[] arg, long start) {
        long begun = begin(caller, arg[1], start);
        if (begun != 0) {
            return answer(begun);
        }
        Domain domain = caller.domain();
        boolean tell = domain.type() == Domain.Type.PV && args.int64(EXTENTS) != 0;
        long i = start;
        while (i < args.int64(COUNT)) {
            int mfn = take(domain);
            if (mfn == Physmap.NONE || tell && !storeExtent(caller, args.int64(EXTENTS), i, mfn)) {
                break;
            }
            i++;
            if (MemoryOp.pauses(hypervisor, arg, i, args.int64(COUNT))) {
                return Hypercalls.AGAIN;
            }
        }
        return i;
    }

    /** Gives frames back. */
    long decrease(Vcpu caller, long[] arg, long start) {
        long begun = begin(caller, arg[1], start);
        if (begun != 0) {
            return answer(begun);
        }
        Domain domain = caller.domain();
        int order = args.int32(ORDER);
        long i = start;
        while (i < args.int64(COUNT) && fetchExtent(caller, args.int64(EXTENTS), i)) {
            long first = extent.int64(0);
            hypervisor
                    .trace()
                    .emit(
                            TraceEvent.Mem.DECREASE_RESERVATION,
                            (int) first,
                            (int) (first >>> 32),
                            domain.id() | order << 16);
            if (!giveBack(domain, first, 1 << order)) {
                break;
            }
            i++;
            if (MemoryOp.pauses(hypervisor, arg, i, args.int64(COUNT))) {
                i = Hypercalls.AGAIN;
                break;
            }
        }
        PhysmapOp.flush(domain);
        return i;
    }

    private boolean giveBack(Domain domain, long first, int count) {
        for (int i = 0; i < count; i++) {
            if (!giveBack(domain, first + i)) {
                return false;
            }
        }
        return true;
    }

    private boolean giveBack(Domain domain, long frame) {
        Physmap physmap = domain.physmap();
        if (domain.type() != Domain.Type.PV) {
            boolean done = physmap.depopulate(frame);
            if (done) {
                PhysmapOp.trace(hypervisor, domain, frame, Physmap.NONE);
            }
            return done;
        }
        if (frames().owner(frame) != domain.id()) {
            return isGivenBack(domain, frame); // which goes on being its own while something refers to it
        }
        physmap.giveBack((int) frame);
        return true;
    }

    private boolean isGivenBack(Domain domain, long frame) {
        PageTypes types = frames().types();
        return types.mayUse(domain, frame) && types.isGivenBack((int) frame);
    }

    /** New frames at places that the guest names; a PV guest is told their machine frames. */
    long populate(Vcpu caller, long[] arg, long start) {
        long begun = begin(caller, arg[1], start);
        if (begun != 0) {
            return answer(begun);
        }
        if ((args.int32(FLAGS) & ON_DEMAND) != 0) {
            return start; // nobody does that to himself
        }
        Domain domain = caller.domain();
        boolean pv = domain.type() == Domain.Type.PV;
        long i = start;
        while (i < args.int64(COUNT) && fetchExtent(caller, args.int64(EXTENTS), i)) {
            int mfn = populate(domain, extent.int64(0), 1 << args.int32(ORDER));
            if (mfn == Physmap.NONE || pv && !storeExtent(caller, args.int64(EXTENTS), i, mfn)) {
                break;
            }
            i++;
            if (MemoryOp.pauses(hypervisor, arg, i, args.int64(COUNT))) {
                i = Hypercalls.AGAIN;
                break;
            }
        }
        PhysmapOp.flush(domain);
        return i;
    }

    private int populate(Domain domain, long gfn, int count) {
        int mfn = isValid(gfn, count) ? take(domain) : Physmap.NONE;
        for (int i = 0; mfn != Physmap.NONE && i < count; i++) {
            domain.physmap().map(gfn + i, mfn + i);
            if (domain.type() != Domain.Type.PV) {
                PhysmapOp.trace(hypervisor, domain, gfn + i, mfn + i);
            }
        }
        return mfn;
    }

    private static boolean isValid(long gfn, int count) {
        return PhysmapOp.isValid(gfn) && PhysmapOp.isValid(gfn + count - 1);
    }

    // ---------------------------------------------------------------------------------------------------- exchange

    /**
     * A PV guest gives extents and takes as much memory in others at once, chunk by chunk: a chunk is one extent of the larger order. The count
     * of extents given, which the structure tells, says how far it came.
     */
    long exchange(Vcpu caller, long pointer) {
        if (!args.fetch(caller, pointer, 2 * SIZE + 8)) {
            return Abi.EFAULT;
        }
        long done = args.int64(2 * SIZE);
        long result = exchangeError(caller, done);
        long count = args.int64(COUNT);
        if (result == 0 && done == count) {
            return 0;
        }
        if (result == 0) {
            int perChunk = Math.max(0, args.int32(SIZE + ORDER) - args.int32(ORDER));
            long chunk = done >>> perChunk;
            while (result == 0 && chunk < count >>> perChunk) {
                result = exchangeChunk(caller, chunk);
                chunk += result == 0 ? 1 : 0;
                if (result == 0
                        && chunk < count >>> perChunk
                        && hypervisor.hypercalls().hasWorkedLong()) {
                    result = Hypercalls.AGAIN;
                }
            }
            done = result == 0 ? count : chunk << perChunk;
        }
        return storeExtent(caller, pointer + 2 * SIZE, 0, done) ? result : Abi.EFAULT;
    }

    private long exchangeError(Vcpu caller, long done) {
        long count = args.int64(COUNT);
        long newCount = args.int64(SIZE + COUNT);
        int order = args.int32(ORDER);
        int newOrder = args.int32(SIZE + ORDER);
        if (Integer.compareUnsigned(order, MAX_ORDER) > 0 || Integer.compareUnsigned(newOrder, MAX_ORDER) > 0) {
            return Abi.EPERM;
        }
        if (Long.compareUnsigned(done, count) > 0
                || args.int16(DOMAIN) != args.int16(SIZE + DOMAIN)
                || Long.compareUnsigned(-1L >>> order, count) < 0
                || Long.compareUnsigned(-1L >>> newOrder, newCount) < 0
                || count << order != newCount << newOrder
                || done != count && namesNode(args.int32(SIZE + FLAGS))) {
            return Abi.EINVAL;
        }
        long wrong = done == count ? 0 : TargetDomain.check(hypervisor, caller, args.int16(DOMAIN));
        return wrong != 0 || done == count || caller.domain().type() == Domain.Type.PV ? wrong : Abi.EOPNOTSUPP;
    }

    /** Exchanges chunk {@code i}; 0, or a negative error with nothing changed but for {@link Abi#EFAULT} from telling of the new frames. */
    private long exchangeChunk(Vcpu caller, long i) {
        takenCount = 0;
        givenCount = 0;
        long error = steal(caller, i);
        if (error == 0) {
            error = allocate();
        }
        Domain domain = caller.domain();
        for (int j = 0; j < takenCount; j++) {
            frames().setOwner(taken[j], domain.id());
        }
        if (error != 0) {
            for (int j = 0; j < givenCount; j++) {
                release(given[j], 1 << args.int32(SIZE + ORDER));
            }
            return error;
        }
        for (int j = 0; j < takenCount; j++) {
            domain.physmap().giveBack(taken[j]);
        }
        return assign(caller, i);
    }

    private void release(int first, int count) {
        for (int mfn = first; mfn < first + count; mfn++) {
            frames().release(mfn);
        }
    }

    /** Takes the chunk's frames from the domain: of each nothing else may be made at the time. */
    private long steal(Vcpu caller, long i) {
        int order = args.int32(ORDER);
        int perChunk = 1 << Math.max(0, args.int32(SIZE + ORDER) - order);
        for (int j = 0; j < perChunk; j++) {
            if (!fetchExtent(caller, args.int64(EXTENTS), i * perChunk + j)) {
                return Abi.EFAULT;
            }
            long first = extent.int64(0);
            for (int k = 0; k < 1 << order; k++) {
                long mfn = first + k;
                if (frames().owner(mfn) != caller.domain().id()
                        || frames().types().references((int) mfn) != 0) {
                    return Abi.EINVAL;
                }
                frames().setOwner((int) mfn, FrameTable.NOBODY); // so that it cannot be named twice
                taken[takenCount++] = (int) mfn;
            }
        }
        return 0;
    }

    private long allocate() {
        int order = args.int32(SIZE + ORDER);
        int wanted = 1 << Math.max(0, args.int32(ORDER) - order);
        while (givenCount < wanted) {
            int first = frames().allocate(FrameTable.NOBODY, order, limit(args.int32(SIZE + FLAGS)));
            if (first < 0) {
                return Abi.ENOMEM;
            }
            given[givenCount++] = first;
        }
        return 0;
    }

    private long assign(Vcpu caller, long i) {
        int count = 1 << args.int32(SIZE + ORDER);
        long list = args.int64(SIZE + EXTENTS);
        long result = 0;
        for (int j = 0; j < givenCount; j++) {
            caller.domain().physmap().adopt(given[j], count);
            if (!fetchExtent(caller, list, i * givenCount + j)) {
                result = Abi.EFAULT;
                continue;
            }
            long gfn = extent.int64(0);
            for (int k = 0; k < count && isValid(gfn, count); k++) {
                caller.domain().physmap().map(gfn + k, given[j] + k);
            }
            if (!storeExtent(caller, list, i * givenCount + j, given[j])) {
                result = Abi.EFAULT;
            }
        }
        return result;
    }
}

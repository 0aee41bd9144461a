package org.xenolith.hypervisor;

/**
 * The part of {@code memory_op} by which a domain gives memory back and takes it again. An extent is 2^order frames; a PV guest names frames
 * of its own by their machine frames, any other by its physical ones.
 *
 * <p>A count of extents done is what most of these answer, whatever stopped them.
 */
final class Reservations {
    private static final int SIZE = 32;
    private static final int EXTENTS = 0;
    private static final int COUNT = 8;
    private static final int ORDER = 16;
    private static final int DOMAIN = 24;
    private static final long MOST_EXTENTS = 0xffffffffL >>> 6;

    /** Highest order of an extent that an unprivileged domain may ask for. */
    private static final int MAX_ORDER = 9;

    private final Hypervisor hypervisor;
    private final GuestStruct args = new GuestStruct(72);
    private final GuestStruct extent = new GuestStruct(8);

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
        return Integer.compareUnsigned(args.int32(ORDER), MAX_ORDER) > 0 ? start + 1 : 0;
    }

    private static long answer(long begun) {
        return begun > 0 ? begun - 1 : begun;
    }

    private boolean fetchExtent(Vcpu caller, long extents, long i) {
        return extent.fetch(caller, extents + 8 * i, 8);
    }

    private boolean storeExtent(Vcpu caller, long extents, long i, long value) {
        extent.put64(0, value);
        return extent.store(caller, extents + 8 * i, 8);
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
            int mfn = args.int32(ORDER) == 0 && domain.physmap().pages() < domain.maxPages()
                    ? domain.physmap().take()
                    : Physmap.NONE;
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
        int frames = 1 << args.int32(ORDER);
        long i = start;
        while (i < args.int64(COUNT)
                && fetchExtent(caller, args.int64(EXTENTS), i)
                && giveBack(domain, extent.int64(0), frames)) {
            i++;
            if (MemoryOp.pauses(hypervisor, arg, i, args.int64(COUNT))) {
                i = Hypercalls.AGAIN;
                break;
            }
        }
        PhysmapOp.flush(domain);
        return i;
    }

    private boolean giveBack(Domain domain, long first, int frames) {
        for (int i = 0; i < frames; i++) {
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
        FrameTable table = physmap.frames();
        if (table.owner(frame) != domain.id()) {
            return false;
        }
        if (!table.types().isGivenBack((int) frame)) {
            physmap.giveBack((int) frame);
        }
        return true;
    }

    /** New frames at places that the guest names; a PV guest is told their machine frames. */
    long populate(Vcpu caller, long[] arg, long start) {
        long begun = begin(caller, arg[1], start);
        if (begun != 0) {
            return answer(begun);
        }
        Domain domain = caller.domain();
        int order = args.int32(ORDER);
        boolean pv = domain.type() == Domain.Type.PV;
        long i = start;
        while (i < args.int64(COUNT)
                && fetchExtent(caller, args.int64(EXTENTS), i)
                && (!pv || order == 0)
                && populate(domain, extent.int64(0), 1 << order)) {
            if (pv
                    && !storeExtent(
                            caller, args.int64(EXTENTS), i, domain.physmap().mfn(extent.int64(0)))) {
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

    private boolean populate(Domain domain, long gfn, int frames) {
        Physmap physmap = domain.physmap();
        for (int i = 0; i < frames; i++) {
            if (!PhysmapOp.isValid(gfn + i) || physmap.pages() >= domain.maxPages()) {
                return false;
            }
            int mfn = physmap.populate(gfn + i);
            if (mfn == Physmap.NONE) {
                return false;
            }
            PhysmapOp.trace(hypervisor, domain, gfn + i, mfn);
        }
        return true;
    }

    /**
     * A PV guest gives single frames and takes new ones at once. Extents of several frames, which would have to lie one behind the other in
     * the machine, are not to be had.
     */
    long exchange(Vcpu caller, long pointer) {
        if (!args.fetch(caller, pointer, 2 * SIZE + 8)) {
            return Abi.EFAULT;
        }
        long done = args.int64(2 * SIZE);
        long count = args.int64(COUNT);
        int order = args.int32(ORDER);
        int newOrder = args.int32(SIZE + ORDER);
        if (Integer.compareUnsigned(order, MAX_ORDER) > 0 || Integer.compareUnsigned(newOrder, MAX_ORDER) > 0) {
            return Abi.EPERM;
        }
        if (done < 0
                || done > count
                || count > MOST_EXTENTS
                || args.int64(SIZE + COUNT) < 0
                || args.int64(SIZE + COUNT) > MOST_EXTENTS
                || count << order != args.int64(SIZE + COUNT) << newOrder
                || args.int16(DOMAIN) != args.int16(SIZE + DOMAIN)) {
            return Abi.EINVAL;
        }
        long wrong = TargetDomain.check(hypervisor, caller, args.int16(DOMAIN));
        if (wrong != 0) {
            return wrong;
        }
        Domain domain = caller.domain();
        if (domain.type() != Domain.Type.PV) {
            return Abi.EOPNOTSUPP;
        }
        long result = order == 0 && newOrder == 0 ? 0 : Abi.ENOMEM;
        long in = args.int64(EXTENTS);
        long out = args.int64(SIZE + EXTENTS);
        while (result == 0 && done < count) {
            result = exchange(caller, in, out, done);
            done += result == 0 ? 1 : 0;
            if (result == 0 && done < count && hypervisor.hypercalls().hasWorkedLong()) {
                result = Hypercalls.AGAIN;
            }
        }
        args.put64(2 * SIZE, done);
        return args.store(caller, pointer, 2 * SIZE + 8) ? result : Abi.EFAULT;
    }

    private long exchange(Vcpu caller, long in, long out, long i) {
        Domain domain = caller.domain();
        Physmap physmap = domain.physmap();
        if (!fetchExtent(caller, in, i)) {
            return Abi.EFAULT;
        }
        long old = extent.int64(0);
        if (!fetchExtent(caller, out, i)) {
            return Abi.EFAULT;
        }
        long gfn = extent.int64(0);
        FrameTable table = physmap.frames();
        if (table.owner(old) != domain.id() || table.types().isGivenBack((int) old) || !PhysmapOp.isValid(gfn)) {
            return Abi.EINVAL;
        }
        physmap.giveBack((int) old);
        int mfn = physmap.populate(gfn);
        if (mfn == Physmap.NONE) {
            return Abi.ENOMEM;
        }
        return storeExtent(caller, out, i, mfn) ? 0 : Abi.EFAULT;
    }
}

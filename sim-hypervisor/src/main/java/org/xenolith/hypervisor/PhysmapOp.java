package org.xenolith.hypervisor;

import org.xenolith.trace.TraceEvent;

/** The part of {@code memory_op} by which a domain moves frames about in its physical memory, and has the hypervisor's put there. */
final class PhysmapOp {
    private static final int SHARED_INFO = 0;
    private static final int GRANT_TABLE = 1;
    private static final int GMFN = 2;
    private static final int GMFN_RANGE = 3;
    private static final int GMFN_FOREIGN = 4;

    private static final int P2M_RAM = 0;
    private static final int P2M_INVALID = 1;

    /** Frames that 40 bits of physical address reach. */
    private static final long FRAMES = 1L << 28;

    private final Hypervisor hypervisor;
    private final GuestStruct args = new GuestStruct(32);
    private final GuestStruct item = new GuestStruct(8);

    PhysmapOp(Hypervisor hypervisor) {
        this.hypervisor = hypervisor;
    }

    /** Whether a domain can have memory at {@code gfn}. */
    static boolean isValid(long gfn) {
        return gfn >= 0 && gfn < FRAMES;
    }

    /** The record of a change. */
    static void trace(Hypervisor hypervisor, Domain domain, long gfn, int mfn) {
        hypervisor
                .trace()
                .emit(
                        TraceEvent.Mem.SET_P2M_ENTRY,
                        6,
                        (int) gfn,
                        (int) (gfn >>> 32),
                        mfn,
                        mfn >> 31,
                        mfn == Physmap.NONE ? P2M_INVALID : P2M_RAM,
                        domain.id(),
                        0);
    }

    /** Makes all vCPUs of {@code domain} forget where its memory was. */
    static void flush(Domain domain) {
        for (int i = 0; i < domain.vcpus().size(); i++) {
            Registers registers = domain.vcpus().get(i).registers();
            if (registers != null) {
                registers.flushTlb();
            }
        }
    }

    /** {@code XENMEM_add_to_physmap}. */
    long add(Vcpu caller, long pointer) {
        if (!args.fetch(caller, pointer, 24)) {
            return Abi.EFAULT;
        }
        int size = args.int16(2);
        int space = args.int32(4);
        long index = args.int64(8);
        long gfn = args.int64(16);
        if (space == GMFN_FOREIGN) {
            return Abi.ENOSYS;
        }
        long wrong = TargetDomain.check(hypervisor, caller, args.int16(0));
        if (wrong != 0) {
            return wrong;
        }
        Domain domain = caller.domain();
        if (domain.type() == Domain.Type.PV) {
            return Abi.EACCES;
        }
        long result = 0;
        for (int i = 0; result == 0 && i < (space == GMFN_RANGE ? size : 1); i++) {
            result = addOne(domain, space == GMFN_RANGE ? GMFN : space, index + i, gfn + i);
        }
        flush(domain);
        return result;
    }

    /** {@code XENMEM_add_to_physmap_batch}. */
    long addBatch(Vcpu caller, long[] arg, long start) {
        if (!args.fetch(caller, arg[1], 32)) {
            return Abi.EFAULT;
        }
        int space = args.int16(2);
        int size = args.int16(4);
        if (start > size || space == GMFN_RANGE) {
            return Abi.EINVAL;
        }
        long wrong = TargetDomain.check(hypervisor, caller, args.int16(0));
        if (wrong != 0) {
            return wrong;
        }
        Domain domain = caller.domain();
        if (domain.type() == Domain.Type.PV) {
            return Abi.EACCES;
        }
        if (space == GMFN_FOREIGN) {
            return TargetDomain.check(hypervisor, caller, args.int16(6)) == Abi.ESRCH ? Abi.ESRCH : Abi.EPERM;
        }
        for (long i = start; i < size; i++) {
            if (!item.fetch(caller, args.int64(8) + 8 * i, 8)) {
                return Abi.EFAULT;
            }
            long index = item.int64(0);
            if (!item.fetch(caller, args.int64(16) + 8 * i, 8)) {
                return Abi.EFAULT;
            }
            item.put32(0, (int) addOne(domain, space, index, item.int64(0)));
            flush(domain);
            if (!item.store(caller, args.int64(24) + 4 * i, 4)) {
                return Abi.EFAULT;
            }
            if (MemoryOp.pauses(hypervisor, arg, i + 1, size)) {
                return Hypercalls.AGAIN;
            }
        }
        return 0;
    }

    private long addOne(Domain domain, int space, long index, long gfn) {
        Physmap physmap = domain.physmap();
        FrameTable frames = physmap.frames();
        int mfn = Physmap.NONE;
        switch (space) {
            case SHARED_INFO -> mfn = index == 0 ? domain.sharedInfo().frame() : Physmap.NONE;
            case GRANT_TABLE -> {
                long frame = domain.grants().frameToMap(index);
                if (frame < 0) {
                    return frame;
                }
                mfn = (int) frame;
            }
            case GMFN -> {
                mfn = physmap.mfn(index);
                if (mfn != Physmap.NONE && frames.owner(mfn) != domain.id()) {
                    mfn = Physmap.NONE;
                }
            }
            default -> {
                return Abi.ENOSYS;
            }
        }
        if (mfn == Physmap.NONE || !isValid(gfn)) {
            return Abi.EINVAL;
        }
        int previous = physmap.mfn(gfn);
        if (previous == mfn) {
            return 0;
        }
        if (previous != Physmap.NONE) {
            if (isForeign(domain, previous)) {
                return Abi.EINVAL;
            }
            trace(hypervisor, domain, gfn, Physmap.NONE);
            // Memory of its own is freed so as not to be lost; what is the hypervisor's is only unhooked.
            if (!physmap.depopulate(gfn)) {
                physmap.unmap(gfn);
            }
        }
        int old = frames.gfn(mfn);
        if (old != FrameTable.NO_GFN && physmap.mfn(old) == mfn) {
            trace(hypervisor, domain, old, Physmap.NONE);
            physmap.unmap(old);
        }
        physmap.map(gfn, mfn);
        frames.setGfn(mfn, (int) gfn);
        trace(hypervisor, domain, gfn, mfn);
        return 0;
    }

    /** Whether {@code mfn}, which the domain has in its memory, was granted by another. */
    private static boolean isForeign(Domain domain, int mfn) {
        int owner = domain.physmap().frames().owner(mfn);
        return owner != FrameTable.NOBODY && owner != domain.id();
    }

    /** {@code XENMEM_remove_from_physmap}. */
    long remove(Vcpu caller, long pointer) {
        if (!args.fetch(caller, pointer, 16)) {
            return Abi.EFAULT;
        }
        long gfn = args.int64(8);
        long wrong = TargetDomain.check(hypervisor, caller, args.int16(0));
        if (wrong != 0) {
            return wrong;
        }
        Domain domain = caller.domain();
        if (domain.type() == Domain.Type.PV) {
            return domain.physmap().frames().owner(gfn) == domain.id() ? 0 : Abi.ENOENT;
        }
        int mfn = domain.physmap().mfn(gfn);
        if (mfn == Physmap.NONE || isForeign(domain, mfn)) {
            return Abi.ENOENT;
        }
        domain.physmap().unmap(gfn);
        trace(hypervisor, domain, gfn, Physmap.NONE);
        flush(domain);
        return 0;
    }
}

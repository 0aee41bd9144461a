package org.xenolith.hypervisor;

import org.xenolith.machine.Cost;

/** Hypercall {@code grant_table_op}: a domain's own table. What it does with the grants of others is in {@link GrantUse}. */
final class GrantTableOp implements Hypercall {
    private static final int MAP_GRANT_REF = 0;
    private static final int UNMAP_GRANT_REF = 1;
    private static final int SETUP_TABLE = 2;
    private static final int TRANSFER = 4;
    private static final int COPY = 5;
    private static final int QUERY_SIZE = 6;
    private static final int UNMAP_AND_REPLACE = 7;
    private static final int SET_VERSION = 8;
    private static final int GET_STATUS_FRAMES = 9;
    private static final int GET_VERSION = 10;
    private static final int SWAP_GRANT_REF = 11;
    private static final int CACHE_FLUSH = 12;

    private static final int PAGE = 4096;

    /** Acts on one structure, in {@link #args}: answers with a status, put where the structure has it. */
    @FunctionalInterface
    private interface One {
        int act(Vcpu caller, GuestStruct args);
    }

    private final Hypervisor hypervisor;
    private final GrantUse use;
    private final GuestStruct args = new GuestStruct(64);
    private final GuestStruct number = new GuestStruct(8);
    private final One map;
    private final One unmap;
    private final One unmapAndReplace;
    private final One transfer;
    private final One copy;
    private final One swap;
    private final FlatGrants flat;
    private final One flatMap;
    private final One flatUnmap;
    private final One flatCopy;

    GrantTableOp(Hypervisor hypervisor) {
        this.hypervisor = hypervisor;
        this.use = new GrantUse(hypervisor);
        this.map = use::map;
        this.unmap = use::unmap;
        this.unmapAndReplace = use::unmapAndReplace;
        this.transfer = use::transfer;
        this.copy = use::copy;
        this.swap = GrantTableOp::swap;
        this.flat = new FlatGrants(hypervisor);
        this.flatMap = flat::map;
        this.flatUnmap = flat::unmap;
        this.flatCopy = flat::copy;
    }

    @Override
    public long call(Vcpu caller, long[] arg) {
        long pointer = arg[1];
        int count = (int) arg[2];
        if (count < 0) {
            return Abi.EINVAL;
        }
        boolean soft = caller.domain().physmap() == null;
        return switch ((int) arg[0]) {
            case MAP_GRANT_REF -> each(caller, arg, count, 32, 18, Cost.GRANT_MAP, soft ? flatMap : map);
            case UNMAP_GRANT_REF -> each(caller, arg, count, 24, 20, Cost.GRANT_UNMAP, soft ? flatUnmap : unmap);
            case COPY -> each(caller, arg, count, 40, 36, Cost.GRANT_COPY, soft ? flatCopy : copy);
            default -> soft ? Abi.ENOSYS : ofBooted(caller, arg, pointer, count);
        };
    }

    /** The operations that a domain which executes no instructions has no use for. */
    private long ofBooted(Vcpu caller, long[] arg, long pointer, int count) {
        return switch ((int) arg[0]) {
            case UNMAP_AND_REPLACE -> each(caller, arg, count, 24, 20, Cost.GRANT_UNMAP, unmapAndReplace);
            case TRANSFER -> each(caller, arg, count, 24, 16, null, transfer);
            case SWAP_GRANT_REF -> each(caller, arg, count, 12, 8, null, swap);
            case SETUP_TABLE -> count == 1 ? setupTable(caller, pointer) : Abi.EINVAL;
            case QUERY_SIZE -> count == 1 ? querySize(caller, pointer) : Abi.EINVAL;
            case SET_VERSION -> setVersion(caller, pointer);
            case GET_STATUS_FRAMES -> count == 1 ? statusFrames(caller, pointer) : Abi.EINVAL;
            case GET_VERSION -> getVersion(caller, pointer);
            case CACHE_FLUSH -> cacheFlush(caller, arg, count);
            default -> Abi.ENOSYS;
        };
    }

    private long each(Vcpu caller, long[] arg, int count, int size, int statusAt, Cost cost, One action) {
        for (int i = 0; i < count; i++) {
            long at = arg[1];
            if (!args.fetch(caller, at, size)) {
                return Abi.EFAULT;
            }
            if (cost != null) {
                hypervisor.charge(cost);
            }
            args.put16(statusAt, action.act(caller, args));
            if (!args.store(caller, at, size)) {
                return Abi.EFAULT;
            }
            arg[1] += size;
            arg[2] = count - i - 1L;
            if (arg[2] > 0 && hypervisor.hypercalls().hasWorkedLong()) {
                return Hypercalls.AGAIN;
            }
        }
        return 0;
    }

    /** Status of an operation that names domain {@code domainId}, which must be the caller's own. */
    private int own(Vcpu caller, int domainId) {
        long wrong = TargetDomain.check(hypervisor, caller, domainId);
        return wrong == 0
                ? GrantStatus.OKAY
                : wrong == Abi.ESRCH ? GrantStatus.BAD_DOMAIN : GrantStatus.PERMISSION_DENIED;
    }

    private long setupTable(Vcpu caller, long pointer) {
        if (!args.fetch(caller, pointer, 24)) {
            return Abi.EFAULT;
        }
        Domain domain = caller.domain();
        GrantTable table = domain.grants();
        int count = args.int32(4);
        int status = own(caller, args.int16(0));
        if (status == GrantStatus.OKAY && !table.grow(count)) {
            status = GrantStatus.GENERAL_ERROR;
        }
        for (int i = 0; status == GrantStatus.OKAY && i < count; i++) {
            status = tell(caller, args.int64(16), i, table.frame(i));
        }
        args.put16(8, status);
        return args.store(caller, pointer, 24) ? 0 : Abi.EFAULT;
    }

    /** Writes where the caller finds frame {@code mfn} of the hypervisor's into element {@code i} of a list; a status. */
    private int tell(Vcpu caller, long list, int i, int mfn) {
        Domain domain = caller.domain();
        FrameTable frames = domain.physmap().frames();
        boolean pv = domain.type() == Domain.Type.PV;
        if (pv) {
            frames.types().share(domain, mfn);
        }
        number.put64(0, pv ? mfn : frames.gfn(mfn));
        return number.store(caller, list + 8L * i, 8) ? GrantStatus.OKAY : GrantStatus.BAD_VIRT_ADDR;
    }

    private long querySize(Vcpu caller, long pointer) {
        if (!args.fetch(caller, pointer, 16)) {
            return Abi.EFAULT;
        }
        int status = own(caller, args.int16(0));
        if (status == GrantStatus.OKAY) {
            args.put32(4, caller.domain().grants().frameCount());
            args.put32(8, GrantTable.MOST_FRAMES);
        }
        args.put16(12, status);
        return args.store(caller, pointer, 16) ? 0 : Abi.EFAULT;
    }

    private long setVersion(Vcpu caller, long pointer) {
        if (!args.fetch(caller, pointer, 4)) {
            return Abi.EFAULT;
        }
        int version = args.int32(0);
        GrantTable table = caller.domain().grants();
        long result = version == 1 || version == 2 ? table.setVersion(version) : Abi.EINVAL;
        args.put32(0, table.version());
        return args.store(caller, pointer, 4) ? result : Abi.EFAULT;
    }

    private long statusFrames(Vcpu caller, long pointer) {
        if (!args.fetch(caller, pointer, 16)) {
            return Abi.EFAULT;
        }
        GrantTable table = caller.domain().grants();
        int count = args.int32(0);
        int status = own(caller, args.int16(4));
        if (status == GrantStatus.OKAY && (table.version() != 2 || count < 0 || count > table.statusFrameCount())) {
            status = GrantStatus.GENERAL_ERROR;
        }
        for (int i = 0; status == GrantStatus.OKAY && i < count; i++) {
            status = tell(caller, args.int64(8), i, table.statusFrame(i));
        }
        args.put16(6, status);
        return args.store(caller, pointer, 16) ? 0 : Abi.EFAULT;
    }

    private long getVersion(Vcpu caller, long pointer) {
        if (!args.fetch(caller, pointer, 8)) {
            return Abi.EFAULT;
        }
        long wrong = TargetDomain.check(hypervisor, caller, args.int16(0));
        if (wrong != 0) {
            return wrong;
        }
        args.put32(4, caller.domain().grants().version());
        return args.store(caller, pointer, 8) ? 0 : Abi.EFAULT;
    }

    private static int swap(Vcpu caller, GuestStruct args) {
        GrantTable table = caller.domain().grants();
        int a = args.int32(0);
        int b = args.int32(4);
        if (!table.has(a) || !table.has(b)) {
            return GrantStatus.BAD_GNTREF;
        }
        if (a != b) {
            if (table.isInUse(a) || table.isInUse(b)) {
                return GrantStatus.EAGAIN;
            }
            table.swap(a, b);
        }
        return GrantStatus.OKAY;
    }

    /** Caches of other processors are coherent here: there is nothing to flush, as on x86. */
    private long cacheFlush(Vcpu caller, long[] arg, int count) {
        for (int left = count; left > 0; left--) {
            if (!args.fetch(caller, arg[1], 16)) {
                return Abi.EFAULT;
            }
            if (args.int16(8) + args.int16(10) > PAGE) {
                return Abi.EINVAL;
            }
            if (args.int16(10) != 0 && args.int32(12) != 0) {
                return Abi.EOPNOTSUPP;
            }
            arg[1] += 16;
            arg[2] = left - 1L;
            if (left > 1 && hypervisor.hypercalls().hasWorkedLong()) {
                return Hypercalls.AGAIN;
            }
        }
        return 0;
    }
}

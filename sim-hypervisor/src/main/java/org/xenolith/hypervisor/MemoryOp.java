package org.xenolith.hypervisor;

/** Hypercall {@code memory_op}: a domain's own memory. After {@code common/memory.c} and {@code arch/x86/mm.c} of Xen 4.17. */
final class MemoryOp implements Hypercall {
    private static final int INCREASE_RESERVATION = 0;
    private static final int DECREASE_RESERVATION = 1;
    private static final int MAXIMUM_RAM_PAGE = 2;
    private static final int CURRENT_RESERVATION = 3;
    private static final int MAXIMUM_RESERVATION = 4;
    private static final int MACHPHYS_MFN_LIST = 5;
    private static final int POPULATE_PHYSMAP = 6;
    private static final int ADD_TO_PHYSMAP = 7;
    private static final int MEMORY_MAP = 9;
    private static final int MACHINE_MEMORY_MAP = 10;
    private static final int EXCHANGE = 11;
    private static final int MACHPHYS_MAPPING = 12;
    private static final int SET_MEMORY_MAP = 13;
    private static final int MAXIMUM_GPFN = 14;
    private static final int REMOVE_FROM_PHYSMAP = 15;
    private static final int SET_POD_TARGET = 16;
    private static final int GET_POD_TARGET = 17;
    private static final int SHARING_FREED_PAGES = 18;
    private static final int SHARING_SHARED_PAGES = 19;
    private static final int ADD_TO_PHYSMAP_BATCH = 23;
    private static final int CLAIM_PAGES = 24;
    private static final int MACHPHYS_COMPAT_MFN_LIST = 25;
    private static final int GET_VNUMAINFO = 26;
    private static final int RESERVED_DEVICE_MEMORY_MAP = 27;
    private static final int ACQUIRE_RESOURCE = 28;

    /** The operation is in the low bits; above them, with which extent to begin. */
    static final int OP_BITS = 6;

    /** Where a 64-bit PV guest sees the machine-to-phys table. */
    private static final long MACHPHYS_START = 0xffff8000_00000000L;

    private static final long MACHPHYS_END = 0xffff8040_00000000L;

    private final Hypervisor hypervisor;
    private final Reservations reservations;
    private final PhysmapOp physmaps;
    private final GuestStruct args = new GuestStruct(64);

    MemoryOp(Hypervisor hypervisor) {
        this.hypervisor = hypervisor;
        this.reservations = new Reservations(hypervisor);
        this.physmaps = new PhysmapOp(hypervisor);
    }

    /** Whether the operation, which has done {@code done} of its extents, is to be issued again for the rest: then {@code arg} says so. */
    static boolean pauses(Hypervisor hypervisor, long[] arg, long done, long count) {
        if (done >= count || !hypervisor.hypercalls().hasWorkedLong()) {
            return false;
        }
        arg[0] = arg[0] & (1 << OP_BITS) - 1 | done << OP_BITS;
        return true;
    }

    @Override
    public long call(Vcpu caller, long[] arg) {
        int op = (int) arg[0] & (1 << OP_BITS) - 1;
        long start = (arg[0] & 0xffffffffL) >>> OP_BITS;
        long pointer = arg[1];
        if (caller.domain().physmap() == null) {
            return Abi.ENOSYS; // it has no memory but what its hypercalls pass
        }
        boolean continued = op == INCREASE_RESERVATION || op == DECREASE_RESERVATION || op == POPULATE_PHYSMAP;
        if (start != 0 && !continued && op != ADD_TO_PHYSMAP_BATCH) {
            return Abi.EINVAL;
        }
        return switch (op) {
            case INCREASE_RESERVATION -> reservations.increase(caller, arg, start);
            case DECREASE_RESERVATION -> reservations.decrease(caller, arg, start);
            case POPULATE_PHYSMAP -> reservations.populate(caller, arg, start);
            case EXCHANGE -> reservations.exchange(caller, pointer);
            case ADD_TO_PHYSMAP -> physmaps.add(caller, pointer);
            case ADD_TO_PHYSMAP_BATCH -> physmaps.addBatch(caller, arg, start);
            case REMOVE_FROM_PHYSMAP -> physmaps.remove(caller, pointer);
            case MAXIMUM_RAM_PAGE -> hypervisor.frames().memory().frames();
            case CURRENT_RESERVATION ->
                own(caller, pointer, 2, caller.domain().physmap().pages());
            case MAXIMUM_RESERVATION -> own(caller, pointer, 2, caller.domain().maxPages());
            case MAXIMUM_GPFN ->
                own(caller, pointer, 2, caller.domain().physmap().highest());
            case MEMORY_MAP -> memoryMap(caller, pointer);
            case SET_MEMORY_MAP -> setMemoryMap(caller, pointer);
            case MACHINE_MEMORY_MAP -> Abi.EPERM;
            case MACHPHYS_MAPPING -> {
                args.put64(0, MACHPHYS_START);
                args.put64(8, MACHPHYS_END);
                args.put64(16, (MACHPHYS_END - MACHPHYS_START) / Long.BYTES - 1);
                yield args.store(caller, pointer, 24) ? 0 : Abi.EFAULT;
            }
            case MACHPHYS_MFN_LIST, MACHPHYS_COMPAT_MFN_LIST -> noMfnList(caller, pointer);
            case SET_POD_TARGET, GET_POD_TARGET -> notAllowed(caller, pointer, 40, 32);
            case CLAIM_PAGES -> notAllowed(caller, pointer, 32, 24);
            case SHARING_FREED_PAGES, SHARING_SHARED_PAGES -> 0;
            case GET_VNUMAINFO -> own(caller, pointer, 40, Abi.EOPNOTSUPP);
            case RESERVED_DEVICE_MEMORY_MAP -> noReservedMemory(caller, pointer);
            case ACQUIRE_RESOURCE -> notAllowed(caller, pointer, 40, 0);
            default -> Abi.ENOSYS;
        };
    }

    /** {@code result}, if the structure of {@code length} bytes begins with the caller's own domain id. */
    private long own(Vcpu caller, long pointer, int length, long result) {
        if (!args.fetch(caller, pointer, length)) {
            return Abi.EFAULT;
        }
        long wrong = TargetDomain.check(hypervisor, caller, args.int16(0));
        return wrong != 0 ? wrong : result;
    }

    /** What nobody may do for himself, and only dom0 for others; the domain's id is at {@code offset}. */
    private long notAllowed(Vcpu caller, long pointer, int length, int offset) {
        if (!args.fetch(caller, pointer, length)) {
            return Abi.EFAULT;
        }
        return TargetDomain.check(hypervisor, caller, args.int16(offset)) == Abi.ESRCH ? Abi.ESRCH : Abi.EPERM;
    }

    private long memoryMap(Vcpu caller, long pointer) {
        MemoryMap map = caller.domain().memoryMap();
        if (map.count() == 0) {
            return Abi.ENOSYS;
        }
        if (!args.fetch(caller, pointer, 16)) {
            return Abi.EFAULT;
        }
        int count = Integer.compareUnsigned(args.int32(0), map.count()) < 0 ? args.int32(0) : map.count();
        if (!caller.memory().write(args.int64(8), map.table(), count * MemoryMap.ENTRY)) {
            return Abi.EFAULT;
        }
        args.put32(0, count);
        return args.store(caller, pointer, 16) ? 0 : Abi.EFAULT;
    }

    private long setMemoryMap(Vcpu caller, long pointer) {
        if (!args.fetch(caller, pointer, 24)) {
            return Abi.EFAULT;
        }
        int count = args.int32(8);
        if (count < 0 || count > MemoryMap.MOST) {
            return Abi.EINVAL;
        }
        long wrong = TargetDomain.check(hypervisor, caller, args.int16(0));
        if (wrong != 0) {
            return wrong;
        }
        if (caller.domain().type() != Domain.Type.PV) {
            return Abi.EPERM;
        }
        byte[] table = new byte[count * MemoryMap.ENTRY];
        if (!caller.memory().read(args.int64(16), table, table.length)) {
            return Abi.EFAULT;
        }
        caller.domain().memoryMap().replace(table);
        return 0;
    }

    /** The table's own frames are told to nobody. */
    private long noMfnList(Vcpu caller, long pointer) {
        if (!args.fetch(caller, pointer, 24)) {
            return Abi.EFAULT;
        }
        args.put32(16, 0);
        return args.store(caller, pointer, 24) ? 0 : Abi.EFAULT;
    }

    private long noReservedMemory(Vcpu caller, long pointer) {
        if (!args.fetch(caller, pointer, 24)) {
            return Abi.EFAULT;
        }
        if ((args.int32(0) & ~1) != 0) {
            return Abi.EINVAL;
        }
        args.put32(4, 0);
        return args.store(caller, pointer, 24) ? 0 : Abi.EFAULT;
    }
}

package org.xenolith.hypervisor;

import org.xenolith.machine.MachineMemory;

/** Hypercall {@code mmuext_op}: pins page tables, switches to others, flushes TLBs, sets the LDT. As in Xen 4.17. */
final class MmuextOp implements PvHypercall {
    private static final int PIN_L1_TABLE = 0;
    private static final int PIN_L4_TABLE = 3;
    private static final int UNPIN_TABLE = 4;
    private static final int NEW_BASEPTR = 5;
    private static final int TLB_FLUSH_LOCAL = 6;
    private static final int INVLPG_LOCAL = 7;
    private static final int TLB_FLUSH_MULTI = 8;
    private static final int INVLPG_MULTI = 9;
    private static final int TLB_FLUSH_ALL = 10;
    private static final int INVLPG_ALL = 11;
    private static final int FLUSH_CACHE = 12;
    private static final int SET_LDT = 13;
    private static final int NEW_USER_BASEPTR = 15;
    private static final int CLEAR_PAGE = 16;
    private static final int COPY_PAGE = 17;
    private static final int FLUSH_CACHE_GLOBAL = 18;
    private static final int MARK_SUPER = 19;
    private static final int UNMARK_SUPER = 20;

    private static final int PREEMPTED = 1 << 31;
    private static final int MOST_DESCRIPTORS = 8192;
    private static final int OP = 24;

    private final GuestStruct op = new GuestStruct(OP);
    private final GuestStruct answer = new GuestStruct(8);

    @Override
    public long call(PvArch arch, long[] arg) {
        long pointer = arg[0];
        int count = (int) arg[1];
        long error = MmuUpdate.frameOwnerError(arch, (int) arg[3] & 0xffff);
        if (error != 0) {
            return error;
        }
        if ((count & PREEMPTED) != 0) {
            return Abi.EINVAL;
        }
        long rc = 0;
        int done = 0;
        while (done < count && rc == 0) {
            rc = op.fetch(arch.vcpu, pointer + (long) done * OP, OP)
                    ? one(arch, op.int32(0), op.int64(8), op.int64(16))
                    : Abi.EFAULT;
            done += rc == 0 ? 1 : 0;
        }
        if (arg[2] != 0) {
            answer.put32(0, done);
            answer.store(arch.vcpu, arg[2], 4);
        }
        return rc;
    }

    private long one(PvArch arch, int command, long first, long second) {
        Domain domain = arch.domain();
        PageTypes types = arch.types;
        return switch (command) {
            case PIN_L1_TABLE, PIN_L1_TABLE + 1, PIN_L1_TABLE + 2, PIN_L4_TABLE ->
                types.pin(domain, first, PageTypes.L1 + command - PIN_L1_TABLE);
            case UNPIN_TABLE -> types.unpin(domain, first);
            case NEW_BASEPTR -> arch.setKernelTable(first);
            case NEW_USER_BASEPTR -> arch.setUserTable(first);
            case TLB_FLUSH_LOCAL -> flush(arch, 1L << arch.vcpu.id(), false, 0);
            case INVLPG_LOCAL -> flush(arch, 1L << arch.vcpu.id(), true, first);
            case TLB_FLUSH_MULTI -> flushSome(arch, second, false, 0);
            case INVLPG_MULTI -> flushSome(arch, second, true, first);
            case TLB_FLUSH_ALL -> flush(arch, -1, false, 0);
            case INVLPG_ALL -> flush(arch, -1, true, first);
            case FLUSH_CACHE, FLUSH_CACHE_GLOBAL -> Abi.EACCES; // for domains with devices
            case SET_LDT -> setLdt(arch, first, (int) second);
            case CLEAR_PAGE -> clear(arch, first);
            case COPY_PAGE -> copy(arch, first, second);
            case MARK_SUPER, UNMARK_SUPER -> Abi.EOPNOTSUPP;
            default -> Abi.ENOSYS;
        };
    }

    private static long flush(PvArch arch, long mask, boolean one, long address) {
        MmuUpdate.flush(arch.domain(), mask, one, address);
        return 0;
    }

    private long flushSome(PvArch arch, long maskPointer, boolean one, long address) {
        int bytes = (arch.domain().vcpus().size() + 7) / 8;
        answer.put64(0, 0);
        return answer.fetch(arch.vcpu, maskPointer, bytes) ? flush(arch, answer.int64(0), one, address) : Abi.EINVAL;
    }

    private static long setLdt(PvArch arch, long address, int entries) {
        if ((address & MachineMemory.PAGE_SIZE - 1) != 0 || entries < 0 || entries > MOST_DESCRIPTORS) {
            return Abi.EINVAL;
        }
        arch.descriptors.setLdt(address, entries);
        return 0;
    }

    private static long clear(PvArch arch, long mfn) {
        if (arch.types.get(arch.domain(), mfn, PageTypes.WRITABLE) != 0) {
            return Abi.EINVAL;
        }
        arch.frames.memory().fill((int) mfn << MachineMemory.PAGE_SHIFT, MachineMemory.PAGE_SIZE, (byte) 0);
        arch.types.putTyped((int) mfn);
        return 0;
    }

    private static long copy(PvArch arch, long to, long from) {
        if (!arch.types.get(arch.domain(), from)) {
            return Abi.EINVAL;
        }
        long rc = arch.types.get(arch.domain(), to, PageTypes.WRITABLE);
        if (rc == 0) {
            MachineMemory memory = arch.frames.memory();
            memory.write(
                    (int) to << MachineMemory.PAGE_SHIFT,
                    memory.bytes(),
                    (int) from << MachineMemory.PAGE_SHIFT,
                    MachineMemory.PAGE_SIZE);
            arch.types.putTyped((int) to);
        }
        arch.types.put((int) from);
        return rc == 0 ? 0 : Abi.EINVAL;
    }
}

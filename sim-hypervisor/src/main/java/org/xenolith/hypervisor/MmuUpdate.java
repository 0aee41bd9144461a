package org.xenolith.hypervisor;

import org.xenolith.machine.MachineMemory;

/** Hypercalls {@code mmu_update} and {@code update_va_mapping}: a PV guest changes its page tables. As in Xen 4.17. */
final class MmuUpdate implements PvHypercall {
    private static final int NORMAL = 0;
    private static final int MACHPHYS = 1;
    private static final int PRESERVE_ACCESS = 2;
    private static final int NO_TRANSLATE = 3;

    /** Set in the count of a call that Xen goes on with; a guest may not. */
    private static final int PREEMPTED = 1 << 31;

    // Flags of update_va_mapping: which translations are forgotten, and whose.
    private static final int FLUSH_TYPE = 3;
    private static final int FLUSH_ALL_TRANSLATIONS = 1;
    private static final int FLUSH_ONE = 2;
    private static final long FLUSH_LOCAL = 0;
    private static final long FLUSH_ALL_VCPUS = 1 << 2;

    private static final int REQUEST = 16;

    /** Requests fetched at once. */
    private static final int BATCH = 32;

    private final GuestStruct requests = new GuestStruct(BATCH * REQUEST);
    private final GuestStruct answer = new GuestStruct(4);

    @Override
    public long call(PvArch arch, long[] arg) {
        long pointer = arg[0];
        int count = (int) arg[1];
        int who = (int) arg[3];
        long error = targetError(arch, who);
        if (error != 0) {
            return error;
        }
        if ((count & PREEMPTED) != 0) {
            return Abi.EINVAL;
        }
        long rc = 0;
        int done = 0;
        while (done < count && rc == 0) {
            int batch = Math.min(count - done, BATCH);
            if (!requests.fetch(arch.vcpu, pointer + (long) done * REQUEST, batch * REQUEST)) {
                // The requests before the one that cannot be read are carried out.
                batch = 1;
                if (!requests.fetch(arch.vcpu, pointer + (long) done * REQUEST, REQUEST)) {
                    rc = Abi.EFAULT;
                    break;
                }
            }
            for (int i = 0; i < batch && rc == 0; i++) {
                rc = update(arch, requests.int64(i * REQUEST), requests.int64(i * REQUEST + 8));
                done += rc == 0 ? 1 : 0;
            }
        }
        if (arg[2] != 0) {
            answer.put32(0, done);
            answer.store(arch.vcpu, arg[2], 4);
        }
        return rc;
    }

    /** 0 if {@code who} says the caller's own domain twice: whose tables, and whose frames; else the error. */
    static long targetError(PvArch arch, int who) {
        int tables = who >>> 16;
        if (tables != 0
                && tables - 1 != Abi.DOMID_SELF
                && tables - 1 != arch.domain().id()) {
            return arch.hypervisor.domainById(tables - 1) == null ? Abi.ESRCH : Abi.EPERM;
        }
        return frameOwnerError(arch, who & 0xffff);
    }

    /** 0 if domain id {@code id} says the caller's own domain as owner of the frames; else the error. */
    static long frameOwnerError(PvArch arch, int id) {
        if (id == Abi.DOMID_SELF) {
            return 0;
        }
        return id == arch.domain().id() || arch.hypervisor.domainById(id) == null ? Abi.ESRCH : Abi.EPERM;
    }

    private static long update(PvArch arch, long ptr, long value) {
        PageTypes types = arch.types;
        Domain domain = arch.domain();
        int command = (int) ptr & 3;
        long address = ptr & ~3L;
        long mfn = address >>> MachineMemory.PAGE_SHIFT;
        if (!types.get(domain, mfn)) {
            return Abi.EINVAL;
        }
        int frame = (int) mfn;
        long rc = Abi.EINVAL;
        switch (command) {
            case NORMAL, PRESERVE_ACCESS, NO_TRANSLATE -> {
                if ((address & 7) == 0) {
                    rc = write(types, domain, frame, (int) address, value, command == PRESERVE_ACCESS);
                }
            }
            case MACHPHYS -> {
                arch.frames.machineToPhys().set(frame, value);
                rc = 0;
            }
            default -> {}
        }
        types.put(frame);
        return rc;
    }

    private static long write(PageTypes types, Domain domain, int frame, int at, long value, boolean keepAccess) {
        int type = types.type(frame);
        if (types.is(frame, type) && type >= PageTypes.L1 && type <= PageTypes.L4) {
            return types.replace(domain, at, value, type, keepAccess);
        }
        if (types.getType(domain, frame, PageTypes.WRITABLE) != 0) {
            return Abi.EINVAL;
        }
        domain.physmap().frames().memory().put64(at, value);
        types.putType(frame);
        return 0;
    }

    // ------------------------------------------------------------------------------------------ update_va_mapping

    /** Hypercall {@code update_va_mapping}: the entry for a linear address, and the TLBs. */
    long updateMapping(PvArch arch, long[] arg) {
        return updateMapping(arch, arg[0], arg[1], arg[2]);
    }

    /** Hypercall {@code update_va_mapping_otherdomain}: the same with a frame of another domain, which only a privileged one may. */
    long updateMappingOf(PvArch arch, long[] arg) {
        long error = frameOwnerError(arch, (int) arg[3] & 0xffff);
        return error != 0 ? error : updateMapping(arch, arg[0], arg[1], arg[2]);
    }

    private long updateMapping(PvArch arch, long address, long value, long flags) {
        int at = arch.entryOf(address);
        if (at < 0) {
            return Abi.EINVAL;
        }
        long rc = arch.types.replace(arch.domain(), at, value, PageTypes.L1, false);
        int how = (int) flags & FLUSH_TYPE;
        if (how == 0) {
            return rc;
        }
        long which = flags & ~FLUSH_TYPE;
        boolean one = how == FLUSH_ONE;
        if (how != FLUSH_ALL_TRANSLATIONS && !one) {
            return rc;
        }
        if (which == FLUSH_LOCAL) {
            flush(arch, one, address);
        } else {
            boolean all = which == FLUSH_ALL_VCPUS;
            if (!all && !requests.fetch(arch.vcpu, which, 8)) {
                return rc != 0 ? rc : Abi.EFAULT;
            }
            flush(arch.domain(), all ? -1 : requests.int64(0), one, address);
        }
        return rc;
    }

    /** Has the vCPUs in {@code mask} forget all translations, or {@code one} of {@code address}. */
    static void flush(Domain domain, long mask, boolean one, long address) {
        for (int i = 0; i < domain.vcpus().size(); i++) {
            if ((mask >>> i & 1) != 0 && domain.vcpus().get(i).arch instanceof PvArch arch) {
                flush(arch, one, address);
            }
        }
    }

    static void flush(PvArch arch, boolean one, long address) {
        if (one) {
            arch.registers.flushTlbPage(address);
        } else {
            arch.flush();
        }
    }
}

package org.xenolith.hypervisor;

import org.xenolith.machine.MachineMemory;
import org.xenolith.trace.TraceEvent;

/**
 * What a domain does with the grants of others: maps them, and has the hypervisor copy to and from them. Each method takes one structure and
 * answers with its status. After {@code common/grant_table.c} of Xen 4.17.
 *
 * <p>A hardware-virtualised domain maps a grant at a frame of its physical memory, a PV domain by an {@linkplain PvGrants entry of its page
 * tables}. Each mapping refers to the frame: those of the first kind, and for devices, until they are unmapped or the domain dies; an entry of a
 * page table until it is overwritten, by whomever.
 */
final class GrantUse {
    // Flags of a mapping.
    private static final int DEVICE = 1;
    private static final int HOST = 1 << 1;
    static final int READ_ONLY = 1 << 2;
    static final int APPLICATION = 1 << 3;
    static final int CONTAINS_PTE = 1 << 4;

    // Flags of a copy.
    private static final int SOURCE_IS_GRANT = 1;
    private static final int DESTINATION_IS_GRANT = 2;

    private static final int PAGE_SHIFT = MachineMemory.PAGE_SHIFT;

    private final Hypervisor hypervisor;
    private final byte[] page = new byte[MachineMemory.PAGE_SIZE];
    private final CopyEnd source = new CopyEnd();
    private final CopyEnd destination = new CopyEnd();

    GrantUse(Hypervisor hypervisor) {
        this.hypervisor = hypervisor;
    }

    // -------------------------------------------------------------------------------------------------- maps

    int map(Vcpu caller, GuestStruct args) {
        Domain local = caller.domain();
        long address = args.int64(0);
        int flags = args.int32(8);
        int ref = args.int32(12);
        if ((flags & (DEVICE | HOST)) == 0) {
            return GrantStatus.BAD_GNTREF;
        }
        boolean hvm = local.type() == Domain.Type.PVH;
        if (hvm && (flags & (DEVICE | APPLICATION | CONTAINS_PTE)) != 0) {
            return GrantStatus.GENERAL_ERROR;
        }
        Domain granter = hypervisor.domainById(args.int16(16));
        if (granter == null || granter.grants() == null) {
            return GrantStatus.BAD_DOMAIN;
        }
        GrantTable table = granter.grants();
        if (!table.has(ref)) {
            return GrantStatus.BAD_GNTREF;
        }
        if (table.isSubPage(ref) || (flags & HOST) != 0 && hvm && !PhysmapOp.isValid(address >>> PAGE_SHIFT)) {
            return GrantStatus.GENERAL_ERROR;
        }
        boolean writable = (flags & READ_ONLY) == 0;
        int status = table.take(ref, local.id(), writable);
        if (status != GrantStatus.OKAY) {
            return status;
        }
        int handle = local.grantMaps().add(granter, ref, flags);
        if (handle < 0) {
            table.letGo(ref, writable);
            return GrantStatus.NO_SPACE;
        }
        if (!access(caller, granter, ref, flags, address)) {
            local.grantMaps().remove(handle);
            table.letGo(ref, writable);
            return GrantStatus.GENERAL_ERROR;
        }
        hypervisor.trace().emit(TraceEvent.Mem.GRANT_MAP, granter.id());
        args.put32(20, handle);
        args.put64(24, (long) table.frameInUse(ref) << PAGE_SHIFT);
        return GrantStatus.OKAY;
    }

    /** Gives the caller the access to entry {@code ref} that {@code flags} name; false, with nothing done, if it cannot be. */
    private boolean access(Vcpu caller, Domain granter, int ref, int flags, long address) {
        GrantTable table = granter.grants();
        boolean writable = (flags & READ_ONLY) == 0;
        boolean device = (flags & DEVICE) != 0;
        if (device && !table.refer(ref, writable)) {
            return false;
        }
        if ((flags & HOST) == 0) {
            return true;
        }
        boolean referred = table.refer(ref, writable);
        if (referred && place(caller, granter, table.frameInUse(ref), flags, address)) {
            return true;
        }
        if (referred) {
            table.deref(ref, writable);
        }
        if (device) {
            table.deref(ref, writable);
        }
        return false;
    }

    private boolean place(Vcpu caller, Domain granter, int mfn, int flags, long address) {
        Domain local = caller.domain();
        if (local.type() == Domain.Type.PV) {
            if (!PvGrants.create((PvArch) caller.arch, address, mfn, flags)) {
                return false;
            }
            if (local != granter) {
                hypervisor.frames().types().mappedByAnother(mfn);
            }
            return true;
        }
        long gfn = address >>> PAGE_SHIFT;
        local.physmap().mapGranted(gfn, mfn, (flags & READ_ONLY) == 0);
        PhysmapOp.trace(hypervisor, local, gfn, mfn);
        PhysmapOp.flush(local);
        return true;
    }

    int unmap(Vcpu caller, GuestStruct args) {
        return unmap(caller, args.int32(16), args.int64(0), args.int64(8), 0);
    }

    int unmapAndReplace(Vcpu caller, GuestStruct args) {
        return unmap(caller, args.int32(16), args.int64(0), 0, args.int64(8));
    }

    /** Ends what {@code handle} maps at {@code address} and for devices at {@code deviceAddress}, each unless it is 0. */
    private int unmap(Vcpu caller, int handle, long address, long deviceAddress, long newAddress) {
        GrantMaps maps = caller.domain().grantMaps();
        if (!maps.has(handle)) {
            return GrantStatus.BAD_HANDLE;
        }
        Domain granter = maps.granter(handle);
        if (isForgotten(granter)) {
            hypervisor.shutdown(caller.domain(), Abi.SHUTDOWN_CRASH);
            return GrantStatus.GENERAL_ERROR;
        }
        GrantTable table = granter.grants();
        int ref = maps.ref(handle);
        int flags = maps.flags(handle);
        boolean writable = (flags & READ_ONLY) == 0;
        hypervisor.trace().emit(TraceEvent.Mem.GRANT_UNMAP, granter.id());
        int mfn = table.frameInUse(ref);
        if (deviceAddress != 0 && deviceAddress != (long) mfn << PAGE_SHIFT) {
            return GrantStatus.GENERAL_ERROR;
        }
        if (address != 0 && (flags & HOST) != 0) {
            if (!takeAway(caller, table, ref, flags, address, newAddress)) {
                return GrantStatus.GENERAL_ERROR;
            }
            flags &= ~HOST;
        }
        if (deviceAddress != 0 && (flags & DEVICE) != 0) {
            table.deref(ref, writable);
            flags &= ~DEVICE;
        }
        maps.setFlags(handle, flags);
        if ((flags & (DEVICE | HOST)) == 0) {
            maps.remove(handle);
            table.letGo(ref, writable);
        }
        return GrantStatus.OKAY;
    }

    /** Whether {@code granter} is gone, and its last frame: only who overwrote an entry that mapped one can still have it mapped. */
    private boolean isForgotten(Domain granter) {
        return hypervisor.domainById(granter.id()) == null
                && !hypervisor.frames().types().keepsAnyOf(granter);
    }

    private boolean takeAway(Vcpu caller, GrantTable table, int ref, int flags, long address, long newAddress) {
        Domain local = caller.domain();
        int mfn = table.frameInUse(ref);
        if (local.type() == Domain.Type.PV) {
            return PvGrants.replace((PvArch) caller.arch, address, mfn, newAddress, flags);
        }
        Physmap physmap = local.physmap();
        long gfn = address >>> PAGE_SHIFT;
        if (newAddress != 0 || physmap.mfn(gfn) != mfn || physmap.frames().gfn(mfn) == gfn) {
            return false;
        }
        physmap.unmap(gfn);
        PhysmapOp.trace(hypervisor, local, gfn, Physmap.NONE);
        PhysmapOp.flush(local);
        table.deref(ref, (flags & READ_ONLY) == 0);
        return true;
    }

    /** Ends all that {@code domain}, which is gone, has mapped; what is in a PV domain's page tables goes with them. */
    static void end(Domain domain) {
        GrantMaps maps = domain.grantMaps();
        for (int handle = 0; handle < maps.end(); handle++) {
            if (maps.has(handle)) {
                GrantTable table = maps.granter(handle).grants();
                int ref = maps.ref(handle);
                int flags = maps.flags(handle);
                boolean writable = (flags & READ_ONLY) == 0;
                if ((flags & DEVICE) != 0) {
                    table.deref(ref, writable);
                }
                if ((flags & HOST) != 0 && domain.type() != Domain.Type.PV) {
                    table.deref(ref, writable);
                }
                maps.remove(handle);
                table.letGo(ref, writable);
            }
        }
    }

    /** No frame changes its owner this way; no guest of the last ten years asks for it. */
    int transfer(Vcpu caller, GuestStruct args) {
        Domain local = caller.domain();
        long frame = args.int64(0);
        FrameTable frames = hypervisor.frames();
        long mfn = local.type() == Domain.Type.PV ? frame : local.physmap().mfn(frame);
        if (frames.owner(mfn) != local.id()) {
            return GrantStatus.BAD_PAGE;
        }
        return hypervisor.domainById(args.int16(8)) == null ? GrantStatus.BAD_DOMAIN : GrantStatus.GENERAL_ERROR;
    }

    // -------------------------------------------------------------------------------------------------- copy

    /** One end of a copy: a frame and what part of it may be accessed. */
    private static final class CopyEnd {
        int mfn;
        int first;
        int length;
        GrantTable table;
        int ref;
    }

    int copy(Vcpu caller, GuestStruct args) {
        int flags = args.int16(34);
        int length = args.int16(32);
        int status = claim(caller, args, 0, (flags & SOURCE_IS_GRANT) != 0, false, source);
        if (status != GrantStatus.OKAY) {
            return status;
        }
        status = claim(caller, args, 16, (flags & DESTINATION_IS_GRANT) != 0, true, destination);
        if (status == GrantStatus.OKAY) {
            status = copy(args.int16(10), args.int16(26), length);
            letGo(destination, true);
        }
        letGo(source, false);
        return status;
    }

    private int copy(int from, int to, int length) {
        if (from + length > MachineMemory.PAGE_SIZE || to + length > MachineMemory.PAGE_SIZE) {
            return GrantStatus.BAD_COPY_ARG;
        }
        if (outside(source, from, length) || outside(destination, to, length)) {
            return GrantStatus.GENERAL_ERROR;
        }
        MachineMemory memory = hypervisor.frames().memory();
        memory.read((source.mfn << PAGE_SHIFT) + from, page, 0, length);
        memory.write((destination.mfn << PAGE_SHIFT) + to, page, 0, length);
        return GrantStatus.OKAY;
    }

    private static boolean outside(CopyEnd end, int first, int length) {
        return first < end.first || first + length > end.first + end.length;
    }

    private static void letGo(CopyEnd end, boolean writing) {
        if (end.table != null) {
            end.table.deref(end.ref, writing);
            end.table.letGo(end.ref, writing);
        }
    }

    /** Finds the frame of the end described at {@code at}, and holds it if it is a grant. */
    private int claim(Vcpu caller, GuestStruct args, int at, boolean isGrant, boolean writing, CopyEnd end) {
        Domain local = caller.domain();
        int domainId = args.int16(at + 8);
        end.table = null;
        end.first = 0;
        end.length = MachineMemory.PAGE_SIZE;
        if (!isGrant) {
            if (domainId != Abi.DOMID_SELF) {
                return GrantStatus.PERMISSION_DENIED;
            }
            return claimOwn(local, args.int64(at), writing, end);
        }
        Domain granter = domainId == Abi.DOMID_SELF ? local : hypervisor.domainById(domainId);
        if (granter == null || granter.grants() == null) {
            return GrantStatus.BAD_DOMAIN;
        }
        return claim(granter, args.int32(at), local.id(), writing, true, end);
    }

    private static int claimOwn(Domain local, long frame, boolean writing, CopyEnd end) {
        Physmap physmap = local.physmap();
        long mfn = local.type() == Domain.Type.PV ? frame : physmap.mfn(frame);
        if (physmap.frames().owner(mfn) != local.id()) {
            return GrantStatus.BAD_PAGE;
        }
        end.mfn = (int) mfn;
        if (writing) {
            if (GuestFrames.hold(local, frame) < 0) {
                return GrantStatus.GENERAL_ERROR;
            }
            GuestFrames.letGo(
                    local, end.mfn); // it is only asked whether that may be written: nothing happens in between
        }
        return GrantStatus.OKAY;
    }

    private int claim(Domain granter, int ref, int by, boolean writing, boolean transitive, CopyEnd end) {
        GrantTable table = granter.grants();
        if (!table.has(ref)) {
            return GrantStatus.BAD_GNTREF;
        }
        if (table.version() == 2 && (table.flags(ref) & GrantTable.TYPE) == GrantTable.TRANSITIVE) {
            Domain next = hypervisor.domainById(table.transitiveDomain(ref));
            boolean allowed = transitive
                    && table.grantee(ref) == by
                    && next != null
                    && next != granter
                    && next.grants() != null
                    && !(writing && (table.flags(ref) & GrantTable.READ_ONLY) != 0);
            return allowed
                    ? claim(next, table.transitiveRef(ref), granter.id(), writing, false, end)
                    : GrantStatus.GENERAL_ERROR;
        }
        int status = table.take(ref, by, writing);
        if (status == GrantStatus.OKAY && !table.refer(ref, writing)) {
            table.letGo(ref, writing);
            status = GrantStatus.GENERAL_ERROR;
        }
        if (status == GrantStatus.OKAY) {
            end.table = table;
            end.ref = ref;
            end.mfn = table.frameInUse(ref);
            end.first = table.offset(ref);
            end.length = table.length(ref);
        }
        return status;
    }
}

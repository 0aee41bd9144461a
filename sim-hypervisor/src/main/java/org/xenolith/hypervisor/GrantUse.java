package org.xenolith.hypervisor;

import org.xenolith.machine.MachineMemory;
import org.xenolith.trace.TraceEvent;

/**
 * What a domain does with the grants of others: maps them, and has the hypervisor copy to and from them. Each method takes one structure and
 * answers with its status.
 *
 * <p>A hardware-virtualised domain maps a grant at a frame of its physical memory. A PV domain may map one for devices only: into its page
 * tables no grant is put here, and it is told {@link GrantStatus#GENERAL_ERROR}.
 */
final class GrantUse {
    // Flags of a mapping.
    private static final int DEVICE = 1;
    private static final int HOST = 1 << 1;
    private static final int READ_ONLY = 1 << 2;
    private static final int APPLICATION = 1 << 3;
    private static final int CONTAINS_PTE = 1 << 4;

    // Flags of a copy.
    private static final int SOURCE_IS_GRANT = 1;
    private static final int DESTINATION_IS_GRANT = 2;

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
        long gfn = address >>> MachineMemory.PAGE_SHIFT;
        if (table.isSubPage(ref) || (flags & HOST) != 0 && (!hvm || !PhysmapOp.isValid(gfn))) {
            return GrantStatus.GENERAL_ERROR;
        }
        boolean writable = (flags & READ_ONLY) == 0;
        int status = table.take(ref, local.id(), writable);
        if (status != GrantStatus.OKAY) {
            return status;
        }
        int handle = local.grantMaps().add(granter, ref, flags & (DEVICE | HOST | READ_ONLY));
        if (handle < 0) {
            table.letGo(ref, writable);
            return GrantStatus.NO_SPACE;
        }
        int mfn = table.frameInUse(ref);
        if ((flags & HOST) != 0) {
            local.physmap().mapGranted(gfn, mfn, writable);
            PhysmapOp.trace(hypervisor, local, gfn, mfn);
            PhysmapOp.flush(local);
        }
        hypervisor.trace().emit(TraceEvent.Mem.GRANT_MAP, granter.id());
        args.put32(20, handle);
        args.put64(24, (long) mfn << MachineMemory.PAGE_SHIFT);
        return GrantStatus.OKAY;
    }

    int unmap(Vcpu caller, GuestStruct args) {
        GrantMaps maps = caller.domain().grantMaps();
        long address = args.int64(0);
        long deviceAddress = args.int64(8);
        int handle = args.int32(16);
        if (!maps.has(handle)) {
            return GrantStatus.BAD_HANDLE;
        }
        GrantTable table = maps.granter(handle).grants();
        int ref = maps.ref(handle);
        int mfn = table.frameInUse(ref);
        int flags = maps.flags(handle);
        if (deviceAddress != 0 && (flags & DEVICE) != 0) {
            if (deviceAddress != (long) mfn << MachineMemory.PAGE_SHIFT) {
                return GrantStatus.BAD_DEV_ADDR;
            }
            flags &= ~DEVICE;
        }
        if (address != 0 && (flags & HOST) != 0) {
            Physmap physmap = caller.domain().physmap();
            long gfn = address >>> MachineMemory.PAGE_SHIFT;
            if (physmap.mfn(gfn) != mfn || physmap.frames().gfn(mfn) == gfn) {
                return GrantStatus.GENERAL_ERROR;
            }
            physmap.unmap(gfn);
            PhysmapOp.trace(hypervisor, caller.domain(), gfn, Physmap.NONE);
            PhysmapOp.flush(caller.domain());
            flags &= ~HOST;
        }
        hypervisor.trace().emit(TraceEvent.Mem.GRANT_UNMAP, maps.granter(handle).id());
        maps.setFlags(handle, flags);
        if ((flags & (DEVICE | HOST)) == 0) {
            maps.remove(handle);
            table.letGo(ref, (flags & READ_ONLY) == 0);
        }
        return GrantStatus.OKAY;
    }

    /** For PV guests, which put no grants into their page tables here. */
    int unmapAndReplace(Vcpu caller, GuestStruct args) {
        return caller.domain().grantMaps().has(args.int32(16)) ? GrantStatus.GENERAL_ERROR : GrantStatus.BAD_HANDLE;
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
        memory.read((source.mfn << MachineMemory.PAGE_SHIFT) + from, page, 0, length);
        memory.write((destination.mfn << MachineMemory.PAGE_SHIFT) + to, page, 0, length);
        return GrantStatus.OKAY;
    }

    private static boolean outside(CopyEnd end, int first, int length) {
        return first < end.first || first + length > end.first + end.length;
    }

    private static void letGo(CopyEnd end, boolean writing) {
        if (end.table != null) {
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

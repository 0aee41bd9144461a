package org.xenolith.hypervisor;

import org.xenolith.trace.TraceEvent;

/**
 * Grants between domains that execute no instructions: what {@link GrantUse} is for those that do. Entries are those of version 1, as in Xen's
 * {@code public/grant_table.h}: 16 bits of flags, 16 of the grantee, 32 of the frame. A mapping shows in the entry's flags and is counted; the guest
 * then reaches the frame in its owner's {@link FlatMemory}.
 */
final class FlatGrants {
    // Flags of an entry.
    private static final int TYPE = 3;
    private static final int PERMIT_ACCESS = 1;
    private static final int READ_ONLY = 1 << 2;
    private static final int READING = 1 << 3;
    private static final int WRITING = 1 << 4;

    // Flags of a mapping.
    private static final int MAP_HOST = 1 << 1;
    private static final int MAP_READ_ONLY = 1 << 2;

    // Flags of a copy.
    private static final int SOURCE_IS_GRANT = 1;
    private static final int DESTINATION_IS_GRANT = 2;

    private final Hypervisor hypervisor;

    /** What {@link #find} found. */
    private FlatMemory memory;

    private long frame;

    FlatGrants(Hypervisor hypervisor) {
        this.hypervisor = hypervisor;
    }

    int map(Vcpu caller, GuestStruct args) {
        int flags = args.int32(8);
        int ref = args.int32(12);
        Domain granter = hypervisor.domainById(args.int16(16));
        if ((flags & MAP_HOST) == 0) {
            return GrantStatus.BAD_GNTREF;
        }
        int status = find(granter, ref, caller.domain(), (flags & MAP_READ_ONLY) == 0);
        if (status != GrantStatus.OKAY) {
            return status;
        }
        int handle = caller.domain().grantMaps().add(granter, ref, flags);
        if (handle < 0) {
            return GrantStatus.NO_SPACE;
        }
        memory.useGrant(ref, 1);
        int at = memory.grantAt(ref);
        memory.put16(at, memory.get16(at) | READING | ((flags & MAP_READ_ONLY) == 0 ? WRITING : 0));
        hypervisor.trace().emit(TraceEvent.Mem.GRANT_MAP, granter.id());
        args.put32(20, handle);
        return GrantStatus.OKAY;
    }

    int unmap(Vcpu caller, GuestStruct args) {
        GrantMaps maps = caller.domain().grantMaps();
        int handle = args.int32(16);
        if (!maps.has(handle)) {
            return GrantStatus.BAD_HANDLE;
        }
        hypervisor.trace().emit(TraceEvent.Mem.GRANT_UNMAP, maps.granter(handle).id());
        unmap(maps, handle);
        return GrantStatus.OKAY;
    }

    private static void unmap(GrantMaps maps, int handle) {
        int ref = maps.ref(handle);
        FlatMemory owner = (FlatMemory) maps.granter(handle).memory();
        if (owner.useGrant(ref, -1) == 0) {
            int at = owner.grantAt(ref);
            owner.put16(at, owner.get16(at) & ~(READING | WRITING));
        }
        maps.remove(handle);
    }

    /** Ends all that {@code domain}, which is gone, has mapped. */
    static void end(Domain domain) {
        GrantMaps maps = domain.grantMaps();
        for (int handle = 0; handle < maps.end(); handle++) {
            if (maps.has(handle)) {
                unmap(maps, handle);
            }
        }
    }

    int copy(Vcpu caller, GuestStruct args) {
        int flags = args.int16(34);
        int length = args.int16(32);
        int from = args.int16(10);
        int to = args.int16(26);
        if (from + length > FlatMemory.FRAME || to + length > FlatMemory.FRAME) {
            return GrantStatus.BAD_COPY_ARG;
        }
        int status = end(caller, args, 0, (flags & SOURCE_IS_GRANT) != 0, false);
        if (status != GrantStatus.OKAY) {
            return status;
        }
        FlatMemory source = memory;
        long sourceFrame = frame;
        status = end(caller, args, 16, (flags & DESTINATION_IS_GRANT) != 0, true);
        if (status == GrantStatus.OKAY) {
            source.copy((int) sourceFrame, from, memory, (int) frame, to, length);
        }
        return status;
    }

    /** Finds the frame of the end of a copy that is described at {@code at}. */
    private int end(Vcpu caller, GuestStruct args, int at, boolean isGrant, boolean writing) {
        int domainId = args.int16(at + 8);
        Domain local = caller.domain();
        if (isGrant) {
            return find(hypervisor.domainById(domainId), args.int32(at), local, writing);
        }
        if (domainId != Abi.DOMID_SELF) {
            return GrantStatus.PERMISSION_DENIED;
        }
        memory = (FlatMemory) local.memory();
        frame = args.int64(at);
        return memory.hasFrame(frame) ? GrantStatus.OKAY : GrantStatus.BAD_PAGE;
    }

    /** Finds the frame that {@code granter} lets {@code grantee} access by {@code ref}. */
    private int find(Domain granter, int ref, Domain grantee, boolean writing) {
        if (granter == null || !(granter.memory() instanceof FlatMemory owner)) {
            return GrantStatus.BAD_DOMAIN;
        }
        if (ref < 0 || ref >= owner.grants()) {
            return GrantStatus.BAD_GNTREF;
        }
        int at = owner.grantAt(ref);
        int flags = owner.get16(at);
        boolean allowed = (flags & TYPE) == PERMIT_ACCESS
                && owner.get16(at + 2) == grantee.id()
                && !(writing && (flags & READ_ONLY) != 0)
                && owner.hasFrame(owner.get32(at + 4) & 0xffffffffL);
        if (!allowed) {
            return GrantStatus.GENERAL_ERROR;
        }
        memory = owner;
        frame = owner.get32(at + 4) & 0xffffffffL;
        return GrantStatus.OKAY;
    }
}

package org.xenolith.hypervisor;

/**
 * What happens to what a domain had when it is gone: it lets go of what others granted to it, and its memory is the machine's again, but for
 * frames that others still map, which follow when they do not. As {@code gnttab_release_mappings} and {@code domain_relinquish_resources} of Xen
 * 4.17, but at once.
 */
final class Relinquish {
    private Relinquish() {}

    /** {@code domain}, which runs no more and has no event channel, gives up all. */
    static void all(Domain domain) {
        domain.leave();
        if (domain.physmap() == null) {
            FlatGrants.end(domain);
            return;
        }
        GrantUse.end(domain);
        letGoOfPlaces(domain);
        PageTypes types = domain.physmap().frames().types();
        for (Vcpu v : domain.vcpus()) {
            v.arch.end();
        }
        if (domain.type() == Domain.Type.PV) {
            types.unpinAll(domain);
        }
        giveBack(domain);
        if (domain.pv != null) {
            domain.pv.end(domain);
        }
    }

    /** Ends the holds on frames that the guest had the hypervisor write to. */
    private static void letGoOfPlaces(Domain domain) {
        SharedInfo shared = domain.sharedInfo();
        for (Vcpu v : domain.vcpus()) {
            if (shared.isMoved(v.id())) {
                GuestFrames.letGo(domain, shared.vcpuInfoFrame(v.id()));
            }
        }
        if (domain.pirqEoiFrame >= 0) {
            GuestFrames.letGo(domain, domain.pirqEoiFrame);
            domain.pirqEoiFrame = -1;
        }
        shared.leave();
    }

    private static void giveBack(Domain domain) {
        FrameTable frames = domain.physmap().frames();
        domain.physmap().clear();
        for (int mfn = 0; mfn < frames.memory().frames(); mfn++) {
            if (frames.owner(mfn) == domain.id()) {
                frames.release(mfn);
            }
        }
        frames.release(domain.sharedInfo().frame());
        domain.grants().end();
    }
}

package org.xenolith.hypervisor;

/**
 * Frames of a domain that the hypervisor itself writes to because the guest said where: {@code vcpu_info}, the pages of FIFO event channels.
 * While it holds one, the frame is given to nobody else.
 */
final class GuestFrames {
    private GuestFrames() {}

    /**
     * Takes hold of the frame that a guest of {@code domain} calls {@code gfn} (a PV guest names machine frames); its machine frame, or -1
     * if it is none of the domain's own that may be written.
     */
    static int hold(Domain domain, long gfn) {
        Physmap physmap = domain.physmap();
        if (physmap == null) {
            return -1;
        }
        FrameTable frames = physmap.frames();
        long mfn = domain.type() == Domain.Type.PV ? gfn : physmap.mfn(gfn);
        if (domain.type() == Domain.Type.PV) {
            return frames.types().get(domain, mfn, PageTypes.WRITABLE) == 0 ? (int) mfn : -1;
        }
        if (frames.owner(mfn) != domain.id()) {
            return -1;
        }
        frames.hold((int) mfn);
        return (int) mfn;
    }

    /** Ends a {@link #hold}. */
    static void letGo(Domain domain, int mfn) {
        FrameTable frames = domain.physmap().frames();
        if (domain.type() == Domain.Type.PV) {
            frames.types().putTyped(mfn);
        } else {
            frames.letGo(mfn);
        }
    }
}

package org.xenolith.hypervisor;

/**
 * The shared-info page of a domain, laid out as the 64-bit ABI of Xen's {@code public/xen.h} does: 32 {@code vcpu_info} of
 * 64 bytes, then the pending and mask bits of 4096 two-level event channels. Hypervisor and guest both write it.
 */
public final class SharedInfo {
    /** Event channels of the two-level ABI. */
    public static final int PORTS = 4096;

    /** vCPUs that have their {@code vcpu_info} here. */
    public static final int VCPUS = 32;

    private static final int VCPU_INFO = 64;
    private static final int UPCALL_PENDING = 0;
    private static final int UPCALL_MASK = 1;
    private static final int PENDING_SEL = 8;
    private static final int EVTCHN_PENDING = VCPUS * VCPU_INFO;
    private static final int EVTCHN_MASK = EVTCHN_PENDING + PORTS / 8;
    private static final int PAGE = 4096;

    private final byte[] page = new byte[PAGE];

    SharedInfo() {
        for (int vcpu = 0; vcpu < VCPUS; vcpu++) {
            setUpcallMask(vcpu, true);
        }
    }

    /** Whether an upcall is pending for {@code vcpu}. */
    public boolean upcallPending(int vcpu) {
        return page[vcpu * VCPU_INFO + UPCALL_PENDING] != 0;
    }

    /** Sets or clears {@code evtchn_upcall_pending} of {@code vcpu}. */
    public void setUpcallPending(int vcpu, boolean pending) {
        page[vcpu * VCPU_INFO + UPCALL_PENDING] = (byte) (pending ? 1 : 0);
    }

    /** Whether {@code vcpu} has upcalls masked. */
    public boolean upcallMask(int vcpu) {
        return page[vcpu * VCPU_INFO + UPCALL_MASK] != 0;
    }

    /** Sets or clears {@code evtchn_upcall_mask} of {@code vcpu}. */
    public void setUpcallMask(int vcpu, boolean masked) {
        page[vcpu * VCPU_INFO + UPCALL_MASK] = (byte) (masked ? 1 : 0);
    }

    /** Takes {@code evtchn_pending_sel} of {@code vcpu}: which words of pending bits to look at; it becomes 0. */
    public long takePendingSelector(int vcpu) {
        long selector = (long) LittleEndian.LONG.get(page, vcpu * VCPU_INFO + PENDING_SEL);
        LittleEndian.LONG.set(page, vcpu * VCPU_INFO + PENDING_SEL, 0L);
        return selector;
    }

    /**
     * Takes, as bits, those channels of {@code word} (ports 64 * word on) that are in {@code bound}, pending and not masked;
     * they become not pending.
     */
    public long takePending(int word, long bound) {
        long pending = (long) LittleEndian.LONG.get(page, EVTCHN_PENDING + 8 * word);
        long mask = (long) LittleEndian.LONG.get(page, EVTCHN_MASK + 8 * word);
        long taken = pending & ~mask & bound;
        LittleEndian.LONG.set(page, EVTCHN_PENDING + 8 * word, pending & ~taken);
        return taken;
    }

    /** Whether {@code port} is pending. */
    public boolean isPending(int port) {
        return bit(EVTCHN_PENDING, port);
    }

    /** Whether {@code port} is masked. */
    public boolean isMasked(int port) {
        return bit(EVTCHN_MASK, port);
    }

    /** Masks {@code port}. To unmask, ask the hypervisor, which looks whether it is pending. */
    public void mask(int port) {
        setBit(EVTCHN_MASK, port, true);
    }

    void unmask(int port) {
        setBit(EVTCHN_MASK, port, false);
    }

    /** Sets the pending bit; returns whether it was set before. */
    boolean markPending(int port) {
        boolean was = isPending(port);
        setBit(EVTCHN_PENDING, port, true);
        return was;
    }

    void clearPending(int port) {
        setBit(EVTCHN_PENDING, port, false);
    }

    /** Sets the bit of {@code port}'s word in the selector of {@code vcpu}; returns whether it was set before. */
    boolean markSelector(int vcpu, int port) {
        int at = vcpu * VCPU_INFO + PENDING_SEL;
        long selector = (long) LittleEndian.LONG.get(page, at);
        long bit = 1L << (port >> 6);
        LittleEndian.LONG.set(page, at, selector | bit);
        return (selector & bit) != 0;
    }

    private boolean bit(int base, int port) {
        return (page[base + (port >> 3)] >> (port & 7) & 1) != 0;
    }

    private void setBit(int base, int port, boolean value) {
        int at = base + (port >> 3);
        int bit = 1 << (port & 7);
        page[at] = (byte) (value ? page[at] | bit : page[at] & ~bit);
    }
}

package org.xenolith.hypervisor;

import org.xenolith.machine.MachineMemory;

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

    private final byte[] page;

    /** Machine frame that holds it, or -1 if it is in no machine's memory. */
    private final int frame;

    /** Where each vCPU has its {@code vcpu_info}. */
    private final int[] vcpuInfo = new int[VCPUS];

    /** Where the rest begins. */
    private final int base;

    /** A page for a domain that executes no instructions. */
    SharedInfo() {
        this(new byte[PAGE], -1, 0);
    }

    /** A frame of the machine's. */
    SharedInfo(FrameTable frames) {
        this(frames, frames.allocate(FrameTable.NOBODY));
    }

    private SharedInfo(FrameTable frames, int frame) {
        this(frames.memory().bytes(), frame, frame << MachineMemory.PAGE_SHIFT);
    }

    private SharedInfo(byte[] page, int frame, int base) {
        this.page = page;
        this.frame = frame;
        this.base = base;
        for (int vcpu = 0; vcpu < VCPUS; vcpu++) {
            vcpuInfo[vcpu] = base + vcpu * VCPU_INFO;
            setUpcallMask(vcpu, true);
        }
    }

    /** Machine frame that holds it, or -1 if it is in no machine's memory. */
    public int frame() {
        return frame;
    }

    /** Whether an upcall is pending for {@code vcpu}. */
    public boolean upcallPending(int vcpu) {
        return page[vcpuInfo[vcpu] + UPCALL_PENDING] != 0;
    }

    /** Sets or clears {@code evtchn_upcall_pending} of {@code vcpu}. */
    public void setUpcallPending(int vcpu, boolean pending) {
        page[vcpuInfo[vcpu] + UPCALL_PENDING] = (byte) (pending ? 1 : 0);
    }

    /** Whether {@code vcpu} has upcalls masked. */
    public boolean upcallMask(int vcpu) {
        return page[vcpuInfo[vcpu] + UPCALL_MASK] != 0;
    }

    /** Sets or clears {@code evtchn_upcall_mask} of {@code vcpu}. */
    public void setUpcallMask(int vcpu, boolean masked) {
        page[vcpuInfo[vcpu] + UPCALL_MASK] = (byte) (masked ? 1 : 0);
    }

    /** Takes {@code evtchn_pending_sel} of {@code vcpu}: which words of pending bits to look at; it becomes 0. */
    public long takePendingSelector(int vcpu) {
        long selector = (long) LittleEndian.LONG.get(page, vcpuInfo[vcpu] + PENDING_SEL);
        LittleEndian.LONG.set(page, vcpuInfo[vcpu] + PENDING_SEL, 0L);
        return selector;
    }

    /**
     * Takes, as bits, those channels of {@code word} (ports 64 * word on) that are in {@code bound}, pending and not masked;
     * they become not pending.
     */
    public long takePending(int word, long bound) {
        long pending = (long) LittleEndian.LONG.get(page, base + EVTCHN_PENDING + 8 * word);
        long mask = (long) LittleEndian.LONG.get(page, base + EVTCHN_MASK + 8 * word);
        long taken = pending & ~mask & bound;
        LittleEndian.LONG.set(page, base + EVTCHN_PENDING + 8 * word, pending & ~taken);
        return taken;
    }

    /** Whether {@code port} is pending. */
    public boolean isPending(int port) {
        return bit(base + EVTCHN_PENDING, port);
    }

    /** Whether {@code port} is masked. */
    public boolean isMasked(int port) {
        return bit(base + EVTCHN_MASK, port);
    }

    /** Masks {@code port}. To unmask, ask the hypervisor, which looks whether it is pending. */
    public void mask(int port) {
        setBit(base + EVTCHN_MASK, port, true);
    }

    void unmask(int port) {
        setBit(base + EVTCHN_MASK, port, false);
    }

    /** Sets the pending bit; returns whether it was set before. */
    boolean markPending(int port) {
        boolean was = isPending(port);
        setBit(base + EVTCHN_PENDING, port, true);
        return was;
    }

    void clearPending(int port) {
        setBit(base + EVTCHN_PENDING, port, false);
    }

    /** Sets the bit of {@code port}'s word in the selector of {@code vcpu}; returns whether it was set before. */
    boolean markSelector(int vcpu, int port) {
        int at = vcpuInfo[vcpu] + PENDING_SEL;
        long selector = (long) LittleEndian.LONG.get(page, at);
        long bit = 1L << (port >> 6);
        LittleEndian.LONG.set(page, at, selector | bit);
        return (selector & bit) != 0;
    }

    private boolean bit(int bits, int port) {
        return (page[bits + (port >> 3)] >> (port & 7) & 1) != 0;
    }

    private void setBit(int bits, int port, boolean value) {
        int at = bits + (port >> 3);
        int bit = 1 << (port & 7);
        page[at] = (byte) (value ? page[at] | bit : page[at] & ~bit);
    }
}

package org.xenolith.hypervisor;

import java.util.BitSet;
import org.xenolith.engine.InputException;
import org.xenolith.machine.LittleEndian;
import org.xenolith.machine.MachineMemory;

/**
 * The shared-info page of a domain, laid out as the 64-bit ABI of Xen's {@code public/xen.h} does: 32 {@code vcpu_info} of
 * 64 bytes, then the pending and mask bits of 4096 two-level event channels, then the wall clock. Hypervisor and guest both write it.
 * A guest may have had the {@code vcpu_info} of a vCPU moved to a page of its own.
 */
public final class SharedInfo {
    /** Event channels of the two-level ABI. */
    public static final int PORTS = 4096;

    /** vCPUs that have their {@code vcpu_info} here. */
    public static final int VCPUS = 32;

    /** Bytes of a {@code vcpu_info}. */
    static final int VCPU_INFO = 64;

    private static final int UPCALL_PENDING = 0;
    private static final int UPCALL_MASK = 1;
    private static final int PENDING_SEL = 8;
    private static final int CR2 = 16;
    private static final int TIME = 32;
    private static final int EVTCHN_PENDING = VCPUS * VCPU_INFO;
    private static final int EVTCHN_MASK = EVTCHN_PENDING + PORTS / 8;
    private static final int WALL_CLOCK = EVTCHN_MASK + PORTS / 8;

    /** What the wall clock of a booted domain shows at system time 0 unless it is set: the first second of 2024, UTC. */
    private static final long EPOCH_SECONDS = 1_704_067_200L;

    private static final int NANOS = 1_000_000_000;

    private byte[] page;

    /** The machine's memory, or null if the page is in none. */
    private MachineMemory memory;

    /** Machine frame that holds it, or -1 if it is in no machine's memory. */
    private final int frame;

    /** Where each vCPU has its {@code vcpu_info}. */
    private final int[] vcpuInfo = new int[VCPUS];

    /** Those whose {@code vcpu_info} the guest has had moved, be it to where it was. */
    private final BitSet moved = new BitSet();

    /** Where the rest begins. */
    private int base;

    /** A page for a domain that executes no instructions. */
    SharedInfo() {
        this(new byte[MachineMemory.PAGE_SIZE], null, -1);
    }

    /** A frame of the machine's. */
    SharedInfo(FrameTable frames) {
        this(frames, allocate(frames));
        setWallClock(EPOCH_SECONDS, 0);
    }

    private static int allocate(FrameTable frames) {
        int frame = frames.allocate(FrameTable.NOBODY);
        if (frame < 0) {
            throw new InputException(
                    "no frame of the machine is left for a domain's shared-info page: give the machine more memory");
        }
        return frame;
    }

    private SharedInfo(FrameTable frames, int frame) {
        this(frames.memory().bytes(), frames.memory(), frame);
    }

    private SharedInfo(byte[] page, MachineMemory memory, int frame) {
        this.page = page;
        this.memory = memory;
        this.frame = frame;
        this.base = memory == null ? 0 : frame << MachineMemory.PAGE_SHIFT;
        for (int vcpu = 0; vcpu < VCPUS; vcpu++) {
            vcpuInfo[vcpu] = base + vcpu * VCPU_INFO;
            setUpcallMask(vcpu, true);
        }
    }

    /** The domain is gone, and its frames will be others': what is written here from now on nobody reads. */
    void leave() {
        byte[] copy = new byte[MachineMemory.PAGE_SIZE];
        System.arraycopy(page, base, copy, 0, copy.length);
        for (int vcpu = 0; vcpu < VCPUS; vcpu++) {
            System.arraycopy(page, vcpuInfo[vcpu], copy, vcpu * VCPU_INFO, VCPU_INFO);
            vcpuInfo[vcpu] = vcpu * VCPU_INFO;
        }
        page = copy;
        memory = null;
        base = 0;
    }

    /** Machine frame that holds it, or -1 if it is in no machine's memory. */
    public int frame() {
        return frame;
    }

    /** Machine frame that holds the {@code vcpu_info} of {@code vcpu}. */
    int vcpuInfoFrame(int vcpu) {
        return vcpuInfo[vcpu] >> MachineMemory.PAGE_SHIFT;
    }

    /** Whether the guest has had the {@code vcpu_info} of {@code vcpu} moved. */
    boolean isMoved(int vcpu) {
        return moved.get(vcpu);
    }

    /**
     * Moves the {@code vcpu_info} of {@code vcpu}, with what it holds, to {@code machineAddress}. As in Xen everything there is then
     * pending, so that nothing that came meanwhile is lost; the caller tells the vCPU.
     */
    void moveVcpuInfo(int vcpu, int machineAddress) {
        memory.written(machineAddress, VCPU_INFO);
        System.arraycopy(page, vcpuInfo[vcpu], page, machineAddress, VCPU_INFO);
        vcpuInfo[vcpu] = machineAddress;
        moved.set(vcpu);
        setUpcallPending(vcpu, true);
        LittleEndian.put64(page, machineAddress + PENDING_SEL, -1L);
    }

    /** Sets {@code arch.cr2} of {@code vcpu}: the address of the page fault that a PV guest is about to be told of. */
    void setCr2(int vcpu, long address) {
        touch(vcpu);
        LittleEndian.put64(page, vcpuInfo[vcpu] + CR2, address);
    }

    /** Fills the {@code vcpu_time_info} of {@code vcpu}, in the manner of its version protocol. */
    void setTime(int vcpu, GuestStruct time) {
        touch(vcpu);
        int at = vcpuInfo[vcpu] + TIME;
        int version = LittleEndian.get32(page, at);
        time.put32(0, (version + 1 | 1) + 1);
        System.arraycopy(time.bytes(), 0, page, at, PvClock.TIME_INFO);
    }

    /** Sets the wall clock: what it shows at system time 0, in seconds and nanoseconds since 1970. */
    public void setWallClock(long seconds, int nanos) {
        if (nanos < 0 || nanos >= NANOS) {
            throw new IllegalArgumentException("nanoseconds of the wall clock: " + nanos);
        }
        int at = base + WALL_CLOCK;
        int version = LittleEndian.get32(page, at);
        LittleEndian.put32(page, at + 4, (int) seconds);
        LittleEndian.put32(page, at + 8, nanos);
        LittleEndian.put32(page, at + 12, (int) (seconds >>> 32));
        LittleEndian.put32(page, at, (version + 1 | 1) + 1);
    }

    /** A core may keep decoded what a guest has its {@code vcpu_info} on top of. */
    private void touch(int vcpu) {
        if (memory != null) {
            memory.written(vcpuInfo[vcpu], VCPU_INFO);
        }
    }

    /** Whether an upcall is pending for {@code vcpu}. */
    public boolean upcallPending(int vcpu) {
        return page[vcpuInfo[vcpu] + UPCALL_PENDING] != 0;
    }

    /** Sets or clears {@code evtchn_upcall_pending} of {@code vcpu}. */
    public void setUpcallPending(int vcpu, boolean pending) {
        touch(vcpu);
        page[vcpuInfo[vcpu] + UPCALL_PENDING] = (byte) (pending ? 1 : 0);
    }

    /** Whether {@code vcpu} has upcalls masked. */
    public boolean upcallMask(int vcpu) {
        return page[vcpuInfo[vcpu] + UPCALL_MASK] != 0;
    }

    /** Sets or clears {@code evtchn_upcall_mask} of {@code vcpu}. */
    public void setUpcallMask(int vcpu, boolean masked) {
        touch(vcpu);
        page[vcpuInfo[vcpu] + UPCALL_MASK] = (byte) (masked ? 1 : 0);
    }

    /** Takes {@code evtchn_pending_sel} of {@code vcpu}: which words of pending bits to look at; it becomes 0. */
    public long takePendingSelector(int vcpu) {
        touch(vcpu);
        long selector = LittleEndian.get64(page, vcpuInfo[vcpu] + PENDING_SEL);
        LittleEndian.put64(page, vcpuInfo[vcpu] + PENDING_SEL, 0L);
        return selector;
    }

    /**
     * Takes, as bits, those channels of {@code word} (ports 64 * word on) that are in {@code bound}, pending and not masked;
     * they become not pending.
     */
    public long takePending(int word, long bound) {
        long pending = LittleEndian.get64(page, base + EVTCHN_PENDING + 8 * word);
        long mask = LittleEndian.get64(page, base + EVTCHN_MASK + 8 * word);
        long taken = pending & ~mask & bound;
        LittleEndian.put64(page, base + EVTCHN_PENDING + 8 * word, pending & ~taken);
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

    /** {@code port} is no longer pending. */
    public void clearPending(int port) {
        setBit(base + EVTCHN_PENDING, port, false);
    }

    /** Sets the bit of {@code port}'s word in the selector of {@code vcpu}; returns whether it was set before. */
    boolean markSelector(int vcpu, int port) {
        touch(vcpu);
        int at = vcpuInfo[vcpu] + PENDING_SEL;
        long selector = LittleEndian.get64(page, at);
        long bit = 1L << (port >> 6);
        LittleEndian.put64(page, at, selector | bit);
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

package org.xenolith.hypervisor;

import java.util.Arrays;
import org.xenolith.machine.MachineMemory;

/**
 * Event channels as words in an array of the guest's own pages, linked into queues: each vCPU has one queue for each of 16 priorities, whose
 * heads and a bit for each that is not empty are in its control block. As {@code event_fifo.c} of Xen 4.17; the hypervisor appends, the guest
 * takes from the head. All of it lies in the guest's memory, so nothing read from there is trusted but as a value to write back.
 */
final class FifoAbi implements EventAbi {
    /** Priority of a channel that was given none. */
    static final int DEFAULT_PRIORITY = 7;

    /** Bits of a port in an event word. */
    static final int LINK_BITS = 17;

    /** Bytes of a control block. */
    static final int CONTROL_BLOCK = 72;

    private static final int PORTS = 1 << LINK_BITS;
    private static final int LOWEST_PRIORITY = 15;
    private static final int QUEUES = LOWEST_PRIORITY + 1;
    private static final int HEADS = 8;
    private static final int WORDS_PER_PAGE = MachineMemory.PAGE_SIZE / Integer.BYTES;

    private static final int PENDING = 1 << 31;
    private static final int MASKED = 1 << 30;
    private static final int LINKED = 1 << 29;
    private static final int BUSY = 1 << 28;
    private static final int LINK = PORTS - 1;

    private static final int NONE = -1;

    private final Hypervisor hypervisor;
    private final Domain domain;
    private final MachineMemory memory;

    /** Machine frames of the event array. */
    private final int[] pages = new int[PORTS / WORDS_PER_PAGE];

    private int pageCount;

    /** Machine address of each vCPU's control block, or {@link #NONE}. */
    private final int[] control;

    /** Last port of each queue of each vCPU, 0 if none was ever there. */
    private final int[] tail;

    FifoAbi(Hypervisor hypervisor, Domain domain) {
        this.hypervisor = hypervisor;
        this.domain = domain;
        this.memory = hypervisor.frames().memory();
        int vcpus = domain.vcpus().size();
        this.control = new int[vcpus];
        Arrays.fill(control, NONE);
        this.tail = new int[vcpus * QUEUES];
    }

    /** Whether a control block may begin at {@code offset} of a page. */
    static boolean isControlOffset(int offset) {
        return Integer.compareUnsigned(offset, MachineMemory.PAGE_SIZE - CONTROL_BLOCK) <= 0 && (offset & 7) == 0;
    }

    /** Puts the control block of {@code vcpu} at {@code offset} of the guest's frame {@code gfn}; 0, or a negative error. */
    long setControl(Vcpu vcpu, long gfn, int offset) {
        if (control[vcpu.id()] != NONE) {
            return Abi.EINVAL;
        }
        int mfn = GuestFrames.hold(domain, gfn);
        if (mfn < 0) {
            return Abi.EINVAL;
        }
        control[vcpu.id()] = (mfn << MachineMemory.PAGE_SHIFT) + offset;
        return 0;
    }

    /** Adds the guest's frame {@code gfn} to the event array: words of 1024 more ports. 0, or a negative error. */
    long expand(long gfn) {
        if (pageCount == pages.length) {
            return Abi.ENOSPC;
        }
        int mfn = GuestFrames.hold(domain, gfn);
        if (mfn < 0) {
            return Abi.EINVAL;
        }
        int first = pageCount * WORDS_PER_PAGE;
        pages[pageCount++] = mfn;
        Ports ports = domain.ports;
        int end = Math.min(pageCount * WORDS_PER_PAGE, ports.size());
        for (int port = first; port < end; port++) {
            EventChannel channel = ports.get(port);
            if (channel.pendingEarly && channel.notify != null) {
                setPending(channel);
            }
        }
        return 0;
    }

    /** Gives the guest its pages back. */
    void close() {
        for (int i = 0; i < pageCount; i++) {
            GuestFrames.letGo(domain, pages[i]);
        }
        pageCount = 0;
        for (int vcpu = 0; vcpu < control.length; vcpu++) {
            if (control[vcpu] != NONE) {
                GuestFrames.letGo(domain, control[vcpu] >> MachineMemory.PAGE_SHIFT);
                control[vcpu] = NONE;
            }
        }
    }

    @Override
    public int ports() {
        return PORTS;
    }

    /** Machine address of the event word of {@code port}, or {@link #NONE} if it is not there yet. */
    private int wordOf(int port) {
        int page = port / WORDS_PER_PAGE;
        return page < pageCount
                ? (pages[page] << MachineMemory.PAGE_SHIFT) + port % WORDS_PER_PAGE * Integer.BYTES
                : NONE;
    }

    @Override
    public void setPending(EventChannel channel) {
        int address = wordOf(channel.port);
        if (address == NONE) {
            channel.pendingEarly = true;
            return;
        }
        Vcpu vcpu = channel.notify;
        int word = memory.get32(address);
        boolean was = (word & PENDING) != 0;
        word |= PENDING;
        memory.put32(address, word);
        int block = control[vcpu.id()];
        if (block != NONE && (word & (MASKED | LINKED)) == 0) {
            memory.put32(address, word | LINKED);
            if (!append(channel, block)) {
                int ready = memory.get32(block);
                int bit = 1 << channel.priority;
                memory.put32(block, ready | bit);
                if ((ready & bit) == 0) {
                    hypervisor.events().markUpcall(vcpu);
                }
            }
        }
        if (!was) {
            hypervisor.events().checkPollers(domain, channel.port);
        }
    }

    /** Puts {@code channel} behind the last one of its queue; false if it is the only one there. */
    private boolean append(EventChannel channel, int block) {
        int port = channel.port;
        int queue = channel.notify.id() * QUEUES + channel.priority;
        // If it was the last of the queue it was on, that is empty now and must not be appended to through this one's
        // word.
        if (tail[channel.lastQueue] == port) {
            tail[channel.lastQueue] = 0;
        }
        channel.lastQueue = queue;
        boolean linked = tail[queue] != 0 && link(wordOf(tail[queue]), port);
        if (!linked) {
            memory.put32(block + HEADS + Integer.BYTES * channel.priority, port);
        }
        tail[queue] = port;
        return linked;
    }

    /** Has the word at {@code address} point to {@code port}, if it is still in the queue. */
    private boolean link(int address, int port) {
        int word = memory.get32(address);
        if ((word & LINKED) == 0) {
            return false;
        }
        memory.put32(address, word & ~(BUSY | LINK) | port);
        return true;
    }

    @Override
    public void clearPending(EventChannel channel) {
        channel.pendingEarly = false;
        int address = wordOf(channel.port);
        if (address != NONE) {
            // It stays linked: the guest takes it out of the queue and ignores it.
            memory.put32(address, memory.get32(address) & ~PENDING);
        }
    }

    @Override
    public void unmask(EventChannel channel) {
        int address = wordOf(channel.port);
        if (address != NONE) {
            int word = memory.get32(address) & ~MASKED;
            memory.put32(address, word);
            if ((word & PENDING) != 0) {
                setPending(channel);
            }
        }
    }

    @Override
    public boolean isPending(EventChannel channel) {
        return has(channel, PENDING);
    }

    @Override
    public boolean isBusy(EventChannel channel) {
        return has(channel, LINKED);
    }

    private boolean has(EventChannel channel, int bit) {
        int address = wordOf(channel.port);
        return address != NONE && (memory.get32(address) & bit) != 0;
    }

    @Override
    public long setPriority(EventChannel channel, int priority) {
        if (Integer.compareUnsigned(priority, LOWEST_PRIORITY) > 0) {
            return Abi.EINVAL;
        }
        channel.priority = priority;
        return 0;
    }
}

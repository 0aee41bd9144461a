package org.xenolith.device;

import org.xenolith.hypervisor.Domain;
import org.xenolith.hypervisor.EventChannels;
import org.xenolith.hypervisor.FrameTable;
import org.xenolith.machine.MachineMemory;

/**
 * The console of a domain: two rings of bytes in a page it shares, laid out as Xen's {@code public/io/console.h}, with xenconsoled at
 * the other end. What the guest prints is passed on; what is typed waits until the guest has room for it.
 * Indices that make no sense are ignored until they do.
 */
public final class ConsoleBackend {
    private static final int IN = 0;
    private static final int IN_SIZE = 1024;
    private static final int OUT = IN + IN_SIZE;
    private static final int OUT_SIZE = 2048;
    private static final int IN_CONS = OUT + OUT_SIZE;
    private static final int IN_PROD = IN_CONS + 4;
    private static final int OUT_CONS = IN_CONS + 8;
    private static final int OUT_PROD = IN_CONS + 12;

    /** Who hears what a guest prints. */
    @FunctionalInterface
    public interface Output {
        /** The guest printed the first {@code length} of {@code bytes}, which are the listener's only during the call. */
        void printed(byte[] bytes, int length);
    }

    private final MachineMemory memory;
    private final int base;
    private final EventChannels events;
    private final Domain domain;
    private final int port;
    private final byte[] printed = new byte[OUT_SIZE];
    private final ByteQueue typed = new ByteQueue();
    private Output output = (bytes, length) -> {};
    private boolean gone;

    /**
     * The console whose ring is frame {@code mfn} of {@code memory}; {@code port} of {@code domain} waits for domain 0 to bind it. The
     * frame is kept for it whatever the guest does, until the domain is gone. What the guest does is seen {@code delayNanos} ns after it says
     * so, or with 0 at once.
     */
    public ConsoleBackend(
            MachineMemory memory, int mfn, EventChannels events, Domain domain, int port, long delayNanos) {
        this.memory = memory;
        this.base = mfn << MachineMemory.PAGE_SHIFT;
        this.events = events;
        this.domain = domain;
        this.port = port;
        FrameTable frames = domain.physmap().frames();
        frames.hold(mfn);
        domain.whenGone(() -> {
            gone = true;
            frames.letGo(mfn);
        });
        events.bindBackend(domain, port, delayNanos, this::serve);
    }

    /** Has {@code listener} hear what the guest prints from now on. */
    public void setOutput(Output listener) {
        output = listener;
    }

    /** Types {@code bytes}: the guest gets them in order, as it makes room. */
    public void type(byte[] bytes) {
        typed.add(bytes, bytes.length);
        if (feed()) {
            events.notifyGuest(domain, port);
        }
    }

    /** How many typed bytes the guest has not taken into its ring yet. */
    public int untyped() {
        return typed.size();
    }

    private void serve() {
        if (gone) {
            return;
        }
        boolean worked = drain();
        worked |= feed();
        if (worked) {
            events.notifyGuest(domain, port);
        }
    }

    /** Passes on what the guest printed; whether that was anything. */
    private boolean drain() {
        int cons = memory.get32(base + OUT_CONS);
        int size = memory.get32(base + OUT_PROD) - cons;
        if (size <= 0 || size > OUT_SIZE) {
            return false;
        }
        int first = Math.min(size, OUT_SIZE - (cons & OUT_SIZE - 1));
        memory.read(base + OUT + (cons & OUT_SIZE - 1), printed, 0, first);
        memory.read(base + OUT, printed, first, size - first);
        memory.put32(base + OUT_CONS, cons + size);
        output.printed(printed, size);
        return true;
    }

    /** Gives the guest what was typed, as far as there is room; whether that was anything. */
    private boolean feed() {
        if (gone || typed.size() == 0) {
            return false;
        }
        int prod = memory.get32(base + IN_PROD);
        int used = prod - memory.get32(base + IN_CONS);
        if (used < 0 || used >= IN_SIZE) {
            return false;
        }
        int count = Math.min(typed.size(), IN_SIZE - used);
        for (int i = 0; i < count; i++) {
            memory.put8(base + IN + (prod + i & IN_SIZE - 1), typed.take());
        }
        memory.put32(base + IN_PROD, prod + count);
        return true;
    }
}

package org.xenolith.device;

import org.xenolith.hypervisor.Domain;
import org.xenolith.hypervisor.EventChannels;
import org.xenolith.hypervisor.FrameTable;
import org.xenolith.machine.MachineMemory;

/**
 * The page by which a domain talks to the XenStore: two rings of bytes, laid out as {@code xenstore_domain_interface} of Xen's
 * {@code public/io/xs_wire.h}. Requests are carried out in order; a guest that does not take its
 * answers is asked nothing more until it does. Indices that make no sense, or a message that is too long, end the conversation, and the page says
 * why.
 */
public final class XenStoreConnection {
    private static final int RING = 1024;
    private static final int REQUESTS = 0;
    private static final int ANSWERS = RING;
    private static final int REQ_CONS = 2 * RING;
    private static final int REQ_PROD = REQ_CONS + 4;
    private static final int RSP_CONS = REQ_CONS + 8;
    private static final int RSP_PROD = REQ_CONS + 12;
    private static final int FEATURES = REQ_CONS + 16;
    private static final int ERROR = REQ_CONS + 24;

    /** The page tells of errors. */
    private static final int FEATURE_ERROR = 2;

    private static final int ERROR_RING_INDEX = 2;
    private static final int ERROR_PROTOCOL = 3;

    private final MachineMemory memory;
    private final int base;
    private final EventChannels events;
    private final Domain domain;
    private final int port;
    private final StoreSession session;

    private final byte[] header = new byte[StoreSession.HEADER];
    private byte[] payload;

    /** Bytes of the request that have come so far, header included. */
    private int received;

    /** The message that is being sent, null for none, and how much of it has been. */
    private byte[] sending;

    private int sent;
    private boolean serving;
    private boolean broken;
    private boolean gone;

    /**
     * The conversation of {@code domain}, whose ring is frame {@code mfn} of {@code memory}; {@code port} of the domain waits for domain 0 to
     * bind it. The frame is kept for it whatever the guest does, until the domain is gone. Requests are answered {@code delayNanos} ns after the
     * guest says that they are there, or with 0 at once.
     */
    public XenStoreConnection(
            XenStore store,
            MachineMemory memory,
            int mfn,
            EventChannels events,
            Domain domain,
            int port,
            long delayNanos) {
        this.memory = memory;
        this.base = mfn << MachineMemory.PAGE_SHIFT;
        this.events = events;
        this.domain = domain;
        this.port = port;
        this.session = new StoreSession(store, domain.id(), this::serve);
        FrameTable frames = domain.physmap().frames();
        frames.hold(mfn);
        domain.whenGone(() -> {
            gone = true;
            session.end();
            store.release(domain.id());
            frames.letGo(mfn);
        });
        memory.put32(base + FEATURES, FEATURE_ERROR);
        store.introduce(domain.id());
        events.bindBackend(domain, port, delayNanos, this::serve);
    }

    /** Whether the guest broke the rules, so that it is not listened to any more. */
    public boolean isBroken() {
        return broken;
    }

    /** Does what there is to do, and tells the guest if that was anything. */
    private void serve() {
        if (serving || broken || gone) {
            return; // what a request changes may be what this very domain watches
        }
        serving = true;
        boolean worked = false;
        while (send() || !broken && sending == null && !session.hasMessages() && receive()) {
            worked = true;
        }
        serving = false;
        if (worked || broken) {
            events.notifyGuest(domain, port);
        }
    }

    /** Moves some of what there is to say into the ring; whether that was anything. */
    private boolean send() {
        if (sending == null) {
            sending = session.poll();
            sent = 0;
        }
        if (sending == null) {
            return false;
        }
        int prod = memory.get32(base + RSP_PROD);
        int used = prod - memory.get32(base + RSP_CONS);
        if (used < 0 || used > RING) {
            fail(ERROR_RING_INDEX);
            return false;
        }
        int count = Math.min(RING - used, sending.length - sent);
        for (int i = 0; i < count; i++) {
            memory.put8(base + ANSWERS + (prod + i & RING - 1), sending[sent + i]);
        }
        memory.put32(base + RSP_PROD, prod + count);
        sent += count;
        if (sent == sending.length) {
            sending = null;
        }
        return count > 0;
    }

    /** Takes some of a request from the ring, and carries it out when it is complete; whether there was anything. */
    private boolean receive() {
        int cons = memory.get32(base + REQ_CONS);
        int available = memory.get32(base + REQ_PROD) - cons;
        if (available < 0 || available > RING) {
            fail(ERROR_RING_INDEX);
            return false;
        }
        boolean inHeader = received < StoreSession.HEADER;
        byte[] to = inHeader ? header : payload;
        int at = inHeader ? received : received - StoreSession.HEADER;
        int count = Math.min(available, to.length - at);
        for (int i = 0; i < count; i++) {
            to[at + i] = (byte) memory.get8(base + REQUESTS + (cons + i & RING - 1));
        }
        received += count;
        memory.put32(base + REQ_CONS, cons + count);
        if (inHeader && received == StoreSession.HEADER) {
            int length = StoreSession.length(header);
            if (length < 0 || length > StoreSession.LARGEST_PAYLOAD) {
                fail(ERROR_PROTOCOL);
                return false;
            }
            payload = new byte[length];
        }
        if (received >= StoreSession.HEADER && received == StoreSession.HEADER + payload.length) {
            received = 0;
            session.receive(header, payload);
            return true;
        }
        return count > 0;
    }

    private void fail(int why) {
        broken = true;
        session.end();
        memory.put32(base + ERROR, why);
    }
}

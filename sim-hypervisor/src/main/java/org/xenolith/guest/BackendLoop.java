package org.xenolith.guest;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import org.xenolith.hypervisor.FlatMemory;

/**
 * What a vCPU of a driver domain does: it serves its sources in turn, each for a batch, sends the events that are due, and sleeps when there is
 * nothing. One loop stands for the threads and soft interrupts of a kernel's back ends.
 */
final class BackendLoop extends IoLoop {
    /** Requests or packets of a batch, as in a poll of a network device under Linux. */
    static final int BATCH = 64;

    private static final int LIST_FRAMES = (GrantCalls.BYTES + FlatMemory.FRAME - 1) / FlatMemory.FRAME;

    /** Frames of memory for each vCPU: its list of grant operations and a buffer for each packet of a batch. */
    static final int FRAMES = LIST_FRAMES + BATCH;

    private final FlatMemory memory;
    private final int firstFrame;
    private final GrantCalls grants;
    private final List<BackendSource> sources = new ArrayList<>();
    private final ArrayDeque<Integer> due = new ArrayDeque<>();

    /** Grants of rings that are still to be mapped: domain and number, in turn. */
    private final ArrayDeque<Integer> unmappedRings = new ArrayDeque<>();

    private int turn;

    /** The loop of vCPU {@code id}, whose part of {@code memory} follows frame 0 and those of the vCPUs before it. */
    BackendLoop(FlatMemory memory, int id) {
        this.memory = memory;
        this.firstFrame = 1 + id * FRAMES;
        this.grants = new GrantCalls(this, memory, firstFrame * FlatMemory.FRAME);
    }

    FlatMemory memory() {
        return memory;
    }

    /** Frame of buffer {@code i}. */
    int buffer(int i) {
        return firstFrame + LIST_FRAMES + i;
    }

    GrantCalls grants() {
        return grants;
    }

    void add(BackendSource source) {
        sources.add(source);
    }

    /** Has the ring in the page of grant {@code ref} of {@code domain} mapped before anything else. */
    void mapRing(int domain, int ref) {
        unmappedRings.add(domain);
        unmappedRings.add(ref);
    }

    /** Has an event sent on {@code line} soon, once. */
    void notifyBy(int line) {
        if (!due.contains(line)) {
            due.add(line);
        }
    }

    @Override
    void decide() {
        if (!unmappedRings.isEmpty()) {
            int domain = unmappedRings.remove();
            grants.addMap(unmappedRings.remove(), domain);
            grants.map(() -> {});
        } else if (!due.isEmpty()) {
            send(due.remove());
        } else if (!begin()) {
            boolean more = false;
            for (BackendSource source : sources) {
                more |= source.finalCheck();
            }
            if (!more || !begin()) {
                sleep(Task.NEVER, false);
            }
        }
    }

    private boolean begin() {
        for (int i = 0; i < sources.size(); i++) {
            int at = (turn + i) % sources.size();
            if (sources.get(at).begin()) {
                turn = at + 1;
                return true;
            }
        }
        return false;
    }
}

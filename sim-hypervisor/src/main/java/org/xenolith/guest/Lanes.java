package org.xenolith.guest;

import java.util.ArrayList;
import java.util.List;

/**
 * Which bursts of a vCPU belong together, in one order, and which are done independently of these.
 *
 * <p>A guest without devices is one program: all its bursts are one lane, the main one. But its kernel's tick that comes while
 * the program waits for another vCPU is no step of the program: the next event need not wait for it. Such <em>visits</em>
 * are a lane of their own, and come at their absolute times; or, if most waits that last until a tick are broken by it, at every
 * tick that finds the vCPU waiting.
 *
 * <p>Dom0 is many programs. What it does on events from another domain's vCPU is that domain's lane: whoever asks more often is
 * served more often. What it does by timers or for the outside, if it serves others at all, are visits.
 */
final class Lanes {
    /** The lane of the program. */
    static final int MAIN = 0;

    /** The lane of what comes at times of its own. */
    static final int VISITS = 1;

    /** The lane of a tick that always comes while the vCPU waits. */
    static final int TICKS = 2;

    private static final int FIRST_SERVICE = 3;

    /** Fewest requests by which a vCPU is known to serve another. */
    private static final int FEWEST = 8;

    private final Waits waits;
    private final byte[] lane;
    private final List<Integer> served = new ArrayList<>();

    Lanes(VcpuLog v, List<VcpuLog> logs, Waits waits) {
        this.waits = waits;
        lane = new byte[waits.size];
        if (v.domain == 0) {
            findServices(v, logs);
        }
        if (served.isEmpty()) {
            findTicks();
        } else {
            for (int i = 0; i < waits.size; i++) {
                lane[i] = (byte) (sender(i) < 0 ? VISITS : ofService(sender(i)));
            }
        }
    }

    private void findServices(VcpuLog v, List<VcpuLog> logs) {
        int[] requests = new int[logs.size()];
        for (int i = 0; i < waits.size; i++) {
            if (waits.cause(i) == DemandStep.AWAIT_EVENT && logs.get(waits.waker(i)).domain != v.domain) {
                requests[waits.waker(i)]++;
            }
        }
        for (int x = 0; x < requests.length; x++) {
            if (requests[x] >= FEWEST && served.size() < Byte.MAX_VALUE - FIRST_SERVICE) {
                served.add(x);
            }
        }
    }

    /** Whose event ended wait {@code i}, or came before the vCPU was served; negative if none. */
    private int sender(int i) {
        return waits.cause(i) == DemandStep.AWAIT_EVENT ? waits.waker(i) : waits.hiddenEvent(i);
    }

    private void findTicks() {
        for (int i = waits.size - 2; i >= 0; i--) {
            boolean tick = waits.isTickOnly(i) && !waits.sent(i);
            if (tick && (lane[i + 1] == VISITS || sender(i + 1) >= 0 || isShortSleep(i + 1))) {
                lane[i] = VISITS;
            }
        }
    }

    private boolean isShortSleep(int i) {
        return waits.endsShortSleep(i) || waits.hidesShortSleep(i);
    }

    /** How many there are, some of them perhaps empty. */
    int count() {
        boolean visits = false;
        for (int i = 0; i < waits.size; i++) {
            visits |= lane[i] == VISITS || waits.hiddenEvent(i) >= 0 || waits.hidesShortSleep(i);
        }
        return served.isEmpty() && !visits ? 1 : FIRST_SERVICE + served.size();
    }

    /** Whether there is a lane of what is done for vCPU {@code peer}. */
    boolean serves(int peer) {
        return served.contains(peer);
    }

    /** The lane of what is done for vCPU {@code peer}. */
    int ofService(int peer) {
        int service = served.indexOf(peer);
        return service < 0 ? MAIN : FIRST_SERVICE + service;
    }

    /** The lane of what follows wait {@code i}. */
    int of(int i) {
        return lane[i];
    }

    /**
     * By wait, the number in its lane of the wait that it is part of: visits interrupt waits of the main lane and do not end
     * them.
     */
    int[] numbers() {
        int[] numbers = new int[waits.size];
        int n = -1;
        for (int i = 0; i < waits.size; i++) {
            n += i > 0 && lane[i - 1] == VISITS ? 0 : 1;
            numbers[i] = n;
        }
        return numbers;
    }
}

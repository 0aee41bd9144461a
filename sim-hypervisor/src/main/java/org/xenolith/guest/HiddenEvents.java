package org.xenolith.guest;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Finds events that woke nobody and so left no record: they were sent while their receiver was awake already, mostly for its
 * kernel's tick, and waited for its pCPU. Served at once, it would have blocked again and waited for the event.
 *
 * <p><b>By the sender.</b> If X, in bursts after waits of one kind, always wakes Y at one place when Y is blocked there, it sends
 * at that place also when Y is not. <b>By the receiver.</b> If whatever Y does is done for X, but for ticks, and Y does more after
 * a tick than ticks take, X has sent before Y was served.
 *
 * <p>What Y does upon it is the burst that follows, if Y was only about to be served; else Y had it when it needed it, which is
 * at the latest before it sends to X again or waits for X again.
 *
 * <p><b>Not found.</b> If dom0 sends to X in answer only, but for a few times of which no request is known, these are dropped, and X
 * does not wait for them: kept at the times of a recording, they would hold X to its pace.
 */
final class HiddenEvents {
    private static final int FEWEST = 8;

    /** Places of one send differ by this much. */
    private static final long JITTER_NANOS = 30_000;

    private static final int KINDS = DemandStep.values().length;

    private final Waits[] waits;
    private final WorkClock[] clocks;

    /** By vCPU: what it sends, peer: to whom, value: after how much work; and what it takes, peer: from whom, value: likewise. */
    private final StepList[] sends;

    private final StepList[] takes;

    private HiddenEvents(List<VcpuLog> logs, Waits[] waits) {
        this.waits = waits;
        int n = logs.size();
        clocks = new WorkClock[n];
        sends = new StepList[n];
        takes = new StepList[n];
        for (VcpuLog v : logs) {
            clocks[v.index] = new WorkClock(v);
            sends[v.index] = new StepList();
            takes[v.index] = new StepList();
        }
    }

    /** None: where the trace shows hypercalls, sends are identified, and nothing is guessed. */
    static HiddenEvents none(List<VcpuLog> logs) {
        return new HiddenEvents(logs, new Waits[0]);
    }

    /** Finds those between all of {@code logs}. */
    static HiddenEvents find(List<VcpuLog> logs, Waits[] waits) {
        HiddenEvents events = new HiddenEvents(logs, waits);
        int[][] visible = new int[logs.size()][logs.size()];
        for (VcpuLog y : logs) {
            Waits w = waits[y.index];
            for (int i = 0; i < w.size; i++) {
                if (w.cause(i) == DemandStep.AWAIT_EVENT) {
                    visible[w.waker(i)][y.index]++;
                }
            }
        }
        for (VcpuLog y : logs) {
            for (VcpuLog x : logs) {
                if (visible[x.index][y.index] >= FEWEST) {
                    events.findByReceiver(x, y, visible[x.index][y.index]);
                }
            }
        }
        for (VcpuLog x : logs) {
            for (VcpuLog y : logs) {
                if (visible[x.index][y.index] >= FEWEST) {
                    events.findBySender(x, y);
                }
            }
        }
        for (VcpuLog x : logs) {
            for (VcpuLog y : logs) {
                if (y.domain == 0 && x.domain != 0 && visible[x.index][y.index] >= FEWEST) {
                    events.dropUnasked(x, y);
                }
            }
        }
        for (int v = 0; v < logs.size(); v++) {
            events.sends[v] = events.sends[v].sortedByValue();
            events.takes[v] = events.takes[v].sortedByValue();
        }
        return events;
    }

    /** What {@code v} sent: to whom (peer) and after how much work (value), ascending. */
    StepList sends(VcpuLog v) {
        return sends[v.index];
    }

    /** What {@code v} got while it was awake: from whom (peer) and after how much work (value), ascending. */
    StepList takes(VcpuLog v) {
        return takes[v.index];
    }

    // ---------------------------------------------------------------------------------------------- by the receiver

    private void findByReceiver(VcpuLog x, VcpuLog y, int byX) {
        Waits w = waits[y.index];
        int others = 0;
        for (int i = 0; i < w.size; i++) {
            boolean forX = w.cause(i) == DemandStep.AWAIT_EVENT && w.waker(i) == x.index;
            others += forX || w.evidence(i) == WakeEvidence.TICK ? 0 : 1;
        }
        if (20 * others > byX) {
            return;
        }
        for (int i = 0; i < w.size; i++) {
            if (mayHide(w, i) && !w.isTickOnly(i)) {
                long before = clocks[x.index].workAt(w.wake(i));
                long after = clocks[x.index].workAt(w.started(i));
                if (after > before) {
                    w.hideEvent(i, x.index);
                    sends[x.index].add(0, y.index, after);
                }
            }
        }
    }

    /** Whether the tick ended wait {@code i} and nothing is known yet that came after it. */
    private static boolean mayHide(Waits w, int i) {
        return w.evidence(i) == WakeEvidence.TICK && w.hidden(i) == 0 && w.hiddenEvent(i) < 0;
    }

    // ------------------------------------------------------------------------------------------------ by the sender

    /** A burst of a sender: what ended the wait before it, its begin, end and first send to the receiver (or -1), in work. */
    private record Burst(int kind, long begin, long end, long send) {
        long place(boolean fromEnd) {
            return fromEnd ? end - send : send - begin;
        }
    }

    private void findBySender(VcpuLog x, VcpuLog y) {
        List<Burst> bursts = bursts(x, y);
        for (int kind = 0; kind < KINDS; kind++) {
            if (x.domain == 0 && y.domain != 0 && kind != DemandStep.AWAIT_EVENT.ordinal()) {
                continue; // dom0 answers; what it does by itself has no fixed place
            }
            int ofKind = kind;
            List<Burst> alike = bursts.stream().filter(b -> b.kind == ofKind).toList();
            if (!findAt(x, y, alike, true)) {
                findAt(x, y, alike, false);
            }
        }
    }

    private List<Burst> bursts(VcpuLog x, VcpuLog y) {
        List<Burst> bursts = new ArrayList<>();
        Waits w = waits[x.index];
        long work = 0;
        long begin = 0;
        long send = -1;
        int wait = -1;
        for (int i = 0; i < x.entries.size(); i++) {
            long value = x.entries.value(i);
            switch (VcpuLog.kindOf(x.entries.kind(i))) {
                case VcpuLog.WORK -> work += value;
                case VcpuLog.WAKE -> {
                    wait++;
                    begin = work;
                    send = -1;
                }
                case VcpuLog.WOKE -> {
                    boolean sent =
                            x.entries.peer(i) == y.index && waits[y.index].cause((int) value) == DemandStep.AWAIT_EVENT;
                    send = sent && send < 0 ? work : send;
                }
                case VcpuLog.BLOCK -> {
                    if (wait >= 0) {
                        DemandStep cause = w.hiddenEvent(wait) >= 0 ? DemandStep.AWAIT_EVENT : w.cause(wait);
                        bursts.add(new Burst(cause.ordinal(), begin, work, send));
                    }
                }
                default -> {}
            }
        }
        return bursts;
    }

    /** Adds the sends in those of {@code bursts} that show none, if the rest have them at one place; false if they do not. */
    private boolean findAt(VcpuLog x, VcpuLog y, List<Burst> bursts, boolean fromEnd) {
        long[] places = bursts.stream()
                .filter(b -> b.send >= 0)
                .mapToLong(b -> b.place(fromEnd))
                .sorted()
                .toArray();
        int n = places.length;
        Cluster densest = Cluster.densest(places, JITTER_NANOS);
        if (n < FEWEST || 2 * densest.count() <= n) {
            return false;
        }
        long place = Arrays.stream(places)
                .filter(p -> densest.holds(p, 0))
                .skip(densest.count() / 2)
                .findFirst()
                .orElseThrow();
        long shortest = bursts.stream()
                .filter(b -> b.send >= 0)
                .mapToLong(b -> b.end - b.begin)
                .sorted()
                .skip(n / 10)
                .findFirst()
                .orElseThrow();
        long[] at = bursts.stream()
                .filter(b -> b.send < 0 && b.end - b.begin >= Math.max(place, shortest))
                .mapToLong(b -> fromEnd ? b.end - place : b.begin + place)
                .toArray();
        long missing = Arrays.stream(at)
                .filter(p -> waits[y.index].blockedAt(clocks[x.index].timeAt(p)))
                .count();
        if (10 * missing > n) {
            return false;
        }
        for (long p : at) {
            long time = clocks[x.index].timeAt(p);
            if (!waits[y.index].blockedAt(time)) {
                sends[x.index].add(0, y.index, p);
                receive(x, y, time);
            }
        }
        return true;
    }

    private void receive(VcpuLog x, VcpuLog y, long time) {
        Waits w = waits[y.index];
        int i = w.lastBefore(time);
        if (i >= 0 && time <= w.started(i) && mayHide(w, i)) {
            w.hideEvent(i, x.index);
        } else {
            takes[y.index].add(0, x.index, clocks[y.index].workAt(time));
        }
    }

    // ---------------------------------------------------------------------------------------------------- not found

    private void dropUnasked(VcpuLog x, VcpuLog y) {
        Waits w = waits[y.index];
        StepList unasked = new StepList();
        int answers = 0;
        int wait = -1;
        long work = 0;
        long begin = 0;
        for (int i = 0; i < y.entries.size(); i++) {
            long value = y.entries.value(i);
            switch (VcpuLog.kindOf(y.entries.kind(i))) {
                case VcpuLog.WORK -> work += value;
                case VcpuLog.WAKE -> {
                    wait++;
                    begin = work;
                }
                case VcpuLog.WOKE -> {
                    boolean sent =
                            y.entries.peer(i) == x.index && waits[x.index].cause((int) value) == DemandStep.AWAIT_EVENT;
                    boolean served = wait >= 0 && (w.cause(wait) == DemandStep.AWAIT_EVENT || w.hiddenEvent(wait) >= 0);
                    boolean asked = served || takesWithin(y, x, begin, work);
                    if (sent && asked) {
                        answers++;
                    } else if (sent) {
                        unasked.add(0, 0, value);
                    }
                }
                default -> {}
            }
        }
        for (int k = 0; k < unasked.size() && 10 * unasked.size() < answers; k++) {
            waits[x.index].drop((int) unasked.value(k));
        }
    }

    private boolean takesWithin(VcpuLog y, VcpuLog x, long begin, long end) {
        StepList all = takes[y.index];
        for (int i = 0; i < all.size(); i++) {
            if (all.peer(i) == x.index && all.value(i) >= begin && all.value(i) < end) {
                return true;
            }
        }
        return false;
    }
}

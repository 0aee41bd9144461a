package org.xenolith.guest;

import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;

/**
 * Finds whom a vCPU wakes where the trace shows no hypercalls: an interrupt hits it anywhere in its work, its own send
 * stands at a fixed place, shortly before it blocks or shortly after it began, say.
 */
final class PlaceInWork {
    /** Fewest wakes from which a place is concluded. */
    private static final int FEWEST = 8;

    private static final int MILLION = 1_000_000;

    private final VcpuLog x;

    /** Work in each burst of x. */
    private final StepList bursts = new StepList();

    /** For each vCPU that woke while x ran: which wake of it (peer), burst of x (kind unused), work since its begin. */
    private final Map<Integer, StepList> woken = new TreeMap<>();

    private final Map<Integer, StepList> burstOf = new TreeMap<>();

    private PlaceInWork(VcpuLog x) {
        this.x = x;
        long burst = 0;
        for (int i = 0; i < x.entries.size(); i++) {
            switch (VcpuLog.kindOf(x.entries.kind(i))) {
                case VcpuLog.WORK -> burst += x.entries.value(i);
                case VcpuLog.WOKE -> {
                    int target = x.entries.peer(i);
                    woken.computeIfAbsent(target, t -> new StepList()).add(0, (int) x.entries.value(i), burst);
                    burstOf.computeIfAbsent(target, t -> new StepList()).add(0, bursts.size(), 0);
                }
                case VcpuLog.BLOCK -> {
                    bursts.add(0, 0, burst);
                    burst = 0;
                }
                default -> {}
            }
        }
    }

    /** Decides those waits that {@code x} ended by the evidence of their place in its work. */
    static void decide(VcpuLog x, Waits[] waits) {
        PlaceInWork place = new PlaceInWork(x);
        place.woken.keySet().forEach(target -> place.decide(target, waits[target]));
    }

    private void decide(int target, Waits w) {
        if (w.size < FEWEST || bursts.size() < FEWEST || target == x.index) {
            return;
        }
        StepList wakes = woken.get(target);
        StepList in = burstOf.get(target);
        for (boolean fromEnd : new boolean[] {true, false}) {
            long[] places = new long[wakes.size()];
            int[] ordinals = new int[wakes.size()];
            int n = 0;
            for (int k = 0; k < wakes.size(); k++) {
                boolean cut = in.peer(k) >= bursts.size(); // its end is not in the window
                if (!w.decided(wakes.peer(k)) && !(cut && fromEnd)) {
                    places[n] = fromEnd ? bursts.value(in.peer(k)) - wakes.value(k) : wakes.value(k);
                    ordinals[n++] = wakes.peer(k);
                }
            }
            decideAt(w, Arrays.copyOf(places, n), ordinals);
        }
    }

    private void decideAt(Waits w, long[] places, int[] ordinals) {
        if (places.length < FEWEST || 4L * places.length < w.size) {
            return;
        }
        long[] sorted = places.clone();
        Arrays.sort(sorted);
        long low = sorted[places.length / 10];
        long high = sorted[places.length - 1 - places.length / 10];
        long inside = Arrays.stream(places).filter(p -> p >= low && p <= high).count();
        long byChance = byChance(w, low, high);
        long excess = inside - 2 * byChance - 3;
        if (excess <= 0 || excess * excess <= 25 * byChance) {
            return;
        }
        long slack = (high - low) / 2;
        for (int k = 0; k < places.length; k++) {
            if (places[k] >= low - slack && places[k] <= high + slack) {
                w.decide(ordinals[k], DemandStep.AWAIT_EVENT, WakeEvidence.PLACE_IN_WORK);
            }
        }
    }

    /** How many of {@code w}'s wakes would hit x between two places of its work if they came at any time. */
    private long byChance(Waits w, long low, long high) {
        long at = 0;
        for (int b = 0; b < bursts.size(); b++) {
            at += Math.max(0, Math.min(high, bursts.value(b)) - low + 1);
        }
        long perMillion = Math.min(MILLION, at / 1000 * MILLION / Math.max(1, w.blockedNanos() / 1000));
        return (w.size * perMillion + MILLION - 1) / MILLION;
    }
}

package org.xenolith.guest;

import java.util.Arrays;
import java.util.List;

/**
 * Finds whom a vCPU wakes, where the trace shows no hypercalls, by comparison: its own timers fire whoever runs, but a send
 * comes only while its sender does. So the wakes in everyone else's time show what the vCPU's timers look like (on the
 * tick, after sleeps of a length), and how many are of no kind. If those of no kind come far more often while X runs, they
 * are X's sends. X may send at any place of its work, as the threads of a program do that runs on several vCPUs.
 *
 * <p>A scheduler that serves vCPUs in a fixed order makes such coincidences too: who blocks for a short time wakes up while
 * the next in order runs. So X must be likely to have to do with it: a vCPU of its own domain, or one of which
 * {@link PlaceInWork} has found that it wakes this one or is woken by it.
 */
final class UnlikeTimers {
    /** Fewest wakes from which a sender is concluded. */
    private static final int FEWEST = 8;

    private final List<VcpuLog> logs;
    private final Waits waits;

    /** By vCPU, whether it may be a sender, and whether it is known for one. */
    private final boolean[] acquainted;

    private final boolean[] known;

    /** Time blocked, less that in which a sender that is known already ran. */
    private long blocked;

    private int bestSender;
    private long bestExcess;
    private boolean[] bestLike;

    private UnlikeTimers(VcpuLog y, List<VcpuLog> logs, Waits[] all) {
        this.logs = logs;
        this.waits = all[y.index];
        this.acquainted = new boolean[logs.size()];
        this.known = new boolean[logs.size()];
        for (VcpuLog x : logs) {
            known[x.index] = x != y && hasSent(x, waits);
            acquainted[x.index] = known[x.index] || x != y && (x.domain == y.domain || hasSent(y, all[x.index]));
        }
        this.blocked = waits.blockedNanos();
    }

    private static boolean hasSent(VcpuLog x, Waits to) {
        for (int i = 0; i < to.size; i++) {
            if (to.waker(i) == x.index && to.decided(i) && to.cause(i) == DemandStep.AWAIT_EVENT) {
                return true;
            }
        }
        return false;
    }

    /** Decides those of {@code y}'s waits that such a sender ended. */
    static void decide(VcpuLog y, List<VcpuLog> logs, Waits[] waits) {
        UnlikeTimers search = new UnlikeTimers(y, logs, waits);
        while (search.findSender()) {
            search.decideSender();
        }
    }

    /** The vCPU that stands out most; false if none does. */
    private boolean findSender() {
        int[] open = waits.undecided();
        int[] wakesBy = new int[logs.size()];
        for (int i : open) {
            if (waits.waker(i) >= 0) {
                wakesBy[waits.waker(i)]++;
            }
        }
        bestExcess = 0;
        for (int x = 0; x < wakesBy.length; x++) {
            if (acquainted[x] && isMany(x, wakesBy[x], open.length)) {
                consider(x, open);
            }
        }
        return bestExcess > 0;
    }

    private void consider(int x, int[] open) {
        int[] control = Arrays.stream(open).filter(i -> waits.waker(i) != x).toArray();
        boolean[] like = Regularity.like(waits, control);
        long his = 0;
        long others = 1; // as if one more had come: that none did proves little
        for (int i : open) {
            if (!like[i]) {
                his += waits.waker(i) == x ? 1 : 0;
                others += waits.waker(i) == x ? 0 : 1;
            }
        }
        long time = runningWhileBlocked(logs.get(x));
        long byChance = others * (time / 1000) / Math.max(1, (blocked - time) / 1000);
        long excess = his - 2 * byChance - 3;
        if (isMany(x, his, open.length) && excess * excess > 25 * byChance && excess > bestExcess) {
            bestExcess = excess;
            bestSender = x;
            bestLike = like;
        }
    }

    /** Whether {@code wakes} of {@code of} are enough to conclude from; fewer do if {@code x} is known to send. */
    private boolean isMany(int x, long wakes, long of) {
        return wakes >= FEWEST && (known[x] || 8 * wakes >= of);
    }

    private void decideSender() {
        for (int i : waits.undecided()) {
            if (waits.waker(i) == bestSender && !bestLike[i]) {
                waits.decide(i, DemandStep.AWAIT_EVENT, WakeEvidence.UNLIKE_TIMERS);
            }
        }
        blocked -= runningWhileBlocked(logs.get(bestSender));
    }

    /** How long {@code x} ran while the vCPU was blocked. */
    private long runningWhileBlocked(VcpuLog x) {
        long sum = 0;
        int i = 0;
        for (int run = 0; run + 1 < x.running.size(); run += 2) {
            long begin = x.running.value(run);
            long end = x.running.value(run + 1);
            while (i < waits.size && waits.wake(i) <= begin) {
                i++;
            }
            for (int k = i; k < waits.size && waits.block(k) < end; k++) {
                sum += Math.max(0, Math.min(end, waits.wake(k)) - Math.max(begin, waits.block(k)));
            }
        }
        return sum;
    }
}

package org.xenolith.scheduler;

import java.util.ArrayList;
import java.util.List;

/** The four queues of a pCPU under {@link Sedf}. Each is sorted, equals in the order in which they came. */
final class SedfPcpu {
    /** Units whose period has begun, by deadline; the one that runs included. */
    final List<SedfUnit> running = new ArrayList<>();

    /** Units that wait for their period, by its begin. */
    final List<SedfUnit> waiting = new ArrayList<>();

    /** Units that are to be compensated, by score. */
    final List<SedfUnit> compensation = new ArrayList<>();

    /** Units that take extra time, by score. */
    final List<SedfUnit> extra = new ArrayList<>();

    /** Units whose pCPU it is. */
    final List<SedfUnit> placed = new ArrayList<>();

    /** When the present slice ends, ns. */
    long sliceEnd;

    void addRunning(SedfUnit u) {
        int i = 0;
        while (i < running.size() && u.deadline >= running.get(i).deadline) {
            i++;
        }
        running.add(i, u);
        u.queued = true;
    }

    void addWaiting(SedfUnit u) {
        int i = 0;
        while (i < waiting.size() && u.periodBegin() >= waiting.get(i).periodBegin()) {
            i++;
        }
        waiting.add(i, u);
        u.queued = true;
    }

    void dequeue(SedfUnit u) {
        if (!running.remove(u)) {
            waiting.remove(u);
        }
        u.queued = false;
    }

    /** Queues {@code u} for compensation, after all others there have come nearer by {@code passed}. */
    void addCompensation(SedfUnit u, long passed) {
        int at = 0;
        for (int i = 0; i < compensation.size(); i++) {
            compensation.get(i).compensationScore -= passed;
            at += u.compensationScore >= compensation.get(i).compensationScore ? 1 : 0;
        }
        compensation.add(at, u);
        u.queuedForCompensation = true;
    }

    /** Queues {@code u} for extra time, after all others there have come nearer by {@code passed}. */
    void addExtra(SedfUnit u, long passed) {
        int at = 0;
        for (int i = 0; i < extra.size(); i++) {
            extra.get(i).extraScore -= passed;
            at += u.extraScore >= extra.get(i).extraScore ? 1 : 0;
        }
        extra.add(at, u);
        u.queuedForExtra = true;
    }

    void dequeueExtra(SedfUnit u) {
        if (u.queuedForCompensation) {
            compensation.remove(u);
            u.queuedForCompensation = false;
        }
        if (u.queuedForExtra) {
            extra.remove(u);
            u.queuedForExtra = false;
        }
    }

    /** Brings those whose period has begun into the running queue, and those that should not be there out of it. */
    void update(long now) {
        while (!waiting.isEmpty() && waiting.get(0).periodBegin() <= now) {
            addRunning(waiting.remove(0));
        }
        while (!running.isEmpty()) {
            SedfUnit u = running.get(0);
            if (u.slice == 0) {
                running.remove(0);
                u.deadline += u.period;
                if (u.periodBegin() < now) {
                    u.deadline += (now - u.periodBegin() + u.period - 1) / u.period * u.period;
                }
                addWaiting(u);
            } else if (u.deadline < now || u.used > u.slice) {
                running.remove(0);
                u.skipTo(now);
                if (u.periodBegin() > now) {
                    addWaiting(u);
                } else {
                    addRunning(u);
                }
            } else {
                return;
            }
        }
    }
}

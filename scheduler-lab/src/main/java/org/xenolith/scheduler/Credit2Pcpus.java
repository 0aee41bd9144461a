package org.xenolith.scheduler;

import org.xenolith.machine.Topology;

/** The pCPUs as {@link Credit2} sees them: which runqueue each shares, and whether it is free for work. */
final class Credit2Pcpus {
    /** By pCPU: its runqueue. */
    final Credit2Runqueue[] runqueue;

    /** By pCPU: whether it decided to idle. */
    final boolean[] idle;

    /** By pCPU: whether it was asked to decide anew and has not yet. */
    final boolean[] tickled;

    private final int threadsPerCore;
    private final boolean smtPowerSavings;

    Credit2Pcpus(Topology topology, boolean smtPowerSavings) {
        this.runqueue = new Credit2Runqueue[topology.pcpus()];
        this.idle = new boolean[topology.pcpus()];
        this.tickled = new boolean[topology.pcpus()];
        this.threadsPerCore = topology.threadsPerCore();
        this.smtPowerSavings = smtPowerSavings;
    }

    boolean isIdleAndUntickled(int pcpu) {
        return idle[pcpu] && !tickled[pcpu];
    }

    /** Whether all threads of the core in this runqueue are idle and have not been tickled. */
    boolean isCoreIdle(int pcpu) {
        int firstThread = pcpu / threadsPerCore * threadsPerCore;
        for (int p = firstThread; p < firstThread + threadsPerCore; p++) {
            if (runqueue[p] == runqueue[pcpu] && !isIdleAndUntickled(p)) {
                return false;
            }
        }
        return true;
    }

    /**
     * An idle pCPU for {@code u}, or -1: in a core that is idle altogether if possible (one that is not, to save power), and
     * the one it ran on if possible.
     */
    int idlePcpuFor(Credit2Unit u, boolean preferredOnly) {
        int[] pcpus = u.runqueue.pcpus;
        int home = 0;
        while (pcpus[home] != u.unit.pcpu()) {
            home++;
        }
        int second = -1;
        for (int i = 0; i < pcpus.length; i++) {
            int p = pcpus[(home + i) % pcpus.length];
            boolean fits =
                    u.unit.usable(p) && (!preferredOnly || u.unit.softAffinity().contains(p));
            if (!idle[p] || !fits) {
                continue;
            }
            if (isCoreIdle(p) != smtPowerSavings) {
                return p;
            }
            if (second < 0 && !tickled[p]) {
                second = p;
            }
        }
        return second;
    }

    /** Whether {@code current} runs where it would rather not, while a pCPU it prefers is idle. */
    boolean isBetterOffElsewhere(Credit2Unit current, int pcpu) {
        if (!current.hasSoftAffinity || current.unit.softAffinity().contains(pcpu)) {
            return false;
        }
        for (int p : current.runqueue.pcpus) {
            if (isIdleAndUntickled(p)
                    && current.unit.usable(p)
                    && current.unit.softAffinity().contains(p)) {
                return true;
            }
        }
        return false;
    }

    /**
     * Why {@code pcpu} passes over {@code u}, or null if it does not.
     *
     * @param toBePulled credit from which on it is pulled from another pCPU
     * @param anywhere whether hard affinity counts for nothing
     */
    String whyNot(Credit2Unit u, int pcpu, long toBePulled, boolean anywhere) {
        if (!u.unit.isRunnable()) {
            return "not runnable";
        }
        if (!anywhere && !u.unit.usable(pcpu)) {
            return "pinned elsewhere";
        }
        if (u.tickledPcpu >= 0 && u.tickledPcpu != pcpu && tickled[u.tickledPcpu]) {
            return "awaited by another pCPU";
        }
        return u.unit.pcpu() != pcpu && toBePulled > u.credit
                ? "not enough ahead to be pulled from another pCPU"
                : null;
    }
}

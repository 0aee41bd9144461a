package org.xenolith.guest;

import org.xenolith.core.x86.CoreObserver;
import org.xenolith.machine.CacheModel;
import org.xenolith.machine.CoreCosts;
import org.xenolith.machine.InstructionClass;
import org.xenolith.machine.TlbModel;

/**
 * An instruction takes what its kind costs, and what its fetch and its accesses to memory cost in TLB and caches beyond a hit of the
 * first level. That is known only when it has executed: it executes at the begin of its cycles, and the next one when they have passed. What a
 * budget does not pay is owed to the next.
 *
 * <p>Delivering an interrupt or exception costs what it accesses in memory; it counts with the instruction next executed, or with the
 * one that raised it. Each vCPU has caches and a TLB of its own: what others do to them is for {@code refillSwitch} and
 * {@code refillMigration} to say. Nothing overlaps, and nothing is predicted.
 */
final class ApproximateTiming implements Timing, CoreObserver {
    private final CoreCosts costs;
    private final TlbModel tlb;
    private final CacheModel caches;

    /** Cycles of what has executed that have not passed. */
    private long owed;

    /** Time at which the instruction under way executes. */
    private long now;

    /** Kind of the instruction under way. */
    private InstructionClass kind;

    /** What the instruction under way waited for. */
    private long stalls;

    ApproximateTiming(CoreCosts costs) {
        this.costs = costs;
        this.tlb = new TlbModel(costs);
        this.caches = new CacheModel(costs);
    }

    @Override
    public CoreObserver observer() {
        return this;
    }

    @Override
    public long tsc(long executed) {
        return now;
    }

    @Override
    public long run(long budget, long tsc, Core core) {
        long used = 0;
        while (true) {
            long paid = Math.min(owed, budget - used);
            owed -= paid;
            used += paid;
            if (used >= budget) {
                return budget;
            }
            now = tsc + used;
            kind = InstructionClass.SYSTEM; // unless it says otherwise it cannot be fetched, and traps
            stalls = 0;
            long done = core.execute(1);
            owed = stalls + done * costs.cycles(kind);
            if (core.stopped()) {
                return used;
            }
        }
    }

    @Override
    public void executing(InstructionClass what) {
        kind = what;
    }

    @Override
    public void accessed(boolean fetch, long linear, int machine, int shift, boolean global, int levels) {
        stalls += tlb.translate(fetch, linear, shift, global, levels) + caches.access(fetch, machine);
    }

    @Override
    public void flushed(boolean globalToo) {
        tlb.flush(globalToo);
    }

    @Override
    public void flushedPage(long address) {
        tlb.flushPage(address);
    }
}

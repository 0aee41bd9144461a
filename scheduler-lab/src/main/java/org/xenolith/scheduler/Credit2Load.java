package org.xenolith.scheduler;

import org.xenolith.hypervisor.SchedulerHost;
import org.xenolith.trace.TraceEvent;

/**
 * Load as {@link Credit2} tracks it: the number of units that run or want to, in an exponentially weighted moving average
 * whose weight is the time since the last sample.
 *
 * <p>With a window W (about a second) and a sample that held for d &lt;= W, {@code average += d * (load - average) / W};
 * after a pause longer than W the past is forgotten. In whole numbers: averages have {@code precision} bits behind the
 * point, and time is counted in units of 1024 ns so that products fit 64 bits.
 */
final class Credit2Load {
    /** Time is counted in units of 2 to this many nanoseconds. */
    static final int GRANULARITY_SHIFT = 10;

    final int precision;
    private final int window;
    private final SchedulerHost host;

    /**
     * @param windowShift the window is 2 to this many nanoseconds
     * @param precision bits behind the point
     */
    Credit2Load(SchedulerHost host, int windowShift, int precision) {
        this.host = host;
        this.window = windowShift - GRANULARITY_SHIFT;
        this.precision = precision;
    }

    /** {@code change} more units want to run in {@code queue}, of which {@code unit} (may be null) is the one. */
    void update(Credit2Runqueue queue, Credit2Unit unit, int change, long now) {
        if (host.tracing(TraceEvent.Credit2.UPDATE_LOAD)) {
            host.trace(TraceEvent.Credit2.UPDATE_LOAD);
        }
        updateQueue(queue, change, now);
        if (unit != null) {
            updateUnit(unit, change, now);
        }
    }

    void updateQueue(Credit2Runqueue q, int change, long now) {
        long t = now >> GRANULARITY_SHIFT;
        long sample = (long) q.load << precision;
        long delta = Math.max(t - q.loadUpdated, 0);
        if (delta > 1L << window) {
            q.averageLoad = sample;
            q.balancedLoad = sample;
        } else {
            q.averageLoad = moved(q.averageLoad, sample, delta);
            q.balancedLoad = moved(q.balancedLoad, sample, delta);
        }
        q.load += change;
        q.loadUpdated = t;
        if (host.tracing(TraceEvent.Credit2.UPDATE_RUNQ_LOAD)) {
            host.trace(
                    TraceEvent.Credit2.UPDATE_RUNQ_LOAD,
                    (int) q.averageLoad,
                    (int) (q.averageLoad >> 32),
                    (int) q.balancedLoad,
                    (int) (q.balancedLoad >> 32),
                    (precision << 24) | (q.id << 16) | (q.load & 0xffff),
                    0);
        }
    }

    void updateUnit(Credit2Unit u, int change, long now) {
        long t = now >> GRANULARITY_SHIFT;
        boolean wanted = change == 0 ? u.unit.isRunnable() : change < 0;
        long sample = wanted ? 1L << precision : 0;
        long delta = Math.max(t - u.loadUpdated, 0);
        u.load = delta > 1L << window ? sample : moved(u.load, sample, delta);
        u.loadUpdated = t;
        if (host.tracing(TraceEvent.Credit2.UPDATE_UNIT_LOAD)) {
            host.trace(
                    TraceEvent.Credit2.UPDATE_UNIT_LOAD,
                    (int) u.load,
                    (int) (u.load >> 32),
                    u.unit.traceWord(),
                    precision);
        }
    }

    /** The two products are rounded each for itself, as in Xen. */
    private long moved(long average, long sample, long delta) {
        return average + ((delta * sample) >> window) - ((delta * average) >> window);
    }
}

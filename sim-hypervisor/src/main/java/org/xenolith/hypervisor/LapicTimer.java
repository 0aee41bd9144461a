package org.xenolith.hypervisor;

/** The timer of a {@link Vlapic}: counts down at a bus clock of 100 MHz, divided; once or again and again. */
final class LapicTimer {
    private static final long BUS_CYCLE_NANOS = 10;
    private static final int PERIODIC = 1 << 17;

    /** Xen grants no shorter period to a guest, ns. */
    private static final long LEAST_PERIOD = 100_000;

    private final Hypervisor hypervisor;
    private final Vcpu vcpu;
    private final Runnable expired;
    private final XenTimer timer;

    /** When the count began, ns of system time; and from what. */
    private long startedAt;

    private long initialCount;
    private long tickNanos = 2 * BUS_CYCLE_NANOS;
    private boolean periodic;

    LapicTimer(Hypervisor hypervisor, Vcpu vcpu, Runnable expired) {
        this.hypervisor = hypervisor;
        this.vcpu = vcpu;
        this.expired = expired;
        this.timer = new XenTimer(hypervisor, 0, this::fire);
    }

    /** Counts from {@code count} (unsigned), in the mode of the timer's entry and at the divisor in the divide register; 0 stops it. */
    void start(int count, int entry, int divide) {
        int code = (divide & 3 | divide >> 1 & 4) + 1 & 7;
        tickNanos = BUS_CYCLE_NANOS << code;
        initialCount = count & 0xffffffffL;
        periodic = (entry & PERIODIC) != 0;
        startedAt = hypervisor.nowNanos();
        if (initialCount == 0) {
            timer.stop();
        } else {
            arm(startedAt + period());
        }
    }

    /** The timer's entry was written: its mode may have changed. */
    void setMode(int entry) {
        periodic = (entry & PERIODIC) != 0;
    }

    void stop() {
        initialCount = 0;
        timer.stop();
    }

    /** What the count is at present. */
    int currentCount() {
        long passed = (hypervisor.nowNanos() - startedAt) / tickNanos;
        if (initialCount == 0 || !periodic && passed >= initialCount) {
            return 0;
        }
        return (int) (initialCount - passed % initialCount);
    }

    private long period() {
        long nanos = initialCount * tickNanos;
        return periodic ? Math.max(LEAST_PERIOD, nanos) : nanos;
    }

    private void arm(long nanos) {
        timer.migrate(vcpu.pcpu());
        timer.set(nanos);
    }

    private void fire(long now) {
        if (vcpu.domain().shutdownReason() >= 0) {
            return;
        }
        if (periodic && initialCount != 0) {
            startedAt += initialCount * tickNanos;
            arm(Math.max(now + LEAST_PERIOD / 2, startedAt + period()));
        }
        expired.run();
    }
}

package org.xenolith.guest;

import java.util.List;

/**
 * How the kernel of a {@link GuestOs} and the hardware below it are set.
 *
 * @param tickNanos its tick while a vCPU is busy, ns
 * @param timesliceNanos a task may run so long while others wait, ns
 * @param switchNanos work of a switch from one task to another, ns
 * @param lookNanos one who burns cycles looks so often, ns
 * @param pauseWindow cycles of burning after which the hardware exits; 0 for never
 */
record OsSettings(long tickNanos, long timesliceNanos, long switchNanos, long lookNanos, long pauseWindow) {
    /** The parameters of a workload that say what the kernel does. */
    static final List<WorkloadParameter> KERNEL = List.of(
            WorkloadParameter.micros("tickMicros", 4000, 100, "the guest's tick on a vCPU that is busy"),
            WorkloadParameter.micros("timesliceMicros", 4000, 1, "a task may run so long while others wait"),
            WorkloadParameter.micros("switchMicros", 2, 0, "work of the guest's kernel to switch tasks"));

    /** Those that say how one burns cycles. */
    static final List<WorkloadParameter> SPINNING = List.of(
            WorkloadParameter.micros("lookMicros", 2, 1, "one who spins looks so often"),
            WorkloadParameter.number(
                    "pleWindow", "cycles", 4096, 1, 1_000_000_000, "spinning so long causes a pause-loop exit"),
            WorkloadParameter.number("pleGap", "cycles", 128, 0, 1_000_000, "most cycles between PAUSEs of a loop"),
            WorkloadParameter.number(
                    "pauseCycles", "cycles", 40, 1, 1_000_000, "cycles between PAUSEs when one spins"));

    /** What {@code values} say of a kernel whose tasks burn no cycles. */
    static OsSettings of(WorkloadValues values) {
        return new OsSettings(
                values.nanos("tickMicros"), values.nanos("timesliceMicros"), values.nanos("switchMicros"), 1, 0);
    }

    /** What {@code values} say of one whose tasks do; {@code exits} is whether the hardware looks for pause loops. */
    static OsSettings of(WorkloadValues values, boolean exits) {
        OsSettings kernel = of(values);
        boolean seen = values.number("pauseCycles") <= values.number("pleGap");
        return new OsSettings(
                kernel.tickNanos,
                kernel.timesliceNanos,
                kernel.switchNanos,
                values.nanos("lookMicros"),
                exits && seen ? values.number("pleWindow") : 0);
    }
}

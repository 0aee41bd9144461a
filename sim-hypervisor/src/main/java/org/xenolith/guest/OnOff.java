package org.xenolith.guest;

import java.util.List;
import org.xenolith.engine.RandomStream;

/** Works and sleeps by a timer, on every vCPU, each for an exponentially distributed time: bursts without a rhythm. */
final class OnOff implements WorkloadKind {
    @Override
    public String name() {
        return "on-off";
    }

    @Override
    public String title() {
        return "works and sleeps in turn, each for a random time";
    }

    @Override
    public List<WorkloadParameter> parameters() {
        return List.of(
                WorkloadParameter.micros("onMicros", 5000, 1, "mean work in a turn; exponentially distributed"),
                WorkloadParameter.micros("offMicros", 10_000, 1, "mean sleep after it; exponentially distributed"));
    }

    @Override
    public DomainLoad create(int vcpus, WorkloadValues values) {
        return new DomainLoad(vcpus, 0, id -> new Load(values.nanos("onMicros"), values.nanos("offMicros")));
    }

    private static final class Load implements Workload {
        private final long onNanos;
        private final long offNanos;
        private RandomStream on;
        private RandomStream off;
        private boolean worked;

        Load(long onNanos, long offNanos) {
            this.onNanos = onNanos;
            this.offNanos = offNanos;
        }

        @Override
        public void next(Task task) {
            if (on == null) {
                on = task.random("on");
                off = task.random("off");
            }
            if (worked) {
                task.sleepFor(1 + off.nextExponential(offNanos));
            } else {
                task.compute(task.cycles(1 + on.nextExponential(onNanos)));
            }
            worked = !worked;
        }
    }
}

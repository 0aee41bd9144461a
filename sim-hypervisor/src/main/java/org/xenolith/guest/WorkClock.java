package org.xenolith.guest;

/** When a vCPU had done how much work, ns of the window and ns of its work; exact but for what the hypervisor did in between. */
final class WorkClock {
    /** For each time that it began to run: when, and its work until then. */
    private final StepList times = new StepList();

    private final StepList works = new StepList();
    private final long total;

    WorkClock(VcpuLog v) {
        long work = 0;
        for (int i = 0; i < v.entries.size(); i++) {
            switch (VcpuLog.kindOf(v.entries.kind(i))) {
                case VcpuLog.WORK -> work += v.entries.value(i);
                case VcpuLog.RAN -> {
                    times.add(0, 0, v.entries.value(i));
                    works.add(0, 0, work);
                }
                default -> {}
            }
        }
        total = work;
    }

    /** Its work up to {@code time}. */
    long workAt(long time) {
        int run = last(times, time);
        if (run < 0) {
            return 0;
        }
        long end = run + 1 < works.size() ? works.value(run + 1) : total;
        return Math.min(end, works.value(run) + time - times.value(run));
    }

    /** When it had done {@code work}. */
    long timeAt(long work) {
        int run = last(works, work);
        return run < 0 ? 0 : times.value(run) + work - works.value(run);
    }

    /** The last of ascending {@code values} that is not above {@code limit}, or -1. */
    private static int last(StepList values, long limit) {
        int low = 0;
        int high = values.size();
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (values.value(middle) <= limit) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low - 1;
    }
}

package org.xenolith.hypervisor;

/** The watchdogs of a domain: one that is not fed in time ends it. As {@code domain_watchdog} of Xen 4.17. */
final class Watchdogs {
    private static final int COUNT = 2;

    private final Hypervisor hypervisor;
    private final XenTimer[] timers = new XenTimer[COUNT];
    private final boolean[] used = new boolean[COUNT];

    Watchdogs(Hypervisor hypervisor, Domain domain) {
        this.hypervisor = hypervisor;
        int pcpu = domain.vcpus().get(0).pcpu();
        for (int i = 0; i < COUNT; i++) {
            timers[i] = new XenTimer(hypervisor, pcpu, now -> {
                if (domain.shutdownReason() < 0) {
                    hypervisor.shutdown(domain, Abi.SHUTDOWN_WATCHDOG);
                }
            });
        }
    }

    /**
     * Feeds watchdog {@code id}, from 1 on, for {@code nanos} ns more, or ends it if that is 0; with {@code id} 0 starts another. Returns
     * the number of one that was started, 0, or a negative error.
     */
    long set(int id, long nanos) {
        if (id < 0 || id > COUNT) {
            return Abi.EINVAL;
        }
        if (id == 0) {
            return nanos == 0 ? Abi.EINVAL : start(nanos);
        }
        int index = id - 1;
        if (!used[index]) {
            return Abi.EINVAL;
        }
        if (nanos == 0) {
            stop(index);
        } else {
            timers[index].set(hypervisor.nowNanos() + nanos);
        }
        return 0;
    }

    private long start(long nanos) {
        for (int i = 0; i < COUNT; i++) {
            if (!used[i]) {
                used[i] = true;
                timers[i].set(hypervisor.nowNanos() + nanos);
                return i + 1L;
            }
        }
        return Abi.ENOSPC;
    }

    private void stop(int index) {
        used[index] = false;
        timers[index].stop();
    }

    /** The domain has ended. */
    void stop() {
        for (int i = 0; i < COUNT; i++) {
            stop(i);
        }
    }
}

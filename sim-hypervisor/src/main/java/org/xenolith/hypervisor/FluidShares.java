package org.xenolith.hypervisor;

/**
 * What weights and caps promise: generalised processor sharing (Parekh and Gallager, IEEE/ACM Transactions on Networking
 * 1(3), 1993). At every instant the pCPUs are divided among the domains that want them in proportion to weight, as if they
 * were a fluid; none gets more than its limit, and what one cannot use goes to the others.
 */
public final class FluidShares {
    /** The rate of one whole pCPU. */
    public static final long PCPU = 1L << 20;

    private FluidShares() {}

    /**
     * Divides {@code capacity} among {@code n} claims.
     *
     * @param capacity what there is, in {@link #PCPU}s
     * @param weight of each claim; of those that claim nothing it does not matter
     * @param limit most that each can use, in {@link #PCPU}s; 0 for one that claims nothing
     * @param rate where the shares go, in {@link #PCPU}s, rounded down
     */
    public static void divide(long capacity, int n, long[] weight, long[] limit, long[] rate) {
        long left = capacity;
        long weights = 0;
        for (int i = 0; i < n; i++) {
            rate[i] = -1;
            weights += limit[i] > 0 ? weight[i] : 0;
        }
        // Each round settles those whose proportional share is more than they can use; the rest then share what is
        // left.
        for (boolean settled = true; settled; ) {
            settled = false;
            long leftThen = left;
            long weightsThen = weights;
            for (int i = 0; i < n; i++) {
                if (rate[i] < 0 && (limit[i] == 0 || limit[i] * weightsThen <= leftThen * weight[i])) {
                    rate[i] = limit[i];
                    left -= limit[i];
                    weights -= limit[i] > 0 ? weight[i] : 0;
                    settled = true;
                }
            }
        }
        for (int i = 0; i < n; i++) {
            if (rate[i] < 0) {
                rate[i] = left * weight[i] / weights;
            }
        }
    }
}

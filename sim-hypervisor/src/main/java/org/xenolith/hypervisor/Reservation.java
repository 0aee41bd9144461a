package org.xenolith.hypervisor;

/**
 * Time that is reserved for a vCPU: so much in every period.
 *
 * @param periodNanos length of a period, ns, positive
 * @param budgetNanos how long it may run in each if it wants to, ns, positive
 */
public record Reservation(long periodNanos, long budgetNanos) {
    /** Checks the lengths. */
    public Reservation {
        if (periodNanos <= 0 || budgetNanos <= 0) {
            throw new IllegalArgumentException(
                    "period and budget must be positive: " + periodNanos + ", " + budgetNanos);
        }
    }
}

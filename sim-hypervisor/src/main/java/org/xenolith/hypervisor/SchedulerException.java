package org.xenolith.hypervisor;

/** A scheduler broke its contract; the message says when, on which pCPU and with which vCPU, in one line. */
public final class SchedulerException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** Reports what the scheduler did. */
    public SchedulerException(String message) {
        super(message);
    }

    /** Reports what the scheduler threw. */
    public SchedulerException(String message, Throwable cause) {
        super(message, cause);
    }
}

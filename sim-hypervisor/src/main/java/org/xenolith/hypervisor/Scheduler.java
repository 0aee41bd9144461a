package org.xenolith.hypervisor;

/**
 * A scheduling policy for the pCPUs of one cpupool, in the shape of Xen's {@code struct scheduler}. The hypervisor owns
 * the life of units and calls these hooks; the policy owns its queues and answers {@link #schedule}.
 *
 * <p>A policy is a class with a public constructor without arguments. Fields annotated with {@link Parameter} are its
 * parameters, set before {@link #init}; {@link DomainParameter}s on the class say what it takes for each domain. It is found by {@code ServiceLoader} or compiled from a source file; name and
 * origin stand in its {@link Policy} annotation.
 *
 * <p>What the hypervisor guarantees: hooks of one pool never overlap; {@code now} never goes back on a pCPU; a running
 * unit stays {@link SchedUnit#isRunning} until {@link #contextSaved}; {@link #sleep} follows when a unit stops being
 * runnable other than by blocking on its pCPU, {@link #wake} when it becomes runnable. All times are nanoseconds of
 * system time.
 *
 * <p>Only {@link #init}, {@link #wake}, {@link #sleep} and {@link #schedule} must be written.
 */
public interface Scheduler {
    /** Called once, before any other hook, with what the hypervisor offers. */
    void init(SchedulerHost host);

    /** A pCPU joins the pool; it is idle. Called for each before the first unit comes, and later for those that are added. */
    default void addPcpu(int pcpu) {}

    /**
     * A pCPU leaves the pool, of whose {@link SchedulerHost#pcpus} it has not been one for some microseconds; nothing runs on it and no
     * unit has it as its processor.
     */
    default void removePcpu(int pcpu) {}

    /**
     * A unit comes to the pool, on {@link SchedUnit#pcpu}. If it is runnable, {@link #wake} follows.
     *
     * @throws IllegalArgumentException if its parameters contradict each other
     */
    default void insert(SchedUnit unit) {}

    /**
     * A unit leaves the pool: its domain moves to another, or is destroyed. It is neither runnable nor running. What was kept with it, and
     * with its domain, is dropped after this.
     */
    default void remove(SchedUnit unit) {}

    /** {@code unit} became runnable: queue it (unless it is still running) and {@linkplain SchedulerHost#tickle tickle}. */
    void wake(SchedUnit unit);

    /** {@code unit} is no longer runnable: take it off its queue, or tickle its pCPU if it is running. */
    void sleep(SchedUnit unit);

    /** {@code unit}, which is running, gives way once; {@link #schedule} follows on its pCPU. */
    default void yield(SchedUnit unit) {}

    /** {@code unit} has left its pCPU: it is no longer running and may be queued or moved. */
    default void contextSaved(SchedUnit unit) {}

    /**
     * Chooses the pCPU for a unit that is being placed: when it is created, and when its migration was asked for by
     * {@link SchedulerHost#requestMigration} or by a change of affinity. Must be in its hard affinity and in the pool.
     */
    default int pickPcpu(SchedUnit unit) {
        int pcpu = unit.pcpu();
        return unit.usable(pcpu) ? pcpu : unit.usablePcpus().cycle(pcpu);
    }

    /** {@code unit}, which is not running, is moved to {@code pcpu}; the hypervisor sets {@link SchedUnit#pcpu} after it. */
    default void migrate(SchedUnit unit, int pcpu) {}

    /**
     * Weight or cap of a domain changed, or what {@link SchedUnit#parameter} tells of its units.
     *
     * @throws IllegalArgumentException if the new values contradict each other, thrown before anything is changed
     */
    default void adjusted(Domain domain) {}

    /**
     * Fields annotated with {@link Parameter} changed while it runs.
     *
     * @throws IllegalArgumentException if the new values contradict each other
     */
    default void reconfigured() {}

    /** Hard or soft affinity of {@code unit} changed, or the pCPUs of its pool. */
    default void affinityChanged(SchedUnit unit) {}

    /**
     * Decides whom {@code pcpu} runs next and for how long at most. {@link SchedulerHost#current} is the unit it ran up to
     * now, which may continue if it is still runnable.
     *
     * @param now system time in nanoseconds at which the decision is taken
     * @param decision where the answer goes: {@link Decision#run} or {@link Decision#idle}
     */
    void schedule(int pcpu, long now, Decision decision);
}

package org.xenolith.guest;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.xenolith.engine.InputException;
import org.xenolith.hypervisor.Abi;
import org.xenolith.hypervisor.Runstate;
import org.xenolith.machine.CostProfile;
import org.xenolith.machine.Topology;
import org.xenolith.machine.TscClock;
import org.xenolith.trace.MergedReader;
import org.xenolith.trace.TraceDescription;
import org.xenolith.trace.TraceEvent;
import org.xenolith.trace.TraceEvent.Hvm;
import org.xenolith.trace.TraceEvent.Pv;
import org.xenolith.trace.TraceEvent.Sched;
import org.xenolith.trace.TraceRecord;
import org.xenolith.trace.TraceSink;

/**
 * Turns a recorded schedule back into {@link Demand}: what each vCPU wanted, whatever the scheduler made of it.
 *
 * <p><b>Work.</b> A vCPU's work is its RUNNING time, less what the recorded hypervisor spent in it by the cost profile of
 * that machine: the switch after the record that starts it, interrupts, wakes and decisions that the trace shows inside,
 * the decision that ends it. A replay is charged all that again. What the trace does not show (a scheduler's own timers)
 * stays in the work. A burst is the work between two blocks, however often it was preempted.
 *
 * <p><b>Waits.</b> A wait lasts from the block to the wake. What ended it decides how it is replayed: a timer keeps its
 * length, an event from another vCPU comes when that vCPU gets so far, the outside world keeps its absolute time. How
 * each wake is decided, in this order ({@link WakeEvidence}):
 * <ol>
 *   <li><em>Hypercalls in the trace</em> (class PV, or HVM): a wake is an event from the vCPU that runs on the pCPU if its
 *       {@code event_channel_op} is the last record there, within {@value #SEND_NANOS} ns (an HVM guest's has no time stamp
 *       of its own: {@value #UNSTAMPED_SEND_NANOS} ns from its exit); this is identified. Any other wake is then an
 *       interrupt that happened to hit whoever ran. If the vCPU had not set its timer ({@code vcpu_op} 8 and 9, or
 *       {@code set_timer_op}), it came from outside.
 *   <li><em>Without them</em> a wake while vCPU X runs may be X's own send, or an interrupt that hit X. It is taken for a
 *       send if at least a quarter of the vCPU's wakes stand at one place of X's work (a fixed distance from the begin or
 *       the end of its bursts), and that is beyond chance by far: an interrupt hits X anywhere. Of vCPUs that have to do
 *       with each other, so are those wakes that are unlike its timers and come far more often while X runs than else
 *       ({@link UnlikeTimers}). In a domU, so is a wake on another pCPU than the vCPU ran on last, where its timer
 *       cannot fire; if that pCPU was idle it came from outside.
 *   <li><em>Regularity.</em> Waits that always last as long are timers. A kernel that sleeps wakes in between for its tick
 *       and blocks again, so the length is also looked for from earlier blocks, up to {@value Regularity#MOST_BACK} waits
 *       back: a sleep of 10 ms that its tick broke in two is a timer set at the first of the two blocks. Wakes at a fixed
 *       period are timers for absolute times. Wakes on the grid of a kernel's tick (1000, 300, 250 or 100 Hz) are timers for
 *       as many ticks on.
 *   <li><em>Hidden sleeps.</em> If the tick ends a wait and the sleep's own timer expires before the vCPU is served, only one
 *       wait is seen ({@link HiddenSleeps}); it is put back where the dates tell.
 *   <li><em>The rest is an assumption:</em> a timer in a domU, which has no devices of its own; the outside in dom0, which
 *       has all of them.
 * </ol>
 *
 * <p><b>What woke nobody.</b> An event whose receiver ran, or was ready to, leaves no record. Most are found
 * ({@link HiddenEvents}), since under another scheduler their receiver would have to wait for them.
 *
 * <p><b>Order.</b> What a vCPU does is replayed in its recorded order, but for what does not depend on each other: dom0's answers
 * to different vCPUs, and a kernel's ticks ({@link Lanes}).
 *
 * <p><b>Censoring.</b> A vCPU that never blocks in the window is {@linkplain VcpuDemand#backlogged backlogged}; its demand
 * is replayed as unbounded. A burst or a wait that the window cuts counts with the part inside.
 *
 * <p><b>Not demand.</b> Time RUNNABLE is the old scheduler's doing. So is OFFLINE time by a cap: that before which the trace
 * shows no sleep record, and that which a cap explains, being shorter than {@value #SHORTEST_PAUSE_MILLIS} ms or, with a low
 * cap, 3000 ms by its percentage. Longer ones, and those of a domain that is known to have no cap, are the operator's, as
 * when dom0 pauses a domain, and are replayed at their absolute times.
 *
 * <p><b>Not in a trace.</b> What the scheduler remembered when the window began, such as credits: a replay begins without.
 *
 * <p>Use: give it all records of a trace from the first on, in the order of time, then {@link #finish}. Memory: some 13
 * bytes for a work, block, wake or switch.
 */
public final class DemandExtractor implements TraceSink {
    /** An event-channel hypercall and the wake it causes are no farther apart than this and the profile's cost of sending. */
    static final long SEND_NANOS = 3000;

    /** The same where the hypercall's record has no time stamp, as an HVM guest's: from the exit before it. */
    static final long UNSTAMPED_SEND_NANOS = 50_000;

    /** OFFLINE times shorter than this are taken for a cap's. */
    static final long SHORTEST_PAUSE_MILLIS = 300;

    private static final long NANOS_IN_MILLI = 1_000_000;
    private static final int FIRST_SPECIAL_DOMAIN = Abi.DOMID_SELF;
    private static final int MOST_VCPUS = 1024;
    private static final long MOST_SECONDS = 10L * 365 * 24 * 3600;
    private static final int RUNSTATE_MASK = ~0xff0;
    private static final int OP_MASK = 0xfffff;
    private static final int ARG0_PRESENT = 3 << 20;
    private static final Runstate[] RUNSTATES = Runstate.values();

    /** What runs on a pCPU that was not heard of yet. */
    private static final int UNKNOWN = -2;

    private static final int IDLE = -1;

    private final TscClock clock;
    private final long from;
    private final long to;
    private final RecordingCosts costs;
    private final Map<Integer, Integer> capOfDomain;

    private final List<VcpuLog> logs = new ArrayList<>();
    private final Map<Integer, VcpuLog> byWord = new TreeMap<>();
    private final int[] current = new int[Topology.MAX_PCPUS];
    private final boolean[] afterIdle = new boolean[Topology.MAX_PCPUS];

    /** Up to when a wake there is by the event-channel hypercall that was recorded last; negative if there was none. */
    private final long[] sendUntil = new long[Topology.MAX_PCPUS];

    private boolean started;
    private long firstTsc;
    private long now;
    private boolean opened;
    private boolean closed;
    private boolean hypercallsVisible;
    private boolean sleepsVisible;
    private long lostRecords;

    /**
     * An extractor for the window from {@code fromNanos} to {@code toNanos} after the trace's first record; to
     * Long.MAX_VALUE for its end.
     *
     * @param tscHertz TSC rate of the recorded machine
     * @param costs what its hypervisor's work costs; profile {@code zero} if unknown, which counts that work as the guests'
     * @param capOfDomain caps in percent of one pCPU (0: none) by domain id; a domain that is not there is not known
     * @throws InputException if there is no such window or rate
     */
    public DemandExtractor(
            long tscHertz, CostProfile costs, Map<Integer, Integer> capOfDomain, long fromNanos, long toNanos) {
        if (tscHertz < 1_000_000L || tscHertz > 9_000_000_000L) {
            throw new InputException("TSC rate must be 1 MHz to 9 GHz, not " + tscHertz + " Hz");
        }
        if (fromNanos < 0 || toNanos <= fromNanos) {
            throw new InputException(
                    "no time from " + seconds(fromNanos) + " to " + seconds(toNanos) + " of the trace");
        }
        this.clock = new TscClock(tscHertz);
        this.costs = new RecordingCosts(costs);
        this.capOfDomain = Map.copyOf(capOfDomain);
        this.from = fromNanos;
        this.to = toNanos;
        Arrays.fill(current, UNKNOWN);
        Arrays.fill(sendUntil, -1);
    }

    /**
     * Reads {@code trace} and extracts the demand of a window.
     *
     * @param description what is known of the trace; caps that are only assumed are taken as unknown
     * @param costs what the recorded hypervisor's work costs, as of the constructor
     * @param fromNanos begin of the window, ns after the first record
     * @param toNanos its end, Long.MAX_VALUE for that of the trace
     * @throws InputException if the trace cannot be read or nothing ran in the window
     */
    public static Demand extract(
            Path trace, TraceDescription description, CostProfile costs, long fromNanos, long toNanos) {
        Map<Integer, Integer> caps = new TreeMap<>();
        if (description.assumptions().isEmpty()) {
            description.domains().forEach(d -> caps.put(d.id(), d.cap()));
        }
        DemandExtractor extractor = new DemandExtractor(description.tscHz(), costs, caps, fromNanos, toNanos);
        try (MergedReader reader = MergedReader.open(trace)) {
            TraceRecord record = new TraceRecord();
            while (!extractor.closed && reader.next(record)) {
                extractor.accept(record);
            }
        }
        try {
            return extractor.finish();
        } catch (InputException e) {
            throw new InputException(trace + ": " + e.getMessage(), e);
        }
    }

    @Override
    public void accept(TraceRecord r) {
        if (closed) {
            return;
        }
        if (r.cpu < 0 || r.cpu >= Topology.MAX_PCPUS) {
            throw new InputException("a record of pCPU " + r.cpu + "; a machine has at most " + Topology.MAX_PCPUS);
        }
        advanceTo(r);
        if (closed) {
            return;
        }
        int event = r.event;
        if ((event & RUNSTATE_MASK) == Sched.RUNSTATE_CHANGE) {
            if (r.words >= 1) {
                runstate(r, event >> 8 & 0xf, event >> 4 & 0xf);
            }
        } else if (event >>> 16 == Sched.CLASS >>> 16) {
            scheduling(r);
        } else if (event == TraceEvent.Gen.LOST_RECORDS) {
            lostRecords += opened && r.words >= 1 ? Integer.toUnsignedLong(r.word[0]) : 0;
            current[r.cpu] = UNKNOWN;
        } else {
            guestDoing(r);
        }
    }

    private void advanceTo(TraceRecord r) {
        if (!started) {
            started = true;
            firstTsc = r.tsc;
        }
        long cycles = r.tsc - firstTsc;
        if (cycles / clock.hertz() > MOST_SECONDS) {
            throw new InputException("time stamps are more than 10 years apart");
        }
        now = Math.max(now, clock.toNanos(Math.max(0, cycles)));
        if (!opened && now >= from) {
            opened = true;
            logs.forEach(v -> v.open(true));
        }
        if (now >= to) {
            close(to);
        }
    }

    private void close(long at) {
        closed = true;
        logs.forEach(v -> v.close(at - from, costs));
        now = at;
    }

    /** The time since the window's begin, ns. */
    private long windowTime() {
        return now - from;
    }

    // ------------------------------------------------------------------------------------------- what records say

    private void runstate(TraceRecord r, int oldState, int newState) {
        if (oldState >= RUNSTATES.length || newState >= RUNSTATES.length) {
            return;
        }
        Runstate next = RUNSTATES[newState];
        int domain = r.word[0] >>> 16;
        if (domain == TraceEvent.IDLE_DOMAIN) {
            if (next == Runstate.RUNNING) {
                current[r.cpu] = IDLE;
            }
            afterIdle[r.cpu] = true;
            return;
        }
        if (domain >= FIRST_SPECIAL_DOMAIN) {
            return;
        }
        VcpuLog v = vcpu(domain, r.word[0] & 0xffff, RUNSTATES[oldState]);
        if (v.state != RUNSTATES[oldState]) {
            v.enters(RUNSTATES[oldState], windowTime(), costs); // what came between was lost
        }
        boolean wakes = v.state == Runstate.BLOCKED && next != Runstate.BLOCKED;
        boolean leaves = v.state == Runstate.RUNNING;
        if (wakes) {
            woken(v, v.wokenAt(windowTime()), r.cpu);
        }
        boolean resumes = v.justWoken();
        v.enters(next, windowTime(), costs);
        if (leaves && current[r.cpu] == v.index) {
            current[r.cpu] = UNKNOWN;
            afterIdle[r.cpu] = false;
        }
        if (next == Runstate.RUNNING) {
            long overhead = (afterIdle[r.cpu] ? costs.startFromIdle : costs.start) + (resumes ? costs.resume : 0);
            v.starts(windowTime(), r.cpu, overhead);
            current[r.cpu] = v.index;
            afterIdle[r.cpu] = false;
        }
    }

    private void scheduling(TraceRecord r) {
        int event = r.event;
        if (event != Sched.WAKE
                && event != Sched.SLEEP
                && event != Sched.BLOCK
                && event != Sched.YIELD
                && event != Sched.SHUTDOWN
                && event != Sched.SWITCH_INFCONT) {
            return;
        }
        VcpuLog running = running(r.cpu);
        if (event == Sched.SWITCH_INFCONT) {
            if (running != null) {
                running.work(windowTime(), costs.interrupt + costs.schedule, 0);
            }
            return;
        }
        sleepsVisible |= event == Sched.WAKE || event == Sched.SLEEP;
        VcpuLog v = r.words < 2 ? null : byWord.get(r.word[0] << 16 | (r.word[1] & 0xffff));
        if (v == null) {
            return;
        }
        long exit = costs.hypercall - costs.hypercallEntry;
        switch (event) {
            case Sched.WAKE -> {
                if (v.wakeRecorded(windowTime(), costs)) {
                    woken(v, windowTime(), r.cpu);
                }
            }
            case Sched.SLEEP -> v.sleepRecorded();
            case Sched.BLOCK -> v.asksToBlock(windowTime(), costs);
            case Sched.YIELD -> {
                if (v == running) {
                    v.work(windowTime(), costs.hypercallEntry, exit);
                    v.yields();
                }
            }
            default -> {
                if (v == running) {
                    v.work(windowTime(), costs.hypercallEntry, 0);
                    v.shutsDown(r.words < 3 ? 0 : r.word[2]);
                }
            }
        }
    }

    /** {@code v}'s block ended at {@code at}, by something that happened on {@code cpu}. */
    private void woken(VcpuLog v, long at, int cpu) {
        VcpuLog running = running(cpu);
        if (running == v) {
            running = null;
        }
        int flags = 0;
        if (running != null && at + from <= sendUntil[cpu]) {
            flags |= VcpuLog.SENT;
            sendUntil[cpu] = -1;
        }
        if (v.lastPcpu >= 0 && v.lastPcpu != cpu) {
            flags |= VcpuLog.ELSEWHERE;
        }
        if (running != null) {
            if ((flags & VcpuLog.SENT) != 0) {
                running.work(
                        at,
                        costs.hypercallEntry + costs.eventSend,
                        costs.wake + costs.hypercall - costs.hypercallEntry);
            } else {
                running.work(at, costs.interrupt, costs.wake);
            }
        }
        if (v.woken(at, running == null ? -1 : running.index, flags) && running != null) {
            running.woke(v, v.wakes - 1);
        }
    }

    /** Records of what guests do: hypercalls and the rest. */
    private void guestDoing(TraceRecord r) {
        sendUntil[r.cpu] = -1;
        boolean pv = r.event == Pv.HYPERCALL || r.event == Pv.HYPERCALL_SUBCALL;
        if (r.words < 1 || (!pv && r.event != Hvm.VMMCALL)) {
            return;
        }
        hypercallsVisible |= opened;
        int op = r.word[0] & OP_MASK;
        if (op == Abi.HYPERVISOR_EVENT_CHANNEL_OP) {
            sendUntil[r.cpu] = now + costs.eventSend + (r.hasTsc ? SEND_NANOS : UNSTAMPED_SEND_NANOS);
        }
        VcpuLog v = running(r.cpu);
        if (v == null || !pv) {
            return;
        }
        if (op == Abi.HYPERVISOR_SET_TIMER_OP) {
            v.timerSet();
        } else if (op == Abi.HYPERVISOR_VCPU_OP && r.words >= 2 && (r.word[0] & ARG0_PRESENT) != 0) {
            if (r.word[1] == Abi.VCPUOP_SET_SINGLESHOT_TIMER) {
                v.timerSet();
            } else if (r.word[1] == Abi.VCPUOP_STOP_SINGLESHOT_TIMER) {
                v.timerStopped();
            }
        }
    }

    private VcpuLog running(int cpu) {
        return current[cpu] >= 0 ? logs.get(current[cpu]) : null;
    }

    private VcpuLog vcpu(int domain, int id, Runstate state) {
        VcpuLog v = byWord.get(domain << 16 | id);
        if (v == null) {
            if (logs.size() == MOST_VCPUS) {
                throw new InputException("more than " + MOST_VCPUS + " vCPUs in the trace");
            }
            v = new VcpuLog(logs.size(), domain, id, state, -from);
            logs.add(v);
            byWord.put(domain << 16 | id, v);
            if (opened) {
                v.open(false);
            }
        }
        return v;
    }

    // ---------------------------------------------------------------------------------------------- the conclusion

    /**
     * The demand found.
     *
     * @throws InputException if no vCPU ran in the window
     */
    public Demand finish() {
        if (!closed) {
            close(to == Long.MAX_VALUE ? now : Math.min(now, to));
        }
        if (!opened || logs.stream().noneMatch(v -> v.ran)) {
            throw new InputException("no vCPU ran from " + seconds(from) + " to " + seconds(to) + " of the trace");
        }
        long length = now - from;
        List<VcpuLog> ordered = new ArrayList<>(byWord.values());
        int[] place = new int[logs.size()];
        for (int i = 0; i < ordered.size(); i++) {
            place[ordered.get(i).index] = i;
        }
        WakeCauses causes = new WakeCauses(logs, hypercallsVisible);
        Map<Integer, long[]> pauses = new TreeMap<>();
        List<VcpuDemand> vcpus = new ArrayList<>();
        for (VcpuLog v : ordered) {
            long[] pausesOfVcpu = pauses(v);
            boolean first = !pauses.containsKey(v.domain);
            if (first) {
                pauses.put(v.domain, pausesOfVcpu);
            }
            long startsAt = first ? 0 : startsAt(pausesOfVcpu, pauses.get(v.domain));
            vcpus.add(DemandSteps.of(v, logs, causes, place, costs, startsAt, length));
        }
        return new Demand(length, vcpus, pauses, lostRecords);
    }

    /** The times at which the operator kept {@code v} paused, clipped to the window. */
    private long[] pauses(VcpuLog v) {
        long[] times = new long[v.offline.size()];
        int n = 0;
        for (int i = 0; i + 1 < v.offline.size(); i += 2) {
            long begin = v.offline.value(i);
            long end = v.offline.value(i + 1);
            boolean seenToBegin = begin > -from;
            boolean asked = v.offline.peer(i) != 0 || !sleepsVisible || !seenToBegin;
            if (asked && end - begin >= shortestPause(v.domain)) {
                times[n++] = Math.max(0, begin);
                times[n++] = end;
            }
        }
        return Arrays.copyOf(times, n);
    }

    private long shortestPause(int domain) {
        Integer cap = capOfDomain.get(domain);
        if (cap == null) {
            return SHORTEST_PAUSE_MILLIS * NANOS_IN_MILLI;
        }
        // A capped vCPU that used up a whole slice of 30 ms is parked until its share has caught up.
        return cap == 0 ? NANOS_IN_MILLI : Math.max(SHORTEST_PAUSE_MILLIS, 3000 / cap) * NANOS_IN_MILLI;
    }

    /** When a vCPU first comes up that its domain starts later than its first one; 0 if with it. */
    private static long startsAt(long[] own, long[] domains) {
        if (own.length < 2 || own[0] > 0 || (domains.length >= 2 && domains[0] == 0 && domains[1] >= own[1])) {
            return 0;
        }
        return own[1];
    }

    private static String seconds(long nanos) {
        return nanos == Long.MAX_VALUE ? "the end" : String.format(Locale.ROOT, "%.3f s", nanos / 1e9);
    }
}

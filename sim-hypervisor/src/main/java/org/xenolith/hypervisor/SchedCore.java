package org.xenolith.hypervisor;

import org.xenolith.machine.Cost;
import org.xenolith.trace.TraceEvent.Sched;

/**
 * The part of scheduling that is the same for every policy: runstates, pausing, blocking, migration and the switch itself.
 * Follows {@code common/sched/core.c} of Xen 4.17, down to the order of trace records.
 */
final class SchedCore {
    private final Hypervisor hypervisor;
    private final Decision decision = new Decision();

    SchedCore(Hypervisor hypervisor) {
        this.hypervisor = hypervisor;
    }

    private TraceBuffer trace() {
        return hypervisor.trace();
    }

    private static Scheduler schedulerOf(Vcpu v) {
        return v.domain().pool().scheduler;
    }

    private void runstate(Vcpu v, Runstate next, long at) {
        trace().emit(runstateEvent(v.runstate(), next), v.traceWord());
        v.enter(next, at);
    }

    private static int runstateEvent(Runstate from, Runstate to) {
        return Sched.RUNSTATE_CHANGE | from.ordinal() << 8 | to.ordinal() << 4;
    }

    /** Whatever held {@code v} may have ended: if nothing holds it any more it becomes runnable. */
    void wake(Vcpu v) {
        trace().emit(Sched.WAKE, v.domain().id(), v.id());
        if (v.isRunnable()) {
            if (v.runstate() == Runstate.BLOCKED || v.runstate() == Runstate.OFFLINE) {
                runstate(v, Runstate.RUNNABLE, hypervisor.time());
            }
            hypervisor.charge(Cost.WAKE);
            if (hypervisor.cores() == null) {
                schedulerOf(v).wake(v.unit());
            } else {
                hypervisor.cores().woken(v);
            }
        } else if (!v.isPaused(Vcpu.BLOCKED) && v.runstate() == Runstate.BLOCKED) {
            runstate(v, Runstate.OFFLINE, hypervisor.time());
        }
    }

    /** Something new holds {@code v}: it leaves its runqueue, or its pCPU soon. */
    void sleep(Vcpu v) {
        trace().emit(Sched.SLEEP, v.domain().id(), v.id());
        if (!v.isRunnable()) {
            if (v.runstate() == Runstate.RUNNABLE) {
                runstate(v, Runstate.OFFLINE, hypervisor.time());
            }
            if (hypervisor.cores() == null) {
                schedulerOf(v).sleep(v.unit());
            } else {
                hypervisor.cores().slept(v);
            }
        }
    }

    /** {@code v}, which was down, comes up. */
    void up(Vcpu v) {
        if (v.clearPause(Vcpu.DOWN)) {
            wake(v);
        }
    }

    /** {@code v} goes down until it is brought up again. */
    void down(Vcpu v) {
        if (!v.isPaused(Vcpu.DOWN)) {
            v.setPause(Vcpu.DOWN);
            sleep(v);
        }
    }

    void pause(Vcpu v) {
        v.pause();
        sleep(v);
    }

    void unpause(Vcpu v) {
        v.unpause();
        wake(v);
    }

    /** {@code v}, which is running, blocks until an event, unless one is pending already. */
    void block(Vcpu v) {
        v.sharedInfo().setUpcallMask(v.id(), false);
        if (v.arch.hasEvent()) {
            return;
        }
        v.setPause(Vcpu.BLOCKED);
        leavePcpu(v);
    }

    /** {@code v}, which is running and has just been marked as blocked, gives up its pCPU. */
    void leavePcpu(Vcpu v) {
        trace().emit(Sched.BLOCK, v.domain().id(), v.id());
        hypervisor.raiseScheduleSoftirq(hypervisor.pcpu(v.pcpu()));
    }

    void unblock(Vcpu v) {
        if (v.clearPause(Vcpu.BLOCKED)) {
            if (v.polling) {
                v.polling = false;
                v.domain().pollers--;
                v.pollTimer.stop();
            }
            wake(v);
        }
    }

    void yield(Vcpu v) {
        schedulerOf(v).yield(v.unit());
        trace().emit(Sched.YIELD, v.domain().id(), v.id());
        hypervisor.raiseScheduleSoftirq(hypervisor.pcpu(v.pcpu()));
    }

    /** {@code unit} is to be placed anew, at once or when its pCPU has let go of it. */
    void startMigration(SchedUnit unit) {
        if (unit.isMigrating()) {
            return;
        }
        unit.members().forEach(v -> v.setPause(Vcpu.MIGRATING));
        if (unit.running) {
            hypervisor.raiseScheduleSoftirq(hypervisor.pcpu(unit.pcpu));
        } else {
            sleep(unit.first());
            finishMigration(unit);
        }
    }

    void finishMigration(SchedUnit unit) {
        if (!unit.isMigrating() || unit.running) {
            return;
        }
        Scheduler scheduler = unit.domain().pool().scheduler;
        int to = scheduler.pickPcpu(unit);
        if (!unit.usable(to)) {
            throw new SchedulerException(hypervisor.where() + "placed " + unit + " on pCPU " + to
                    + ", where it may not run (allowed: " + unit.usablePcpus() + ")");
        }
        if (to != unit.pcpu) {
            scheduler.migrate(unit, to);
            unit.pcpu = to;
        }
        unit.members().forEach(v -> v.clearPause(Vcpu.MIGRATING));
        unit.members().forEach(this::wake);
    }

    /** Xen's {@code schedule()}: asks the policy of {@code p}'s pool whom to run, and switches to it. */
    void schedule(Pcpu p) {
        SchedUnit left = decideAndSwitch(p);
        if (left != null) {
            contextSaved(p, left);
        }
    }

    /** Returns the unit that has left {@code p}, for which {@link #contextSaved} is due; null if there is none. */
    SchedUnit decideAndSwitch(Pcpu p) {
        p.scheduleSoftirq = false;
        long switchTime = p.clock;
        p.sliceTimer.stop();
        if (p.pool == null) {
            return null; // it is in no pool, and idles
        }
        SchedUnit prev = p.current == null ? null : p.current.unit();
        SchedUnit next = ask(p, prev);
        if (next != null) {
            next.running = true;
            next.pcpu = p.id();
        }
        switchTo(p, next == null ? null : next.first(), switchTime);
        return prev == next ? null : prev;
    }

    /** {@code unit} has left {@code p}: it may now be queued or moved. */
    void contextSaved(Pcpu p, SchedUnit unit) {
        unit.running = false;
        unit.domain().pool().scheduler.contextSaved(unit);
        finishMigration(unit);
        hypervisor.letGo(p, unit.domain());
    }

    /** For how long the last decision was, ns at most; negative for no limit. */
    long sliceNanos() {
        return decision.sliceNanos();
    }

    /** Asks the policy of {@code p}'s pool whom it runs next, after {@code prev}, and records the choice if it is another. */
    SchedUnit ask(Pcpu p, SchedUnit prev) {
        long now = hypervisor.nowNanos();
        DecisionListener listener = hypervisor.decisionListener();
        if (listener != null) {
            listener.deciding(p.id(), p.clock, prev);
        }
        decision.clear();
        p.pool.scheduler.schedule(p.id(), now, decision);
        SchedUnit next = checked(p, prev);
        if (listener != null) {
            listener.decided(next, decision.sliceNanos());
        }
        hypervisor.charge(Cost.SCHEDULE);
        if (decision.sliceNanos() >= 0) {
            p.sliceTimer.set(now + decision.sliceNanos());
        }
        if (next != prev) {
            int prevWord = prev == null ? p.idleTraceWord() : prev.traceWord();
            int nextWord = next == null ? p.idleTraceWord() : next.traceWord();
            long prevSince = prev == null ? hypervisor.clock().toNanos(p.idleSince) : prev.stateEntryNanos();
            boolean waited = next != null && next.first().runstate() == Runstate.RUNNABLE;
            trace().emit(
                            Sched.SWITCH_INFPREV,
                            prevWord >>> 16,
                            prevWord & 0xffff,
                            hypervisor.saturated(now - prevSince));
            trace().emit(
                            Sched.SWITCH_INFNEXT,
                            nextWord >>> 16,
                            nextWord & 0xffff,
                            waited ? hypervisor.saturated(now - next.stateEntryNanos()) : 0,
                            (int) decision.sliceNanos());
            trace().emit(Sched.SWITCH, prevWord >>> 16, prevWord & 0xffff, nextWord >>> 16, nextWord & 0xffff);
        }
        return next;
    }

    /** Switches {@code p} to {@code next}, or to idling if that is null, and has it count from {@code switchTime}. */
    void switchTo(Pcpu p, Vcpu next, long switchTime) {
        Vcpu prev = p.current;
        if (next == prev) {
            int word = p.currentTraceWord();
            long since = prev == null ? hypervisor.clock().toNanos(p.idleSince) : prev.stateEntryNanos();
            int ran = hypervisor.saturated(hypervisor.clock().toNanos(switchTime) - since);
            trace().emit(Sched.SWITCH_INFCONT, word >>> 16, word & 0xffff, ran, (int) decision.sliceNanos());
            trace().emit(Sched.CONTINUE_RUNNING, word);
            return;
        }
        if (prev == null) {
            trace().emit(runstateEvent(Runstate.RUNNING, Runstate.RUNNABLE), p.idleTraceWord());
        } else {
            runstate(prev, afterRunning(prev), switchTime);
        }
        if (next == null) {
            trace().emit(runstateEvent(Runstate.RUNNABLE, Runstate.RUNNING), p.idleTraceWord());
            p.idleSince = switchTime;
        } else {
            runstate(next, Runstate.RUNNING, switchTime);
            next.singleshot.migrate(p.id());
            next.pollTimer.migrate(p.id());
            refill(next, p);
        }
        p.current = next;
        if (prev != null) {
            prev.areas.switchedOut();
            prev.arch.switchedOut();
        }
        if (next != null) {
            next.areas.switchedIn();
            next.arch.switchedIn();
        }
        hypervisor.charge(prev == null || next == null ? Cost.CONTEXT_SWITCH_IDLE : Cost.CONTEXT_SWITCH);
    }

    private static Runstate afterRunning(Vcpu v) {
        if (v.isPaused(Vcpu.BLOCKED)) {
            return Runstate.BLOCKED;
        }
        return v.isRunnable() ? Runstate.RUNNABLE : Runstate.OFFLINE;
    }

    private void refill(Vcpu v, Pcpu p) {
        if (p.lastVcpu != v || v.lastPcpu != p.id()) {
            v.refillDebt += hypervisor.cost(Cost.REFILL_SWITCH);
        }
        if (v.lastPcpu >= 0 && v.lastPcpu != p.id()) {
            v.refillDebt += hypervisor.cost(Cost.REFILL_MIGRATION);
        }
        v.lastPcpu = p.id();
        p.lastVcpu = v;
    }

    private SchedUnit checked(Pcpu p, SchedUnit prev) {
        if (!decision.isGiven()) {
            throw new SchedulerException(hypervisor.where() + "decided nothing on " + p);
        }
        SchedUnit unit = decision.next();
        if (unit == null) {
            return null;
        }
        String wrong = unit.domain().pool() != p.pool
                ? "which is in another pool"
                : !unit.isRunnable()
                        ? "which is not runnable (" + unit.first().runstate() + ")"
                        : unit.running && unit != prev
                                ? "which runs on pCPU " + unit.pcpu
                                : !unit.usable(p.id()) ? "which may run only on pCPU " + unit.usablePcpus() : null;
        if (wrong != null) {
            throw new SchedulerException(hypervisor.where() + "chose " + unit + " for " + p + ", " + wrong);
        }
        if (decision.sliceNanos() == 0) {
            throw new SchedulerException(hypervisor.where() + "gave " + unit + " a slice of 0 ns on " + p);
        }
        return unit;
    }
}

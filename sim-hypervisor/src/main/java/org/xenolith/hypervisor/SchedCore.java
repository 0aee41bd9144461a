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
            schedulerOf(v).wake(v.unit());
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
            schedulerOf(v).sleep(v.unit());
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
        hypervisor.raiseScheduleSoftirq(hypervisor.pcpu(v.unit().pcpu));
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
        hypervisor.raiseScheduleSoftirq(hypervisor.pcpu(v.unit().pcpu));
    }

    void startMigration(Vcpu v) {
        if (v.isPaused(Vcpu.MIGRATING)) {
            return;
        }
        v.setPause(Vcpu.MIGRATING);
        if (v.unit().running) {
            hypervisor.raiseScheduleSoftirq(hypervisor.pcpu(v.unit().pcpu));
        } else {
            sleep(v);
            finishMigration(v);
        }
    }

    private void finishMigration(Vcpu v) {
        if (!v.isPaused(Vcpu.MIGRATING) || v.unit().running) {
            return;
        }
        Scheduler scheduler = schedulerOf(v);
        int to = scheduler.pickPcpu(v.unit());
        if (!v.unit().usable(to)) {
            throw new SchedulerException(hypervisor.where() + "placed " + v + " on pCPU " + to
                    + ", where it may not run (allowed: " + v.usablePcpus() + ")");
        }
        if (to != v.unit().pcpu) {
            scheduler.migrate(v.unit(), to);
            v.unit().pcpu = to;
        }
        v.clearPause(Vcpu.MIGRATING);
        wake(v);
    }

    /** Xen's {@code schedule()}: asks the policy of {@code p}'s pool whom to run, and switches to it. */
    void schedule(Pcpu p) {
        p.scheduleSoftirq = false;
        Vcpu prev = p.current;
        long switchTime = p.clock;
        long now = hypervisor.nowNanos();
        p.sliceTimer.stop();
        if (p.pool == null) {
            return; // it is in no pool, and idles
        }

        // 1. Ask.
        Scheduler scheduler = p.pool.scheduler;
        DecisionListener listener = hypervisor.decisionListener();
        if (listener != null) {
            listener.deciding(p.id(), p.clock, prev == null ? null : prev.unit());
        }
        decision.clear();
        scheduler.schedule(p.id(), now, decision);
        Vcpu next = checked(p, prev);
        if (listener != null) {
            listener.decided(decision.next(), decision.sliceNanos());
        }
        hypervisor.charge(Cost.SCHEDULE);
        int slice = (int) decision.sliceNanos();
        if (decision.sliceNanos() >= 0) {
            p.sliceTimer.set(now + decision.sliceNanos());
        }

        // 2. Go on with the same one, or with idling.
        int prevWord = p.currentTraceWord();
        int prevRan =
                prev == null ? hypervisor.saturated(now - hypervisor.clock().toNanos(p.idleSince)) : ran(prev, now);
        if (next == prev) {
            trace().emit(Sched.SWITCH_INFCONT, prevWord >>> 16, prevWord & 0xffff, prevRan, slice);
            trace().emit(Sched.CONTINUE_RUNNING, prevWord);
            return;
        }

        // 3. Switch: records, runstates, state.
        int nextWord = next == null ? Hypervisor.IDLE_DOMAIN << 16 | p.id() : next.traceWord();
        trace().emit(Sched.SWITCH_INFPREV, prevWord >>> 16, prevWord & 0xffff, prevRan);
        trace().emit(
                        Sched.SWITCH_INFNEXT,
                        nextWord >>> 16,
                        nextWord & 0xffff,
                        next == null || next.runstate() != Runstate.RUNNABLE ? 0 : ran(next, now),
                        slice);
        trace().emit(Sched.SWITCH, prevWord >>> 16, prevWord & 0xffff, nextWord >>> 16, nextWord & 0xffff);
        if (prev == null) {
            trace().emit(runstateEvent(Runstate.RUNNING, Runstate.RUNNABLE), prevWord);
        } else {
            runstate(prev, afterRunning(prev), switchTime);
        }
        if (next == null) {
            trace().emit(runstateEvent(Runstate.RUNNABLE, Runstate.RUNNING), nextWord);
            p.idleSince = switchTime;
        } else {
            runstate(next, Runstate.RUNNING, switchTime);
            next.unit().running = true;
            next.unit().pcpu = p.id();
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

        // 4. The one that left may now be queued or moved.
        if (prev != null) {
            prev.unit().running = false;
            scheduler.contextSaved(prev.unit());
            finishMigration(prev);
            hypervisor.letGo(p, prev.domain());
        }
    }

    private int ran(Vcpu v, long now) {
        return hypervisor.saturated(now - v.stateEntryNanos());
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

    private Vcpu checked(Pcpu p, Vcpu prev) {
        if (!decision.isGiven()) {
            throw new SchedulerException(hypervisor.where() + "decided nothing on " + p);
        }
        SchedUnit unit = decision.next();
        if (unit == null) {
            return null;
        }
        Vcpu v = unit.vcpu();
        String wrong = v.domain().pool() != p.pool
                ? "which is in another pool"
                : !v.isRunnable()
                        ? "which is not runnable (" + v.runstate() + ")"
                        : unit.running && v != prev
                                ? "which runs on pCPU " + unit.pcpu
                                : !unit.usable(p.id()) ? "which may run only on pCPU " + v.usablePcpus() : null;
        if (wrong != null) {
            throw new SchedulerException(hypervisor.where() + "chose " + v + " for " + p + ", " + wrong);
        }
        if (decision.sliceNanos() == 0) {
            throw new SchedulerException(hypervisor.where() + "gave " + v + " a slice of 0 ns on " + p);
        }
        return v;
    }
}

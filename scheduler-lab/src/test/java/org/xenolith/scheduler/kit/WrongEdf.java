package org.xenolith.scheduler.kit;

import java.util.ArrayList;
import java.util.List;
import org.xenolith.hypervisor.Decision;
import org.xenolith.hypervisor.Domain;
import org.xenolith.hypervisor.DomainParameter;
import org.xenolith.hypervisor.Parameter;
import org.xenolith.hypervisor.SchedUnit;
import org.xenolith.hypervisor.Scheduler;
import org.xenolith.hypervisor.SchedulerHost;
import org.xenolith.hypervisor.XenTimer;

/** Every vCPU has a budget in every period, and the one whose period ends first goes first: right, unless it is told to make a mistake. */
@DomainParameter(name = "period_us", unit = "us", min = 1000, defaultValue = 10_000, help = "period")
@DomainParameter(name = "budget_us", unit = "us", min = 100, defaultValue = 4000, help = "budget in every period")
public final class WrongEdf implements Scheduler {
    /** A mistake. */
    enum Fault {
        NONE("nothing"),
        FIRST_COME("first come, first served"),
        LATEST_DEADLINE("the latest deadline goes first"),
        NO_PREEMPTION("an earlier deadline waits until the one that runs has used up its budget"),
        REFILLS_LATE("every other time the budget is filled half a period late"),
        DEADLINE_DRIFTS("a period begins when a unit without budget is looked at, not when the last one ended"),
        LOSES_REST("who is preempted loses the rest of its budget"),
        BURNS_WHILE_WAITING("the budget burns from the begin of the period, whoever runs"),
        HALF_BUDGET("a budget over 10 ms is cut to that"),
        SHARED_BUDGET("the vCPUs of a domain share one budget"),
        NO_TICKLE_ON_REFILL("nobody is told that a unit has budget again");

        final String about;

        Fault(String about) {
            this.about = about;
        }
    }

    private static final class Server {
        final SchedUnit unit;
        long period;
        long budget;
        long left;
        long deadline;
        XenTimer refill;

        Server(SchedUnit unit) {
            this.unit = unit;
            take();
        }

        void take() {
            period = unit.parameter("period_us") * 1000;
            budget = unit.parameter("budget_us") * 1000;
        }
    }

    @Parameter(name = "fault", help = "the mistake to make")
    Fault fault = Fault.NONE;

    private final List<Server> servers = new ArrayList<>();
    private final List<Server> queue = new ArrayList<>();
    private SchedulerHost host;
    private long[] charged;

    /** Without a mistake. */
    public WrongEdf() {}

    WrongEdf(Fault fault) {
        this.fault = fault;
    }

    private boolean is(Fault mistake) {
        return fault == mistake;
    }

    @Override
    public void init(SchedulerHost schedulerHost) {
        host = schedulerHost;
        charged = new long[host.topology().pcpus()];
    }

    @Override
    public void insert(SchedUnit unit) {
        Server s = new Server(unit);
        s.refill = host.newTimer(unit.pcpu(), now -> refill(s, now));
        unit.setData(s);
        servers.add(s);
    }

    @Override
    public void remove(SchedUnit unit) {
        Server s = unit.data();
        s.refill.stop();
        servers.remove(s);
    }

    /** New values hold from the next period on. */
    @Override
    public void adjusted(Domain domain) {
        for (Server s : servers) {
            if (s.unit.domain() == domain) {
                s.take();
            }
        }
    }

    private void begin(Server s, long deadline) {
        s.deadline = deadline;
        s.left = is(Fault.HALF_BUDGET) ? Math.min(s.budget, 10_000_000) : s.budget;
        s.refill.set(deadline + (is(Fault.REFILLS_LATE) && deadline / s.period % 2 == 0 ? s.period / 2 : 0));
    }

    private void refill(Server s, long now) {
        SchedUnit unit = s.unit;
        if (unit.isRunning()) {
            charge(s, unit.pcpu(), now);
        }
        long deadline = s.deadline;
        while (deadline <= now) {
            deadline += s.period;
        }
        begin(s, is(Fault.DEADLINE_DRIFTS) ? now + s.period + s.period / 4 : deadline);
        if (unit.isRunning()) {
            host.tickle(unit.pcpu());
        } else if (unit.isRunnable()) {
            enqueue(s, !is(Fault.NO_TICKLE_ON_REFILL));
        }
    }

    @Override
    public void wake(SchedUnit unit) {
        Server s = unit.data();
        if (!unit.isRunning()) {
            if (host.now() >= s.deadline) {
                begin(s, host.now() + s.period);
            }
            enqueue(s, true);
        }
    }

    @Override
    public void sleep(SchedUnit unit) {
        if (unit.isRunning()) {
            host.tickle(unit.pcpu());
        } else {
            queue.remove(unit.<Server>data());
        }
    }

    @Override
    public void contextSaved(SchedUnit unit) {
        Server s = unit.data();
        if (unit.isRunnable()) {
            s.left = is(Fault.LOSES_REST) ? 0 : s.left;
            enqueue(s, true);
        }
    }

    @Override
    public void affinityChanged(SchedUnit unit) {
        Server s = unit.data();
        if (s != null && queue.contains(s)) {
            tickleFor(s);
        }
    }

    private void enqueue(Server s, boolean tickle) {
        if (!queue.contains(s)) {
            queue.add(s);
        }
        if (tickle) {
            tickleFor(s);
        }
    }

    private void tickleFor(Server s) {
        int latest = -1;
        long deadline = s.deadline;
        for (int p = host.pcpus().next(0); p >= 0; p = host.pcpus().next(p + 1)) {
            if (!s.unit.usable(p) || host.isTickled(p)) {
                continue;
            }
            SchedUnit current = host.current(p);
            if (current == null) {
                host.tickle(p);
                return;
            }
            Server running = current.data();
            if (running.deadline > deadline && !is(Fault.NO_PREEMPTION)) {
                latest = p;
                deadline = running.deadline;
            }
        }
        if (latest >= 0) {
            host.tickle(latest);
        }
    }

    private void charge(Server s, int pcpu, long now) {
        long ran = now - charged[pcpu];
        charged[pcpu] = now;
        for (Server other : is(Fault.SHARED_BUDGET) ? servers : List.of(s)) {
            if (other.unit.domain() == s.unit.domain()) {
                other.left -= ran;
            }
        }
    }

    private long left(Server s, long now) {
        return is(Fault.BURNS_WHILE_WAITING) ? Math.min(s.left, s.budget - (now - (s.deadline - s.period))) : s.left;
    }

    @Override
    public void schedule(int pcpu, long now, Decision decision) {
        SchedUnit unit = host.current(pcpu);
        Server current = unit == null ? null : unit.data();
        Server next = null;
        if (current != null) {
            charge(current, pcpu, now);
            if (unit.isRunnable() && left(current, now) > 0) {
                next = current;
            }
        }
        boolean stays = next != null && is(Fault.NO_PREEMPTION);
        for (Server s : queue) {
            if (!stays && s.unit.usable(pcpu) && left(s, now) > 0 && (next == null || isBetter(s, next))) {
                next = s;
            }
        }
        charged[pcpu] = now;
        if (next == null) {
            decision.idle();
        } else {
            queue.remove(next);
            decision.run(next.unit, left(next, now));
        }
    }

    private boolean isBetter(Server s, Server other) {
        return is(Fault.LATEST_DEADLINE)
                ? s.deadline > other.deadline
                : !is(Fault.FIRST_COME) && s.deadline < other.deadline;
    }
}

package org.xenolith.scheduler.kit;

import java.util.ArrayList;
import java.util.List;
import org.xenolith.hypervisor.Decision;
import org.xenolith.hypervisor.Domain;
import org.xenolith.hypervisor.Parameter;
import org.xenolith.hypervisor.SchedUnit;
import org.xenolith.hypervisor.Scheduler;
import org.xenolith.hypervisor.SchedulerHost;
import org.xenolith.hypervisor.XenTimer;

/**
 * One queue in order of credit, which running burns the faster the lower the weight, and of which all get more when the best has
 * none left; a budget every 10 ms for domains with a cap; a ratelimit of 1 ms. Right, unless it is told to make a mistake.
 */
public final class WrongFair implements Scheduler {
    /** A mistake. */
    enum Fault {
        NONE("nothing"),
        IGNORES_WEIGHTS("all burn credit alike"),
        INVERTS_WEIGHTS("the heavier a domain, the faster it burns credit"),
        STARVES_LIGHT("who is heavier goes first"),
        KEEPS_OLD_WEIGHT("the weight that a domain came with holds for ever"),
        RESET_OFF_BY_ONE("a credit reset forgets the unit that came last"),
        RESET_ONLY_QUEUED("a credit reset forgets the units that run"),
        RESET_ONLY_CHOSEN("a credit reset gives credit to the chosen one only"),
        CHARGES_THE_NEXT("what was run is charged to whom runs next"),
        CHARGES_AT_TICKS("only who runs when a tick of 10 ms comes is charged, and for all of it"),
        BOOSTS_FOR_EVER("who wakes up goes before all others, and burns nothing until its slice ends"),
        SAVES_CREDIT("who sleeps gets more credit with every reset, without limit"),
        IGNORES_RATELIMIT("who has more credit preempts at once"),
        RATELIMIT_PER_PCPU("the ratelimit counts from the last decision to switch but one"),
        IGNORES_CAPS("caps are promised, not kept"),
        CAP_IGNORED_ON_WAKE("a unit that wakes up without budget runs for one slice all the same"),
        CAP_FOR_EACH("every vCPU has its domain's whole budget"),
        CAP_SAVED_UP("a budget that is not used is kept, without limit"),
        CAP_FORGIVES("slices are not cut to the budget, and what was too much is not paid back"),
        CAP_NOT_ADJUSTED("a new cap is not taken"),
        CAP_BY_DECISION("budgets are charged at the end of slices, not when a unit blocks"),
        PARKED_FOR_EVER("a unit that is unparked is not queued if another of its domain runs"),
        STAYS_PARKED("who is parked when its cap is lifted stays so");

        final String about;

        Fault(String about) {
            this.about = about;
        }
    }

    private static final class Account {
        final Domain domain;
        int weight;
        int cap;

        Account(Domain domain) {
            this.domain = domain;
            take();
        }

        void take() {
            weight = domain.weight();
            cap = domain.cap();
        }
    }

    private static final class Member {
        final SchedUnit unit;
        final Account account;
        long credit = CREDIT;
        long budget;
        boolean woken;

        Member(SchedUnit unit, Account account) {
            this.unit = unit;
            this.account = account;
        }
    }

    private static final long CREDIT = 10_000_000;
    private static final long PERIOD = 10_000_000;
    private static final long SLICE = 4_000_000;
    private static final long RATELIMIT = 1_000_000;
    private static final int HEAVY = 512;

    @Parameter(name = "fault", help = "the mistake to make")
    Fault fault = Fault.NONE;

    private final List<Member> members = new ArrayList<>();
    private final List<Member> queue = new ArrayList<>();
    private final List<Member> parked = new ArrayList<>();
    private SchedulerHost host;
    private XenTimer timer;

    /** By pCPU: when its unit began to run, and up to when that is charged. */
    private long[] began;

    private long[] charged;

    /** Without a mistake. */
    public WrongFair() {}

    WrongFair(Fault fault) {
        this.fault = fault;
    }

    private boolean is(Fault mistake) {
        return fault == mistake;
    }

    @Override
    public void init(SchedulerHost schedulerHost) {
        host = schedulerHost;
        began = new long[host.topology().pcpus()];
        charged = new long[host.topology().pcpus()];
    }

    @Override
    public void addPcpu(int pcpu) {
        if (timer == null) {
            timer = host.newTimer(pcpu, this::tick);
            timer.set(host.now() + PERIOD);
        }
    }

    @Override
    public void insert(SchedUnit unit) {
        Account account = unit.domain().data();
        if (account == null) {
            account = new Account(unit.domain());
            unit.domain().setData(account);
        }
        Member m = new Member(unit, account);
        m.budget = full(m);
        unit.setData(m);
        members.add(m);
    }

    @Override
    public void remove(SchedUnit unit) {
        Member m = unit.data();
        members.remove(m);
        if (parked.remove(m)) {
            host.unpark(unit);
        }
        if (members.stream().noneMatch(other -> other.account == m.account)) {
            unit.domain().setData(null);
        }
    }

    @Override
    public void adjusted(Domain domain) {
        Account a = domain.data();
        int weight = a.weight;
        int cap = a.cap;
        a.take();
        a.weight = is(Fault.KEEPS_OLD_WEIGHT) ? weight : a.weight;
        a.cap = is(Fault.CAP_NOT_ADJUSTED) ? cap : a.cap;
        for (Member m : members) {
            m.budget = m.account == a ? Math.min(cap == 0 ? full(m) : m.budget, full(m)) : m.budget;
            if (m.account == a && a.cap == 0 && !is(Fault.STAYS_PARKED)) {
                unpark(m);
            }
        }
    }

    @Override
    public void wake(SchedUnit unit) {
        Member m = unit.data();
        if (!unit.isRunning() && !queue.contains(m)) {
            m.woken = true;
            queue.add(m);
            tickleFor(m);
        }
    }

    @Override
    public void sleep(SchedUnit unit) {
        if (unit.isRunning()) {
            host.tickle(unit.pcpu());
        } else {
            queue.remove(unit.<Member>data());
        }
    }

    @Override
    public void contextSaved(SchedUnit unit) {
        Member m = unit.data();
        if (unit.isRunnable()) {
            queue.add(m);
            tickleFor(m);
        }
    }

    @Override
    public void affinityChanged(SchedUnit unit) {
        Member m = unit.data();
        if (m != null && queue.contains(m)) {
            tickleFor(m);
        }
    }

    private void tickleFor(Member m) {
        int weakest = -1;
        long least = m.credit;
        for (int p = host.pcpus().next(0); p >= 0; p = host.pcpus().next(p + 1)) {
            if (!m.unit.usable(p) || host.isTickled(p)) {
                continue;
            }
            SchedUnit current = host.current(p);
            if (current == null) {
                host.tickle(p);
                return;
            }
            Member running = current.data();
            if (running.credit < least || (is(Fault.BOOSTS_FOR_EVER) && !running.woken)) {
                weakest = p;
                least = running.credit;
            }
        }
        if (weakest >= 0) {
            host.tickle(weakest);
        }
    }

    // ---- caps -------------------------------------------------------------------------------------------------------

    private void tick(long now) {
        timer.set(now + PERIOD);
        if (is(Fault.CHARGES_AT_TICKS)) {
            chargeAtTick();
        }
        for (Member m : members) {
            m.budget = replenished(m.budget, full(m));
        }
        List<Member> waiting = new ArrayList<>(parked);
        for (Member m : waiting) {
            boolean forgotten = is(Fault.STAYS_PARKED) && m.account.cap == 0;
            if (hasBudget(m) && !forgotten) {
                unpark(m);
            }
        }
    }

    /** What {@code m} may run in a period: all vCPUs of a domain have the same part of its cap. */
    private long full(Member m) {
        long all = PERIOD * m.account.cap / 100;
        return is(Fault.CAP_FOR_EACH) ? all : all / m.unit.domain().units().size();
    }

    private long replenished(long budget, long full) {
        long old = is(Fault.CAP_FORGIVES) ? Math.max(0, budget) : budget;
        return is(Fault.CAP_SAVED_UP) ? old + full : Math.min(full, old + full);
    }

    private boolean hasBudget(Member m) {
        boolean woken = is(Fault.CAP_IGNORED_ON_WAKE) && m.woken;
        return m.account.cap == 0 || m.budget > 0 || woken || is(Fault.IGNORES_CAPS);
    }

    private void unpark(Member m) {
        if (parked.remove(m)) {
            host.unpark(m.unit);
            boolean lost = is(Fault.PARKED_FOR_EVER)
                    && members.stream().anyMatch(other -> other.account == m.account && other.unit.isRunning());
            if (m.unit.isRunnable() && !m.unit.isRunning() && !lost) {
                queue.add(m);
                tickleFor(m);
            }
        }
    }

    private void park(Member m) {
        queue.remove(m);
        parked.add(m);
        host.park(m.unit);
    }

    // ---- credit -----------------------------------------------------------------------------------------------------

    private void charge(Member m, int pcpu, long now) {
        long ran = now - charged[pcpu];
        charged[pcpu] = now;
        if (!is(Fault.CAP_BY_DECISION) || m.unit.isRunnable()) {
            m.budget -= ran;
        }
        if (!is(Fault.CHARGES_AT_TICKS) && !(is(Fault.BOOSTS_FOR_EVER) && m.woken)) {
            burn(m, ran);
        }
    }

    private void chargeAtTick() {
        for (Member m : members) {
            if (m.unit.isRunning()) {
                burn(m, PERIOD);
            }
        }
    }

    private void burn(Member m, long ran) {
        int weight = m.account.weight;
        m.credit -= is(Fault.IGNORES_WEIGHTS)
                ? ran
                : is(Fault.INVERTS_WEIGHTS) ? ran * weight / HEAVY : ran * HEAVY / weight;
    }

    private void reset(Member chosen) {
        int last = members.size() - (is(Fault.RESET_OFF_BY_ONE) ? 1 : 0);
        while (chosen.credit <= 0) {
            for (int i = 0; i < Math.max(1, last); i++) {
                Member m = members.get(i);
                boolean forgotten = (is(Fault.RESET_ONLY_QUEUED) && m.unit.isRunning())
                        || (is(Fault.RESET_ONLY_CHOSEN) && m != chosen);
                boolean limited = !is(Fault.SAVES_CREDIT) || m.unit.isRunning() || m.unit.isRunnable();
                if (!forgotten) {
                    m.credit = limited ? Math.min(CREDIT, m.credit + CREDIT) : m.credit + 10 * CREDIT;
                }
            }
            if (chosen.credit <= 0 && forgets(chosen)) {
                return;
            }
        }
    }

    private boolean forgets(Member m) {
        boolean last = members.get(members.size() - 1) == m;
        return (is(Fault.RESET_OFF_BY_ONE) && last) || (is(Fault.RESET_ONLY_QUEUED) && m.unit.isRunning());
    }

    // ---- the decision -----------------------------------------------------------------------------------------------

    @Override
    public void schedule(int pcpu, long now, Decision decision) {
        SchedUnit unit = host.current(pcpu);
        Member current = unit == null ? null : unit.data();
        if (current != null) {
            Member payer = is(Fault.CHARGES_THE_NEXT) && !queue.isEmpty() ? queue.get(0) : current;
            charge(payer, pcpu, now);
        }
        boolean goesOn = current != null && unit.isRunnable();
        long early = RATELIMIT - (now - began[pcpu]);
        if (goesOn && early > 0 && hasBudget(current) && !is(Fault.IGNORES_RATELIMIT)) {
            decision.run(unit, early);
            return;
        }
        if (goesOn && !hasBudget(current)) {
            park(current);
            goesOn = false;
        }
        Member next = choose(pcpu, goesOn ? current : null);
        if (next == null) {
            decision.idle();
            return;
        }
        if (next.credit <= 0) {
            reset(next);
        }
        queue.remove(next);
        if (next != current) {
            if (!is(Fault.RATELIMIT_PER_PCPU) || now - began[pcpu] > 2 * RATELIMIT) {
                began[pcpu] = now;
            }
        } else {
            next.woken = false;
        }
        charged[pcpu] = now;
        boolean limited = next.account.cap > 0 && next.budget > 0 && !is(Fault.IGNORES_CAPS) && !is(Fault.CAP_FORGIVES);
        decision.run(next.unit, limited ? Math.min(SLICE, Math.max(next.budget, 100_000)) : SLICE);
    }

    private Member choose(int pcpu, Member current) {
        Member best = current;
        for (Member m : List.copyOf(queue)) {
            if (!hasBudget(m)) {
                park(m);
            } else if (m.unit.usable(pcpu) && (best == null || isBetter(m, best))) {
                best = m;
            }
        }
        return best;
    }

    private boolean isBetter(Member m, Member other) {
        if (is(Fault.STARVES_LIGHT) && m.account.weight != other.account.weight) {
            return m.account.weight > other.account.weight;
        }
        if (is(Fault.BOOSTS_FOR_EVER) && m.woken != other.woken) {
            return m.woken;
        }
        return m.credit > other.credit;
    }
}

package org.xenolith.scheduler.kit;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import org.xenolith.hypervisor.CpuSet;
import org.xenolith.hypervisor.Domain;
import org.xenolith.scheduler.kit.KitEvent.Kind;
import org.xenolith.scheduler.kit.KitEvent.Moment;
import org.xenolith.scheduler.kit.KitScenario.KitDomain;

/**
 * What a scenario's toolstack has ordered, at every time: a list of epochs, in each of which nothing changes. It knows what Xen makes
 * of orders: an affinity that leaves nothing when a pCPU goes is reset, and who moves to another cpupool begins anew there.
 */
final class Orders {
    /**
     * What holds for a domain.
     *
     * @param there whether there is such a domain
     * @param paused whether it is paused
     * @param weight its weight
     * @param cap its cap, 0 for none
     * @param allowed the pCPUs that its vCPUs may run on
     * @param sched its reservation
     */
    record Order(boolean there, boolean paused, int weight, int cap, CpuSet allowed, Map<String, Long> sched) {}

    /**
     * A time in which nothing is ordered anew.
     *
     * @param from its begin, ns
     * @param to its end, ns
     * @param domains what holds, by index of the domain
     */
    record Epoch(long from, long to, List<Order> domains) {}

    /** What holds for a domain while orders come. */
    private static final class State {
        boolean there;
        boolean gone;
        int pauses;
        int weight;
        int cap;
        int pool;
        CpuSet affinity;
        Map<String, Long> sched;

        State(KitScenario scenario, int domain) {
            KitDomain d = scenario.domains().get(domain);
            there = scenario.events().stream().noneMatch(e -> e.kind() == Kind.CREATE && e.domain() == domain);
            weight = d.weight();
            cap = d.cap();
            sched = d.sched();
            affinity = d.affinity() == null ? all(scenario) : d.affinity();
        }
    }

    private final KitScenario scenario;
    private final List<State> states = new ArrayList<>();
    private final CpuSet[] pools;
    private final List<Epoch> epochs = new ArrayList<>();

    /** One text for each action of the scenario file. */
    private final List<String> actions = new ArrayList<>();

    /** The first event that cannot be done, or null. */
    private KitEvent impossible;

    private Orders(KitScenario scenario) {
        this.scenario = scenario;
        this.pools = pools(scenario);
        for (int d = 0; d < scenario.domains().size(); d++) {
            states.add(new State(scenario, d));
        }
        List<Moment> moments = scenario.events().stream()
                .flatMap(e -> e.moments().stream())
                .sorted(Comparator.comparingLong(Moment::nanos))
                .toList();
        long from = 0;
        for (Moment m : moments) {
            if (m.nanos() > from) {
                epochs.add(new Epoch(from, m.nanos(), orders()));
                from = m.nanos();
            }
            if (!apply(m)) {
                impossible = m.event();
                return;
            }
        }
        epochs.add(new Epoch(from, scenario.nanos(), orders()));
    }

    /** The epochs of {@code scenario}, in order and without a gap. */
    static List<Epoch> of(KitScenario scenario) {
        return new Orders(scenario).epochs;
    }

    /** The actions of the scenario's file. */
    static List<String> actions(KitScenario scenario) {
        return new Orders(scenario).actions;
    }

    /** The same scenario without the events that cannot be done, such as to pause a domain that is gone. */
    static KitScenario withoutImpossible(KitScenario scenario) {
        KitScenario possible = scenario;
        for (KitEvent bad = new Orders(possible).impossible; bad != null; bad = new Orders(possible).impossible) {
            List<KitEvent> events = new ArrayList<>(possible.events());
            events.remove(bad);
            possible = possible.withEvents(events);
        }
        return possible;
    }

    /** The pCPUs of each cpupool at the start; the second may have none. */
    static CpuSet[] pools(KitScenario scenario) {
        CpuSet first = CpuSet.of();
        CpuSet second = CpuSet.of();
        int pcpus = scenario.topology().pcpus();
        for (int p = 0; p < pcpus; p++) {
            if (p < pcpus - scenario.secondPool()) {
                first = first.with(p);
            } else {
                second = second.with(p);
            }
        }
        return new CpuSet[] {first, second};
    }

    private static CpuSet all(KitScenario scenario) {
        return CpuSet.firstOf(scenario.topology().pcpus());
    }

    private List<Order> orders() {
        return states.stream()
                .map(s -> new Order(s.there, s.pauses > 0, s.weight, s.cap, s.affinity.and(pools[s.pool]), s.sched))
                .toList();
    }

    private boolean apply(Moment m) {
        KitEvent e = m.event();
        State s = states.get(e.domain());
        boolean done =
                switch (e.kind()) {
                    case CREATE -> create(s);
                    case TAKE_PCPU -> m.undone() ? givePcpu(m) : takePcpu(m);
                    default -> s.there && applyTo(s, m);
                };
        if (done && e.kind() != Kind.TAKE_PCPU) {
            actions.add(action(m, e.kind() == Kind.MOVE ? s.pool : 0));
        }
        return done;
    }

    private static String action(Moment m, int pool) {
        return "{at: " + m.nanos() / 1_000_000 + " ms, do: " + m.event().yaml(m.undone(), "Pool-" + pool) + "}";
    }

    private boolean create(State s) {
        boolean possible = !s.there && !s.gone && s.affinity.intersects(pools[s.pool]);
        s.there = true;
        return possible;
    }

    private boolean applyTo(State s, Moment m) {
        KitEvent e = m.event();
        switch (e.kind()) {
            case PAUSE -> s.pauses += m.undone() ? -1 : 1;
            case SET_SHARE -> {
                s.weight = e.weight();
                s.cap = e.cap();
            }
            case SET_RESERVATION -> s.sched = e.sched();
            case SET_AFFINITY -> {
                s.affinity = e.cpus();
                return s.affinity.intersects(pools[s.pool]);
            }
            case DESTROY -> {
                s.there = false;
                s.gone = true;
            }
            case MOVE -> {
                s.pool = 1 - s.pool;
                s.weight = Domain.DEFAULT_WEIGHT;
                s.cap = 0;
                s.affinity = all(scenario);
                return !pools[s.pool].isEmpty();
            }
            default -> throw new IllegalStateException("not an order about a domain: " + e);
        }
        return true;
    }

    private boolean takePcpu(Moment m) {
        int pcpu = m.event().pcpu();
        for (int i = 0; i < pools.length; i++) {
            if (pools[i].contains(pcpu) && pools[i].size() > 1) {
                pools[i] = pools[i].without(pcpu);
                for (State s : states) {
                    if (s.there && s.pool == i && !s.affinity.intersects(pools[i])) {
                        s.affinity = all(scenario);
                    }
                }
                actions.add(action(m, i));
                return true;
            }
        }
        return false;
    }

    private boolean givePcpu(Moment m) {
        int pcpu = m.event().pcpu();
        CpuSet[] atFirst = pools(scenario);
        int home = atFirst[0].contains(pcpu) ? 0 : 1;
        pools[home] = pools[home].with(pcpu);
        actions.add(action(m, home));
        return true;
    }
}

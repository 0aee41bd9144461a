package org.xenolith.scheduler.kit;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import org.xenolith.hypervisor.CpuSet;
import org.xenolith.scheduler.kit.KitScenario.KitDomain;

/** What a scenario's toolstack has ordered, at every time: a list of epochs, in each of which nothing changes. */
final class Orders {
    /**
     * What holds for a domain.
     *
     * @param paused whether it is paused
     * @param weight its weight
     * @param cap its cap, 0 for none
     * @param allowed the pCPUs that its vCPUs may run on
     */
    record Order(boolean paused, int weight, int cap, CpuSet allowed) {}

    /**
     * A time in which nothing is ordered anew.
     *
     * @param from its begin, ns
     * @param to its end, ns
     * @param domains what holds, by index of the domain
     */
    record Epoch(long from, long to, List<Order> domains) {}

    private Orders() {}

    /** The epochs of {@code scenario}, in order and without a gap. */
    static List<Epoch> of(KitScenario scenario) {
        TreeSet<Long> times = new TreeSet<>(List.of(0L, scenario.nanos()));
        for (KitEvent event : scenario.events()) {
            times.add(Math.min(event.atNanos(), scenario.nanos()));
            times.add(Math.min(event.endNanos(), scenario.nanos()));
        }
        List<Epoch> epochs = new ArrayList<>();
        for (Long from = times.first(); times.higher(from) != null; from = times.higher(from)) {
            List<Order> domains = new ArrayList<>();
            for (int d = 0; d < scenario.domains().size(); d++) {
                domains.add(orderAt(scenario, d, from));
            }
            epochs.add(new Epoch(from, times.higher(from), domains));
        }
        return epochs;
    }

    private static Order orderAt(KitScenario scenario, int domain, long time) {
        KitDomain d = scenario.domains().get(domain);
        CpuSet all = CpuSet.firstOf(scenario.topology().pcpus());
        Order order = new Order(false, d.weight(), d.cap(), d.affinity() == null ? all : d.affinity());
        long shareSet = -1;
        long affinitySet = -1;
        for (KitEvent e : scenario.events()) {
            if (e.domain() != domain || e.atNanos() > time) {
                continue;
            }
            switch (e.kind()) {
                case PAUSE ->
                    order = new Order(order.paused || time < e.endNanos(), order.weight, order.cap, order.allowed);
                case SET_SHARE -> {
                    if (e.atNanos() >= shareSet) {
                        shareSet = e.atNanos();
                        order = new Order(order.paused, e.weight(), e.cap(), order.allowed);
                    }
                }
                case SET_AFFINITY -> {
                    if (e.atNanos() >= affinitySet) {
                        affinitySet = e.atNanos();
                        order = new Order(order.paused, order.weight, order.cap, e.cpus());
                    }
                }
            }
        }
        return order;
    }
}

package org.xenolith.guest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.xenolith.hypervisor.Runstate;

/** A client of dom0, both with ticks, served so late that many of their events come while their receiver is awake. */
class HiddenEventsTest {
    private static final long END = 10_000 * Sim.MS;
    private static final long TICK = 4 * Sim.MS;
    private static final long TICK_WORK = 30_000;
    private static final int REQUESTS = 4000;
    private static final int DOM0 = 0;
    private static final int CLIENT = 1;

    /** Dom0 answers after 50 us and ends 12 us later. */
    private static VcpuDemand dom0() {
        StepList service = new StepList();
        add(service, DemandStep.AWAIT_EVENT, CLIENT, 0);
        add(service, DemandStep.WORK, 0, 50_000);
        add(service, DemandStep.SEND, CLIENT, 0);
        add(service, DemandStep.WORK, 0, 12_000);
        return vcpu(DOM0, List.of(new StepList(), ticks(1_300_000), service));
    }

    /** The client works for 100 us, asks, works for 40 us, waits for the answer, works for 300 us and sleeps for a ms. */
    private static VcpuDemand client() {
        StepList main = new StepList();
        for (int i = 0; i < REQUESTS; i++) {
            add(main, DemandStep.WORK, 0, 100_000);
            add(main, DemandStep.SEND, DOM0, 0);
            add(main, DemandStep.WORK, 0, 40_000);
            add(main, DemandStep.AWAIT_EVENT, DOM0, 0);
            add(main, DemandStep.WORK, 0, 300_000);
            add(main, DemandStep.SLEEP, 0, 1_050_000);
        }
        return vcpu(CLIENT, List.of(main, ticks(2_100_000)));
    }

    private static StepList ticks(long phase) {
        StepList ticks = new StepList();
        for (long at = phase; at < END; at += TICK) {
            add(ticks, DemandStep.SLEEP_UNTIL, 0, at);
            add(ticks, DemandStep.WORK, 0, TICK_WORK);
        }
        return ticks;
    }

    private static void add(StepList steps, DemandStep kind, int peer, long value) {
        steps.add(kind.ordinal(), peer, value);
    }

    private static VcpuDemand vcpu(int domain, List<StepList> lanes) {
        StepList all = new StepList();
        int[] begins = new int[lanes.size()];
        for (int i = 0; i < begins.length; i++) {
            begins[i] = all.size();
            all.addAll(lanes.get(i));
        }
        int[][] counts = new int[DemandStep.values().length][WakeEvidence.values().length];
        return new VcpuDemand(domain, 0, false, all, begins, counts, 0, 0);
    }

    /** What the two get beside a third domain that is busy half of the time. */
    private static Sim play(Demand demand, long sliceNanos) {
        Sim sim = new Sim(1, "zero", sliceNanos, UnaryOperator.identity());
        sim.add(2, "busy", Workloads.create("on-off", Map.of("onMicros", 9000, "offMicros", 7000), 2));
        sim.start();
        ReplayGuests guests = new ReplayGuests(demand);
        guests.domains().forEach(id -> sim.addReplayed(id, guests.load(id)));
        guests.start(sim.hypervisor);
        sim.hypervisor.run(END);
        return sim;
    }

    @Test
    void areFoundAndServedBySomeoneFaster() {
        Demand truth = new Demand(END, List.of(dom0(), client()), Map.of(), 0);
        Sim slow = play(truth, 3 * Sim.MS);
        Sim fast = play(truth, Sim.MS / 5);
        assertThat(running(fast, CLIENT)).isGreaterThan(running(slow, CLIENT) * 12 / 10);

        Demand seen = slow.demand("zero", 0, END, event -> event >>> 16 == 2);
        VcpuDemand dom0 = seen.vcpus().get(DOM0);
        VcpuDemand client = seen.vcpus().get(CLIENT);
        assertThat(client.waits(DemandStep.AWAIT_EVENT, WakeEvidence.HIDDEN)).isGreaterThan(100);
        assertThat(dom0.waits(DemandStep.AWAIT_EVENT, WakeEvidence.HIDDEN)).isGreaterThan(100);
        assertThat(client.count(DemandStep.AWAIT_EVENT)).isEqualTo(dom0.count(DemandStep.SEND));
        assertThat(dom0.count(DemandStep.AWAIT_EVENT)).isEqualTo(client.count(DemandStep.SEND));

        Demand demand = new Demand(END, List.of(dom0, client), Map.of(), 0);
        assertThat(running(play(demand, Sim.MS / 5), CLIENT))
                .isCloseTo(running(fast, CLIENT), within(running(fast, CLIENT) / 40));
        assertThat(running(play(demand, 3 * Sim.MS), CLIENT))
                .isCloseTo(running(slow, CLIENT), within(running(slow, CLIENT) / 40));
    }

    private static long running(Sim sim, int domain) {
        return sim.hypervisor.domainById(domain).vcpus().get(0).cyclesIn(Runstate.RUNNING);
    }
}

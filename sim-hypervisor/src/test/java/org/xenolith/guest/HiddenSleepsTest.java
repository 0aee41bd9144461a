package org.xenolith.guest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.xenolith.hypervisor.Domain;
import org.xenolith.hypervisor.Runstate;

/** A guest with a tick, served so late that its sleeps vanish from the trace. */
class HiddenSleepsTest {
    private static final long END = 10_000 * Sim.MS;
    private static final long TICK = 4 * Sim.MS;
    private static final long TICK_WORK = 50_000;

    /** Works 5 ms and sleeps 10 ms; its kernel wakes once more for the tick after it went to sleep. */
    private static final class Ticking implements Workload {
        private int step;
        private long wakeAt;

        @Override
        public void next(Task task) {
            long now = task.nowNanos();
            switch (step) {
                case 0 -> {
                    step = 1;
                    task.compute(task.cycles(5 * Sim.MS));
                }
                case 1 -> {
                    step = 2;
                    wakeAt = now + 10 * Sim.MS;
                    task.sleepUntil(now - now % TICK + TICK);
                }
                case 2 -> {
                    step = 3;
                    task.compute(task.cycles(TICK_WORK));
                }
                default -> {
                    step = 0;
                    if (now < wakeAt) {
                        task.sleepUntil(wakeAt);
                    } else {
                        next(task);
                    }
                }
            }
        }
    }

    private static Sim sim(long sliceNanos) {
        return new Sim(1, "zero", sliceNanos, UnaryOperator.identity());
    }

    private static void addOthers(Sim sim) {
        sim.add(1, "busy", Workloads.create("on-off", Map.of("onMicros", 9000, "offMicros", 9000), 2));
    }

    @Test
    void areFoundAndServedBySomeoneFaster() {
        Sim slow = sim(30 * Sim.MS);
        addOthers(slow);
        Domain slowly = slow.add(2, "ticking", new DomainLoad(1, 0, id -> new Ticking()));
        slow.start();
        slow.hypervisor.run(END);
        VcpuDemand d = slow.demand("zero", 0, END, event -> event >>> 16 == 2)
                .vcpusOf(2)
                .get(0);

        int hidden = d.waits(DemandStep.SLEEP, WakeEvidence.HIDDEN);
        assertThat(hidden).isGreaterThan(20);
        int bursts = 0;
        int sleeps = 0;
        for (int i = 0; i < d.size(); i++) {
            if (d.kind(i) == DemandStep.WORK && d.value(i) > Sim.MS) {
                bursts++;
            } else if (d.kind(i) == DemandStep.SLEEP) {
                assertThat(d.value(i)).isCloseTo(10 * Sim.MS, within(60_000L));
                sleeps++;
            }
        }
        assertThat(sleeps).isCloseTo(bursts, within(3));

        Sim fast = sim(Sim.MS);
        Domain quickly = fast.add(2, "ticking", new DomainLoad(1, 0, id -> new Ticking()));
        fast.start();
        fast.hypervisor.run(END);

        Sim replay = sim(Sim.MS);
        ReplayGuests guests = new ReplayGuests(new Demand(END, List.of(d), Map.of(), 0));
        Domain again = replay.addReplayed(2, guests.load(2));
        guests.start(replay.hypervisor);
        replay.hypervisor.run(END);

        assertThat(running(quickly)).isGreaterThan(running(slowly) * 12 / 10);
        assertThat(running(again)).isCloseTo(running(quickly), within(running(quickly) / 50));
    }

    private static long running(Domain domain) {
        return domain.vcpus().get(0).cyclesIn(Runstate.RUNNING);
    }
}

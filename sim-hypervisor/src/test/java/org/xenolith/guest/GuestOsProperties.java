package org.xenolith.guest;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;
import org.xenolith.engine.RandomStream;
import org.xenolith.hypervisor.Domain;
import org.xenolith.hypervisor.Guest;
import org.xenolith.hypervisor.Runstate;

/** What a guest's operating system promises its tasks, whatever they do and however the hypervisor runs its vCPUs. */
class GuestOsProperties {
    private static final int ROUNDS = 12;
    private static final long LONG_ENOUGH = 3000 * Sim.MS;

    /** How a guest waits. */
    enum Waits {
        SPIN,
        PLE,
        PV
    }

    /** Tasks that do everything there is to do at random, a fixed number of times, and check what they share. */
    private static final class Everything {
        private final GuestOs os;
        private final List<OsLock> locks = new ArrayList<>();
        private final List<OsTask> holders = new ArrayList<>();
        private final OsBarrier barrier;
        private final OsSemaphore[] mail;
        private final List<OsTask> tasks = new ArrayList<>();
        private long asked;
        private int ended;
        private int inside;

        Everything(int vcpus, int count, Waits waits, boolean tickets) {
            os = new GuestOs("test", new OsSettings(300_000, 300_000, 500, 2000, waits == Waits.PLE ? 4096 : 0), vcpus);
            for (int i = 0; i < 2; i++) {
                locks.add(os.lock(tickets, waits == Waits.PV ? 20_000 : OsWait.FOREVER));
                holders.add(null);
            }
            barrier = new OsBarrier(count, count % 2 * 30_000L);
            mail = new OsSemaphore[count];
            for (int i = 0; i < count; i++) {
                mail[i] = new OsSemaphore();
            }
            for (int i = 0; i < count; i++) {
                tasks.add(os.add(new Rounds(i), i % 3 == 2 ? i % vcpus : OsTask.ANY_VCPU));
            }
        }

        /** Round: compute; under a lock compute; mail the next; sleep or not; read mail; meet; fork and join a child. */
        private final class Rounds implements OsProgram {
            private final int number;
            private RandomStream random;
            private int round;
            private int step;
            private int lock;
            private OsTask child;

            Rounds(int number) {
                this.number = number;
            }

            @Override
            public void next(Steps steps) {
                if (random == null) {
                    random = os.random("t" + number);
                }
                if (round == ROUNDS) {
                    ended++;
                    steps.exit();
                    return;
                }
                switch (step++) {
                    case 0, 9 -> work(steps);
                    case 1 -> {
                        lock = random.nextInt(2);
                        steps.lock(locks.get(lock));
                    }
                    case 2 -> {
                        assertThat(holders.get(lock)).as("holder").isNull();
                        holders.set(lock, tasks.get(number));
                        work(steps);
                    }
                    case 3 -> {
                        assertThat(holders.get(lock)).as("holder").isSameAs(tasks.get(number));
                        holders.set(lock, null);
                        steps.unlock(locks.get(lock));
                    }
                    case 4 -> steps.post(mail[(number + 1) % mail.length]);
                    case 5 -> steps.sleepUntil(steps.nowNanos() + random.nextLong(2) * random.nextLong(400_000));
                    case 6 -> steps.await(mail[number]);
                    case 7 -> {
                        inside++;
                        steps.meet(barrier);
                    }
                    case 8 -> {
                        // All have come, and none is a round ahead of the slowest.
                        assertThat(inside).isGreaterThanOrEqualTo((round + 1) * mail.length);
                        boolean[] worked = {false};
                        child = steps.fork(childSteps -> {
                            if (worked[0]) {
                                childSteps.exit();
                            } else {
                                worked[0] = true;
                                work(childSteps);
                            }
                        });
                    }
                    default -> {
                        step = 0;
                        round++;
                        steps.await(child.ended);
                    }
                }
            }

            private void work(Steps steps) {
                long cycles = 1 + random.nextLong(200_000);
                asked += cycles;
                steps.compute(cycles);
            }
        }
    }

    @Property(tries = 60)
    void noWorkIsLostNoLockIsSharedAndNobodyIsForgotten(
            @ForAll @IntRange(min = 1, max = 4) int vcpus,
            @ForAll @IntRange(min = 2, max = 7) int count,
            @ForAll @IntRange(min = 1, max = 3) int pcpus,
            @ForAll @LongRange(min = 100_000, max = 10_000_000) long sliceNanos,
            @ForAll Waits waits,
            @ForAll boolean tickets,
            @ForAll boolean neighbour) {
        Everything load = new Everything(vcpus, count, waits, tickets);
        Sim sim = sim(pcpus, sliceNanos, UnaryOperator.identity(), waits);
        Domain domain = sim.add(1, "os", load.os);
        if (neighbour) {
            sim.add(2, "spin", Workloads.create("spin", Map.of(), 1));
        }
        sim.start();
        sim.keep = false;
        sim.hypervisor.run(LONG_ENOUGH);

        assertThat(load.ended).as("tasks that ended").isEqualTo(count);
        assertThat(load.os.computedCycles()).isEqualTo(load.asked);
        long hypercalls = 0;
        for (int number = 0; number < 64; number++) {
            hypercalls += domain.hypercalls(number);
        }
        long running = domain.vcpus().stream()
                .mapToLong(v -> v.cyclesIn(Runstate.RUNNING))
                .sum();
        long known = load.os.computedCycles() + load.os.burnedCycles() + load.os.switchingCycles();
        long trapping = 2 * (hypercalls + load.os.counters().get("pauseLoopExits")) + vcpus;
        assertThat(running).isBetween(known, known + trapping);
    }

    @Property(tries = 10)
    void theSameWhateverTheBudgets(
            @ForAll @IntRange(min = 1, max = 3) int vcpus,
            @ForAll @IntRange(min = 2, max = 5) int count,
            @ForAll Waits waits,
            @ForAll boolean tickets) {
        List<String> whole = records(vcpus, count, waits, tickets, UnaryOperator.identity());
        assertThat(records(vcpus, count, waits, tickets, UnaryOperator.identity()))
                .as("once more")
                .isEqualTo(whole);
        for (long chunk : new long[] {777, Long.MAX_VALUE}) {
            assertThat(records(vcpus, count, waits, tickets, g -> new ChoppedGuest(g, chunk, chunk > 777)))
                    .as("budgets of %d", chunk)
                    .isEqualTo(whole);
        }
    }

    private static List<String> records(int vcpus, int count, Waits waits, boolean tickets, UnaryOperator<Guest> wrap) {
        Sim sim = sim(1, 700_000, wrap, waits);
        sim.add(1, "os", new Everything(vcpus, count, waits, tickets).os);
        sim.add(2, "spin", Workloads.create("spin", Map.of(), 1));
        sim.start();
        sim.hypervisor.run(20 * Sim.MS);
        assertThat(sim.records).isNotEmpty();
        return sim.lines();
    }

    private static Sim sim(int pcpus, long sliceNanos, UnaryOperator<Guest> wrap, Waits waits) {
        Sim sim = new Sim(pcpus, "zero", sliceNanos, wrap);
        sim.type = waits == Waits.PLE ? Domain.Type.PVH : Domain.Type.PV;
        return sim;
    }
}

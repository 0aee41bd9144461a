package org.xenolith.scheduler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Map;
import org.junit.jupiter.api.Test;
import org.xenolith.guest.Workload;
import org.xenolith.hypervisor.Scheduler;

/** What changed in credit and credit2 over the years, one observable difference each. */
class VersionsTest {
    private static Credit credit(CreditVersion version) {
        Credit credit = new Credit();
        credit.version = version;
        return credit;
    }

    private static Credit2 credit2(Credit2Version version) {
        Credit2 credit2 = new Credit2();
        credit2.version = version;
        return credit2;
    }

    /** Works from 1 to 9 ms after every tick and sleeps through the tick itself. */
    private static final class TickDodger implements Workload {
        private boolean worked;

        @Override
        public void next(Task task) {
            long sinceTick = task.nowNanos() % 10_000_000;
            worked = !worked;
            if (worked && sinceTick < 9_000_000) {
                task.compute(Math.max(1, task.cycles(9_000_000 - sinceTick)));
            } else {
                worked = false;
                task.sleepUntil(task.nowNanos() - sinceTick + 11_000_000);
            }
        }
    }

    private static double shareOfTheTickDodger(CreditVersion version) {
        Played p = new Played(credit(version));
        p.spin(256, Map.of());
        p.add(256, Map.of(), new TickDodger());
        p.until(5000);
        return 100.0 * p.ran(2) / 5e9;
    }

    /** Who is never seen by a tick never pays: the attack of Zhou and others, "Scheduler vulnerabilities", 2011. */
    @Test
    void samplingLetsATickDodgerRunForFree() {
        assertThat(shareOfTheTickDodger(CreditVersion.V3_4)).isEqualTo(80, within(1.0));
        assertThat(shareOfTheTickDodger(CreditVersion.V4_0)).isBetween(45.0, 60.0);
        assertThat(shareOfTheTickDodger(CreditVersion.V4_17)).isBetween(45.0, 60.0);
    }

    private static long longestRunMicros(Scheduler scheduler, int heavy) {
        Played p = new Played(scheduler);
        p.spin(256, Map.of());
        p.spin(heavy, Map.of());
        p.until(1000);
        return p.runs.stream().mapToLong(r -> (r.to() - r.from()) / 1000).max().orElseThrow();
    }

    @Test
    void credit2OnceHadShortSlices() {
        assertThat(longestRunMicros(credit2(Credit2Version.V4_1), 256)).isLessThanOrEqualTo(4000);
        assertThat(longestRunMicros(credit2(Credit2Version.V4_17), 256)).isBetween(9_000L, 10_500L);
    }

    /** A unit alone with one that gives way runs until their credits are equal, not until its own is gone. */
    @Test
    void credit2CountsWhoGivesWayNow() {
        Played before = new Played(credit2(Credit2Version.V4_17));
        before.spin(256, Map.of());
        before.spin(256, Map.of());
        before.until(1000);
        Played now = new Played(credit2(Credit2Version.V4_21));
        now.spin(256, Map.of());
        now.spin(256, Map.of());
        now.until(1000);
        assertThat(now.runs.size()).isGreaterThan(2 * before.runs.size());
        assertThat((double) now.ran(1) / now.ran(2)).isEqualTo(1, within(0.02));
    }

    @Test
    void noRatelimitBefore2012() {
        assertThat(switchesInASecond(credit(CreditVersion.V4_0)))
                .isGreaterThan(2 * switchesInASecond(credit(CreditVersion.V4_17)));
    }

    /** Two that wake each other up in turn, at every 200 us, beside one that computes. */
    private static int switchesInASecond(Scheduler scheduler) {
        Played p = new Played(scheduler);
        p.spin(256, Map.of());
        p.add(256, Map.of(), new Workload() {
            private boolean worked;

            @Override
            public void next(Task task) {
                worked = !worked;
                if (worked) {
                    task.compute(task.cycles(20_000));
                } else {
                    task.sleepFor(180_000);
                }
            }
        });
        return p.until(1000).runs.size();
    }
}

package org.xenolith.hypervisor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.xenolith.engine.RandomStream;
import org.xenolith.trace.TraceEvent;

class CpuPoolsTest {
    private static final long MILLI = 1_000_000;
    private static final long END = 100 * MILLI;

    private final List<String> records = new ArrayList<>();
    private final Hypervisor xen = Machines.flat(3, "qemu-icount", new Fifo(), r -> {
        if (TraceEvent.isRunstateChange(r.event)
                ? TraceEvent.newRunstate(r.event) == TraceEvent.RUNSTATE_RUNNING && r.word[0] >>> 16 != 0x7fff
                : r.event == TraceEvent.Sched.DOM_ADD || r.event == TraceEvent.Sched.DOM_REM) {
            records.add(r.tsc / MILLI + " ms pCPU " + r.cpu + " "
                    + (r.event == TraceEvent.Sched.DOM_ADD
                            ? "+d" + r.word[0]
                            : r.event == TraceEvent.Sched.DOM_REM ? "-d" + r.word[0] : "d" + (r.word[0] >>> 16)));
        }
    });
    private final CpuPool pool0 = xen.pool("Pool-0");

    private Domain spinning(int id, int vcpus, String pool) {
        List<ScriptedGuest> guests = new ArrayList<>();
        for (int i = 0; i < vcpus; i++) {
            guests.add(new ScriptedGuest());
        }
        Domain domain = xen.createDomain(
                new DomainConfig(id, "d", Domain.Type.PV, guests.get(0).memory, pool, 512, 50, guests, null, null));
        xen.unpause(domain);
        return domain;
    }

    private static long ran(Domain domain) {
        return domain.vcpus().stream()
                .mapToLong(v -> v.cyclesIn(Runstate.RUNNING))
                .sum();
    }

    private void timeIsConserved(long end) {
        for (Pcpu p : xen.pcpus()) {
            assertThat(p.guestCycles() + p.hypervisorCycles() + p.idleCycles()).isEqualTo(end);
        }
        for (Domain domain : xen.allDomains()) {
            for (Vcpu v : domain.vcpus()) {
                assertThat(v.accountedCycles()).isEqualTo(Math.min(end, v.endedAt()) - v.createdAt());
            }
        }
    }

    @Example
    void aPcpuThatIsRemovedIdlesAndItsVcpuGoesElsewhere() {
        Domain two = spinning(1, 2, "Pool-0");
        xen.at(10 * MILLI, () -> xen.removePcpu(pool0, 1));
        xen.at(50 * MILLI, () -> assertThat(xen.isSettling()).isFalse());
        xen.run(END);
        assertThat(pool0.pcpus()).isEqualTo(CpuSet.of(0, 2));
        assertThat(xen.pcpu(1).pool()).isNull();
        assertThat(xen.pcpu(1).guestCycles()).isCloseTo(10 * MILLI, within(MILLI / 5));
        assertThat(xen.pcpu(2).guestCycles()).isCloseTo(90 * MILLI, within(2 * MILLI));
        assertThat(two.vcpus()).extracting(v -> v.unit().pcpu()).containsExactly(0, 2);
        timeIsConserved(END);
    }

    @Example
    void aPcpuThatIsAddedTakesWhatWaits() {
        xen.removePcpu(pool0, 1);
        xen.removePcpu(pool0, 2);
        Domain two = spinning(1, 2, "Pool-0");
        xen.at(50 * MILLI, () -> xen.addPcpu(pool0, 2));
        xen.run(END);
        assertThat(xen.pcpu(1).idleCycles()).isEqualTo(END);
        assertThat(ran(two)).isCloseTo(150 * MILLI, within(5 * MILLI));
        assertThat(xen.pcpu(2).guestCycles()).isGreaterThan(48 * MILLI);
        timeIsConserved(END);
    }

    @Example
    void theLastPcpuOfAPoolWithDomainsStays() {
        xen.removePcpu(pool0, 0);
        xen.removePcpu(pool0, 1);
        Domain domain = spinning(1, 1, "Pool-0");
        xen.run(MILLI);
        assertThatThrownBy(() -> xen.removePcpu(pool0, 2))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("pCPU 2 is the last of cpupool Pool-0, and d (d1) is in it");
        xen.destroy(domain);
        xen.run(2 * MILLI);
        xen.removePcpu(pool0, 2);
        xen.run(END);
        assertThat(pool0.pcpus().isEmpty()).isTrue();
        assertThat(xen.pcpu(2).pool()).isNull();
        assertThat(xen.isSettling()).isFalse();
        timeIsConserved(END);
    }

    @Example
    void anAffinityThatLeavesNothingIsBrokenForGood() {
        Domain domain = spinning(1, 1, "Pool-0");
        Vcpu v = domain.vcpus().get(0);
        xen.setAffinity(v, CpuSet.of(1), CpuSet.of(1));
        xen.at(10 * MILLI, () -> xen.removePcpu(pool0, 1));
        xen.at(20 * MILLI, () -> xen.addPcpu(pool0, 1));
        xen.run(END);
        assertThat(v.hardAffinity()).isEqualTo(CpuSet.of(0, 1, 2));
        assertThat(v.softAffinity()).isEqualTo(CpuSet.of(1));
        assertThat(ran(domain)).isGreaterThan(99 * MILLI);
    }

    @Example
    void aDomainThatMovesLeavesAllBehind() {
        xen.removePcpu(pool0, 2);
        CpuPool other = xen.createPool(new PoolConfig("other", CpuSet.of(2), new Fifo()));
        Domain mover = spinning(1, 2, "Pool-0");
        Domain stays = spinning(2, 1, "Pool-0");
        xen.setAffinity(mover.vcpus().get(0), CpuSet.of(0), CpuSet.of(0));
        xen.at(40 * MILLI, () -> xen.move(mover, other));
        xen.run(END);
        assertThat(mover.pool()).isSameAs(other);
        assertThat(mover.weight()).isEqualTo(256);
        assertThat(mover.cap()).isZero();
        assertThat(mover.vcpus().get(0).hardAffinity()).isEqualTo(CpuSet.of(0, 1, 2));
        assertThat(mover.vcpus()).extracting(v -> v.unit().pcpu()).containsExactly(2, 2);
        assertThat(xen.pcpu(2).guestCycles()).isCloseTo(60 * MILLI, within(MILLI));
        assertThat(ran(stays)).isCloseTo(80 * MILLI, within(15 * MILLI));
        assertThat(ran(mover) + ran(stays)).isCloseTo(80 * MILLI + 60 * MILLI + 60 * MILLI, within(MILLI));
        timeIsConserved(END);
    }

    @Example
    void domainsComeAndGo() {
        Domain first = spinning(1, 1, "Pool-0");
        xen.at(10 * MILLI, () -> spinning(2, 3, "Pool-0"));
        xen.at(20 * MILLI, () -> xen.destroy(first));
        xen.run(END);
        assertThat(xen.domains()).extracting(Domain::id).containsExactly(2);
        assertThat(xen.allDomains()).extracting(Domain::id).containsExactly(1, 2);
        assertThat(xen.domainById(1)).isNull();
        assertThat(first.isDestroyed()).isTrue();
        Vcpu gone = first.vcpus().get(0);
        assertThat(gone.endedAt()).isCloseTo(20 * MILLI, within(100_000L));
        Domain second = xen.domainById(2);
        assertThat(second.vcpus().get(0).createdAt()).isCloseTo(10 * MILLI, within(100_000L));
        assertThat(ran(first) + ran(second)).isCloseTo(10 * MILLI + 3 * 90 * MILLI, within(2 * MILLI));
        assertThat(records)
                .startsWith("0 ms pCPU 0 +d1", "0 ms pCPU 0 d1", "10 ms pCPU 0 +d2")
                .filteredOn(r -> r.contains("-"))
                .singleElement()
                .asString()
                .startsWith("20 ms");
        assertThatThrownBy(() -> xen.destroy(first)).hasMessage("d (d1) was destroyed");
        assertThatThrownBy(() -> xen.pause(first)).hasMessage("d (d1) was destroyed");
        assertThatThrownBy(() -> spinning(1, 1, "Pool-0")).hasMessage("domain id 1 is taken");
        timeIsConserved(END);
    }

    @Example
    void theOtherEndOfADestroyedDomainsChannelIsUnbound() {
        Domain one = spinning(1, 1, "Pool-0");
        Domain two = spinning(2, 1, "Pool-0");
        int port = (int) xen.events().allocUnbound(one, 2);
        int bound = (int) xen.events().bindInterdomain(two, 1, port);
        xen.run(MILLI);
        xen.destroy(one);
        xen.run(2 * MILLI);
        assertThat(one.ports.get(port).state).isEqualTo(EventChannel.State.FREE);
        assertThat(two.ports.get(bound).state).isEqualTo(EventChannel.State.UNBOUND);
        assertThat(xen.events().send(two, bound)).isZero();
    }

    @Example
    void whatCannotBeIsRefusedWithTheReason() {
        CpuPool empty = xen.createPool(new PoolConfig("empty", CpuSet.of(), new Fifo()));
        Domain domain = spinning(1, 1, "Pool-0");
        assertThatThrownBy(() -> xen.move(domain, empty)).hasMessage("cpupool empty has no pCPU to run d (d1)");
        assertThatThrownBy(() -> spinning(2, 1, "empty")).hasMessage("cpupool empty has no pCPU to run domain d");
        assertThatThrownBy(() -> xen.addPcpu(empty, 1)).hasMessage("pCPU 1 is not free: it is in cpupool Pool-0");
        assertThatThrownBy(() -> xen.addPcpu(empty, 3)).hasMessage("pCPU 3 does not exist");
        assertThatThrownBy(() -> xen.removePcpu(empty, 1)).hasMessage("pCPU 1 is not in cpupool empty");
        assertThatThrownBy(() -> xen.createPool(new PoolConfig("empty", CpuSet.of(), new Fifo())))
                .hasMessage("there is a cpupool 'empty' already");
        assertThatThrownBy(() -> xen.destroyPool(pool0))
                .hasMessage("cpupool Pool-0 cannot be destroyed: d (d1) is in it");
        xen.destroyPool(empty);
        assertThatThrownBy(() -> xen.move(domain, empty)).hasMessage("cpupool empty was destroyed");
        assertThat(xen.pools()).containsExactly(pool0);
    }

    @Example
    void whatTheToolstackDoesNextWaitsUntilAPcpuHasLeft() {
        spinning(1, 3, "Pool-0");
        CpuPool other = xen.createPool(new PoolConfig("other", CpuSet.of(), new Fifo()));
        xen.at(MILLI, () -> {
            xen.removePcpu(pool0, 1);
            assertThatThrownBy(() -> xen.addPcpu(other, 1))
                    .hasMessage("pCPU 1 is not free: it is leaving cpupool Pool-0");
        });
        xen.at(MILLI, () -> xen.addPcpu(other, 1));
        xen.at(MILLI, () -> xen.move(xen.domains().get(0), other));
        xen.at(MILLI, () -> xen.destroyPool(pool0));
        xen.run(END);
        assertThat(xen.pools()).containsExactly(other);
        assertThat(xen.pcpu(1).guestCycles()).isGreaterThan(98 * MILLI);
        assertThat(xen.pcpu(0).pool()).isNull();
        timeIsConserved(END);
    }

    /** All that may happen to pools and domains happens at random; what is refused changes nothing. */
    @Property(tries = 200)
    void anythingMayHappenAtAnyTime(@ForAll long seed) {
        new CpuPoolsTest().anything(seed);
    }

    private void anything(long seed) {
        RandomStream random = new RandomStream(seed, "test", "pools");
        CpuPool other = xen.createPool(new PoolConfig("other", CpuSet.of(), new Fifo()));
        int[] made = {0};
        spinning(++made[0], 2, "Pool-0");
        for (int i = 0; i < 60; i++) {
            long at = (i + 1) * END / 64 + random.nextInt(200_000);
            int what = random.nextInt(7);
            int pcpu = random.nextInt(3);
            int which = random.nextInt(4);
            CpuPool pool = random.nextInt(2) == 0 ? pool0 : other;
            xen.at(at, () -> {
                try {
                    Domain domain =
                            xen.domains().get(Math.min(which, xen.domains().size() - 1));
                    switch (what) {
                        case 0 -> xen.removePcpu(pool, pcpu);
                        case 1, 2 -> xen.addPcpu(pool, pcpu);
                        case 3 -> {
                            if (xen.domains().size() < 4) {
                                spinning(++made[0], 1 + which, pool.name());
                            }
                        }
                        case 4 -> xen.move(domain, pool);
                        case 5 -> xen.setAffinity(domain.vcpus().get(0), CpuSet.of(pcpu), CpuSet.of(pcpu));
                        default -> {
                            if (xen.domains().size() > 1) {
                                xen.destroy(domain);
                            }
                        }
                    }
                } catch (IllegalArgumentException refused) {
                    assertThat(refused).hasMessageMatching(".+ (is not|is the last|has no|is taken|may run nowhere).*");
                }
            });
        }
        xen.run(END);
        assertThat(xen.isSettling()).isFalse();
        timeIsConserved(END);
        for (Domain domain : xen.domains()) {
            for (Vcpu v : domain.vcpus()) {
                assertThat(v.usablePcpus().intersects(domain.pool().pcpus())).isTrue();
                if (v.createdAt() < END / 2) { // at most 16 that take turns of a millisecond
                    assertThat(v.cyclesIn(Runstate.RUNNING)).isPositive();
                }
            }
        }
        CpuSet together = pool0.pcpus();
        for (int p = 0; p < 3; p++) {
            if (other.pcpus().contains(p)) {
                assertThat(together.contains(p)).isFalse();
                together = together.with(p);
            }
            assertThat(xen.pcpu(p).pool() == null).isEqualTo(!together.contains(p));
        }
    }
}

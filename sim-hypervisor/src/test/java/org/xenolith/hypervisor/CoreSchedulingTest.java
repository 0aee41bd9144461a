package org.xenolith.hypervisor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import net.jqwik.api.Example;
import org.xenolith.machine.Cost;
import org.xenolith.machine.CostProfile;
import org.xenolith.machine.Topology;
import org.xenolith.trace.TraceEvent;
import org.xenolith.trace.TraceRecord;

class CoreSchedulingTest {
    private static final long MILLI = 1_000_000;
    private static final long END = 100 * MILLI;

    private final List<TraceRecord> records = new ArrayList<>();
    private int decisions;

    private Hypervisor machine(int cores, String costs, Scheduler scheduler) {
        Topology topology = new Topology(1, cores, 2, 1);
        return new Hypervisor(
                new MachineConfig(
                        topology, CostProfile.load(costs), 1000, Machines.SCHED, 1, "test", 0, SchedGranularity.CORE),
                List.of(new PoolConfig("Pool-0", CpuSet.firstOf(2 * cores), scheduler)),
                r -> {
                    TraceRecord copy = new TraceRecord();
                    copy.set(r);
                    records.add(copy);
                },
                null);
    }

    private static Domain domain(Hypervisor xen, int id, ScriptedGuest... guests) {
        return Machines.domain(xen, id, guests[0].memory, guests);
    }

    private static ScriptedGuest spins() {
        return new ScriptedGuest();
    }

    private static ScriptedGuest blocks() {
        return new ScriptedGuest(ScriptedGuest.call(Abi.HYPERVISOR_SCHED_OP, Abi.SCHEDOP_BLOCK));
    }

    /** When {@code domain} begins to run on {@code pcpu}, cycles. */
    private List<Long> begins(int pcpu, int domain) {
        return records.stream()
                .filter(r -> r.cpu == pcpu
                        && TraceEvent.isRunstateChange(r.event)
                        && TraceEvent.newRunstate(r.event) == TraceEvent.RUNSTATE_RUNNING
                        && r.word[0] >>> 16 == domain)
                .map(r -> r.tsc)
                .toList();
    }

    @Example
    void theThreadsOfACoreSwitchAtTheSameCycle() {
        Hypervisor xen = machine(1, "qemu-icount", new Fifo());
        Domain one = domain(xen, 1, spins(), spins());
        Domain two = domain(xen, 2, spins(), spins());
        xen.run(END);

        CostProfile costs = CostProfile.load("qemu-icount");
        // The timer interrupts pCPU 0, which calls pCPU 1 and waits; pCPU 1, the last, decides and sets the timer anew.
        long period = MILLI
                + costs.cycles(Cost.TIMER_INTERRUPT)
                + costs.cycles(Cost.IPI_SEND)
                + costs.cycles(Cost.IPI_DELIVERY)
                + costs.cycles(Cost.IPI_RECEIVE);
        List<Long> begins = begins(0, 2);
        assertThat(begins).hasSizeGreaterThan(40).isEqualTo(begins(1, 2));
        for (int i = 1; i < begins.size(); i++) {
            assertThat(begins.get(i) - begins.get(i - 1)).isEqualTo(2 * period);
        }
        assertThat(begins(0, 1)).isEqualTo(begins(1, 1));
        for (Domain d : List.of(one, two)) {
            Vcpu v0 = d.vcpus().get(0);
            Vcpu v1 = d.vcpus().get(1);
            assertThat(v0.unit()).isSameAs(v1.unit());
            assertThat(v1.cyclesIn(Runstate.RUNNING)).isCloseTo(v0.cyclesIn(Runstate.RUNNING), within(MILLI / 10));
            assertThat(v0.cyclesIn(Runstate.RUNNING)).isCloseTo(END / 2, within(MILLI));
        }
        for (Pcpu p : xen.pcpus()) {
            assertThat(p.guestCycles() + p.hypervisorCycles() + p.idleCycles()).isEqualTo(END);
        }
    }

    @Example
    void whereAVcpuIsMissingOrBlockedItsPcpuIdles() {
        Hypervisor xen = machine(1, "zero", new Fifo());
        Domain one = domain(xen, 1, spins(), blocks());
        Domain two = domain(xen, 2, spins());
        xen.run(END);

        assertThat(one.vcpus().get(1).runstate()).isEqualTo(Runstate.BLOCKED);
        assertThat(xen.pcpu(1).idleCycles()).isCloseTo(END, within(100L));
        assertThat(xen.pcpu(0).guestCycles()).isEqualTo(END);
        assertThat(one.vcpus().get(0).cyclesIn(Runstate.RUNNING)
                        + two.vcpus().get(0).cyclesIn(Runstate.RUNNING))
                .isEqualTo(END);
        assertThat(two.units()).hasSize(1);
    }

    @Example
    void aVcpuOfARunningUnitComesAndGoesWithoutADecision() {
        Hypervisor xen = machine(1, "zero", new Fifo() {
            @Override
            public void schedule(int pcpu, long now, Decision decision) {
                super.schedule(pcpu, now, decision);
                decision.run(decision.next(), Decision.UNLIMITED);
                decisions++;
            }
        });
        Domain domain = domain(xen, 1, spins(), spins());
        Vcpu v1 = domain.vcpus().get(1);
        xen.run(10 * MILLI);
        int before = decisions;
        xen.onPcpu0(() -> xen.core().pause(v1));
        xen.run(30 * MILLI);
        assertThat(v1.runstate()).isEqualTo(Runstate.OFFLINE);
        xen.onPcpu0(() -> xen.core().unpause(v1));
        xen.run(END);

        assertThat(decisions).isEqualTo(before);
        assertThat(v1.runstate()).isEqualTo(Runstate.RUNNING);
        assertThat(v1.cyclesIn(Runstate.OFFLINE)).isEqualTo(20 * MILLI);
        assertThat(xen.pcpu(1).idleCycles()).isEqualTo(20 * MILLI);
        assertThat(domain.vcpus().get(0).cyclesIn(Runstate.RUNNING)).isEqualTo(END);
    }

    @Example
    void theLastVcpuOfAUnitThatStopsLeavesTheCoreToOthers() {
        Hypervisor xen = machine(1, "zero", new Fifo());
        Domain one = domain(xen, 1, spins(), blocks());
        Domain two = domain(xen, 2, spins(), spins());
        xen.at(50 * MILLI, () -> xen.core().pause(one.vcpus().get(0)));
        xen.run(END);

        assertThat(one.vcpus().get(0).runstate()).isEqualTo(Runstate.OFFLINE);
        for (Vcpu v : two.vcpus()) {
            assertThat(v.cyclesIn(Runstate.RUNNING)).isCloseTo(75 * MILLI, within(MILLI));
        }
    }

    @Example
    void aCoreComesAndGoesAsAWhole() {
        Hypervisor xen = machine(2, "qemu-icount", new Fifo());
        CpuPool pool = xen.pool("Pool-0");
        Domain domain = domain(xen, 1, spins(), spins(), spins());
        assertThat(domain.units()).extracting(SchedUnit::id).containsExactly(0, 2);
        assertThat(pool.pcpus()).isEqualTo(CpuSet.of(0, 2));
        xen.run(10 * MILLI);
        assertThat(xen.pcpu(3).idleCycles()).isGreaterThan(9 * MILLI);

        xen.removePcpu(pool, 1);
        xen.run(20 * MILLI);
        assertThat(pool.members()).isEqualTo(CpuSet.of(2, 3));
        assertThat(xen.pcpu(0).pool()).isNull();
        assertThat(domain.vcpus()).extracting(Vcpu::pcpu).containsExactly(2, 3, 2);
        assertThatThrownBy(() -> xen.createPool(new PoolConfig("half", CpuSet.of(0), new Fifo())))
                .hasMessage("cpupool half has pCPU 0 but not all of 0-1, which are scheduled together");
        assertThatThrownBy(() -> xen.setAffinity(domain.vcpus().get(0), CpuSet.of(3), CpuSet.of(3)))
                .hasMessage("d1v0 may run nowhere: affinity 3, pool 2");
        xen.addPcpu(pool, 1);
        xen.run(END);
        assertThat(pool.members()).isEqualTo(CpuSet.of(0, 1, 2, 3));
        assertThat(xen.pcpu(0).guestCycles()).isGreaterThan(80 * MILLI);
    }
}

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

class HypervisorTest {
    private static final long END = 100_000_000;

    @Example
    void everyCycleOfAPcpuAndOfAVcpuIsAccounted() {
        Hypervisor hypervisor = Machines.flat(2, "qemu-icount", new Fifo(), null);
        for (int id = 1; id <= 3; id++) {
            Machines.domain(hypervisor, id, new ScriptedGuest());
        }
        hypervisor.run(END);
        for (Pcpu p : hypervisor.pcpus()) {
            assertThat(p.guestCycles() + p.hypervisorCycles() + p.idleCycles()).isEqualTo(END);
            assertThat(p.hypervisorCycles()).isPositive();
        }
        long running = 0;
        for (Domain domain : hypervisor.domains()) {
            Vcpu v = domain.vcpus().get(0);
            long sum = 0;
            for (Runstate state : Runstate.values()) {
                sum += v.cyclesIn(state);
            }
            assertThat(sum).isEqualTo(END);
            running += v.cyclesIn(Runstate.RUNNING);
        }
        long idle = hypervisor.pcpus().stream().mapToLong(Pcpu::idleCycles).sum();
        assertThat(running).isCloseTo(2 * END - idle, within(100_000L));
    }

    @Example
    void runningInPiecesIsRunningAtOnce() {
        List<String> whole = new ArrayList<>();
        List<String> pieces = new ArrayList<>();
        for (List<String> log : List.of(whole, pieces)) {
            Hypervisor hypervisor = Machines.flat(
                    2, "qemu-icount", new Fifo(), r -> log.add(r.cpu + " " + r.tsc + " " + r.event + " " + r.word[0]));
            for (int id = 1; id <= 3; id++) {
                Machines.domain(hypervisor, id, new ScriptedGuest());
            }
            if (log == pieces) {
                for (long t = 0; t < END; t += 777_777) {
                    hypervisor.run(t);
                }
            }
            hypervisor.run(END);
        }
        assertThat(pieces).hasSizeGreaterThan(100).isEqualTo(whole);
    }

    @Example
    void aPausedDomainIsOfflineAndTheOthersHaveItsTime() {
        Hypervisor hypervisor = Machines.flat(1, "zero", new Fifo(), null);
        Domain one = Machines.domain(hypervisor, 1, new ScriptedGuest());
        Domain two = Machines.domain(hypervisor, 2, new ScriptedGuest());
        hypervisor.at(END / 2, () -> hypervisor.pause(one));
        hypervisor.run(END);
        assertThat(one.vcpus().get(0).cyclesIn(Runstate.OFFLINE)).isEqualTo(END / 2);
        assertThat(Machines.share(two.vcpus().get(0), END)).isEqualTo(0.75);
        hypervisor.unpause(one);
        hypervisor.run(2 * END);
        assertThat(one.vcpus().get(0).cyclesIn(Runstate.OFFLINE)).isEqualTo(END / 2);
    }

    @Example
    void aVcpuFollowsItsAffinity() {
        List<Integer> switchedIn = new ArrayList<>();
        Hypervisor hypervisor = Machines.flat(2, "zero", new Fifo(), r -> {
            if (r.event == TraceEvent.Sched.SWITCH && r.word[2] == 1) {
                switchedIn.add(r.cpu);
            }
        });
        Domain domain = Machines.domain(hypervisor, 1, new ScriptedGuest());
        Vcpu v = domain.vcpus().get(0);
        hypervisor.at(1_000_000, () -> hypervisor.setAffinity(v, CpuSet.of(1), CpuSet.of(1)));
        hypervisor.run(END);
        assertThat(switchedIn).containsExactly(0, 1);
        assertThat(v.runstate()).isEqualTo(Runstate.RUNNING);
        assertThat(hypervisor.pcpu(1).guestCycles()).isEqualTo(END - 1_000_000);
    }

    @Example
    void poolsKeepToTheirPcpus() {
        Hypervisor hypervisor = new Hypervisor(
                new MachineConfig(Topology.flat(3), CostProfile.load("zero"), 1000, 0, 1, "test"),
                List.of(
                        new PoolConfig("Pool-0", CpuSet.of(0, 2), new Fifo()),
                        new PoolConfig("other", CpuSet.of(1), new Fifo())),
                null,
                null);
        List<Domain> domains = new ArrayList<>();
        for (int id = 1; id <= 3; id++) {
            ScriptedGuest guest = new ScriptedGuest();
            Domain domain = hypervisor.createDomain(new DomainConfig(
                    id,
                    "d",
                    Domain.Type.PV,
                    guest.memory,
                    id == 3 ? "other" : "Pool-0",
                    256,
                    0,
                    List.of(guest),
                    null,
                    null));
            hypervisor.unpause(domain);
            domains.add(domain);
        }
        hypervisor.run(END);
        for (Domain domain : domains) {
            assertThat(domain.vcpus().get(0).cyclesIn(Runstate.RUNNING)).isEqualTo(END);
        }
        assertThat(domains.get(2).vcpus().get(0).unit().pcpu()).isEqualTo(1);
    }

    @Example
    void hardwareVirtualisedGuestsPayForExitAndEntry() {
        long[] hypervisorCycles = new long[2];
        for (Domain.Type type : Domain.Type.values()) {
            Hypervisor hypervisor = Machines.flat(1, "xeon-2003", new Fifo(), null);
            ScriptedGuest guest = new ScriptedGuest();
            hypervisor.unpause(hypervisor.createDomain(
                    new DomainConfig(1, "d", type, guest.memory, "Pool-0", 256, 0, List.of(guest), null, null)));
            hypervisor.run(END);
            hypervisorCycles[type.ordinal()] = hypervisor.pcpu(0).hypervisorCycles();
        }
        CostProfile costs = CostProfile.load("xeon-2003");
        long interruptions = END / 2_400_000; // a slice of 1 ms at 2.4 GHz
        long dearer = hypervisorCycles[Domain.Type.PVH.ordinal()] - hypervisorCycles[Domain.Type.PV.ordinal()];
        long pair = costs.cycles(Cost.VM_EXIT) + costs.cycles(Cost.VM_ENTRY);
        assertThat(dearer / pair).isEqualTo(interruptions);
    }

    @Example
    void oneInterruptServesTimersThatExpiredAndTheNextKeepsItsDistance() {
        List<Long> handled = new ArrayList<>();
        Fifo scheduler = new Fifo() {
            @Override
            public void init(SchedulerHost schedulerHost) {
                super.init(schedulerHost);
                for (long at : new long[] {100_000, 101_000, 110_000, 300_000}) {
                    schedulerHost.newTimer(0, handled::add).set(at);
                }
            }
        };
        Machines.flat(1, "qemu-icount", scheduler, null).run(END);
        long interrupt = CostProfile.load("qemu-icount").cycles(Cost.TIMER_INTERRUPT);
        long first = 100_000 + interrupt;
        assertThat(handled).containsExactly(first, first, first + 50_000 + interrupt, 300_000 + interrupt);
    }

    @Example
    void aSchedulerThatChoosesWhomItMayNotIsNamedWithTheVcpu() {
        Scheduler picksTheBlocked = new Fifo() {
            private SchedUnit seen;

            @Override
            public void wake(SchedUnit unit) {
                seen = seen == null ? unit : seen;
                super.wake(unit);
            }

            @Override
            public void schedule(int pcpu, long now, Decision decision) {
                decision.run(seen, 1000);
            }
        };
        ScriptedGuest sleeper = new ScriptedGuest(ScriptedGuest.call(Abi.HYPERVISOR_SCHED_OP, Abi.SCHEDOP_BLOCK));
        Hypervisor hypervisor = Machines.flat(1, "zero", picksTheBlocked, null);
        Machines.domain(hypervisor, 1, sleeper);
        assertThatThrownBy(() -> hypervisor.run(END))
                .isInstanceOf(SchedulerException.class)
                .hasMessageContaining("d1v0")
                .hasMessageContaining("not runnable");
    }

    @Example
    void aSchedulerThatNeverLetsTimePassIsStopped() {
        Scheduler restless = new Fifo() {
            @Override
            public void schedule(int pcpu, long now, Decision decision) {
                super.schedule(pcpu, now, decision);
                host.tickle(pcpu);
            }
        };
        Hypervisor hypervisor = Machines.flat(1, "zero", restless, null);
        assertThatThrownBy(() -> {
                    Machines.domain(hypervisor, 1, new ScriptedGuest());
                    hypervisor.run(END);
                })
                .isInstanceOf(SchedulerException.class)
                .hasMessageContaining("stands still");
    }
}

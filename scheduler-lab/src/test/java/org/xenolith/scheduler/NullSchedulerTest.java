package org.xenolith.scheduler;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import net.jqwik.api.Example;
import org.xenolith.guest.TinyKernel;
import org.xenolith.guest.Workload;
import org.xenolith.hypervisor.CpuSet;
import org.xenolith.hypervisor.Domain;
import org.xenolith.hypervisor.DomainConfig;
import org.xenolith.hypervisor.FlatMemory;
import org.xenolith.hypervisor.Hypervisor;
import org.xenolith.hypervisor.MachineConfig;
import org.xenolith.hypervisor.PoolConfig;
import org.xenolith.hypervisor.Scheduler;
import org.xenolith.machine.CostProfile;
import org.xenolith.machine.Topology;
import org.xenolith.scheduler.kit.SchedulerContract;
import org.xenolith.trace.TraceEvent;
import org.xenolith.trace.TraceRecord;

/** Null gives a vCPU a pCPU or nothing. */
class NullSchedulerTest implements SchedulerContract {
    @Override
    public Scheduler scheduler() {
        return new NullScheduler();
    }

    /** Who has no pCPU never runs. */
    @Override
    public int longestWaitMillis(int vcpus) {
        return -1;
    }

    /** A pCPU whose own unit sleeps idles. */
    @Override
    public int longestIdleMillis() {
        return -1;
    }

    @Override
    public boolean promisesWeights() {
        return false;
    }

    @Override
    public boolean promisesCaps() {
        return false;
    }

    /** Domains on two pCPUs, on which nothing costs time, and who was given which pCPU. */
    private static final class Pair {
        final List<String> said = new ArrayList<>();
        final Hypervisor xen = new Hypervisor(
                new MachineConfig(
                        Topology.flat(2), CostProfile.load("zero"), 1000, TraceEvent.Sched.CLASS, 1, "two pCPUs"),
                List.of(new PoolConfig("Pool-0", CpuSet.firstOf(2), new NullScheduler())),
                this::accept,
                null);

        private void accept(TraceRecord r) {
            String who = "d" + TraceEvent.domainOf(r.word[0]);
            switch (r.event) {
                case TraceEvent.Null.ASSIGN -> said.add(who + " gets " + r.word[1]);
                case TraceEvent.Null.DEASSIGN -> said.add(who + " frees " + r.word[1]);
                case TraceEvent.Null.MIGRATE ->
                    said.add(who + " goes from " + (r.word[1] & 0xffff) + " to " + (r.word[1] >>> 16));
                case TraceEvent.Sched.SWITCH -> {
                    if (r.word[2] != TraceEvent.IDLE_DOMAIN) {
                        said.add("d" + r.word[2] + " runs on " + r.cpu);
                    }
                }
                default -> {}
            }
        }

        Domain spin(int id) {
            return add(id, Workload.Task::computeForever);
        }

        Domain add(int id, Workload workload) {
            FlatMemory memory = new FlatMemory(TinyKernel.ARGUMENT_BYTES);
            Domain domain = xen.createDomain(new DomainConfig(
                    id,
                    "d" + id,
                    Domain.Type.PV,
                    memory,
                    "Pool-0",
                    256,
                    0,
                    List.of(new TinyKernel(workload, memory, 0)),
                    null,
                    null));
            xen.at(id * 1_000_000L, () -> xen.unpause(domain));
            return domain;
        }

        List<String> until(long millis) {
            xen.run(xen.clock().toCycles(millis * 1_000_000));
            List<String> since = List.copyOf(said);
            said.clear();
            return since;
        }
    }

    @Example
    void eachGetsAPcpuAndTheThirdWaits() {
        Pair pair = new Pair();
        Domain one = pair.spin(1);
        pair.spin(2);
        pair.spin(3);
        assertThat(pair.until(10)).containsExactly("d1 gets 0", "d1 runs on 0", "d2 gets 1", "d2 runs on 1");
        pair.xen.destroy(one);
        assertThat(pair.until(20)).containsExactly("d1 frees 0", "d3 gets 0", "d3 runs on 0");
    }

    @Example
    void aPcpuIsNotLent() {
        Pair pair = new Pair();
        pair.spin(1);
        pair.add(2, task -> task.sleepFor(1_000_000_000_000L));
        pair.spin(3);
        assertThat(pair.until(100)).containsExactly("d1 gets 0", "d1 runs on 0", "d2 gets 1", "d2 runs on 1");
    }

    @Example
    void whoPrefersThePcpuThatIsFreeGoesFirst() {
        Pair pair = new Pair();
        pair.spin(1);
        Domain two = pair.spin(2);
        Domain three = pair.spin(3);
        Domain four = pair.spin(4);
        pair.until(10);
        pair.xen.setAffinity(four.vcpus().get(0), CpuSet.firstOf(2), CpuSet.of(1));
        pair.xen.setAffinity(three.vcpus().get(0), CpuSet.firstOf(2), CpuSet.firstOf(2));
        pair.xen.destroy(two);
        assertThat(pair.until(20)).containsExactly("d2 frees 1", "d4 gets 1", "d4 runs on 1");
    }

    @Example
    void whoMayNoLongerBeThereGoesToAFreePcpuOrWaits() {
        Pair pair = new Pair();
        Domain one = pair.spin(1);
        pair.until(10);
        pair.xen.setAffinity(one.vcpus().get(0), CpuSet.of(1), CpuSet.firstOf(2));
        assertThat(pair.until(20)).containsExactly("d1 goes from 0 to 1", "d1 frees 0", "d1 gets 1", "d1 runs on 1");
        Domain two = pair.spin(2);
        assertThat(pair.until(30)).containsExactly("d2 gets 0", "d2 runs on 0");
        pair.xen.setAffinity(two.vcpus().get(0), CpuSet.of(1), CpuSet.firstOf(2));
        assertThat(pair.until(40)).containsExactly("d2 goes from 0 to 1", "d2 frees 0");
        pair.xen.destroy(one);
        assertThat(pair.until(50)).containsExactly("d1 frees 1", "d2 gets 1", "d2 runs on 1");
    }

    @Example
    void aPcpuThatComesToThePoolServesWhoWaits() {
        Pair pair = new Pair();
        pair.xen.removePcpu(pair.xen.pools().get(0), 1);
        pair.spin(1);
        pair.spin(2);
        assertThat(pair.until(10)).containsExactly("d1 gets 0", "d1 runs on 0");
        pair.xen.addPcpu(pair.xen.pools().get(0), 1);
        assertThat(pair.until(20)).containsExactly("d2 gets 1", "d2 runs on 1");
        pair.xen.removePcpu(pair.xen.pools().get(0), 0);
        assertThat(pair.until(30)).containsExactly("d1 goes from 0 to 1", "d1 frees 0");
    }
}

package org.xenolith.scheduler;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.cloudsimplus.brokers.DatacenterBrokerSimple;
import org.cloudsimplus.cloudlets.Cloudlet;
import org.cloudsimplus.cloudlets.CloudletSimple;
import org.cloudsimplus.core.CloudSimPlus;
import org.cloudsimplus.datacenters.DatacenterSimple;
import org.cloudsimplus.hosts.HostSimple;
import org.cloudsimplus.resources.Pe;
import org.cloudsimplus.resources.PeSimple;
import org.cloudsimplus.schedulers.vm.VmSchedulerTimeShared;
import org.cloudsimplus.utilizationmodels.UtilizationModelFull;
import org.cloudsimplus.vms.Vm;
import org.cloudsimplus.vms.VmSimple;
import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;
import org.slf4j.LoggerFactory;

/**
 * The nearest equal work in CloudSim Plus: one host of 8 cores, 64 machines of one core that share them in time, each of
 * which has a burst of work to do again and again. It has no hypervisor scheduler and no wake-ups: an event is whatever its
 * kernel processes.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Warmup(iterations = 3, time = 5)
@Measurement(iterations = 4, time = 5)
@Fork(value = 1, jvmArgs = "-XX:+UseSerialGC")
public class CloudSimPlusBench {
    private static final int PCPUS = 8;
    private static final int VMS = 64;
    private static final int BURSTS = 20;
    private static final int MIPS = 1000;

    /** Counts events processed. */
    @AuxCounters(AuxCounters.Type.OPERATIONS)
    @State(Scope.Thread)
    public static class Events {
        public long events;
    }

    @Setup
    public void quiet() {
        ((Logger) LoggerFactory.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME)).setLevel(Level.OFF);
    }

    @Benchmark
    public double cloudSimPlus(Events counter) {
        CloudSimPlus simulation = new CloudSimPlus();
        List<Pe> cores = new ArrayList<>();
        for (int i = 0; i < PCPUS; i++) {
            cores.add(new PeSimple(MIPS));
        }
        HostSimple host = new HostSimple(1 << 20, 1 << 20, 1 << 20, cores);
        host.setVmScheduler(new VmSchedulerTimeShared());
        new DatacenterSimple(simulation, List.of(host));
        DatacenterBrokerSimple broker = new DatacenterBrokerSimple(simulation);
        List<Vm> machines = new ArrayList<>();
        List<Cloudlet> bursts = new ArrayList<>();
        for (int i = 0; i < VMS; i++) {
            Vm vm = new VmSimple((double) MIPS * PCPUS / VMS, 1);
            vm.setRam(512).setBw(100).setSize(100);
            machines.add(vm);
            for (int k = 0; k < BURSTS; k++) {
                Cloudlet burst = new CloudletSimple(30_000 + 700 * i, 1, new UtilizationModelFull());
                burst.setVm(vm);
                burst.setSubmissionDelay(1 + k * 600.0);
                bursts.add(burst);
            }
        }
        broker.submitVmList(machines);
        broker.submitCloudletList(bursts);
        simulation.addOnEventProcessingListener(event -> counter.events++);
        return simulation.start();
    }
}

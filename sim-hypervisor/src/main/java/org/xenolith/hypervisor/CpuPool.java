package org.xenolith.hypervisor;

import java.util.ArrayList;
import java.util.List;
import org.xenolith.engine.RandomStream;
import org.xenolith.machine.Topology;

/** A cpupool: some pCPUs, the one scheduler that serves them, and what the hypervisor offers to that scheduler. */
public final class CpuPool implements SchedulerHost {
    private final Hypervisor hypervisor;
    private final String name;

    /** The timers of its scheduler. */
    final List<XenTimer> timers = new ArrayList<>();

    /** All its pCPUs. */
    private CpuSet members;

    /** Those of them that its scheduler places units on: under core scheduling the masters. */
    private CpuSet pcpus;

    final Scheduler scheduler;

    CpuPool(Hypervisor hypervisor, String name, CpuSet pcpus, Scheduler scheduler) {
        this.hypervisor = hypervisor;
        this.name = name;
        setMembers(pcpus);
        this.scheduler = scheduler;
    }

    /** What the scheduler takes for each domain, by name. */
    private DomainParameter declared(String name) {
        for (DomainParameter parameter : scheduler.getClass().getAnnotationsByType(DomainParameter.class)) {
            if (parameter.name().equals(name)) {
                return parameter;
            }
        }
        return null;
    }

    /** The value of {@code name} for {@code v}, as set or by default. */
    long parameter(Vcpu v, String name) {
        DomainParameter parameter = declared(name);
        if (parameter == null) {
            throw new IllegalArgumentException(scheduler.getClass().getSimpleName() + " declares no '" + name + "'");
        }
        Long value = v.schedulerParameters.get(name);
        if (value == null) {
            return parameter.defaultValue();
        }
        if (value < parameter.min() || value > parameter.max()) {
            throw new IllegalArgumentException(
                    name + " must be " + parameter.min() + " to " + parameter.max() + ": " + value);
        }
        return value;
    }

    /** Its name, such as {@code Pool-0}. */
    public String name() {
        return name;
    }

    /** Its scheduler. */
    public Scheduler scheduler() {
        return scheduler;
    }

    void setMembers(CpuSet all) {
        members = all;
        pcpus = hypervisor.groups().masters(all);
    }

    /** All its pCPUs; {@link #pcpus} tells which of them stand for all where units are placed. */
    public CpuSet members() {
        return members;
    }

    /** Its scheduler is done with: none of the timers it made fires again. */
    void stopTimers() {
        timers.forEach(XenTimer::stop);
    }

    @Override
    public CpuSet pcpus() {
        return pcpus;
    }

    @Override
    public Topology topology() {
        return hypervisor.topology();
    }

    @Override
    public long now() {
        return hypervisor.nowNanos();
    }

    @Override
    public int here() {
        SchedResource resource = hypervisor.pcpu(hypervisor.activePcpu()).resource;
        return resource == null ? hypervisor.activePcpu() : resource.master().id();
    }

    @Override
    public SchedUnit current(int pcpu) {
        Pcpu p = hypervisor.pcpu(pcpu);
        if (p.resource != null) {
            return p.resource.current;
        }
        Vcpu vcpu = p.current;
        return vcpu == null ? null : vcpu.unit();
    }

    @Override
    public void tickle(int pcpu) {
        hypervisor.raiseScheduleSoftirq(hypervisor.pcpu(pcpu));
    }

    @Override
    public boolean isTickled(int pcpu) {
        return hypervisor.pcpu(pcpu).scheduleSoftirq;
    }

    @Override
    public void requestMigration(SchedUnit unit) {
        hypervisor.core().startMigration(unit);
    }

    @Override
    public void setPcpu(SchedUnit unit, int pcpu) {
        if (unit.running) {
            throw new SchedulerException(unit + " is running and cannot be moved to pCPU " + pcpu);
        }
        unit.pcpu = pcpu;
    }

    @Override
    public void park(SchedUnit unit) {
        unit.members().forEach(v -> v.setPause(Vcpu.PARKED));
    }

    @Override
    public void unpark(SchedUnit unit) {
        unit.members().forEach(v -> v.clearPause(Vcpu.PARKED));
    }

    @Override
    public void pause(SchedUnit unit) {
        unit.members().forEach(hypervisor.core()::pause);
    }

    @Override
    public void unpause(SchedUnit unit) {
        unit.members().forEach(hypervisor.core()::unpause);
    }

    @Override
    public XenTimer newTimer(int pcpu, XenTimer.Handler handler) {
        XenTimer timer = new XenTimer(hypervisor, pcpu, handler);
        timers.add(timer);
        return timer;
    }

    @Override
    public RandomStream random(String purpose) {
        return hypervisor.random("scheduler/" + name + "/" + purpose);
    }

    @Override
    public DecisionListener explaining() {
        return hypervisor.decisionListener();
    }

    @Override
    public boolean tracing(int event) {
        return hypervisor.trace().wants(event);
    }

    @Override
    public void trace(int event) {
        hypervisor.trace().emit(event, 0, 0, 0, 0, 0, 0, 0, 0);
    }

    @Override
    public void trace(int event, int a) {
        hypervisor.trace().emit(event, 1, a, 0, 0, 0, 0, 0, 0);
    }

    @Override
    public void trace(int event, int a, int b) {
        hypervisor.trace().emit(event, 2, a, b, 0, 0, 0, 0, 0);
    }

    @Override
    public void trace(int event, int a, int b, int c) {
        hypervisor.trace().emit(event, 3, a, b, c, 0, 0, 0, 0);
    }

    @Override
    public void trace(int event, int a, int b, int c, int d) {
        hypervisor.trace().emit(event, 4, a, b, c, d, 0, 0, 0);
    }

    @Override
    public void trace(int event, int a, int b, int c, int d, int e) {
        hypervisor.trace().emit(event, 5, a, b, c, d, e, 0, 0);
    }

    @Override
    public void trace(int event, int a, int b, int c, int d, int e, int f) {
        hypervisor.trace().emit(event, 6, a, b, c, d, e, f, 0);
    }

    @Override
    public void trace(int event, int a, int b, int c, int d, int e, int f, int g) {
        hypervisor.trace().emit(event, 7, a, b, c, d, e, f, g);
    }

    @Override
    public String toString() {
        return name;
    }
}

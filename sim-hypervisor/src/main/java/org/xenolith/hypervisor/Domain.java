package org.xenolith.hypervisor;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.xenolith.engine.InputException;

/** A domain: its vCPUs, memory and event channels, and the parameters by which schedulers serve it. */
public final class Domain {
    /** Weight of a domain that says none, as in Xen's schedulers. */
    public static final int DEFAULT_WEIGHT = 256;

    /** Highest weight. */
    public static final int MAX_WEIGHT = 65535;

    private static final List<String> SHUTDOWN_TEXT =
            List.of("poweroff", "reboot", "suspend", "crash", "watchdog", "soft reset");

    /** How a guest is virtualised. */
    public enum Type {
        /** Paravirtualised: hypercalls, no hardware support. */
        PV,
        /** Hardware-virtualised without emulated devices. */
        PVH
    }

    private final int id;
    private final String name;
    private final Type type;
    private final GuestMemory memory;
    private final Physmap physmap;
    private final SharedInfo sharedInfo;
    private final List<Vcpu> vcpus = new ArrayList<>();
    private final List<SchedUnit> units = new ArrayList<>();
    private final List<Vcpu> vcpuView = Collections.unmodifiableList(vcpus);
    private final List<SchedUnit> unitView = Collections.unmodifiableList(units);
    final Ports ports;

    /** How its guest is told of events. */
    EventAbi eventAbi;

    CpuPool pool;

    /** The cpupool it moves to once none of its vCPUs runs, or null. */
    CpuPool movesTo;

    /** Whether it was destroyed; it goes once none of its vCPUs runs. */
    boolean dying;

    /** How many of its vCPUs wait in SCHEDOP_poll. */
    int pollers;

    /** How often it issued each hypercall, by number. */
    final long[] hypercalls = new long[Hypercalls.COUNT];

    private final HvmParams hvmParams = new HvmParams();
    private final MemoryMap memoryMap = new MemoryMap();

    /** Most frames it may have of its own. */
    private int maxPages = Integer.MAX_VALUE;

    /** Assists that it has asked for, by {@code vm_assist}: a bit for each type. */
    long assists;

    /** Why it will have shut down, as its guest said beforehand; -1 if it has not. */
    int announcedReason = -1;

    /** Its watchdogs, null before the first is started. */
    Watchdogs watchdogs;

    /** What it has as a PV domain that executes instructions; null otherwise. */
    PvDomain pv;

    private final GrantTable grants;
    private final GrantMaps grantMaps = new GrantMaps();

    /** Frame in which a PV guest wants to be told of interrupts to be ended, or -1. */
    int pirqEoiFrame = -1;

    private final List<Runnable> farewells = new ArrayList<>();
    private int weight = DEFAULT_WEIGHT;
    private int cap;
    private Object data;

    /** Why it ended, as in Xen's {@code SHUTDOWN_*}; -1 while it lives. */
    private int shutdownReason = -1;

    Domain(int id, String name, Type type, GuestMemory memory, Physmap physmap, CpuPool pool) {
        this.id = id;
        this.name = name;
        this.type = type;
        this.memory = memory;
        this.physmap = physmap;
        this.sharedInfo = physmap == null ? new SharedInfo() : new SharedInfo(physmap.frames());
        this.ports = new Ports(physmap == null ? SharedInfo.PORTS - 1 : EventChannels.DEFAULT_HIGHEST_PORT);
        this.grants = physmap == null ? null : new GrantTable(this);
        this.pool = pool;
    }

    /** Its id; 0 is dom0. */
    public int id() {
        return id;
    }

    /** Its name. */
    public String name() {
        return name;
    }

    /** How it is virtualised. */
    public Type type() {
        return type;
    }

    /** Its memory, or null if its guests execute instructions: theirs depends on each vCPU's page tables. */
    public GuestMemory memory() {
        return memory;
    }

    /** Its physical memory, or null if its guests execute no instructions. */
    public Physmap physmap() {
        return physmap;
    }

    /** Its parameters, if it is hardware-virtualised. */
    public HvmParams hvmParams() {
        return hvmParams;
    }

    /** Its grants, or null if its guests execute no instructions. */
    public GrantTable grants() {
        return grants;
    }

    /** The grants of others that it has mapped. */
    GrantMaps grantMaps() {
        return grantMaps;
    }

    /** What it is told of its physical memory. */
    public MemoryMap memoryMap() {
        return memoryMap;
    }

    /** Most frames it may have of its own. */
    public int maxPages() {
        return maxPages;
    }

    /** Lets it have {@code pages} frames of its own at most. */
    public void setMaxPages(int pages) {
        maxPages = pages;
    }

    /** Whether it asked for assist {@code type} ({@code VMASST_TYPE_*}). */
    boolean assisted(int type) {
        return (assists >>> type & 1) != 0;
    }

    /** Its shared-info page. */
    public SharedInfo sharedInfo() {
        return sharedInfo;
    }

    /** Whether it was destroyed. */
    public boolean isDestroyed() {
        return dying;
    }

    /** The cpupool that runs it. */
    public CpuPool pool() {
        return pool;
    }

    /** Its vCPUs in order of their numbers. */
    public List<Vcpu> vcpus() {
        return vcpuView;
    }

    /** Its schedulable units in order of their numbers. */
    public List<SchedUnit> units() {
        return unitView;
    }

    /** Has {@code farewell} run when the domain is gone and its memory about to be the machine's again. */
    public void whenGone(Runnable farewell) {
        farewells.add(farewell);
    }

    /** It is gone: those who asked hear of it, and its guests. */
    void leave() {
        farewells.forEach(Runnable::run);
        farewells.clear();
        vcpus.forEach(v -> v.guest.gone());
    }

    /** Its relative share, 1 to 65535. */
    public int weight() {
        return weight;
    }

    /** Most that all its vCPUs together may use, in percent of one pCPU; 0 for no limit. */
    public int cap() {
        return cap;
    }

    /** Why it shut down ({@code SHUTDOWN_*} of Xen's {@code public/sched.h}), or -1 if it has not. */
    public int shutdownReason() {
        return shutdownReason;
    }

    /** What {@link #shutdownReason} means, in a word. */
    public String shutdownText() {
        return shutdownReason < 0 ? "running" : SHUTDOWN_TEXT.get(shutdownReason);
    }

    /** How often it issued hypercall {@code number}, those of multicalls too. */
    public long hypercalls(int number) {
        return number >= 0 && number < hypercalls.length ? hypercalls[number] : 0;
    }

    /** What the scheduler keeps of it: whatever was set last, null at first. */
    @SuppressWarnings({"unchecked", "TypeParameterUnusedInFormals"})
    public <T> T data() {
        return (T) data;
    }

    /** Keeps {@code data} with this domain for the scheduler. */
    public void setData(Object data) {
        this.data = data;
    }

    void setShare(int newWeight, int newCap) {
        if (newWeight < 1 || newWeight > MAX_WEIGHT) {
            throw new IllegalArgumentException("weight must be 1 to " + MAX_WEIGHT + ": " + newWeight);
        }
        if (newCap < 0) {
            throw new IllegalArgumentException("cap must not be negative: " + newCap);
        }
        weight = newWeight;
        cap = newCap;
    }

    /** Whether some of its vCPUs are on a pCPU. */
    boolean isRunning() {
        for (int i = 0; i < units.size(); i++) {
            if (units.get(i).running) {
                return true;
            }
        }
        return false;
    }

    void setShutdownReason(int reason) {
        shutdownReason = reason;
    }

    /**
     * Ends the building of a PV domain that executes instructions, once its memory is filled and the registers of its first vCPU are set:
     * validates and pins its page tables, and shows its descriptor tables.
     *
     * @param topTable machine frame of the top-level page table
     * @throws InputException if the tables are none that Xen lets a guest have
     */
    public void finishPvBuild(int topTable) {
        long rc = ((PvArch) vcpus.get(0).arch).start(topTable);
        if (rc != 0) {
            throw new InputException(this + ": Xen refuses the initial page tables (error " + rc
                    + "); the kernel's image may overlap them");
        }
    }

    /** Makes its vCPUs, paused, and places them as Xen does: the first where it may run first, each other on the next. */
    void makeVcpus(Hypervisor hypervisor, DomainConfig config, int firstIndex) {
        CpuSet all = hypervisor.everyPcpu();
        CpuSet hard = config.hard() == null ? all : config.hard();
        CpuSet soft = config.soft() == null ? all : config.soft();
        eventAbi = new TwoLevelAbi(hypervisor, this);
        int together = hypervisor.groups().size();
        int previous = -1;
        for (int vcpuId = 0; vcpuId < config.guests().size(); vcpuId++) {
            boolean first = vcpuId % together == 0;
            if (first) {
                units.add(new SchedUnit());
            }
            SchedUnit unit = units.get(units.size() - 1);
            Vcpu v = new Vcpu(
                    hypervisor,
                    this,
                    vcpuId,
                    firstIndex + vcpuId,
                    unit,
                    config.guests().get(vcpuId));
            v.setAffinity(hard, soft);
            if (v.usablePcpus().isEmpty()) {
                throw new IllegalArgumentException(v + " may run nowhere: affinity " + hard + ", pool " + pool.pcpus());
            }
            v.schedulerParameters = parameters(config.parameters(), vcpuId);
            vcpus.add(v);
            v.pause();
            if (first) {
                previous = v.usablePcpus().cycle(previous);
                unit.pcpu = previous;
            }
            v.singleshot.migrate(v.pcpu());
        }
    }

    private static Map<String, Long> parameters(List<Map<String, Long>> byVcpu, int vcpu) {
        return byVcpu.isEmpty() ? Map.of() : Map.copyOf(byVcpu.get(Math.min(vcpu, byVcpu.size() - 1)));
    }

    /** Its name and id. */
    @Override
    public String toString() {
        return name + " (d" + id + ")";
    }
}

package org.xenolith.guest;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.xenolith.device.BlockRing;
import org.xenolith.device.RingEnd;
import org.xenolith.engine.Latencies;
import org.xenolith.engine.RandomStream;
import org.xenolith.hypervisor.Domain;
import org.xenolith.hypervisor.FlatMemory;
import org.xenolith.hypervisor.Hypervisor;

/**
 * Tasks that read and write a disk by way of a driver domain: each works, asks for a block, waits until it is there, thinks, and begins anew. As
 * many tasks as requests may be outstanding. They are on the first vCPU; others of the domain have nothing to do.
 */
final class DiskClient implements WorkloadKind {
    private static final int KIB_PER_PAGE = FlatMemory.FRAME / 1024;

    @Override
    public String name() {
        return "disk";
    }

    @Override
    public String title() {
        return "reads and writes a disk through a driver domain";
    }

    @Override
    public List<WorkloadParameter> parameters() {
        return List.of(
                WorkloadParameter.text("backend", "the domain that has the disk; may be left out if there is one only"),
                WorkloadParameter.number(
                        "blockKib", "KiB", 4, 1, 44, "size of a request; in whole pages, 4 KiB, rounded up"),
                WorkloadParameter.number("depth", "", 1, 1, 32, "requests that may be outstanding"),
                WorkloadParameter.flag("sequential", false, "blocks follow one another, rather than are anywhere"),
                WorkloadParameter.number("writePercent", "%", 0, 0, 100, "how many of the requests write"),
                WorkloadParameter.micros("workMicros", 20, 0, "work of the guest before each request"),
                WorkloadParameter.micros("thinkMicros", 0, 0, "sleep after each request"));
    }

    @Override
    public DomainLoad create(int vcpus, WorkloadValues values) {
        int pages = (int) (values.number("blockKib") + KIB_PER_PAGE - 1) / KIB_PER_PAGE;
        GrantedFrames frames = new GrantedFrames(1 + pages * (int) values.number("depth"));
        return new Load(vcpus, new Loop(frames, pages, values), frames, values.text("backend"));
    }

    private static final class Load extends DomainLoad {
        private final Loop loop;
        private final GrantedFrames frames;
        private final String backend;
        private Hypervisor hypervisor;

        /** When it began to count, cycles. */
        private long windowBegin;

        Load(int vcpus, Loop loop, GrantedFrames frames, String backend) {
            super(vcpus, IoLoop.EVENT_LINE, frames.memory(), id -> id == 0 ? loop : Workload.Task::waitForEver);
            this.loop = loop;
            this.frames = frames;
            this.backend = backend;
        }

        @Override
        void connect(Hypervisor machine, Domain own, Map<Integer, DomainLoad> loads) {
            hypervisor = machine;
            windowBegin = machine.time();
            DriverLoad driver = DriverLoad.find(hypervisor, own, "disk", backend, loads);
            frames.grantAll(driver.domainId());
            driver.attachDisk(own, this, frames);
            loop.random = own.vcpus().get(0).random("disk");
        }

        @Override
        public void beginWindow() {
            windowBegin = hypervisor.time();
            loop.latencies.clear();
        }

        @Override
        public Map<String, Long> counters() {
            long nanos = hypervisor.clock().toNanos(hypervisor.time() - windowBegin);
            Map<String, Long> counters = new LinkedHashMap<>();
            counters.put("requests", loop.latencies.count());
            counters.put("kibPerSecond", perSecond(loop.latencies.count() * loop.pages * KIB_PER_PAGE, nanos));
            loop.latencies.count("latency", counters);
            return counters;
        }
    }

    /** {@code count} in {@code nanos}, as a rate. */
    static long perSecond(long count, long nanos) {
        return nanos == 0 ? 0 : (long) (count * 1e9 / nanos);
    }

    /** The tasks of a domain. */
    private static final class Loop extends IoLoop {
        /** Sectors among which a task chooses: 1 GiB. */
        private static final long SECTORS = 1L << 21;

        private static final long OUTSTANDING = Long.MAX_VALUE;

        private final GrantedFrames frames;
        private final RingEnd ring;
        private final int pages;
        private final boolean sequential;
        private final long writePercent;
        private final long workNanos;
        private final long thinkNanos;
        private final Latencies latencies = new Latencies();
        private final Runnable issue = this::issue;
        private RandomStream random;

        /** By task: when it asks next, or {@link #OUTSTANDING}. */
        private final long[] readyNanos;

        /** By task: when it asked last. */
        private final long[] issuedNanos;

        private int issuing;
        private boolean notify;
        private long nextSector;

        Loop(GrantedFrames frames, int pages, WorkloadValues values) {
            this.frames = frames;
            this.ring = RingEnd.front(frames.memory(), frames.address(0), BlockRing.ENTRY);
            this.pages = pages;
            this.sequential = values.flag("sequential");
            this.writePercent = values.number("writePercent");
            this.workNanos = values.nanos("workMicros");
            this.thinkNanos = values.nanos("thinkMicros");
            this.readyNanos = new long[(int) values.number("depth")];
            this.issuedNanos = new long[readyNanos.length];
        }

        @Override
        void decide() {
            if (notify) {
                notify = false;
                send(EVENT_LINE);
                return;
            }
            do {
                takeResponses();
                int task = first();
                if (readyNanos[task] <= nowNanos()) {
                    issuing = task;
                    spend(workNanos, issue);
                    return;
                }
            } while (ring.finalCheck());
            sleep(readyNanos[first()], false);
        }

        private void takeResponses() {
            while (ring.waiting() > 0) {
                int at = ring.take();
                int task = (int) BlockRing.responseId(ring.memory(), at);
                if (BlockRing.status(ring.memory(), at) != BlockRing.OKAY || readyNanos[task] != OUTSTANDING) {
                    throw new IllegalStateException("a response of the disk that task " + task + " does not wait for");
                }
                latencies.record(nowNanos() - issuedNanos[task]);
                readyNanos[task] = nowNanos() + thinkNanos;
            }
        }

        /** The task that asks first. */
        private int first() {
            int first = 0;
            for (int i = 1; i < readyNanos.length; i++) {
                if (readyNanos[i] < readyNanos[first]) {
                    first = i;
                }
            }
            return first;
        }

        private void issue() {
            int operation = random.nextInt(100) < writePercent ? BlockRing.WRITE : BlockRing.READ;
            int sectorsOfBlock = pages * FlatMemory.FRAME / BlockRing.SECTOR;
            long sector = sequential ? nextSector : random.nextLong(SECTORS / sectorsOfBlock) * sectorsOfBlock;
            nextSector = sector + sectorsOfBlock;
            BlockRing.request(
                    ring.memory(), ring.add(), operation, issuing, sector, frames.frame(1 + issuing * pages), pages);
            readyNanos[issuing] = OUTSTANDING;
            issuedNanos[issuing] = nowNanos();
            notify = ring.publish();
        }
    }
}

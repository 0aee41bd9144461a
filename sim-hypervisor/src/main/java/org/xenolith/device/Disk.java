package org.xenolith.device;

import java.util.ArrayDeque;
import java.util.function.Consumer;
import org.xenolith.engine.RandomStream;
import org.xenolith.hypervisor.Hypervisor;
import org.xenolith.hypervisor.OutsideEvent;

/**
 * A disk, in time only: it holds no data. It works on so many requests at once, those that came first; each first takes an access time, unless it
 * goes on where the request that began last ended, and then the one data path, whose rate is the disk's. Access times are uniformly distributed
 * between half and one and a half times the mean.
 *
 * @param <R> what a request is to its owner
 */
public final class Disk<R> {
    /**
     * What it is like.
     *
     * @param accessNanos mean access time, ns
     * @param megabytesPerSecond rate of the data path
     * @param depth requests it works on at once
     */
    public record Model(long accessNanos, long megabytesPerSecond, int depth) {}

    /** One of the requests that it can work on at once. */
    private final class Head {
        private final OutsideEvent event = new OutsideEvent(hypervisor, this::done);
        private Job<R> job;
        private boolean transferring;

        void begin(Job<R> next, long nowNanos) {
            job = next;
            transferring = false;
            long access = job.sector == sequel ? 0 : access();
            sequel = job.sector + job.bytes / BlockRing.SECTOR;
            event.at(hypervisor.clock().toCycles(nowNanos + access));
        }

        private void done(long time) {
            long now = hypervisor.clock().toNanos(time);
            if (!transferring) {
                transferring = true;
                pathFreeNanos = Math.max(now, pathFreeNanos) + (long) job.bytes * 1000 / model.megabytesPerSecond;
                event.at(hypervisor.clock().toCycles(pathFreeNanos));
                return;
            }
            Job<R> finished = job;
            job = null;
            if (waiting.isEmpty()) {
                free.push(this);
            } else {
                begin(waiting.remove(), now);
            }
            finished.whenDone.accept(finished.request);
        }
    }

    private record Job<R>(R request, long sector, int bytes, Consumer<R> whenDone) {}

    private final Hypervisor hypervisor;
    private final Model model;
    private final RandomStream random;
    private final ArrayDeque<Head> free = new ArrayDeque<>();
    private final ArrayDeque<Job<R>> waiting = new ArrayDeque<>();
    private long sequel = -1;
    private long pathFreeNanos;

    /** A disk that draws its access times from {@code random}. */
    public Disk(Hypervisor hypervisor, Model model, RandomStream random) {
        this.hypervisor = hypervisor;
        this.model = model;
        this.random = random;
        for (int i = 0; i < model.depth; i++) {
            free.add(new Head());
        }
    }

    /** Has {@code request} done, to {@code bytes} from {@code sector} on; {@code whenDone} hears of it then. */
    public void submit(R request, long sector, int bytes, long nowNanos, Consumer<R> whenDone) {
        Job<R> job = new Job<>(request, sector, bytes, whenDone);
        if (free.isEmpty()) {
            waiting.add(job);
        } else {
            free.pop().begin(job, nowNanos);
        }
    }

    private long access() {
        return model.accessNanos / 2 + random.nextLong(model.accessNanos + 1);
    }
}

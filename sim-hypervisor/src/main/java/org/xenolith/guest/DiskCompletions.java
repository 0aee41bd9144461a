package org.xenolith.guest;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.xenolith.hypervisor.InterruptLine;

/** What the disk has done for one vCPU of a driver domain: requests to be answered. */
final class DiskCompletions implements BackendSource {
    private final BackendLoop loop;
    private final InterruptLine interrupt;
    private final long requestNanos;
    private final boolean persistent;
    private final ArrayDeque<VirtualDisk.Request> done = new ArrayDeque<>();
    private final List<VirtualDisk.Request> batch = new ArrayList<>();
    private final Consumer<VirtualDisk.Request> arrived = this::arrive;
    private final Runnable finish = this::finish;
    private final Runnable respond = this::respond;
    private int batchSize;
    private long served;

    /**
     * Served by {@code loop}.
     *
     * @param requestNanos work of a request, half of it here, ns
     * @param persistent whether grants stay mapped
     */
    DiskCompletions(BackendLoop loop, InterruptLine interrupt, long requestNanos, boolean persistent) {
        this.loop = loop;
        this.interrupt = interrupt;
        this.requestNanos = requestNanos;
        this.persistent = persistent;
    }

    long requestNanos() {
        return requestNanos;
    }

    /** Requests answered. */
    long served() {
        return served;
    }

    /** To be told of requests that the disk has done. */
    Consumer<VirtualDisk.Request> arrived() {
        return arrived;
    }

    private void arrive(VirtualDisk.Request request) {
        done.add(request);
        interrupt.raise();
    }

    @Override
    public boolean begin() {
        batchSize = Math.min(done.size(), BackendLoop.BATCH / 2);
        if (batchSize == 0) {
            return false;
        }
        // The half that is rounded up, so that both make the whole.
        loop.spend(batchSize * requestNanos - batchSize * requestNanos / 2, finish);
        return true;
    }

    @Override
    public boolean finalCheck() {
        return !done.isEmpty();
    }

    private void finish() {
        for (int i = 0; i < batchSize; i++) {
            VirtualDisk.Request request = done.remove();
            batch.add(request);
            if (!persistent) {
                request.owner.unmap(request);
            }
        }
        if (loop.grants().count() == 0) {
            respond();
        } else {
            loop.grants().unmap(respond);
        }
    }

    private void respond() {
        for (VirtualDisk.Request request : batch) {
            request.owner.respond(request);
        }
        served += batch.size();
        batch.clear();
    }
}

package org.xenolith.guest;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.xenolith.device.BlockRing;
import org.xenolith.device.Disk;
import org.xenolith.device.RingEnd;
import org.xenolith.hypervisor.FlatMemory;

/**
 * The back end of a frontend's disk: takes requests off the ring, maps their pages and hands them to the disk. Half of a request's work is done
 * here, half when the disk is done ({@link DiskCompletions}).
 */
final class VirtualDisk implements BackendSource {
    /** A request on its way. */
    static final class Request {
        final VirtualDisk owner;
        final int operation;
        final long id;
        final long sector;
        final int[] refs;

        Request(VirtualDisk owner, RingEnd ring, int at) {
            FlatMemory memory = ring.memory();
            this.owner = owner;
            this.operation = BlockRing.operation(memory, at);
            this.id = BlockRing.id(memory, at);
            this.sector = BlockRing.sector(memory, at);
            this.refs = new int[BlockRing.segments(memory, at)];
            for (int i = 0; i < refs.length; i++) {
                refs[i] = BlockRing.grant(memory, at, i);
            }
        }
    }

    private final BackendLoop loop;
    private final RingEnd ring;
    private final int domain;
    private final int line;
    private final long baseSector;
    private final Disk<Request> disk;
    private final DiskCompletions completions;

    /** Handle of the mapping of each grant, or -1. */
    private final int[] handles;

    private final List<Request> batch = new ArrayList<>();
    private final Runnable take = this::take;
    private final Runnable mapped = this::mapped;
    private int batchSize;

    /**
     * The disk of {@code domain}, served by {@code loop}.
     *
     * @param line by which the frontend is sent events
     * @param refs one more than the highest grant
     * @param baseSector where on the disk it begins
     */
    VirtualDisk(
            BackendLoop loop,
            RingEnd ring,
            int domain,
            int line,
            int refs,
            long baseSector,
            Disk<Request> disk,
            DiskCompletions completions) {
        this.loop = loop;
        this.ring = ring;
        this.domain = domain;
        this.line = line;
        this.baseSector = baseSector;
        this.disk = disk;
        this.completions = completions;
        this.handles = new int[refs];
        Arrays.fill(handles, -1);
    }

    @Override
    public boolean begin() {
        batchSize = Math.min(ring.waiting(), BackendLoop.BATCH);
        if (batchSize == 0) {
            return false;
        }
        loop.spend(batchSize * completions.requestNanos() / 2, take);
        return true;
    }

    @Override
    public boolean finalCheck() {
        return ring.finalCheck();
    }

    private void take() {
        for (int i = 0; i < batchSize; i++) {
            Request request = new Request(this, ring, ring.take());
            batch.add(request);
            for (int ref : request.refs) {
                if (handles[ref] < 0) {
                    loop.grants().addMap(ref, domain);
                }
            }
        }
        if (loop.grants().count() > 0) {
            loop.grants().map(mapped);
        } else {
            submit();
        }
    }

    private void mapped() {
        int n = 0;
        for (Request request : batch) {
            for (int ref : request.refs) {
                if (handles[ref] < 0) {
                    handles[ref] = loop.grants().isDone(n) ? loop.grants().handle(n) : -1;
                    n++;
                }
            }
        }
        submit();
    }

    private void submit() {
        long now = loop.nowNanos();
        for (Request request : batch) {
            int bytes = request.refs.length * FlatMemory.FRAME;
            disk.submit(request, baseSector + request.sector, bytes, now, completions.arrived());
        }
        batch.clear();
    }

    /** Adds the unmapping of the pages of {@code request} to the list of grant operations. */
    void unmap(Request request) {
        for (int ref : request.refs) {
            if (handles[ref] >= 0) {
                loop.grants().addUnmap(handles[ref]);
                handles[ref] = -1;
            }
        }
    }

    /** Answers {@code request}. */
    void respond(Request request) {
        BlockRing.respond(ring.memory(), ring.add(), request.operation, request.id, BlockRing.OKAY);
        if (ring.publish()) {
            loop.notifyBy(line);
        }
    }
}

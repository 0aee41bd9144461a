package org.xenolith.trace;

import java.io.IOException;
import java.io.OutputStream;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.xenolith.machine.TscClock;

/**
 * Writes a trace for the Perfetto viewer: a track per pCPU with a slice per stay of a vCPU, a track per vCPU with its
 * runstates, and an arrow from each wake to the run that it led to.
 *
 * <p>The file is a Perfetto {@code Trace} message: packets with track descriptors and track events, field numbers as in
 * Perfetto's {@code protos/perfetto/trace}. Names are interned, so that a slice takes some 30 bytes. Records that say
 * nothing about scheduling are left out.
 */
public final class PerfettoWriter implements TraceWriter {
    private static final int SEQUENCE = 1;
    private static final int STATE_CLEARED = 1;
    private static final int NEEDS_STATE = 2;

    // TracePacket
    private static final int PACKET = 1;
    private static final int TIMESTAMP = 8;
    private static final int SEQUENCE_ID = 10;
    private static final int TRACK_EVENT = 11;
    private static final int INTERNED_DATA = 12;
    private static final int SEQUENCE_FLAGS = 13;
    private static final int TRACK_DESCRIPTOR = 60;

    // TrackEvent
    private static final int TYPE = 9;
    private static final int NAME_ID = 10;
    private static final int TRACK = 11;
    private static final int FLOW = 47;
    private static final int FLOW_END = 48;
    private static final int SLICE_BEGIN = 1;
    private static final int SLICE_END = 2;
    private static final int INSTANT = 3;

    private static final long PCPU_GROUP = 1;
    private static final long VCPU_GROUP = 2;
    private static final long FIRST_PCPU = 1L << 16;
    private static final long FIRST_VCPU = 1L << 32;

    private final OutputStream out;
    private final String file;
    private final TscClock clock;
    private final Map<Integer, String> domainNames = new HashMap<>();

    private final Protobuf packet = new Protobuf();
    private final Protobuf inner = new Protobuf();
    private final Protobuf nested = new Protobuf();
    private final Protobuf framed = new Protobuf();

    private final Map<String, Integer> names = new HashMap<>();
    private final Map<Integer, VcpuTrack> vcpus = new HashMap<>();
    /** Packed vCPU of the slice that is open on each pCPU, or {@link RunningVcpus#UNKNOWN}. */
    private int[] open = {};

    private long origin = -1;
    private long latest;
    private long flows;

    private static final class VcpuTrack {
        String name;
        boolean open;
        /** Arrow from a wake that has not led to a run yet, or 0. */
        long wake;
    }

    /** Writes to {@code out}, which {@link #close} closes; {@code name} stands for it in messages. */
    public PerfettoWriter(OutputStream out, String name, TraceDescription description) {
        this.out = out;
        this.file = name;
        this.clock = new TscClock(description.tscHz());
        for (TraceDescription.DomainDescription domain : description.domains()) {
            domainNames.put(domain.id(), domain.name());
        }
        packet.clear();
        packet.varint(SEQUENCE_ID, SEQUENCE).varint(SEQUENCE_FLAGS, STATE_CLEARED);
        writePacket();
        describeTrack(PCPU_GROUP, 0, "pCPUs");
        describeTrack(VCPU_GROUP, 0, "vCPUs");
    }

    @Override
    public void accept(TraceRecord record) {
        if (origin < 0) {
            if (!record.hasTsc) {
                return;
            }
            origin = record.tsc;
        }
        latest = Math.max(latest, record.tsc);
        if (record.event == TraceEvent.Gen.LOST_RECORDS) {
            endPcpuSlice(record);
        } else if (record.event == TraceEvent.Sched.WAKE && record.words >= 2) {
            wake(record);
        } else if (TraceEvent.isRunstateChange(record.event) && record.words > 0) {
            runstateChange(record);
        }
    }

    private void wake(TraceRecord record) {
        VcpuTrack vcpu = vcpu(TraceEvent.packVcpu(record.word[0], record.word[1]));
        vcpu.wake = ++flows;
        openPcpu(record.cpu);
        event(record.tsc, INSTANT, FIRST_PCPU + record.cpu, "wake " + vcpu.name, FLOW, vcpu.wake);
    }

    private void runstateChange(TraceRecord record) {
        int packed = record.word[0];
        VcpuTrack vcpu = vcpu(packed);
        boolean idle = TraceEvent.domainOf(packed) == TraceEvent.IDLE_DOMAIN;
        int newState = TraceEvent.newRunstate(record.event);
        if (TraceEvent.oldRunstate(record.event) == TraceEvent.RUNSTATE_RUNNING) {
            endPcpuSlice(record);
        }
        long arrow = 0;
        if (newState == TraceEvent.RUNSTATE_RUNNING) {
            endPcpuSlice(record);
            if (!idle) {
                arrow = vcpu.wake;
                vcpu.wake = 0;
                event(record.tsc, SLICE_BEGIN, FIRST_PCPU + record.cpu, vcpu.name, FLOW_END, arrow);
                open[record.cpu] = packed;
            }
        }
        if (!idle) {
            long track = FIRST_VCPU + Integer.toUnsignedLong(packed);
            if (vcpu.open) {
                event(record.tsc, SLICE_END, track, null, FLOW_END, 0);
            }
            event(record.tsc, SLICE_BEGIN, track, TraceEvent.runstateName(newState), FLOW_END, 0);
            vcpu.open = true;
        }
    }

    private void endPcpuSlice(TraceRecord record) {
        openPcpu(record.cpu);
        if (open[record.cpu] != RunningVcpus.UNKNOWN) {
            event(record.tsc, SLICE_END, FIRST_PCPU + record.cpu, null, FLOW_END, 0);
            open[record.cpu] = RunningVcpus.UNKNOWN;
        }
    }

    /** Describes the track of pCPU {@code cpu}, and of those before it, once. */
    private void openPcpu(int cpu) {
        int known = open.length;
        if (cpu >= known) {
            open = Arrays.copyOf(open, cpu + 1);
            Arrays.fill(open, known, open.length, RunningVcpus.UNKNOWN);
            for (int i = known; i <= cpu; i++) {
                describeTrack(FIRST_PCPU + i, PCPU_GROUP, "pCPU " + i);
            }
        }
    }

    private VcpuTrack vcpu(int packed) {
        VcpuTrack vcpu = vcpus.get(packed);
        if (vcpu == null) {
            vcpu = new VcpuTrack();
            int domain = TraceEvent.domainOf(packed);
            String known = domainNames.get(domain);
            String id = "d" + domain + "v" + TraceEvent.vcpuOf(packed);
            vcpu.name = known == null ? id : known + " " + id;
            vcpus.put(packed, vcpu);
            if (domain != TraceEvent.IDLE_DOMAIN) {
                describeTrack(FIRST_VCPU + Integer.toUnsignedLong(packed), VCPU_GROUP, vcpu.name);
            }
        }
        return vcpu;
    }

    private void describeTrack(long id, long parent, String name) {
        inner.clear();
        inner.varint(1, id).string(2, name);
        if (parent != 0) {
            inner.varint(5, parent);
        }
        packet.clear();
        packet.varint(SEQUENCE_ID, SEQUENCE).message(TRACK_DESCRIPTOR, inner);
        writePacket();
    }

    private void event(long tsc, int type, long track, String name, int flowField, long flow) {
        packet.clear();
        packet.varint(TIMESTAMP, clock.toNanos(tsc - origin))
                .varint(SEQUENCE_ID, SEQUENCE)
                .varint(SEQUENCE_FLAGS, NEEDS_STATE);
        inner.clear();
        inner.varint(TYPE, type).varint(TRACK, track);
        if (name != null) {
            Integer id = names.get(name);
            if (id == null) {
                id = names.size() + 1;
                names.put(name, id);
                Protobuf entry = new Protobuf().varint(1, id).string(2, name);
                nested.clear();
                nested.message(2, entry);
                packet.message(INTERNED_DATA, nested);
            }
            inner.varint(NAME_ID, id);
        }
        if (flow != 0) {
            inner.fixed64(flowField, flow);
        }
        packet.message(TRACK_EVENT, inner);
        writePacket();
    }

    private void writePacket() {
        framed.clear();
        framed.message(PACKET, packet);
        try {
            framed.writeTo(out);
        } catch (IOException e) {
            throw TraceFiles.failure(file, e);
        }
    }

    /** Ends the slices that are still open, at the last instant seen, and closes the file. */
    @Override
    public void close() {
        for (int cpu = 0; cpu < open.length; cpu++) {
            if (open[cpu] != RunningVcpus.UNKNOWN) {
                event(latest, SLICE_END, FIRST_PCPU + cpu, null, FLOW_END, 0);
            }
        }
        vcpus.entrySet().stream()
                .filter(entry -> entry.getValue().open)
                .map(Map.Entry::getKey)
                .sorted()
                .forEach(packed ->
                        event(latest, SLICE_END, FIRST_VCPU + Integer.toUnsignedLong(packed), null, FLOW_END, 0));
        try {
            out.close();
        } catch (IOException e) {
            throw TraceFiles.failure(file, e);
        }
    }
}

package org.xenolith.trace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.xenolith.trace.TraceDescription.DomainDescription;
import org.xenolith.trace.TraceDescription.SchedulerDescription;

/** What the writers write: text and CSV line by line, Perfetto decoded again, Xen's own format in whole passes. */
class TraceWritersTest {
    private static final TraceDescription TWO_GHZ = new TraceDescription(
            "t",
            "",
            "",
            new SchedulerDescription("credit2", Map.of()),
            "",
            2_000_000_000,
            0,
            2,
            null,
            List.of(new DomainDescription(1, "web", 1, 256, 0, null, "", null, null)),
            List.of());

    /** dom1 is woken by dom0, runs, and is descheduled for the idle vCPU. */
    private static List<TraceRecord> story() {
        List<TraceRecord> records = new ArrayList<>();
        records.add(record(0, 4000, TraceEvent.runstateChange(1, 0), TraceEvent.packVcpu(0, 0)));
        records.add(record(1, 5000, TraceEvent.runstateChange(1, 0), TraceEvent.packVcpu(0x7fff, 1)));
        records.add(record(0, 6000, TraceEvent.Sched.WAKE, 1, 0));
        records.add(record(0, 6002, TraceEvent.runstateChange(2, 1), TraceEvent.packVcpu(1, 0)));
        records.add(record(1, 7000, TraceEvent.Sched.SWITCH_INFNEXT, 1, 0, 499, -1));
        records.add(record(1, 7002, TraceEvent.runstateChange(0, 1), TraceEvent.packVcpu(0x7fff, 1)));
        records.add(record(1, 7004, TraceEvent.runstateChange(1, 0), TraceEvent.packVcpu(1, 0)));
        records.add(record(1, 9000, TraceEvent.Credit2.BURN, TraceEvent.packVcpu(1, 0), -7, 1 << 31, 12));
        records.add(record(1, 9001, 0x0020100d, 1 | (1 << 20) | (2 << 22), 5, 1, 2));
        records.add(record(1, 9001, 0x08001001, 3));
        records.add(record(1, 9004, TraceEvent.runstateChange(0, 2), TraceEvent.packVcpu(1, 0)));
        return records;
    }

    private static TraceRecord record(int cpu, long tsc, int event, int... words) {
        TraceRecord record = new TraceRecord();
        record.cpu = cpu;
        record.event = event;
        record.hasTsc = true;
        record.tsc = tsc;
        record.words = words.length;
        System.arraycopy(words, 0, record.word, 0, words.length);
        return record;
    }

    private static String write(TraceFormat format) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (TraceWriter writer = format.to(out, "x", TWO_GHZ)) {
            story().forEach(writer::accept);
        }
        return out.toString(StandardCharsets.UTF_8);
    }

    @Test
    void textSaysWhenWhereWhoAndWhat() {
        assertThat(write(TraceFormat.TEXT))
                .isEqualTo(
                        """
                           0.000000000 x  d?v? runstate_change d0v0 runnable->running
                           0.000000500 |x d?v? runstate_change d32767v1 runnable->running
                           0.000001000 x- d0v0 vcpu_wake d1v0
                           0.000001001 x- d0v0 runstate_change d1v0 blocked->runnable
                           0.000001500 |x d32767v1 sched_switch next d1v0, waited = 0.499us, slice = unlimited
                           0.000001501 |x d32767v1 runstate_change d32767v1 running->runnable
                           0.000001502 |x d?v? runstate_change d1v0 runnable->running
                           0.000002500 |x d1v0 csched2:burn_credits d1v0, credit = -7, budget = -2147483648, delta = 12
                           0.000002500 |x d1v0 hypercall op = 1, arguments = 0x9 (mmu_update), arg0 = 0x5, arg1 = 0x200000001
                           0.000002500 |x d1v0 unknown 0x8001001 [ 0x3 ]
                           0.000002502 |x d1v0 runstate_change d1v0 running->blocked
                        """);
    }

    @Test
    void csvHasOneLineARecordAndNamesWhatItKnows() {
        List<String> lines = write(TraceFormat.CSV).lines().toList();
        assertThat(lines).hasSize(story().size() + 1);
        assertThat(lines.get(0))
                .isEqualTo("nanos,tsc,pcpu,event,name,running,fields,word0,word1,word2,word3,word4,word5,word6");
        assertThat(lines.get(8))
                .isEqualTo("2500,9000,1,0x22203,csched2:burn_credits,d1v0,"
                        + "vcpu=d1v0;credit=-7;budget=-2147483648;delta=12,65536,4294967289,2147483648,12,,,");
        assertThat(lines.get(10)).isEqualTo("2500,9001,1,0x8001001,unknown,d1v0,,3,,,,,,");
        assertThat(lines).allMatch(line -> line.split(",", -1).length == 14);
    }

    @Test
    void perfettoHasATrackPerPcpuAndVcpuAndAnArrowPerWake() {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (TraceWriter writer = TraceFormat.PERFETTO.to(out, "x", TWO_GHZ)) {
            story().forEach(writer::accept);
        }
        PerfettoTracks tracks = new PerfettoTracks(out.toByteArray());
        assertThat(tracks.log)
                .containsExactly(
                        "0 begin d0v0 on pCPU 0",
                        "0 begin running on d0v0",
                        "1000 instant wake web d1v0 on pCPU 0 flow 1",
                        "1001 begin runnable on web d1v0",
                        "1502 begin web d1v0 on pCPU 1 from flow 1",
                        "1502 end runnable on web d1v0",
                        "1502 begin running on web d1v0",
                        "2502 end web d1v0 on pCPU 1",
                        "2502 end running on web d1v0",
                        "2502 begin blocked on web d1v0",
                        "2502 end d0v0 on pCPU 0",
                        "2502 end running on d0v0",
                        "2502 end blocked on web d1v0");
    }

    @TestFactory
    Stream<DynamicTest> perfettoSlicesOfEveryRecordedTraceNestAndAddUp() {
        return SharedTraces.all().stream()
                .filter(trace -> !trace.toString().contains("/boot/"))
                .map(trace -> DynamicTest.dynamicTest(trace.toString(), () -> {
                    TraceDescription description = TraceDescription.load(trace);
                    ByteArrayOutputStream out = new ByteArrayOutputStream();
                    RunningTime running = new RunningTime();
                    TraceRecord record = new TraceRecord();
                    try (TraceReader reader = MergedReader.open(trace);
                            TraceWriter writer = TraceFormat.PERFETTO.to(out, "x", description)) {
                        while (reader.next(record)) {
                            running.accept(record);
                            writer.accept(record);
                        }
                    }
                    running.finish();
                    PerfettoTracks tracks = new PerfettoTracks(out.toByteArray());
                    for (DomainDescription domain : description.domains()) {
                        // Before a pCPU's first switch the viewer shows nothing, so a domain may have run longer.
                        long shown = 0;
                        for (int vcpu = 0; vcpu < domain.vcpus(); vcpu++) {
                            String name = domain.name() + " d" + domain.id() + "v" + vcpu;
                            shown += tracks.onPcpus.getOrDefault(name, 0L);
                        }
                        long ran = running.cyclesByDomain().getOrDefault(domain.id(), 0L);
                        assertThat(shown).as(domain.name()).isBetween(ran - 20_000_000, ran);
                        assertThat(ran == 0 || shown > 0).isTrue();
                    }
                }));
    }

    @Test
    void batchesOfSeveralPcpusAreWholePassesInAscendingOrder() {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        int count = 40_000;
        try (XentraceWriter writer = XentraceWriter.to(out, "x")) {
            for (int i = 0; i < count; i++) {
                writer.accept(record(i % 3 == 0 ? 2 : i % 2, 100 + i, TraceEvent.Sched.WAKE, i, 0));
            }
        }
        TraceRecord record = new TraceRecord();
        int next = 0;
        try (MergedReader reader =
                MergedReader.of(XentraceReader.of(new ByteArrayInputStream(out.toByteArray()), "x"))) {
            while (reader.next(record)) {
                assertThat(record.word[0]).isEqualTo(next++);
            }
            assertThat(reader.remarks()).isEmpty();
        }
        assertThat(next).isEqualTo(count);
        List<Integer> windows = new ArrayList<>();
        try (XentraceReader reader = XentraceReader.of(new ByteArrayInputStream(out.toByteArray()), "x")) {
            while (reader.next(record)) {
                if (record.event == TraceEvent.Gen.CPU_CHANGE) {
                    windows.add(record.cpu);
                }
            }
        }
        assertThat(windows).hasSizeGreaterThan(12).startsWith(0, 1, 2, 0, 1, 2).endsWith(0, 1, 2);
    }

    @Test
    void aFullDiskIsSaidInOneLineByEveryFormat() {
        for (TraceFormat format : TraceFormat.values()) {
            assertThatThrownBy(() -> {
                        try (TraceWriter writer = format.to(new FullDisk(), "out.x", TWO_GHZ)) {
                            for (int i = 0; i < 10_000; i++) {
                                story().forEach(writer::accept);
                            }
                        }
                    })
                    .as(format.toString())
                    .isInstanceOf(UncheckedIOException.class)
                    .hasMessage("out.x: cannot be written: No space left on device");
        }
    }

    private static final class FullDisk extends OutputStream {
        @Override
        public void write(int b) throws IOException {
            throw new IOException("No space left on device");
        }
    }

    /** Reads a Perfetto file as its viewer would: tracks by name, and slices that must begin and end in pairs. */
    private static final class PerfettoTracks {
        final List<String> log = new ArrayList<>();
        /** Nanoseconds in slices on pCPU tracks, by name of the slice. */
        final Map<String, Long> onPcpus = new HashMap<>();

        private final Map<Long, String> tracks = new HashMap<>();
        private final Map<Long, String> names = new HashMap<>();
        private final Map<Long, String> open = new HashMap<>();
        private final Map<Long, Long> since = new HashMap<>();
        private final Set<Long> flows = new HashSet<>();
        private final Map<Long, Long> lastTime = new HashMap<>();

        PerfettoTracks(byte[] file) {
            for (Object packet : all(parse(ByteBuffer.wrap(file)), 1)) {
                packet(parse((ByteBuffer) packet));
            }
            assertThat(open).as("slices left open").isEmpty();
        }

        private void packet(Map<Integer, List<Object>> packet) {
            for (Object descriptor : all(packet, 60)) {
                Map<Integer, List<Object>> track = parse((ByteBuffer) descriptor);
                String parent =
                        track.containsKey(5) ? tracks.get((Long) track.get(5).get(0)) : "";
                assertThat(parent).isNotNull();
                tracks.put((Long) track.get(1).get(0), text(track.get(2).get(0)));
            }
            for (Object data : all(packet, 12)) {
                for (Object name : all(parse((ByteBuffer) data), 2)) {
                    Map<Integer, List<Object>> entry = parse((ByteBuffer) name);
                    names.put((Long) entry.get(1).get(0), text(entry.get(2).get(0)));
                }
            }
            for (Object event : all(packet, 11)) {
                event((Long) packet.get(8).get(0), parse((ByteBuffer) event));
            }
        }

        private void event(long time, Map<Integer, List<Object>> event) {
            long track = (Long) event.get(11).get(0);
            String where = tracks.get(track);
            assertThat(where).as("described track").isNotNull();
            assertThat(time).isGreaterThanOrEqualTo(lastTime.getOrDefault(track, 0L));
            lastTime.put(track, time);
            String name = event.containsKey(10) ? names.get((Long) event.get(10).get(0)) : null;
            String arrow = "";
            if (event.containsKey(47)) {
                flows.add((Long) event.get(47).get(0));
                arrow = " flow " + event.get(47).get(0);
            }
            if (event.containsKey(48)) {
                assertThat(flows.remove((Long) event.get(48).get(0))).isTrue();
                arrow = " from flow " + event.get(48).get(0);
            }
            switch (((Long) event.get(9).get(0)).intValue()) {
                case 1 -> {
                    assertThat(name).isNotNull();
                    assertThat(open.put(track, name)).as("open on " + where).isNull();
                    since.put(track, time);
                    log.add(time + " begin " + name + " on " + where + arrow);
                }
                case 2 -> {
                    String ended = open.remove(track);
                    assertThat(ended).as("open on " + where).isNotNull();
                    if (where.startsWith("pCPU ")) {
                        onPcpus.merge(ended, time - since.get(track), Long::sum);
                    }
                    log.add(time + " end " + ended + " on " + where + arrow);
                }
                default -> log.add(time + " instant " + name + " on " + where + arrow);
            }
        }

        private static List<Object> all(Map<Integer, List<Object>> message, int field) {
            return message.getOrDefault(field, List.of());
        }

        private static String text(Object bytes) {
            return StandardCharsets.UTF_8.decode((ByteBuffer) bytes).toString();
        }

        private static Map<Integer, List<Object>> parse(ByteBuffer in) {
            Map<Integer, List<Object>> fields = new HashMap<>();
            in.order(ByteOrder.LITTLE_ENDIAN);
            while (in.hasRemaining()) {
                long key = varint(in);
                Object value =
                        switch ((int) key & 7) {
                            case 0 -> varint(in);
                            case 1 -> in.getLong();
                            case 2 -> {
                                int length = (int) varint(in);
                                ByteBuffer part = in.slice(in.position(), length);
                                in.position(in.position() + length);
                                yield part;
                            }
                            default -> throw new AssertionError("wire type of key " + key);
                        };
                fields.computeIfAbsent((int) (key >>> 3), k -> new ArrayList<>())
                        .add(value);
            }
            return fields;
        }

        private static long varint(ByteBuffer in) {
            long value = 0;
            for (int shift = 0; ; shift += 7) {
                byte b = in.get();
                value |= (b & 0x7fL) << shift;
                if (b >= 0) {
                    return value;
                }
            }
        }
    }
}

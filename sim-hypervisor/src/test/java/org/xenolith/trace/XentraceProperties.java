package org.xenolith.trace;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.xenolith.engine.InputException;

/** What holds for any records and for any bytes. */
class XentraceProperties {
    /** A record without its pCPU's time: that follows from {@code delta}. */
    record Draft(int cpu, int event, boolean stamped, int delta, List<Integer> words) {}

    @Provide
    Arbitrary<List<Draft>> drafts() {
        Arbitrary<Integer> events = Arbitraries.of(
                        TraceEvent.all().stream().map(TraceEvent::id).toList())
                .filter(id -> id != TraceEvent.Gen.CPU_CHANGE && id != TraceEvent.Gen.WRAP_PADDING);
        Arbitrary<Draft> draft = Combinators.combine(
                        Arbitraries.integers().between(0, 6),
                        events,
                        Arbitraries.of(true, true, true, false),
                        Arbitraries.integers().between(0, 1 << 20),
                        Arbitraries.integers().list().ofMaxSize(TraceRecord.MAX_WORDS))
                .as(Draft::new);
        return draft.list().ofMaxSize(400);
    }

    /** The records that the drafts stand for, in an order of time across pCPUs, ties by pCPU. */
    private static List<TraceRecord> records(List<Draft> drafts) {
        long now = 1L << 40;
        List<TraceRecord> records = new ArrayList<>();
        long[] last = new long[8];
        for (Draft draft : drafts) {
            TraceRecord record = new TraceRecord();
            now += draft.delta + 1;
            record.cpu = draft.cpu;
            record.event = draft.event;
            record.hasTsc = draft.stamped || last[draft.cpu] == 0;
            last[draft.cpu] = record.hasTsc ? now : last[draft.cpu];
            record.tsc = last[draft.cpu];
            record.words = draft.words.size();
            for (int i = 0; i < record.words; i++) {
                record.word[i] = draft.words.get(i);
            }
            records.add(record);
        }
        records.sort(Comparator.<TraceRecord>comparingLong(r -> r.tsc).thenComparingInt(r -> r.cpu));
        return records;
    }

    @Property(tries = 100, edgeCases = EdgeCasesMode.NONE)
    void whatIsWrittenIsRead(@ForAll("drafts") List<Draft> drafts) {
        List<TraceRecord> records = records(drafts);
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (XentraceWriter writer = XentraceWriter.to(out, "x")) {
            records.forEach(writer::accept);
        }
        if (records.isEmpty()) {
            assertThat(out.size()).isZero();
            return;
        }
        TraceRecord got = new TraceRecord();
        try (MergedReader reader =
                MergedReader.of(XentraceReader.of(new ByteArrayInputStream(out.toByteArray()), "x"))) {
            for (TraceRecord want : records) {
                assertThat(reader.next(got)).isTrue();
                assertThat(text(got)).isEqualTo(text(want));
            }
            assertThat(reader.next(got)).isFalse();
        }
    }

    @Property(tries = 100, edgeCases = EdgeCasesMode.NONE)
    void passesOfAnyLengthMergeInOrder(@ForAll("drafts") List<Draft> drafts, @ForAll Random random) {
        // Windows as xentrace makes them: a pass at any instant, each pCPU visited a little after the one before.
        List<TraceRecord> records = records(drafts);
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        int[] done = new int[8];
        int seen = 0;
        while (seen < records.size()) {
            seen = Math.min(records.size(), seen + 1 + random.nextInt(40));
            for (int cpu = 0; cpu < 8; cpu++) {
                try (XentraceWriter writer = XentraceWriter.to(out, "x")) {
                    for (int i = done[cpu]; i < seen; i++) {
                        if (records.get(i).cpu == cpu) {
                            writer.accept(records.get(i));
                        }
                    }
                }
                done[cpu] = seen;
                seen = Math.min(records.size(), seen + random.nextInt(3));
            }
        }
        TraceRecord got = new TraceRecord();
        if (records.isEmpty()) {
            return;
        }
        // The last pass may have stopped short of the records that came while it ran.
        int written = 0;
        try (MergedReader reader =
                MergedReader.of(XentraceReader.of(new ByteArrayInputStream(out.toByteArray()), "x"))) {
            for (int i = 0; i < records.size(); i++) {
                if (i < done[records.get(i).cpu]) {
                    written++;
                    assertThat(reader.next(got)).isTrue();
                    assertThat(text(got)).isEqualTo(text(records.get(i)));
                }
            }
            assertThat(reader.next(got)).isFalse();
            assertThat(reader.remarks()).noneMatch(remark -> remark.contains("clocks differ"));
        }
        assertThat(written).isPositive();
    }

    @Property(tries = 400)
    void mutatedTracesAreReadOrRefused(@ForAll Random random) {
        byte[] bytes = Seed.BYTES.clone();
        int changes = 1 + random.nextInt(8);
        for (int i = 0; i < changes; i++) {
            bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
        }
        if (random.nextBoolean()) {
            bytes = Arrays.copyOf(bytes, random.nextInt(bytes.length));
        }
        drain(bytes);
    }

    /** Reads {@code bytes} to the end both ways; only a refusal in one line may come of it. */
    static void drain(byte[] bytes) {
        long raw = 0;
        TraceRecord record = new TraceRecord();
        try (XentraceReader reader = XentraceReader.of(new ByteArrayInputStream(bytes), "x")) {
            while (reader.next(record)) {
                raw++;
                assertThat(raw).isLessThanOrEqualTo(bytes.length / 4 + 1);
            }
            assertThat(reader.remarks()).noneMatch(remark -> remark.contains("\n"));
        } catch (InputException e) {
            assertThat(e.getMessage()).startsWith("x: ").doesNotContain("\n");
        }
        try (MergedReader reader = MergedReader.of(XentraceReader.of(new ByteArrayInputStream(bytes), "x"))) {
            long[] last = new long[XentraceReader.MAX_CPUS];
            while (reader.next(record)) {
                assertThat(record.tsc).isGreaterThanOrEqualTo(last[record.cpu]);
                last[record.cpu] = record.tsc;
            }
        } catch (InputException e) {
            assertThat(e.getMessage()).startsWith("x: ").doesNotContain("\n");
        }
    }

    private static String text(TraceRecord r) {
        return r.cpu + " " + Integer.toHexString(r.event) + " " + r.hasTsc + " " + r.tsc + " " + r.words + " "
                + Arrays.toString(r.word);
    }

    private static final class Seed {
        static final byte[] BYTES =
                Arrays.copyOf(SharedTraces.bytes(SharedTraces.trace("credit2-2pcpu/m1-a256-b512-c256")), 20_000);
    }
}

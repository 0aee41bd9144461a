package org.xenolith.experiment.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;
import net.jqwik.api.constraints.Size;
import org.xenolith.trace.TraceEvent;
import org.xenolith.trace.TraceRecord;

class CellColumnsTest {
    private static final long HERTZ = 2_400_000_000L;

    @Property
    void numbersComeBack(@ForAll List<Long> numbers) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        ColumnWriter out = new ColumnWriter(bytes);
        for (long number : numbers) {
            out.unsigned(number);
            out.signed(number);
            out.unit((int) number);
        }
        ColumnReader in = new ColumnReader(bytes.toByteArray());
        for (long number : numbers) {
            assertThat(in.unsigned()).isEqualTo(number);
            assertThat(in.signed()).isEqualTo(number);
            assertThat(in.unit()).isEqualTo((int) number);
        }
        assertThat(in.atEnd()).isTrue();
    }

    @Property(tries = 200)
    void timelineComesBack(
            @ForAll @Size(max = 60) List<@IntRange(max = 3 * 3 * 16 - 1) Integer> changes,
            @ForAll @LongRange(max = 1L << 40) long fromTsc)
            throws IOException {
        Timeline timeline = timelineOf(changes);
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        CellColumns columns = new CellColumns(HERTZ, fromTsc, bytes);
        columns.write(timeline);

        ColumnReader in = new ColumnReader(bytes.toByteArray());
        assertThat(in.unsigned()).isEqualTo(timeline.vcpus().size());
        for (Timeline.Vcpu v : timeline.vcpus()) {
            assertThat(in.unit()).isEqualTo(TraceEvent.packVcpu(v.domain(), v.id()));
            assertThat(in.unsigned()).isEqualTo(v.size());
            long time = in.signed();
            long[] lengths = in.unsigned(v.size());
            for (int i = 0; i < v.size(); i++) {
                assertThat(time).isEqualTo(columns.nanos(v.start(i)));
                time += lengths[i];
                assertThat(time).isEqualTo(columns.nanos(v.end(i)));
            }
            for (int i = 0; i < v.size(); i++) {
                assertThat(in.unsigned()).isEqualTo(v.state(i) | v.pcpu(i) << 3);
            }
        }
        assertThat(in.atEnd()).isTrue();
    }

    /** Each number says which of three vCPUs changes, on which of three pCPUs, and from and to which runstate. */
    private static Timeline timelineOf(List<Integer> changes) {
        Timeline timeline = new Timeline();
        TraceRecord r = new TraceRecord();
        r.tsc = 1L << 33;
        r.words = 1;
        for (int change : changes) {
            r.tsc += 7919L * change;
            r.cpu = change % 3;
            r.word[0] = TraceEvent.packVcpu(change / 3 % 3, 0);
            r.event = TraceEvent.runstateChange(change / 9 % 4, change / 36);
            timeline.accept(r);
        }
        timeline.finish(r.tsc + 12345);
        return timeline;
    }

    @Property(tries = 200)
    void decisionsComeBack(@ForAll @Size(max = 40) List<@LongRange(min = -5000, max = 1L << 40) Long> seeds)
            throws IOException {
        DecisionLog log = new DecisionLog(30);
        for (long seed : seeds) {
            log.begin((int) (seed & 7), Math.abs(seed) * 3, (int) seed);
            for (int i = 0; i < (seed & 3); i++) {
                log.consider((int) seed + i, i == 0 ? "credit" : "deadline", seed - i, "verdict " + i);
            }
            if ((seed & 4) != 0) {
                log.because("reason " + (seed & 1), -seed);
            }
            log.end((int) (seed >> 3), -seed);
        }
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        CellColumns columns = new CellColumns(HERTZ, 1000, bytes);
        columns.write(log);

        ColumnReader in = new ColumnReader(bytes.toByteArray());
        int size = (int) in.unsigned();
        assertThat(size).isEqualTo(Math.min(30, seeds.size()));
        long[] pcpus = in.unsigned(size);
        long[] times = in.signed(size);
        long[] currents = in.units(size);
        long[] nexts = in.units(size);
        long[] slices = in.signed(size);
        long[] reasons = in.unsigned(size);
        long[] considered = in.unsigned(size);
        List<String> reasonTexts = new ArrayList<>();
        int allReasons = log.reasonsBegin(size);
        for (long text : in.unsigned(allReasons)) {
            reasonTexts.add(log.texts().get((int) text));
        }
        long[] reasonValues = in.signed(allReasons);
        int all = log.consideredBegin(size);
        long[] units = in.units(all);
        long[] metrics = in.unsigned(all);
        long[] values = in.signed(all);
        long[] verdicts = in.unsigned(all);
        assertThat(in.atEnd()).isTrue();

        long time = 0;
        for (int i = 0; i < size; i++) {
            time += times[i];
            assertThat(pcpus[i]).isEqualTo(log.pcpu(i));
            assertThat(time).isEqualTo(columns.nanos(log.tsc(i)));
            assertThat(currents[i]).isEqualTo(log.current(i));
            assertThat(nexts[i]).isEqualTo(log.next(i));
            assertThat(slices[i]).isEqualTo(log.sliceNanos(i));
            assertThat(reasons[i]).isEqualTo(log.reasonsBegin(i + 1) - log.reasonsBegin(i));
            assertThat(considered[i]).isEqualTo(log.consideredBegin(i + 1) - log.consideredBegin(i));
        }
        for (int i = 0; i < allReasons; i++) {
            assertThat(reasonTexts.get(i)).isEqualTo(log.reason(i));
            assertThat(reasonValues[i]).isEqualTo(log.reasonValue(i));
        }
        for (int i = 0; i < all; i++) {
            assertThat(units[i]).isEqualTo(log.unit(i));
            assertThat(log.texts().get((int) metrics[i])).isEqualTo(log.metric(i));
            assertThat(values[i]).isEqualTo(log.value(i));
            assertThat(log.texts().get((int) verdicts[i])).isEqualTo(log.verdict(i));
        }
    }
}

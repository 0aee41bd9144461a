package org.xenolith.experiment.report;

import java.io.IOException;
import java.io.OutputStream;
import org.xenolith.machine.TscClock;

/**
 * The columns of one cell as the page reads them: a {@link Timeline} and a {@link DecisionLog}, times in nanoseconds from
 * the start of the measured window. The reader is {@code columns.js}; change both together.
 *
 * <p>Layout, in numbers of {@link ColumnWriter}: {@code vCPUs}, then for each of them {@code unit, intervals, start of the
 * first (signed), length of each, code of each} where a code is {@code runstate | pCPU << 3}; then {@code decisions}, and
 * column by column: {@code pCPU, time (signed difference to the one before), current, next, slice (signed), reasons,
 * considered}; then {@code text, value (signed)} of all reasons and {@code unit, metric, value (signed), verdict} of all
 * considered, again column by column.
 */
final class CellColumns {
    private final TscClock clock;
    private final long fromTsc;
    private final ColumnWriter out;

    /** Times are counted from {@code fromTsc}; earlier ones are negative. */
    CellColumns(long tscHertz, long fromTsc, OutputStream out) {
        this.clock = new TscClock(tscHertz);
        this.fromTsc = fromTsc;
        this.out = new ColumnWriter(out);
    }

    /** Nanoseconds from the start of the window to {@code tsc}, rounded down. */
    long nanos(long tsc) {
        return clock.toNanos(tsc) - clock.toNanos(fromTsc);
    }

    void write(Timeline timeline) throws IOException {
        var vcpus = timeline.vcpus();
        out.unsigned(vcpus.size());
        for (Timeline.Vcpu v : vcpus) {
            out.unit(v.domain() << 16 | v.id());
            out.unsigned(v.size());
            out.signed(nanos(v.start(0)));
            for (int i = 0; i < v.size(); i++) {
                out.unsigned(nanos(v.end(i)) - nanos(v.start(i)));
            }
            for (int i = 0; i < v.size(); i++) {
                out.unsigned(v.state(i) | v.pcpu(i) << 3);
            }
        }
    }

    void write(DecisionLog log) throws IOException {
        int size = log.size();
        out.unsigned(size);
        for (int i = 0; i < size; i++) {
            out.unsigned(log.pcpu(i));
        }
        long before = 0;
        for (int i = 0; i < size; i++) {
            long now = nanos(log.tsc(i));
            out.signed(now - before);
            before = now;
        }
        for (int i = 0; i < size; i++) {
            out.unit(log.current(i));
        }
        for (int i = 0; i < size; i++) {
            out.unit(log.next(i));
        }
        for (int i = 0; i < size; i++) {
            out.signed(log.sliceNanos(i));
        }
        for (int i = 0; i < size; i++) {
            out.unsigned(log.reasonsBegin(i + 1) - log.reasonsBegin(i));
        }
        for (int i = 0; i < size; i++) {
            out.unsigned(log.consideredBegin(i + 1) - log.consideredBegin(i));
        }
        int reasons = log.reasonsBegin(size);
        for (int i = 0; i < reasons; i++) {
            out.unsigned(log.reasonText(i));
        }
        for (int i = 0; i < reasons; i++) {
            out.signed(log.reasonValue(i));
        }
        int considered = log.consideredBegin(size);
        for (int i = 0; i < considered; i++) {
            out.unit(log.unit(i));
        }
        for (int i = 0; i < considered; i++) {
            out.unsigned(log.metricText(i));
        }
        for (int i = 0; i < considered; i++) {
            out.signed(log.value(i));
        }
        for (int i = 0; i < considered; i++) {
            out.unsigned(log.verdictText(i));
        }
    }
}

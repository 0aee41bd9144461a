package org.xenolith.trace;

import java.io.OutputStream;
import org.xenolith.machine.TscClock;

/**
 * Writes one line of text a record, laid out as {@code xenalyze --dump-all} does: seconds since the first record, the
 * pCPUs ({@code x} has the record, {@code |} runs a guest, {@code -} is idle), the vCPU that runs there, the event and
 * its fields.
 */
public final class DumpText implements TraceWriter {
    private final TextOutput out;
    private final TscClock clock;
    private final int pcpus;
    private final long fromNanos;
    private final RunningVcpus running = new RunningVcpus();
    private long origin = -1;

    /** Writes every record; {@code name} stands for the stream in messages, and closing this closes the stream. */
    public DumpText(OutputStream out, String name, TraceDescription description) {
        this(out, name, description, 0);
    }

    /** Writes the records from {@code fromNanos} after the first one on; it must see those before that all the same. */
    public DumpText(OutputStream out, String name, TraceDescription description, long fromNanos) {
        this.out = new TextOutput(out, name);
        this.clock = new TscClock(description.tscHz());
        this.pcpus = description.pcpus();
        this.fromNanos = fromNanos;
    }

    @Override
    public void accept(TraceRecord record) {
        if (origin < 0 && record.hasTsc) {
            origin = record.tsc;
        }
        long nanos = origin < 0 ? 0 : clock.toNanos(Math.max(0, record.tsc - origin));
        if (nanos >= fromNanos) {
            line(record, nanos);
        }
        running.follow(record);
    }

    private void line(TraceRecord record, long nanos) {
        long seconds = nanos / 1_000_000_000;
        out.padded(seconds, seconds < 1000 ? 4 : 12, ' ').add('.').padded(nanos % 1_000_000_000, 9, '0');
        out.add(' ');
        for (int cpu = 0; cpu < Math.max(pcpus, Math.max(running.pcpus(), record.cpu + 1)); cpu++) {
            out.add(mark(cpu, record.cpu));
        }
        int vcpu = running.on(record.cpu);
        if (vcpu == RunningVcpus.UNKNOWN) {
            out.add(" d?v? ");
        } else {
            out.add(' ').vcpu(vcpu).add(' ');
        }
        TraceEvent event = TraceEvent.of(record.event);
        if (TraceEvent.isRunstateChange(record.event) && record.words > 0) {
            out.add("runstate_change ").vcpu(record.word[0]).add(' ');
            out.add(TraceEvent.runstateName(TraceEvent.oldRunstate(record.event)))
                    .add("->");
            out.add(TraceEvent.runstateName(TraceEvent.newRunstate(record.event)));
        } else {
            if (event == null) {
                out.add("unknown 0x").hex(record.event);
            } else {
                out.add(event.name());
            }
            FieldText.add(out, record, event);
        }
        out.endLine();
    }

    private char mark(int cpu, int here) {
        if (cpu == here) {
            return 'x';
        }
        int vcpu = running.on(cpu);
        if (vcpu == RunningVcpus.UNKNOWN) {
            return ' ';
        }
        return TraceEvent.domainOf(vcpu) == TraceEvent.IDLE_DOMAIN ? '-' : '|';
    }

    @Override
    public void close() {
        out.close();
    }
}

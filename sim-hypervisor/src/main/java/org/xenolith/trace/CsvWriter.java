package org.xenolith.trace;

import java.io.OutputStream;
import org.xenolith.machine.TscClock;

/**
 * Writes one line of comma-separated values a record, under a line of headings: nanoseconds since the first record, TSC,
 * pCPU, event number, event name, the vCPU that runs there, the known fields as {@code name=value} with semicolons
 * between, and the seven raw words. Everything is decimal but the event number; an absent value is empty.
 */
public final class CsvWriter implements TraceWriter {
    private final TextOutput out;
    private final TscClock clock;
    private final RunningVcpus running = new RunningVcpus();
    private long origin = -1;

    /** Writes the headings; {@code name} stands for the stream in messages, and closing this closes the stream. */
    public CsvWriter(OutputStream out, String name, TraceDescription description) {
        this.out = new TextOutput(out, name);
        this.clock = new TscClock(description.tscHz());
        this.out.add("nanos,tsc,pcpu,event,name,running,fields");
        for (int i = 0; i < TraceRecord.MAX_WORDS; i++) {
            this.out.add(",word").add(i);
        }
        this.out.endLine();
    }

    @Override
    public void accept(TraceRecord record) {
        if (origin < 0 && record.hasTsc) {
            origin = record.tsc;
        }
        out.add(origin < 0 ? 0 : clock.toNanos(Math.max(0, record.tsc - origin)))
                .add(',');
        if (record.hasTsc) {
            out.add(record.tsc);
        }
        out.add(',').add(record.cpu).add(",0x").hex(record.event).add(',');
        TraceEvent event = TraceEvent.of(record.event);
        out.add(event == null ? "unknown" : event.name()).add(',');
        int vcpu = running.on(record.cpu);
        if (vcpu != RunningVcpus.UNKNOWN) {
            out.vcpu(vcpu);
        }
        out.add(',');
        if (event != null) {
            fields(record, event);
        }
        for (int i = 0; i < TraceRecord.MAX_WORDS; i++) {
            out.add(',');
            if (i < record.words) {
                out.add(Integer.toUnsignedLong(record.word[i]));
            }
        }
        out.endLine();
        running.follow(record);
    }

    private void fields(TraceRecord record, TraceEvent event) {
        String separator = "";
        for (TraceField field : event.fields()) {
            if (!field.isIn(record)) {
                return;
            }
            out.add(separator).add(field.name()).add('=');
            separator = ";";
            switch (field.kind()) {
                case VCPU, DOMAIN_AND_VCPU -> out.vcpu((int) field.value(record));
                default -> out.add(field.value(record));
            }
        }
    }

    @Override
    public void close() {
        out.close();
    }
}

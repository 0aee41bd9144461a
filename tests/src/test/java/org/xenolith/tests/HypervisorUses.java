package org.xenolith.tests;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongPredicate;
import org.xenolith.trace.HypercallText;
import org.xenolith.trace.MergedReader;
import org.xenolith.trace.TraceEvent;
import org.xenolith.trace.TraceRecord;

/**
 * What a domain's vCPU asked of its hypervisor, counted by kind and in the order of first use: hypercalls with the suboperation where
 * the record carries it, and every instruction and fault that the hypervisor answered.
 */
final class HypervisorUses {
    /** Sets the timer; the record of a PVH guest's does not tell it from the other few vcpu_op. */
    static final String TIMER = "hypercall vcpu_op( 8)?";

    /** Linux's tick of 250 Hz, in cycles of the 1 GHz that the recorded and our TSC have. */
    private static final long TICK = 4_000_000;

    private final Map<String, Integer> uses = new LinkedHashMap<>();
    /** When it began to run and when it stopped, in turn. */
    private final List<Long> turns = new ArrayList<>();

    private int timers;
    private long secondTimer;
    private long lastTimer;

    private HypervisorUses() {}

    /**
     * Counts what the first vCPU of {@code domain} did on a machine of one pCPU while that pCPU ran it.
     *
     * @param readsTsc whether the instruction that ends at an address reads the TSC
     */
    static HypervisorUses of(Path trace, int domain, LongPredicate readsTsc) {
        HypervisorUses all = new HypervisorUses();
        int wanted = TraceEvent.packVcpu(domain, 0);
        try (MergedReader reader = MergedReader.open(trace)) {
            TraceRecord record = new TraceRecord();
            while (reader.next(record)) {
                if (TraceEvent.isRunstateChange(record.event)) {
                    if (TraceEvent.newRunstate(record.event) == TraceEvent.RUNSTATE_RUNNING) {
                        all.turn(record.word[0] == wanted, record.tsc);
                    } else if (TraceEvent.oldRunstate(record.event) == TraceEvent.RUNSTATE_RUNNING) {
                        all.turn(false, record.tsc);
                    }
                } else if (all.runs()) {
                    String kind = kind(record, readsTsc);
                    if (kind != null) {
                        all.count(kind, record.tsc);
                    }
                }
            }
        }
        return all;
    }

    private boolean runs() {
        return turns.size() % 2 == 1;
    }

    private void turn(boolean runs, long time) {
        if (runs != runs()) {
            turns.add(time);
        }
    }

    private void count(String kind, long time) {
        uses.merge(kind, 1, Integer::sum);
        if (kind.matches(TIMER)) {
            timers++;
            secondTimer = timers == 2 ? time : secondTimer;
            lastTimer = time;
        }
    }

    /** How often, by kind. */
    Map<String, Integer> counts() {
        return uses;
    }

    /** How often the kinds that match {@code kinds} together. */
    int count(String kinds) {
        return uses.entrySet().stream()
                .filter(use -> use.getKey().matches(kinds))
                .mapToInt(Map.Entry::getValue)
                .sum();
    }

    /** How often a timer was set. */
    int timers() {
        return timers;
    }

    /** How often it was given the pCPU. */
    int timesRun() {
        return (turns.size() + 1) / 2;
    }

    /**
     * In how many ticks' time the vCPU ran at all, from the second timer that it set (it calibrates between the first two, with
     * interrupts off) to the last.
     */
    int ticks() {
        long counted = -1;
        int ticks = 0;
        for (int i = 0; i + 1 < turns.size(); i += 2) {
            long from = Math.max(turns.get(i), secondTimer);
            long to = Math.min(turns.get(i + 1), lastTimer);
            if (from < to) {
                long first = Math.max((from - secondTimer) / TICK, counted + 1);
                long last = (to - secondTimer) / TICK;
                ticks += (int) Math.max(0, last - first + 1);
                counted = Math.max(counted, last);
            }
        }
        return ticks;
    }

    /** Null for what is no doing of the guest. */
    private static String kind(TraceRecord record, LongPredicate readsTsc) {
        int event = record.event & ~TraceEvent.Pv.ADDRESSES_64;
        return switch (event) {
            case TraceEvent.Pv.HYPERCALL -> hypercall("hypercall ", record);
            case TraceEvent.Pv.HYPERCALL_SUBCALL -> hypercall("within a multicall ", record);
            case TraceEvent.Pv.EMULATE_PRIVOP -> readsTsc.test(record.longWord(0)) ? "rdtsc" : "privileged instruction";
            case TraceEvent.Hvm.VMMCALL -> "hypercall " + HypercallText.name(record.word[0]);
            case TraceEvent.Pv.PAGE_FAULT ->
                "page_fault of " + (record.longWord(2) < 0 ? "the kernel's addresses" : "a process");
            case TraceEvent.Hvm.INTR, TraceEvent.Hvm.INTR_WINDOW -> null;
            case TraceEvent.Hvm.IOPORT_READ,
                    TraceEvent.Hvm.IOPORT_WRITE,
                    TraceEvent.Hvm.MSR_READ,
                    TraceEvent.Hvm.MSR_WRITE,
                    TraceEvent.Hvm.CPUID -> name(record) + " " + Integer.toHexString(record.word[0]);
            default -> {
                int subclass = event & 0x0ffff000;
                boolean ofGuest = subclass == TraceEvent.Hvm.HANDLER_CLASS || (event & 0x0fff0000) == 0x00200000;
                if (!ofGuest) {
                    yield null;
                }
                yield name(record);
            }
        };
    }

    private static String name(TraceRecord record) {
        TraceEvent event = TraceEvent.of(record.event);
        return event == null ? "event " + Integer.toHexString(record.event) : event.name();
    }

    /** Bits 20 and 21 of the first word say whether the record has the first argument, which is a suboperation where it has. */
    private static String hypercall(String prefix, TraceRecord record) {
        String name = HypercallText.name(record.word[0] & 0xfffff);
        boolean hasFirst = (record.word[0] & 3 << 20) != 0 && record.words > 1 && !name.equals("multicall");
        return prefix + name + (hasFirst ? " " + record.word[1] : "");
    }

    /**
     * Whether what stands before an address in a kernel's file is a read of the TSC: by itself or, where the running kernel has put the
     * serialising form there, followed by the space for it.
     */
    static LongPredicate readsTsc(byte[] vmlinux) {
        ByteBuffer elf = ByteBuffer.wrap(vmlinux).order(ByteOrder.LITTLE_ENDIAN);
        return address -> {
            byte[] before = new byte[5];
            int headers = (int) elf.getLong(32);
            for (int i = 0; i < elf.getShort(56); i++) {
                int header = headers + i * elf.getShort(54);
                long within = address - before.length - elf.getLong(header + 16);
                if (elf.getInt(header) == 1 && within >= 0 && within < elf.getLong(header + 32) - before.length) {
                    elf.get((int) (elf.getLong(header + 8) + within), before);
                    return ends(before, 0x0f, 0x31)
                            || ends(before, 0x0f, 0x01, 0xf9)
                            || ends(before, 0x0f, 0x31, 0x90, 0x90, 0x90);
                }
            }
            return false;
        };
    }

    private static boolean ends(byte[] bytes, int... end) {
        byte[] wanted = new byte[end.length];
        for (int i = 0; i < end.length; i++) {
            wanted[i] = (byte) end[i];
        }
        return Arrays.equals(bytes, bytes.length - end.length, bytes.length, wanted, 0, end.length);
    }
}

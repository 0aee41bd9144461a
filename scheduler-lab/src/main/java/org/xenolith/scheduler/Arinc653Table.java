package org.xenolith.scheduler;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.xenolith.hypervisor.Reservation;
import org.xenolith.hypervisor.SchedUnit;

/** A table of {@link Arinc653}: who runs for how long, one after the other, in every major frame. */
final class Arinc653Table {
    /** Most slots, as in Xen. */
    static final int MOST_SLOTS = 64;

    private static final long LONGEST_SLOT = 3_600_000_000_000L;
    private static final Pattern SLOT = Pattern.compile("\\s*(\\S+?)\\s*=\\s*([0-9]{1,9})\\s*(ns|us|ms|s)\\s*");
    private static final String IDLE = "idle";

    /** A stretch of the frame. */
    static final class Slot {
        /** Whom it is for: a domain's name, or with the vCPU's number behind a dot; {@value Arinc653Table#IDLE} for nobody. */
        private final String who;

        final long nanos;

        /** The unit it is for, or null while there is none. */
        SchedUnit unit;

        Slot(String who, long nanos) {
            this.who = who;
            this.nanos = nanos;
        }

        boolean isFor(SchedUnit candidate) {
            return isFor(candidate.domain().name(), candidate.id());
        }

        boolean isFor(String domain, int vcpu) {
            return !who.equals(IDLE) && (who.equals(domain + "." + vcpu) || vcpu == 0 && who.equals(domain));
        }
    }

    final List<Slot> slots = new ArrayList<>();
    long frameNanos;

    /** An empty table with a frame of {@code frameNanos}. */
    Arinc653Table(long frameNanos) {
        this.frameNanos = frameNanos;
    }

    /**
     * Reads a table such as {@code a=10ms/b.1=5ms/idle=5ms}.
     *
     * @param frameMicros length of the major frame, 0 for as long as its slots together
     * @throws IllegalArgumentException if it is none, or does not add up
     */
    static Arinc653Table parse(String text, long frameMicros) {
        Arinc653Table table = new Arinc653Table(0);
        long sum = 0;
        for (String piece : text.split("/", -1)) {
            Matcher slot = SLOT.matcher(piece);
            if (!slot.matches()) {
                throw new IllegalArgumentException(
                        "arinc653: schedule: '" + piece.strip()
                                + "' is no slot; write DOMAIN=TIME, DOMAIN.VCPU=TIME or idle=TIME, such as a=10ms/b.1=500us/idle=5ms");
            }
            long nanos = nanos(Long.parseLong(slot.group(2)), slot.group(3));
            if (nanos == 0 || nanos > LONGEST_SLOT) {
                throw new IllegalArgumentException("arinc653: schedule: '" + piece.strip() + "': a slot lasts 1 ns to "
                        + LONGEST_SLOT / 1_000_000_000 + " s");
            }
            table.slots.add(new Slot(slot.group(1), nanos));
            sum += nanos;
        }
        if (table.slots.size() > MOST_SLOTS) {
            throw new IllegalArgumentException(
                    "arinc653: schedule has " + table.slots.size() + " slots; the most are " + MOST_SLOTS);
        }
        if (frameMicros > 0 && sum > frameMicros * 1000) {
            throw new IllegalArgumentException("arinc653: the slots come to " + sum / 1000
                    + " us, which is more than the major frame of " + frameMicros + " us");
        }
        table.frameNanos = frameMicros > 0 ? frameMicros * 1000 : sum;
        return table;
    }

    private static long nanos(long value, String unit) {
        return switch (unit) {
            case "s" -> value * 1_000_000_000L;
            case "ms" -> value * 1_000_000L;
            case "us" -> value * 1000L;
            default -> value;
        };
    }

    /** What its slots come to for a vCPU in every frame; null if it has none. */
    Reservation reserved(String domain, int vcpu) {
        long sum = slots.stream()
                .filter(slot -> slot.isFor(domain, vcpu))
                .mapToLong(slot -> slot.nanos)
                .sum();
        return sum == 0 ? null : new Reservation(frameNanos, sum);
    }

    /** Adds a slot for {@code unit} at the end. */
    void add(SchedUnit unit, long nanos) {
        Slot slot = new Slot(unit.domain().name() + "." + unit.id(), nanos);
        slot.unit = unit;
        slots.add(slot);
    }

    /** {@code unit} is there: slots that are for it have it from now on. */
    void found(SchedUnit unit) {
        for (Slot slot : slots) {
            if (slot.isFor(unit)) {
                slot.unit = unit;
            }
        }
    }

    /** {@code unit} is gone. */
    void lost(SchedUnit unit) {
        for (Slot slot : slots) {
            if (slot.unit == unit) {
                slot.unit = null;
            }
        }
    }
}

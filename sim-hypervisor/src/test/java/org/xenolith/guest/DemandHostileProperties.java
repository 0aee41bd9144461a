package org.xenolith.guest;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tuple;
import org.xenolith.engine.InputException;
import org.xenolith.machine.CostProfile;
import org.xenolith.trace.TraceEvent;
import org.xenolith.trace.TraceEvent.Hvm;
import org.xenolith.trace.TraceEvent.Pv;
import org.xenolith.trace.TraceEvent.Sched;
import org.xenolith.trace.TraceRecord;

/** Whatever stands in a trace, it is turned into demand that can be replayed, or refused with one line. */
class DemandHostileProperties {
    @Provide
    Arbitrary<List<TraceRecord>> plausible() {
        Arbitrary<Integer> events = Arbitraries.frequencyOf(
                Tuple.of(8, Combinators.combine(states(), states()).as(TraceEvent::runstateChange)),
                Tuple.of(
                        6,
                        Arbitraries.of(
                                Sched.WAKE,
                                Sched.SLEEP,
                                Sched.BLOCK,
                                Sched.YIELD,
                                Sched.SHUTDOWN,
                                Sched.SWITCH_INFCONT,
                                Pv.HYPERCALL,
                                Hvm.VMMCALL,
                                TraceEvent.Gen.LOST_RECORDS)),
                Tuple.of(1, Arbitraries.integers().between(0, 0x0fffffff)));
        Arbitrary<Integer> word =
                Arbitraries.of(0, 0, 1, 2, 1 << 16, 2 << 16, 1 << 16 | 1, 32, 24 | 5 << 20, 8, 9, 0x7fff << 16, -1);
        return records(events, word, Arbitraries.longs().between(0, 3_000_000));
    }

    @Provide
    Arbitrary<List<TraceRecord>> garbage() {
        return records(
                Arbitraries.integers().between(0, 0x0fffffff),
                Arbitraries.integers(),
                Arbitraries.oneOf(Arbitraries.longs(), Arbitraries.longs().between(-1000, 1000)));
    }

    private static Arbitrary<Integer> states() {
        return Arbitraries.integers().between(0, 3);
    }

    /** Streams of records with stamps that differ by {@code steps}. */
    private static Arbitrary<List<TraceRecord>> records(
            Arbitrary<Integer> events, Arbitrary<Integer> word, Arbitrary<Long> steps) {
        Arbitrary<TraceRecord> record = Combinators.combine(
                        events, word, word, steps, Arbitraries.integers().between(0, 3))
                .as((event, a, b, step, words) -> {
                    TraceRecord r = DemandExtractorTest.record(step, event, a, b);
                    r.words = words;
                    r.cpu = words & 1;
                    return r;
                });
        return record.list().ofMinSize(1).ofMaxSize(400);
    }

    @Property(tries = 300)
    void plausibleStreamsReplay(@ForAll("plausible") List<TraceRecord> records) {
        tryOut(records, 1);
    }

    @Property(tries = 100)
    void garbageIsRefusedOrReplays(@ForAll("garbage") List<TraceRecord> records) {
        tryOut(records, 100);
    }

    private static void tryOut(List<TraceRecord> records, long fromNanos) {
        Demand demand;
        ReplayGuests guests;
        try {
            DemandExtractor extractor = new DemandExtractor(
                    1_000_000_000, CostProfile.load("zero"), Map.of(1, 10), fromNanos, 400 * Sim.MS);
            long tsc = 0;
            for (TraceRecord r : records) {
                TraceRecord stamped = new TraceRecord();
                stamped.set(r);
                stamped.tsc = tsc += r.tsc;
                extractor.accept(stamped);
            }
            demand = extractor.finish();
            guests = new ReplayGuests(demand);
        } catch (InputException refused) {
            assertThat(refused.getMessage()).isNotBlank().doesNotContain("\n");
            return;
        }
        assertThat(demand.describe()).isNotEmpty();
        Sim sim = new Sim(2, "zero", Sim.MS, UnaryOperator.identity());
        sim.keep = false;
        guests.domains().forEach(id -> sim.addReplayed(id, guests.load(id)));
        guests.start(sim.hypervisor);
        sim.hypervisor.run(demand.lengthNanos() + 10 * Sim.MS);
        guests.domains().forEach(id -> assertThat(guests.note(id)).isNotNull());
    }
}

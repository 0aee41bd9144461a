package org.xenolith.scheduler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.xenolith.engine.InputException;
import org.xenolith.experiment.decisions.DecisionReplay;
import org.xenolith.experiment.decisions.DecisionTable;
import org.xenolith.experiment.decisions.DecisionTable.Cause;
import org.xenolith.trace.TraceDescription;
import org.xenolith.trace.TraceDescription.SchedulerDescription;

/** Holds our schedulers to the decisions that Xen took, one by one, and prints the table. */
class DecisionReplayTest {
    @ParameterizedTest
    @ValueSource(
            strings = {
                "credit2/s1-w256-w512",
                "credit2/s2-cap30",
                "credit2/s4-all",
                "credit2/s5-all-allevents",
                "credit2-params/p1-r1000",
                "credit2-2pcpu/m1-a256-b512-c256",
                "credit/s1-w256-w512",
                "credit/s2-cap30",
                "credit/s4-all",
                "credit-params/p1-t30-r1000",
                "rtds/s1-w256-w512",
                "rtds/s2-cap30",
                "rtds/s4-all",
            })
    void decidesAsXenDid(String recording) {
        DecisionTable table = DecisionReplay.of(Recording.folder().resolve(recording + ".trc.xz"));
        System.out.println(String.join(" | ", table.row()));
        table.examples().forEach(line -> System.out.println("  " + line));
        assertThat(table.agreedPercent()).isGreaterThanOrEqualTo(98);
        assertThat(table.decisions()).isGreaterThan(500);
    }

    /** Another version's rule, counting in the slice whoever gives way: were it Xen 4.17's, this test would not know. */
    @Test
    void tellsOneVersionsDecisionsFromAnothers() {
        Path trace = Recording.folder().resolve("credit2/s1-w256-w512.trc.xz");
        TraceDescription d = TraceDescription.load(trace);
        SchedulerDescription later = new SchedulerDescription("credit2", Map.of("version", "4.21"));
        DecisionTable table = DecisionReplay.of(trace, CreditSearch.with(d, later, d.domains()));
        assertThat(table.slice()).isLessThan(table.decisions() * 9 / 10);
        assertThat(table.causes()).containsKey(Cause.RULE);
        assertThat(table.examples()).isNotEmpty();
    }

    @Test
    void refusesWhatItCannotReplay() {
        Path trace = Recording.folder().resolve("credit2/s1-w256-w512.trc.xz");
        TraceDescription d = TraceDescription.load(trace);
        SchedulerDescription other = new SchedulerDescription("rr", Map.of());
        assertThatThrownBy(() -> DecisionReplay.of(trace, CreditSearch.with(d, other, d.domains())))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("decisions of 'rr' cannot be replayed; those of credit, credit2, rtds can");
        SchedulerDescription wrong = new SchedulerDescription("rtds", Map.of());
        assertThatThrownBy(() -> DecisionReplay.of(trace, CreditSearch.with(d, wrong, d.domains())))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("holds no decision of rtds");
    }
}

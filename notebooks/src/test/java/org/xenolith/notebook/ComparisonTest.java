package org.xenolith.notebook;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.xenolith.engine.InputException;
import org.xenolith.experiment.CellSummary;
import org.xenolith.hypervisor.Decision;
import org.xenolith.hypervisor.SchedUnit;
import org.xenolith.hypervisor.Scheduler;
import org.xenolith.hypervisor.SchedulerHost;

/** What a notebook shows of a trace replayed under schedulers by name and by class. */
class ComparisonTest {
    @TempDir
    static Path runs;

    private static LoadedTrace trace;
    private static Comparison comparison;

    /** Has a mistake, as a student's first try may. */
    static final class Broken implements Scheduler {
        private SchedulerHost host;

        @Override
        public void init(SchedulerHost host) {
            this.host = host;
        }

        @Override
        public void wake(SchedUnit unit) {
            host.tickle(unit.pcpu());
        }

        @Override
        public void sleep(SchedUnit unit) {}

        @Override
        public void schedule(int pcpu, long now, Decision decision) {
            throw new IllegalStateException("whom?");
        }
    }

    @BeforeAll
    static void compare() {
        trace = Xenolith.load("traces/xen-4.17/credit2/s4-all.trc.xz");
        comparison = Xenolith.compare(runs, trace, "credit2", "rr:slice_us=5000", Broken.class);
    }

    @Test
    void everyRunIsThere() {
        assertThat(comparison.cells())
                .extracting(CellSummary::name)
                .containsExactly("recorded", "credit2", "rr:slice_us=5000", "Broken");
        assertThat(comparison.cell("credit2").domains()).hasSize(5);
        assertThatThrownBy(() -> comparison.cell("credit"))
                .isInstanceOf(InputException.class)
                .hasMessage("no run 'credit'; there are recorded, credit2, rr:slice_us=5000, Broken");
        assertThat(Files.exists(comparison.report())).isTrue();
    }

    @Test
    void theTableShowsEveryDomainUnderEverySchedulerAndWhoFailed() {
        String table = comparison.table().content();
        for (String run : new String[] {"recorded", "credit2", "rr:slice_us=5000"}) {
            assertThat(table.split(">" + run + "</td>", -1)).as(run).hasSize(5 + 1);
        }
        assertThat(table).contains("<b>Broken failed</b>").contains("whom?").contains("credit2 against recorded");
    }

    @Test
    void theGanttChartShowsTheSamePartOfEveryRun() {
        String svg = comparison.gantt(0, 50).content();
        assertThat(svg)
                .contains(">recorded<", ">credit2<", ">rr:slice_us=5000<")
                .doesNotContain(">Broken<");
        assertThat(svg.split(">pCPU 0<", -1)).hasSize(3 + 1);
        assertThat(svg).contains("RUNNING 5.0");
    }

    @Test
    void plotsArePictures() {
        for (Figure plot : new Figure[] {comparison.shares(), comparison.latencies()}) {
            assertThat(plot.mimeType()).isEqualTo("text/html");
            assertThat(plot.content()).startsWith("<img src=\"data:image/png;base64,iVBORw0KGgo");
        }
    }

    @Test
    void whatIsNoTraceOrSchedulerIsRefused() {
        assertThatThrownBy(() -> Xenolith.load("traces/none.trc"))
                .isInstanceOf(InputException.class)
                .hasMessageStartingWith("traces/none.trc: no such file in ");
        assertThatThrownBy(() -> Xenolith.compare(runs, trace))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("at least one");
        assertThatThrownBy(() -> Xenolith.compare(runs, trace, String.class))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("is no scheduler");
        assertThatThrownBy(() -> Xenolith.compare(runs, trace, "credit3"))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("no scheduler 'credit3'");
    }
}

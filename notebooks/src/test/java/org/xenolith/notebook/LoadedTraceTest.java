package org.xenolith.notebook;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.regex.Pattern;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.xenolith.engine.InputException;
import org.xml.sax.InputSource;

/** What a notebook shows of a recorded trace. */
class LoadedTraceTest {
    private static LoadedTrace trace;

    @BeforeAll
    static void load() {
        trace = new LoadedTrace(Path.of("../traces/xen-4.17/credit2/s4-all.trc.xz"));
    }

    @Test
    void describesTheRecording() {
        assertThat(trace.describe().mimeType()).isEqualTo("text/html");
        assertThat(trace.describe().content())
                .contains("Xen 4.17.7 (Debian 12), 1 pCPU, credit2, ratelimit_us 1000", "steady from 920 ms to 6.49 s")
                .contains("<td style=\"text-align:left\">Domain-0</td>", ">41.94</td>");
    }

    @Test
    void drawsAGanttChart() throws Exception {
        String svg = trace.gantt(0, 100).content();
        DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(new InputSource(new java.io.StringReader(svg)));
        assertThat(svg).contains(">recorded<", ">pCPU 0<", ">Domain-0<", ">a<", ">b<", ">c<", ">d<", ">ms<");
        assertThat(svg).contains("b RUNNING 1.0", "a RUNNABLE", "c OFFLINE", "d RUNNING");
        // One pCPU in 100 ms, in slices of 1 ms or a little more: each slice is a bar in its row and in that of its
        // vCPU.
        assertThat(Pattern.compile(" RUNNING ").matcher(svg).results().count()).isBetween(100L, 220L);
    }

    @Test
    void drawsNothingThatIsTooMuch() {
        assertThatThrownBy(() -> trace.gantt(0, 0))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("length");
        assertThatThrownBy(() -> trace.gantt(-1, 10)).isInstanceOf(InputException.class);
        assertThatThrownBy(() -> trace.gantt(0, 6000))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("show less");
    }

    @Test
    void countsTransitionsOfRunstates() {
        String dot = Transitions.graph(trace.timeline(), 4).toString();
        assertThat(dot)
                .startsWith("digraph \"runstates\"")
                .containsPattern("\"RUNNING\" -> \"BLOCKED\" \\[\"label\"=\"\\d+\"\\]")
                .containsPattern("\"BLOCKED\" -> \"RUNNABLE\" \\[\"label\"=\"\\d+\"\\]")
                .containsPattern("\"RUNNABLE\" -> \"RUNNING\" \\[\"label\"=\"[\\d,]+\"\\]");
        assertThat(trace.transitions("d").mimeType()).isIn("image/svg+xml", "text/plain");
        assertThat(trace.transitions("d").content()).contains("RUNNABLE");
        assertThatThrownBy(() -> trace.transitions("e"))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("no domain 'e'; there are Domain-0, a, b, c, d");
    }

    @Test
    void showsHowFarOurModelDecidesAsXenDid() {
        Decisions decisions = Xenolith.decisions(trace);
        assertThat(decisions.tables()).hasSize(1);
        assertThat(decisions.tables().get(0).agreedPercent()).isGreaterThan(98);
        assertThat(decisions.table().content())
                .contains("credit2:ratelimit_us=1000 s4-all", ">5569</td>", "not agreed: a timer of the scheduler");
    }
}

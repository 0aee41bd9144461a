package org.xenolith.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.xenolith.experiment.CellSummary.DomainSummary;
import org.xenolith.experiment.report.HtmlReport;
import org.xenolith.experiment.report.ReportCell;
import org.xenolith.experiment.report.ReportModel;
import org.xenolith.experiment.report.Timeline;
import org.xenolith.trace.TraceEvent;

/** Opens a report of two real traces in a real browser, at the width of a desktop and of a phone. */
class ReportInBrowserTest {
    private static final String CELLS = "xenolithReport.report.cells";
    private static final String GANTT = "xenolithReport.report.gantt";

    @TempDir
    static Path folder;

    private static ReportModel model;
    private static Path page;

    private static Chromium browser;

    @BeforeAll
    static void writeReport() throws IOException, InterruptedException {
        assumeTrue(Chromium.command() != null, "no chromium is installed: the report is not looked at");
        model = SampleReports.real(Path.of("..", "traces"));
        page = folder.resolve("report.html");
        HtmlReport.write(model, page);
        browser = new Chromium();
    }

    private static void open(Path file, int width, boolean phone) {
        browser.open(file, width, phone ? 844 : 900, phone);
        browser.waitFor("window.xenolithReport && xenolithReport.ready");
    }

    @AfterAll
    static void closeBrowser() throws IOException {
        if (browser != null) {
            browser.close();
        }
    }

    private double number(String expression) {
        return browser.evaluate(expression).asDouble();
    }

    @ParameterizedTest
    @CsvSource({"1400, false", "390, true"})
    void isCompleteAndFitsTheWindow(int width, boolean phone) {
        open(page, width, phone);
        assertThat(number("document.documentElement.scrollWidth")).isLessThanOrEqualTo(width);
        assertThat(number("document.querySelectorAll('#measured table:first-of-type tbody')[0].rows.length"))
                .isEqualTo(1 + 2);
        assertThat(number("document.querySelectorAll('#measured .scroll td.share').length"))
                .isEqualTo(5 * 2);
        assertThat(number("document.querySelectorAll('#domain-cards svg path, #domain-cards svg polyline').length"))
                .isGreaterThan(5 * 2 * 3);
        assertThat(browser.evaluate("document.body.innerText.match(/NaN|undefined|Infinity/) === null")
                        .asBoolean())
                .isTrue();
        assertThat(browser.evaluate("document.querySelector('#domain-cards').innerHTML.includes('NaN')")
                        .asBoolean())
                .isFalse();
        assertDrawn();
        assertThat(browser.complaints()).isEmpty();
    }

    /** Every domain that ran has its own colour in the chart. */
    private void assertDrawn() {
        JsonNode missing = browser.evaluate("(() => { const g = " + GANTT + "; g.paint(); const c = g.painter.canvas;"
                + " const pixels = new Uint32Array("
                + "c.getContext('2d').getImageData(0, 0, c.width, c.height).data.buffer);"
                + " const seen = new Set(pixels);"
                + " return [0, 1, 2, 3, 4].filter((d) => {"
                + " const [r, y, b] = g.palette.domain(d);"
                + " return !seen.has((255 << 24 | b << 16 | y << 8 | r) >>> 0); }); })()");
        assertThat(missing).isEmpty();
    }

    @Test
    void dataArriveAsTheyWere() {
        open(page, 1400, false);
        for (int i = 0; i < model.cells().size(); i++) {
            ReportCell cell = model.cells().get(i);
            JsonNode vcpus = browser.evaluate(CELLS + "[" + i + "].vcpus.map((v) => { const in_ = [0, 0, 0, 0, 0];"
                    + " for (let k = 0; k < v.size; k++) in_[v.state[k]] += v.start[k + 1] - v.start[k];"
                    + " return { domain: v.domain, id: v.id, size: v.size, start: v.start[0], in_ }; })");
            assertThat(vcpus).hasSameSizeAs(cell.timeline().vcpus());
            for (int v = 0; v < vcpus.size(); v++) {
                assertSame(cell, cell.timeline().vcpus().get(v), vcpus.get(v));
            }
            assertThat(number(CELLS + "[" + i + "].decisions.all.size"))
                    .isEqualTo(cell.decisions().size());
            assertThat(number(CELLS + "[" + i + "].decisions.all.value.reduce((a, b) => a + b, 0)"))
                    .isEqualTo(sumOfValues(cell));
        }
    }

    private static double sumOfValues(ReportCell cell) {
        long sum = 0;
        for (int i = 0; i < cell.decisions().consideredBegin(cell.decisions().size()); i++) {
            sum += cell.decisions().value(i);
        }
        return sum;
    }

    private static void assertSame(ReportCell cell, Timeline.Vcpu expected, JsonNode shown) {
        assertThat(shown.get("domain").asInt()).isEqualTo(expected.domain());
        assertThat(shown.get("id").asInt()).isEqualTo(expected.id());
        assertThat(shown.get("size").asInt()).isEqualTo(expected.size());
        assertThat(shown.get("start").asLong()).isEqualTo(expected.start(0) - cell.fromTsc());
        long[] in = new long[5];
        for (int i = 0; i < expected.size(); i++) {
            in[expected.state(i)] += expected.end(i) - expected.start(i);
        }
        for (int state = 0; state < in.length; state++) {
            assertThat(shown.get("in_").get(state).asLong()).isEqualTo(in[state]);
        }
    }

    @Test
    void plotsAgreeWithTheTable() {
        open(page, 1400, false);
        for (int i = 0; i < model.cells().size(); i++) {
            for (DomainSummary d : model.cells().get(i).summary().domains()) {
                JsonNode charts = browser.evaluate("(() => { const charts = xenolithReport.report.charts.find((c) =>"
                        + " c.series[0].vcpus[0].domain === " + d.id() + "); const of = (h) => [h.total, h.p50, h.max];"
                        + " return [of(charts.latencies[" + i + "]), of(charts.runs[" + i + "]),"
                        + " charts.shares[" + i + "].reduce((a, b) => a + b, 0) / charts.shares[" + i
                        + "].length]; })()");
                assertThat(charts.get(0).get(0).asLong())
                        .isEqualTo(d.wakeLatencyNanos().count());
                assertThat(charts.get(1).get(0).asLong())
                        .isEqualTo(d.runLengthNanos().count());
                assertClose(charts.get(0).get(1), d.wakeLatencyNanos().p50());
                assertClose(charts.get(0).get(2), d.wakeLatencyNanos().max());
                assertClose(charts.get(1).get(1), d.runLengthNanos().p50());
                assertClose(charts.get(1).get(2), d.runLengthNanos().max());
                assertThat(charts.get(2).asDouble() * 100)
                        .isCloseTo(d.cpuPercent(), org.assertj.core.data.Offset.offset(0.001));
            }
        }
    }

    /** The table's percentiles are right to three digits. */
    private static void assertClose(JsonNode shown, Long expected) {
        if (expected == null) {
            assertThat(shown.isNull()).isTrue();
        } else {
            assertThat(shown.asDouble()).isCloseTo(expected, org.assertj.core.data.Percentage.withPercentage(0.2));
        }
    }

    /** Zooms to the {@code nth} interval of {@code b} in {@code state} and returns where it is in the window. */
    private double[] showSlice(int cell, int state, int nth) {
        JsonNode at = browser.evaluate("(() => { const g = " + GANTT + ", v = g.cells[" + cell + "].vcpus[2];"
                + " let n = 0, i = 0; for (; n < " + nth + " || v.state[i] !== " + state + "; i++)"
                + " if (v.state[i] === " + state + ") n++;"
                + " const length = v.start[i + 1] - v.start[i];"
                + " g.view.show(v.start[i] - length, length * 3); g.paint();"
                + " document.getElementById('chart').scrollIntoView({block: 'start'});"
                + " const row = g.rows.rows.find((r) => r.vcpu === v);"
                + " g.scroller.scrollTop = row.top - 40; g.paint();"
                + " const box = g.canvas.getBoundingClientRect();"
                + " return [box.x + g.painter.xOf(g.view, v.start[i] + length / 2),"
                + " box.y + g.painter.rowY(row, g.scroller.scrollTop) + row.height / 2]; })()");
        return new double[] {at.get(0).asDouble(), at.get(1).asDouble()};
    }

    private String why() {
        return browser.evaluate("document.getElementById('why').innerText").asText();
    }

    @Test
    void clickTellsWhy() {
        open(page, 1400, false);
        double[] at = showSlice(0, TraceEvent.RUNSTATE_RUNNING, 100);
        browser.click(at[0], at[1]);
        browser.waitFor("document.querySelector('#why.filled .decision') !== null");
        assertThat(why()).contains("b d2v0 running", "Why it was chosen", "credit", "For at most", "→ b d2v0");
        JsonNode told = browser.evaluate("(() => { const g = " + GANTT + ", s = g.selection, d = s.cell.decisions;"
                + " const i = d.thatStarted(0, s.vcpu.unit, s.vcpu.start[s.index]);"
                + " return [d.all.next[i], s.vcpu.unit, s.vcpu.start[s.index] - d.all.time[i]]; })()");
        assertThat(told.get(0)).isEqualTo(told.get(1));
        assertThat(told.get(2).asLong()).isBetween(0L, 100_000L);

        at = showSlice(0, TraceEvent.RUNSTATE_RUNNABLE, 100);
        browser.click(at[0], at[1]);
        browser.waitFor("document.getElementById('why').innerText.includes('Why it had to wait')");
        assertThat(why())
                .contains("b d2v0 runnable", "Meanwhile pCPU 0 ran", "This decision took its pCPU away", "b d2v0 →");
        assertThat(browser.complaints()).isEmpty();
    }

    @Test
    void tapTellsWhyOnAPhone() {
        open(page, 390, true);
        double[] at = showSlice(1, TraceEvent.RUNSTATE_RUNNING, 20);
        browser.touch(new double[][] {{at[0], at[1]}});
        browser.waitFor("document.querySelector('#why.filled .decision') !== null");
        assertThat(why()).contains("b d2v0 running", "in B credit", "For at most 30");
        assertThat(number("document.documentElement.scrollWidth")).isEqualTo(390);
        assertThat(browser.complaints()).isEmpty();
    }

    @Test
    void pinchZooms() {
        open(page, 390, true);
        double[] at = showSlice(0, TraceEvent.RUNSTATE_RUNNING, 100);
        double before = number(GANTT + ".view.span");
        browser.touch(
                new double[][] {{150, at[1]}, {200, at[1]}},
                new double[][] {{125, at[1]}, {225, at[1]}},
                new double[][] {{100, at[1]}, {300, at[1]}});
        assertThat(number(GANTT + ".view.span")).isBetween(before / 5, before / 3);
    }

    private void waitUntilThePageStandsStill() {
        browser.waitFor("(window.stillFor = window.lastY === scrollY ? (window.stillFor || 0) + 1 : 0,"
                + " window.lastY = scrollY, window.stillFor > 20)");
    }

    @Test
    void wheelAndKeysMoveTheChart() {
        open(page, 1400, false);
        double whole = number(GANTT + ".view.span");
        double[] at = showSlice(0, TraceEvent.RUNSTATE_RUNNING, 100);
        browser.evaluate(GANTT + ".view.show(0, " + whole + ")");
        browser.wheel(at[0], at[1], -200);
        browser.waitFor("document.getElementById('wheel-hint').classList.contains('shown')");
        assertThat(number(GANTT + ".view.span")).isEqualTo(whole);
        waitUntilThePageStandsStill(); // it took the wheel, and scrolls smoothly

        at = showSlice(0, TraceEvent.RUNSTATE_RUNNING, 100);
        browser.click(at[0], at[1]);
        browser.waitFor("document.activeElement === " + GANTT + ".canvas");
        browser.evaluate(GANTT + ".view.show(0, " + whole + ")");
        browser.wheel(at[0], at[1], -200);
        browser.waitFor(GANTT + ".view.span < " + whole * 0.9);
        browser.key("0");
        browser.waitFor(GANTT + ".view.span === " + whole);
        browser.key("+");
        browser.waitFor(GANTT + ".view.span < " + whole * 0.7);
        double from = number(GANTT + ".view.from");
        browser.key("ArrowRight");
        browser.waitFor(GANTT + ".view.from > " + from);

        double index = number(GANTT + ".selection.index");
        browser.key(".");
        assertThat(number(GANTT + ".selection.index")).isEqualTo(index + 1);
        browser.key("ArrowDown");
        assertThat(number(GANTT + ".selection.vcpu.domain")).isEqualTo(3);
        assertThat(browser.complaints()).isEmpty();
    }

    @Test
    void rowsCanStandSideBySideByVcpu() {
        open(page, 1400, false);
        browser.evaluate("document.querySelector('input[value=row]').click()");
        JsonNode labels =
                browser.evaluate(GANTT + ".rows.rows.filter((r) => r.kind === 'heading').map((r) => r.label)");
        assertThat(labels).hasSize(1 + 5);
        assertThat(labels.get(3).asText()).isEqualTo("b d2v0");
        assertDrawn();
    }

    @Test
    void darkThemeIsDrawnAnew() {
        open(page, 1400, false);
        double[] at = showSlice(0, TraceEvent.RUNSTATE_RUNNING, 100);
        browser.click(at[0], at[1]);
        browser.evaluate(GANTT + ".view.show(0, 5e9)");
        browser.evaluate("document.getElementById('theme').click()");
        assertThat(browser.evaluate("getComputedStyle(document.body).backgroundColor")
                        .asText())
                .isEqualTo("rgb(20, 23, 28)");
        assertDrawn();
        assertThat(browser.complaints()).isEmpty();
    }

    @Test
    void aButtonLeadsToTheLongestWait() {
        open(page, 1400, false);
        browser.evaluate("document.querySelectorAll('.domain-card')[4].querySelectorAll('.waits button')[1].click()");
        JsonNode found = browser.evaluate("(() => { const s = " + GANTT + ".selection, v = s.vcpu, i = s.index;"
                + " return [v.domain, s.cell.index, v.state[i], v.start[i + 1] - v.start[i]]; })()");
        assertThat(found.get(0).asInt()).isEqualTo(4);
        assertThat(found.get(1).asInt()).isEqualTo(1);
        assertThat(found.get(2).asInt()).isEqualTo(TraceEvent.RUNSTATE_RUNNABLE);
        assertThat(found.get(3).asLong())
                .isGreaterThanOrEqualTo(model.cells()
                                .get(1)
                                .summary()
                                .domains()
                                .get(4)
                                .wakeLatencyNanos()
                                .max()
                        * 999
                        / 1000);
        browser.waitFor(GANTT + ".view.target === null && " + GANTT + ".view.span < 1e9");
        assertThat(why()).contains("d d4v0 runnable", "in B credit");
    }

    @Test
    void hostileNamesStayText() throws IOException {
        String name = "<img src=x onerror=alert(1)>\"'&</script>";
        Path hostile = folder.resolve("hostile.html");
        HtmlReport.write(SampleReports.real(Path.of("..", "traces"), name), hostile);
        open(hostile, 390, true);
        double[] at = showSlice(0, TraceEvent.RUNSTATE_RUNNING, 100);
        browser.touch(new double[][] {{at[0], at[1]}});
        browser.waitFor("document.querySelector('#why.filled .decision') !== null");
        assertThat(why()).contains(name + " d2v0 running");
        assertThat(browser.evaluate("document.querySelector('#domain-cards').innerText")
                        .asText())
                .contains(name);
        assertThat(number("document.images.length")).isZero();
        assertThat(number("document.documentElement.scrollWidth")).isEqualTo(390);
        assertThat(browser.complaints()).isEmpty();
    }

    @Test
    void oldBrowserGetsTheTablesAndIsTold() {
        browser.beforeNextPage("delete window.DecompressionStream");
        open(page, 1400, false);
        assertThat(browser.evaluate("document.getElementById('message').innerText")
                        .asText())
                .contains("DecompressionStream", "tables are complete");
        assertThat(browser.evaluate("document.getElementById('timeline').hidden")
                        .asBoolean())
                .isTrue();
        assertThat(number("document.querySelectorAll('#measured .scroll td.share').length"))
                .isEqualTo(5 * 2);
        assertThat(browser.complaints()).isEmpty();
    }

    @Test
    void aMillionSlicesAreShown() throws IOException {
        Path large = folder.resolve("million.html");
        HtmlReport.write(SampleReports.synthetic(1_000_000), large);
        open(large, 1400, false);
        assertThat(number(CELLS + ".flatMap((c) => c.vcpus).reduce((sum, v) => sum + v.size, 0)"))
                .isGreaterThanOrEqualTo(1_000_000);
        double[] at = showSlice(1, TraceEvent.RUNSTATE_RUNNING, 3000);
        browser.click(at[0], at[1]);
        browser.waitFor("document.getElementById('why').innerText.includes('kept no log')");
        assertThat(browser.complaints()).isEmpty();
    }
}

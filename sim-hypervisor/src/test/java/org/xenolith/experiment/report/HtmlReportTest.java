package org.xenolith.experiment.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.xenolith.experiment.CellSummary;
import org.xenolith.experiment.CellSummary.DomainSummary;
import org.xenolith.experiment.CellSummary.Latency;
import org.xenolith.experiment.CellSummary.PcpuSummary;
import org.xenolith.experiment.CellSummary.RunLength;
import org.xenolith.trace.TraceEvent;
import org.xenolith.trace.TraceRecord;

class HtmlReportTest {
    private static final String HOSTILE = "</script><img src=x onerror=alert(1)>\"'&<!--{script}-->";

    @TempDir
    Path folder;

    private static ReportModel hostile() {
        Timeline timeline = new Timeline();
        TraceRecord r = new TraceRecord();
        r.event = TraceEvent.runstateChange(1, 0);
        r.words = 1;
        r.word[0] = TraceEvent.packVcpu(1, 0);
        timeline.accept(r);
        timeline.finish(1000);
        DecisionLog log = new DecisionLog(10);
        log.begin(0, 0, DecisionLog.IDLE);
        log.consider(r.word[0], HOSTILE, 1, HOSTILE);
        log.because(HOSTILE, 1);
        log.end(r.word[0], 1000);
        DomainSummary domain = new DomainSummary(
                HOSTILE,
                1,
                256,
                0,
                50.0,
                49.5,
                20L,
                null,
                1,
                0,
                0,
                0,
                true,
                HOSTILE,
                Map.of(HOSTILE, 5L),
                new Latency(0, null, null, null, null),
                new RunLength(1, 500L, 500L),
                List.of());
        CellSummary ran = new CellSummary(
                HOSTILE,
                HOSTILE,
                Map.of(HOSTILE, HOSTILE),
                1,
                CellSummary.Status.OK,
                null,
                0,
                1000,
                List.of(domain),
                List.of(new PcpuSummary(0, 50.0, 1.0, 49.0)),
                null);
        CellSummary failed = new CellSummary(
                "broken",
                "Broken",
                Map.of(),
                1,
                CellSummary.Status.FAILED,
                HOSTILE,
                0,
                1000,
                List.of(),
                List.of(),
                null);
        return new ReportModel(
                HOSTILE,
                HOSTILE,
                List.of(HOSTILE),
                List.of(HOSTILE),
                List.of(
                        new ReportCell(ran, HOSTILE, 1_000_000_000, 0, 1000, timeline, log),
                        new ReportCell(failed, null, 1_000_000_000, 0, 1000, null, null)));
    }

    private String written(ReportModel model) throws IOException {
        Path file = folder.resolve("report.html");
        HtmlReport.write(model, file);
        return Files.readString(file);
    }

    @Test
    void namesCannotBecomeMarkup() throws IOException {
        String page = written(hostile());
        assertThat(page).doesNotContain("<img").contains("&lt;/script&gt;&lt;img src=x");
        assertThat(page.split("</script>", -1)).hasSize(3 + 1);
    }

    @Test
    void descriptionStaysJson() throws IOException {
        Matcher json = Pattern.compile("<script type=\"application/json\" id=\"model\">(.*?)</script>")
                .matcher(written(hostile()));
        assertThat(json.find()).isTrue();
        JsonNode cells = new ObjectMapper().readTree(json.group(1)).get("cells");
        assertThat(cells.get(0).get("name").asText()).isEqualTo(HOSTILE);
        assertThat(cells.get(0).get("domains").get(0).get("name").asText()).isEqualTo(HOSTILE);
        assertThat(cells.get(0).get("texts").get(0).asText()).isEqualTo(HOSTILE);
        assertThat(cells.get(1).get("status").asText()).isEqualTo("failed");
    }

    @Test
    void needsNothingElse() throws IOException {
        String page = written(hostile());
        assertThat(page).contains("default-src 'none'");
        assertThat(page.replace("http://www.w3.org/2000/svg", ""))
                .doesNotContain("http:", "https:", "@import", " src=\"");
        assertThat(page.replace(Html.escape(HOSTILE), "").replace(HOSTILE, "")).doesNotContain("<!--{");
    }

    @Test
    void sameInputGivesTheSamePage() throws IOException {
        assertThat(written(hostile())).isEqualTo(written(hostile()));
    }

    @Test
    void failedCellStaysInTheTable() throws IOException {
        assertThat(written(hostile()))
                .contains("class=\"status failed\">failed")
                .contains("broken</th>");
    }

    @Test
    void aFolderThatIsNotThereIsSaid() {
        assertThatThrownBy(
                        () -> HtmlReport.write(hostile(), folder.resolve("none").resolve("report.html")))
                .isInstanceOf(NoSuchFileException.class);
    }

    @Property
    void escapedTextHasNoMarkup(@ForAll String text) {
        String escaped = Html.escape(text);
        assertThat(escaped).doesNotContain("<", ">", "\"", "'");
        assertThat(escaped.replaceAll("&(amp|lt|gt|quot|#39);", "")).doesNotContain("&");
    }

    @Test
    void durationsHaveThreeDigits() {
        assertThat(Figures.duration(0L)).isEqualTo("0 ns");
        assertThat(Figures.duration(999L)).isEqualTo("999 ns");
        assertThat(Figures.duration(1000L)).isEqualTo("1.00 µs");
        assertThat(Figures.duration(9_996_000L)).isEqualTo("10.0 ms");
        assertThat(Figures.duration(999_400L)).isEqualTo("999 µs");
        assertThat(Figures.duration(999_600L)).isEqualTo("1.00 ms");
        assertThat(Figures.duration(77_240_000L)).isEqualTo("77.2 ms");
        assertThat(Figures.duration(5_000_000_000L)).isEqualTo("5.00 s");
        assertThat(Figures.duration(null)).isEqualTo("–");
    }
}

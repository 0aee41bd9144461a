package org.xenolith.experiment.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.w3c.dom.Document;
import org.xenolith.engine.InputException;

/** The gallery that ships, held against the traces that ship. */
class TraceGalleryTest {
    private static final Path TRACES = Path.of("../traces");
    private static final int MOST_BYTES = 40_000;

    private static Map<String, String> files;

    @TempDir
    Path folder;

    @BeforeAll
    static void makeIt() {
        files = new TraceGallery(TRACES).files();
    }

    @Test
    void theShippedPageAndPicturesAreWhatTheTracesGive() throws IOException {
        for (Map.Entry<String, String> file : files.entrySet()) {
            assertThat(TRACES.resolve(file.getKey()))
                    .as("run ./xenolith trace gallery")
                    .exists()
                    .content()
                    .isEqualTo(file.getValue());
        }
        try (Stream<Path> pictures = Files.list(TRACES.resolve(TraceGallery.PICTURES))) {
            assertThat(pictures.map(
                            picture -> TRACES.relativize(picture).toString().replace('\\', '/')))
                    .as("no picture of a trace that is gone")
                    .allMatch(files::containsKey);
        }
    }

    @Test
    void everyTraceHasARowAndAPicture() {
        List<Path> traces = TraceGallery.traces(TRACES);
        assertThat(traces).hasSizeGreaterThanOrEqualTo(15);
        String page = files.get(TraceGallery.PAGE);
        assertThat(page.lines().filter(line -> line.startsWith("| !["))).hasSameSizeAs(traces);
        for (Path trace : traces) {
            String name = TRACES.relativize(trace).toString().replace('\\', '/').replace(".trc.xz", "");
            assertThat(page).contains("(gallery/" + name.replace('/', '-') + ".svg)", "(<" + name + ".yaml>)");
        }
    }

    @Test
    void picturesAreSmallWellFormedAndShowWhoRan() throws Exception {
        for (Map.Entry<String, String> file : files.entrySet()) {
            if (file.getKey().endsWith(".svg")) {
                assertThat(file.getValue().length()).as(file.getKey()).isBetween(1000, MOST_BYTES);
                Document svg = DocumentBuilderFactory.newInstance()
                        .newDocumentBuilder()
                        .parse(new ByteArrayInputStream(file.getValue().getBytes(StandardCharsets.UTF_8)));
                assertThat(svg.getDocumentElement().getTagName()).isEqualTo("svg");
                assertThat(svg.getElementsByTagName("path").getLength()).isGreaterThan(10);
            }
        }
        String capped = files.get("gallery/xen-4.17-credit2-s2-cap30.svg");
        assertThat(capped).contains(">a<", ">c<", ">68.0 %<", ">30.0 %<").doesNotContain(">b<", ">d<");
    }

    @Test
    void aTraceWithoutADescriptionIsShownWithWhatIsAssumed() throws IOException {
        Files.copy(TRACES.resolve("xen-4.17/credit/s1-w256-w512.trc.xz"), folder.resolve("my|own<trace>.trc.xz"));
        Map<String, String> made = new TraceGallery(folder).files();
        assertThat(made).hasSize(2);
        assertThat(made.get(TraceGallery.PAGE))
                .contains("| ![my\\|own&lt;trace&gt;](", "Assumed: every domain has weight 256 and no cap")
                .doesNotContain("<trace>");
    }

    @Test
    void aFolderWithoutTracesIsRefusedInOneLine() {
        assertThatThrownBy(() -> new TraceGallery(folder))
                .isInstanceOf(InputException.class)
                .hasMessageStartingWith(folder + ": holds no trace");
        assertThatThrownBy(() -> new TraceGallery(folder.resolve("none")))
                .isInstanceOf(InputException.class)
                .hasMessage(folder.resolve("none") + ": no such folder");
    }
}

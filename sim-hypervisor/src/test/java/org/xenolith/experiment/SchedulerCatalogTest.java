package org.xenolith.experiment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.xenolith.engine.InputException;

class SchedulerCatalogTest {
    private static final String SOURCE =
            """
            import org.xenolith.hypervisor.*;

            public class First implements Scheduler {
                enum Mode { FAST, SLOW }
                @Parameter(name = "slice_us", unit = "us", min = 10, max = 1000, help = "") long slice = 100;
                @Parameter(name = "level", max = 9, help = "") int level = 3;
                @Parameter(name = "mode", help = "") Mode mode = Mode.FAST;
                @Parameter(name = "eager", help = "") private boolean eager;
                public void init(SchedulerHost host) {}
                public void wake(SchedUnit unit) {}
                public void sleep(SchedUnit unit) {}
                public void schedule(int pcpu, long now, Decision decision) { decision.idle(); }
            }
            """;

    @TempDir
    Path folder;

    private final SchedulerCatalog catalog = new SchedulerCatalog();

    private String write(String name, String text) throws IOException {
        return Files.writeString(folder.resolve(name), text).toString();
    }

    @Test
    void compilesASourceFileAndSetsItsParameters() throws IOException {
        String file = write("First.java", SOURCE);

        SchedulerChoice choice = catalog.parseAll(file + ":slice_us=250,level=7,mode=slow:eager=on")
                .get(0);

        assertThat(choice.name()).isEqualTo("First");
        assertThat(choice.label()).isEqualTo("First:slice_us=250:level=7:mode=SLOW:eager=true");
        assertThat(choice.values()).isEqualTo(Map.of("slice_us", 250L, "level", 7L, "mode", "slow", "eager", true));
        assertThat(choice.create()).isNotSameAs(choice.create());
    }

    @Test
    void showsCompilerErrorsAsTheCompilerDoes() throws IOException {
        String file = write("First.java", SOURCE.replace("decision.idle();", "decision.idel();"));

        assertThatThrownBy(() -> catalog.parseAll(file))
                .isInstanceOf(InputException.class)
                .hasMessageContaining(file + ":12: error: cannot find symbol")
                .hasMessageContaining("decision.idel();")
                .hasMessageContaining("^")
                .hasMessageEndingWith("1 error");
    }

    @Test
    void refusesWhatIsNoParameterOrOutOfItsRange() throws IOException {
        String file = write("First.java", SOURCE);

        assertThatThrownBy(() -> catalog.parseAll(file + ":slice_us=9"))
                .isInstanceOf(InputException.class)
                .hasMessage("scheduler First: slice_us takes 10 to 1000 us, not '9'");
        assertThatThrownBy(() -> catalog.parseAll(file + ":mode=medium"))
                .hasMessage("scheduler First: mode takes fast, slow, not 'medium'");
        assertThatThrownBy(() -> catalog.parseAll(file + ":slice=100"))
                .isInstanceOf(InputException.class)
                .hasMessageStartingWith(
                        "scheduler First: no parameter 'slice'; it has slice_us (10 to 1000 us), level");
        assertThatThrownBy(() -> catalog.parseAll(file + ":slice_us"))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("write " + file + ":PARAMETER=VALUE");
        assertThatThrownBy(() -> catalog.parseAll(file + ",,"))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("a scheduler is missing");
    }

    @Test
    void refusesAFileWithoutAPolicyAndAMissingOne() throws IOException {
        String file = write("Plain.java", "public class Plain {}");

        assertThatThrownBy(() -> catalog.parseAll(file))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("no class in it implements org.xenolith.hypervisor.Scheduler");
        assertThatThrownBy(() -> catalog.parseAll(folder + "/Gone.java"))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("no such file");
        assertThatThrownBy(() -> catalog.parseAll("fifo"))
                .isInstanceOf(InputException.class)
                .hasMessageStartingWith("no scheduler 'fifo'");
    }
}

package org.xenolith.scheduler.kit;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.xenolith.hypervisor.Scheduler;

/** What is left of a broken promise shows it again, and says it. */
class KitFailuresTest {
    private static final class LosesPaused extends WrongQueueTest {
        @Override
        public Scheduler scheduler() {
            return new WrongQueue(WrongQueue.Fault.LOSES_PAUSED);
        }
    }

    private final BrokenPromise broken = Hunt.forCounterexample(new LosesPaused(), KitProperty.LOSES_NO_VCPU);
    private final Path file = KitFailures.save(broken);

    /** The file names a scheduler of the tests, which is compiled from its source as the command line would. */
    @Test
    void theFileRunsIntoTheSameViolation() {
        KitRun again = KitRun.of(file, broken.scenario());
        assertThat(KitProperty.LOSES_NO_VCPU.judge(broken.contract(), new Judge(again), broken.scenario()))
                .isEqualTo(broken.violation());
        assertThat(again.traceHash)
                .isEqualTo(KitRun.of(KitScheduler.of(broken.contract()), broken.scenario()).traceHash);
    }

    @Test
    void theMessageSaysWhatWhenWhoAndWhere() {
        assertThat(broken)
                .hasMessageContaining("losesNoVcpu: " + broken.violation())
                .hasMessageContaining("waits for a pCPU")
                .hasMessageContaining("target/kit-failures/WrongQueue-fault=LOSES_PAUSED.losesNoVcpu.yaml")
                .hasMessageContaining("target/kit-failures/WrongQueue-fault=LOSES_PAUSED.losesNoVcpu.svg");
    }

    @Test
    void thePictureMarksTheInstant() throws IOException {
        String name = file.getFileName().toString().replace(".yaml", ".svg");
        assertThat(Files.readString(file.resolveSibling(name)))
                .startsWith("<svg")
                .contains("stroke=\"#d00\"")
                .contains(broken.violation().what());
    }
}

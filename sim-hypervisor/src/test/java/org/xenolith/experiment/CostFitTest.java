package org.xenolith.experiment;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.xenolith.machine.Cost;
import org.xenolith.machine.CostProfile;
import org.xenolith.trace.MergedReader;
import org.xenolith.trace.TraceRecord;

class CostFitTest {
    private static CostFit fit(String trace) {
        CostFit fit = new CostFit();
        TraceRecord record = new TraceRecord();
        try (MergedReader reader =
                MergedReader.open(Path.of("../traces/xen-4.17").resolve(trace))) {
            while (reader.next(record)) {
                fit.accept(record);
            }
        }
        return fit;
    }

    @Test
    void theShippedProfileIsWhatTheTraceSays() {
        CostProfile profile = CostProfile.load("qemu-icount");
        CostFit fit = fit("credit2/s4-all.trc.xz");
        assertThat(fit.fits()).hasSize(5);
        fit.fits().forEach((cost, found) -> {
            assertThat(found.median()).as(cost.key()).isEqualTo(profile.cycles(cost));
            assertThat(profile.source(cost)).endsWith("median of " + found.samples());
        });
    }

    @Test
    void anotherSchedulersTraceTellsTheSameOfWhatIsNotTheSchedulers() {
        CostProfile profile = CostProfile.load("qemu-icount");
        CostFit.Fit timer = fit("rtds/s4-all.trc.xz").fits().get(Cost.TIMER_INTERRUPT);
        assertThat(timer.samples()).isGreaterThan(1000);
        assertThat(timer.median()).isEqualTo(profile.cycles(Cost.TIMER_INTERRUPT));
    }
}

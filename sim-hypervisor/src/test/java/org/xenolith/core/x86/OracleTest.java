package org.xenolith.core.x86;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The core against a real CPU: every instruction of the table that a user program may execute, with random operands and states, in
 * every bit that is defined.
 *
 * <p>Properties: {@code xenolith.oracle.tests}, how many fresh tests (200,000 unless told); {@code xenolith.oracle.seed}, the first one's
 * number; {@code xenolith.oracle.record}, how many tests to record into the committed vectors, instead of checking those.
 */
class OracleTest {
    private static final Path RECORDED = Path.of("src/test/resources/org/xenolith/core/x86/host-cpu-vectors.xz");
    private static final int BATCH = 10_000;
    private static final int SHOWN = 20;

    private final OracleGenerator generator = new OracleGenerator(Semantics.all());
    private final OracleCore core = new OracleCore();
    private final Map<String, Integer> compared = new TreeMap<>();
    private final List<String> differences = new ArrayList<>();

    /** Tests recorded on an AMD EPYC of family 25, model 17. */
    @Test
    void doesWhatWasRecorded() throws IOException {
        assumeTrue(Integer.getInteger("xenolith.oracle.record", 0) == 0, "recording");
        try (InputStream in = Files.newInputStream(RECORDED)) {
            OracleVectors.read(in, generator, this::compare);
        }
        report("recorded");
    }

    /** Fresh tests, where the host is of the maker whose choices the core makes where the manuals leave one. */
    @Test
    void doesWhatTheHostDoes(@TempDir Path directory) throws Exception {
        String missing = missing();
        assumeTrue(missing == null, missing);
        int tests = Integer.getInteger("xenolith.oracle.tests", 200_000);
        long seed = Long.getLong("xenolith.oracle.seed", System.nanoTime() & 0xffffffffffL);
        try (HostCpu host = new HostCpu(directory)) {
            for (int done = 0; done < tests; done += BATCH) {
                List<OracleCase> batch = new ArrayList<>();
                for (int i = done; i < Math.min(tests, done + BATCH); i++) {
                    batch.add(generator.make(seed + i));
                }
                OracleState[] results = host.execute(batch);
                for (int i = 0; i < results.length; i++) {
                    compare(batch.get(i), results[i]);
                }
            }
        }
        report("fresh, seed " + seed);
    }

    /** Records vectors, if told to. */
    @Test
    void records(@TempDir Path directory) throws Exception {
        int tests = Integer.getInteger("xenolith.oracle.record", 0);
        assumeTrue(tests > 0, "nothing to record");
        Files.createDirectories(RECORDED.getParent());
        try (HostCpu host = new HostCpu(directory);
                OutputStream out = Files.newOutputStream(RECORDED);
                OracleVectors.Writer writer = new OracleVectors.Writer(out, tests)) {
            List<OracleCase> cases = new ArrayList<>();
            for (int n = 0; n < tests; n++) {
                OracleCase made = generator.make(n);
                cases.add(generator.fromCode(made.code(), made.insn().mode(), n));
                if (cases.size() == BATCH || n == tests - 1) {
                    OracleState[] results = host.execute(cases);
                    for (int i = 0; i < results.length; i++) {
                        writer.add(cases.get(i), results[i]);
                    }
                    cases.clear();
                }
            }
        }
        assertThat(RECORDED).isNotEmptyFile();
    }

    private static String missing() throws IOException {
        String missing = HostCpu.missing();
        if (missing == null && !Files.readString(Path.of("/proc/cpuinfo")).contains("AuthenticAMD")) {
            missing = "the host's CPU is not AMD's, whose choices the core makes where the manuals leave one";
        }
        return missing;
    }

    private void compare(OracleCase test, OracleState host) {
        compared.merge(test.insn().semantics(), 1, Integer::sum);
        String difference = OracleComparison.difference(test, host, core.execute(test));
        if (difference != null) {
            differences.add(test + ": " + difference);
        }
    }

    /** Tells how much was compared, and fails if anything differed. */
    private void report(String what) {
        int all = compared.values().stream().mapToInt(Integer::intValue).sum();
        StringBuilder s = new StringBuilder();
        compared.forEach((name, count) -> s.append(' ').append(name).append(' ').append(count));
        System.out.printf("host CPU, %s: %d instructions compared, of %d kinds:%s%n", what, all, compared.size(), s);
        assertThat(all).isPositive();
        assertThat(differences.subList(0, Math.min(SHOWN, differences.size())))
                .as("%d of %d differ (%s)", differences.size(), all, what)
                .isEmpty();
    }
}

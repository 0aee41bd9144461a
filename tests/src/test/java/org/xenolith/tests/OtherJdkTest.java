package org.xenolith.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Every shipped scenario comes to the same summary, bit by bit, and a boot to the same console, counts and trace, on each other JDK
 * installed beside the one that tests.
 */
class OtherJdkTest {
    /** Surefire hides the class path in a jar and says here what it is. */
    private static final String CLASS_PATH =
            System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));

    @TempDir
    Path folder;

    /** Runs the scenarios named and prints the summary of each; boots a kernel if none is named. */
    public static void main(String[] arguments) throws Exception {
        Path folder = Path.of(arguments[0]);
        List<String> scenarios = List.of(arguments).subList(1, arguments.length);
        System.out.write(scenarios.isEmpty() ? boot(Files.createDirectories(folder)) : summaries(folder, scenarios));
        System.out.flush();
    }

    /** What a boot says on the console and at its end, but for how fast it was, and a hash of its trace. */
    private static byte[] boot(Path folder) throws Exception {
        Path trace = folder.resolve("boot.trc");
        Command boot = Boots.boot(
                folder,
                List.of("awk 'BEGIN { print 355 / 113 }'", "poweroff -f"),
                "--extra",
                Boots.QUICKEST,
                "--trace",
                trace.toString());
        assertThat(boot.code()).as(boot.err()).isZero();
        byte[] hash = MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(trace));
        String told = boot.out()
                + boot.err().replaceAll("[0-9.]+ MIPS", "")
                + HexFormat.of().formatHex(hash);
        return told.getBytes(StandardCharsets.UTF_8);
    }

    private static byte[] summaries(Path folder, List<String> scenarios) {
        StringBuilder all = new StringBuilder();
        for (String scenario : scenarios) {
            Path output = folder.resolve(Path.of(scenario).getFileName());
            all.append(Command.run("run", scenario, "--json", "--output", output.toString())
                    .ok()
                    .out());
        }
        return all.toString().getBytes(StandardCharsets.UTF_8);
    }

    private static List<Path> otherJdks() throws IOException {
        Path own = Path.of(System.getProperty("java.home")).toRealPath();
        List<Path> others = new ArrayList<>();
        try (Stream<Path> siblings = Files.list(own.getParent())) {
            for (Path jdk : siblings.sorted().toList()) {
                if (Files.isExecutable(jdk.resolve("bin/java"))
                        && Files.isRegularFile(jdk.resolve("release"))
                        && !jdk.toRealPath().equals(own)
                        && others.stream().noneMatch(jdk::startsWith)) {
                    others.add(jdk.toRealPath());
                }
            }
        }
        return others.stream().distinct().toList();
    }

    @Test
    void everyJdkComesToTheSame() throws IOException, InterruptedException {
        List<Path> jdks = otherJdks();
        assumeFalse(jdks.isEmpty(), "no other JDK is installed beside this one");
        List<String> scenarios;
        try (Stream<Path> files = Files.list(Path.of("../scheduler-lab/scenarios"))) {
            scenarios = files.map(Path::toString)
                    .filter(name -> !name.contains(Boots.SCENARIO)) // it takes a kernel and minutes
                    .filter(f -> f.endsWith(".yaml"))
                    .sorted()
                    .toList();
        }
        byte[] expected = summaries(folder.resolve("own"), scenarios);
        assertThat(scenarios).isNotEmpty();
        for (Path jdk : jdks) {
            assertThat(on(jdk, scenarios)).as(jdk.toString()).isEqualTo(expected);
        }
    }

    @Test
    void everyJdkBootsTheSame() throws Exception {
        List<Path> jdks = otherJdks();
        assumeFalse(jdks.isEmpty(), "no other JDK is installed beside this one");
        byte[] expected = boot(folder);
        assertThat(new String(expected, StandardCharsets.UTF_8)).contains("3.14159", "instructions");
        for (Path jdk : jdks) {
            assertThat(on(jdk, List.of())).as(jdk.toString()).isEqualTo(expected);
        }
    }

    /** What {@link #main} prints on that JDK. */
    private byte[] on(Path jdk, List<String> scenarios) throws IOException, InterruptedException {
        Path output = folder.resolve(jdk.getFileName() + ".out");
        List<String> command = new ArrayList<>(List.of(
                jdk.resolve("bin/java").toString(),
                "-cp",
                CLASS_PATH,
                OtherJdkTest.class.getName(),
                folder.resolve(jdk.getFileName()).toString()));
        command.addAll(scenarios);
        Process process = new ProcessBuilder(command)
                .redirectOutput(output.toFile())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        assertThat(process.waitFor()).as(jdk.toString()).isZero();
        return Files.readAllBytes(output);
    }
}

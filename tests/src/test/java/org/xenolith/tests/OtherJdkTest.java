package org.xenolith.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Every shipped scenario comes to the same summary, bit by bit, on each other JDK installed beside the one that tests. */
class OtherJdkTest {
    /** Surefire hides the class path in a jar and says here what it is. */
    private static final String CLASS_PATH =
            System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));

    @TempDir
    Path folder;

    /** Runs the scenarios named and prints the summary of each. */
    public static void main(String[] arguments) throws IOException {
        System.out.write(summaries(Path.of(arguments[0]), List.of(arguments).subList(1, arguments.length)));
        System.out.flush();
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
            Path output = folder.resolve(jdk.getFileName() + ".json");
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
            assertThat(Files.readAllBytes(output)).as(jdk.toString()).isEqualTo(expected);
        }
    }
}

package org.xenolith.tests;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The launcher, run in a copy of what it needs of the repository, so that it builds nothing of what is being tested: the
 * build is a stand-in for Maven that puts the classes of this reactor in place and counts how often it is called.
 */
class LauncherTest {
    /** Surefire hides the class path in a jar and says here what it is. */
    private static final String CLASS_PATH =
            System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));

    @TempDir
    Path folder;

    private record Ended(int code, String out, String err) {}

    private Ended launch(Path repository, Path tools, String... args) throws IOException, InterruptedException {
        List<String> command =
                new ArrayList<>(List.of(repository.resolve("xenolith").toString()));
        command.addAll(List.of(args));
        ProcessBuilder builder = new ProcessBuilder(command).directory(folder.toFile());
        builder.environment().put("PATH", tools + ":" + System.getenv("PATH"));
        builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
        builder.redirectOutput(folder.resolve("out").toFile());
        builder.redirectError(folder.resolve("err").toFile());
        Process process = builder.start();
        if (!process.waitFor(2, TimeUnit.MINUTES)) {
            process.destroyForcibly();
            throw new AssertionError(command + " does not end");
        }
        return new Ended(
                process.exitValue(), Files.readString(folder.resolve("out")), Files.readString(folder.resolve("err")));
    }

    private Path repository() throws IOException {
        Path repository = folder.resolve("a repository");
        for (String module : List.of("sim-hypervisor", "scheduler-lab")) {
            Files.createDirectories(repository.resolve(module).resolve("src/main/java"));
            Files.writeString(repository.resolve(module).resolve("pom.xml"), "");
        }
        Files.writeString(repository.resolve("pom.xml"), "");
        Files.copy(Path.of("../xenolith"), repository.resolve("xenolith"), StandardCopyOption.COPY_ATTRIBUTES);
        return repository;
    }

    /** A stand-in for Maven: links the jars and classes of this JVM's class path to where the launcher expects them. */
    private Path maven(String exit) throws IOException {
        Path tools = Files.createDirectories(folder.resolve("tools"));
        StringBuilder script = new StringBuilder("#!/bin/sh\necho called >>'" + folder + "/calls'\n" + exit
                + "\nmkdir -p scheduler-lab/target/lib scheduler-lab/target/classes\n");
        assertThat(CLASS_PATH).contains("sim-hypervisor", "scheduler-lab");
        for (String entry : CLASS_PATH.split(":", -1)) {
            if (entry.endsWith(".jar")) {
                script.append("ln -sf '" + entry + "' scheduler-lab/target/lib/\n");
            } else if (entry.endsWith("/target/classes")) {
                script.append("cp -r '" + entry + "/.' scheduler-lab/target/classes/\n");
            }
        }
        Path maven = Files.write(tools.resolve("mvn"), script.toString().getBytes(StandardCharsets.UTF_8));
        assertThat(maven.toFile().setExecutable(true)).isTrue();
        return tools;
    }

    private long calls() throws IOException {
        return Files.readAllLines(folder.resolve("calls")).size();
    }

    @Test
    void buildsWhatIsStaleOnceAndPassesExitCodes() throws IOException, InterruptedException {
        Path repository = repository();
        Path tools = maven("");

        Ended first = launch(repository, tools, "list", "costs");
        assertThat(first.err()).isEqualTo("building ...\n");
        assertThat(first.out()).contains("qemu-icount: ");
        assertThat(first.code()).isZero();

        Ended second = launch(repository, tools, "run", "no-such-scenario");
        assertThat(second.err().lines())
                .hasSize(1)
                .allMatch(line -> line.startsWith("xenolith: no-such-scenario: no such"));
        assertThat(second.code()).isEqualTo(2);
        assertThat(calls()).isEqualTo(1);

        Files.writeString(repository.resolve("sim-hypervisor/src/main/java/New.java"), "");
        Ended third = launch(repository, tools, "--version");
        assertThat(third.err()).isEqualTo("building ...\n");
        assertThat(calls()).isEqualTo(2);
    }

    @Test
    void showsWhyABuildFailsAndTriesAgain() throws IOException, InterruptedException {
        Path repository = repository();

        Ended failed = launch(repository, maven("echo 'no compiler today'; exit 3"), "list", "costs");
        assertThat(failed.code()).isEqualTo(1);
        assertThat(failed.err()).isEqualTo("building ...\nno compiler today\nxenolith: the build failed\n");

        assertThat(launch(repository, maven(""), "list", "costs").code()).isZero();
    }
}

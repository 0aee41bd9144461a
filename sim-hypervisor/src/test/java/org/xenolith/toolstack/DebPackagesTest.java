package org.xenolith.toolstack;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.commons.compress.archivers.ar.ArArchiveEntry;
import org.apache.commons.compress.archivers.ar.ArArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.tukaani.xz.LZMA2Options;
import org.tukaani.xz.XZOutputStream;
import org.xenolith.engine.InputException;

/** Against commands of our own in place of apt's. */
class DebPackagesTest {
    private static final DebPackages.Wanted WANTED =
            new DebPackages.Wanted("some-kernel", "image-", List.of("boot/vmlinuz-"), "vmlinuz", "--kernel");

    @TempDir
    Path folder;

    private final List<String> progress = new ArrayList<>();
    private Path cache;

    @BeforeEach
    void packageThatDependsOnOneWithTheFile() throws IOException {
        cache = folder.resolve("cache");
        Files.write(folder.resolve("image-6.1_1%3a2_amd64.deb"), deb("./boot/vmlinuz-6.1", "the kernel"));
        command("apt-cache", "echo 'Package: some-kernel'; echo 'Depends: other, image-6.1 (= 1:2)'");
        command("apt-get", "echo \"$@\" >> " + folder + "/log; cp " + folder + "/$3_*.deb .");
    }

    private void command(String name, String script) throws IOException {
        Path file = Files.writeString(folder.resolve(name), "#!/bin/sh\n" + script + "\n");
        assertThat(file.toFile().setExecutable(true)).isTrue();
    }

    private DebPackages packages() {
        return new DebPackages(
                cache,
                progress::add,
                folder.resolve("apt-get").toString(),
                folder.resolve("apt-cache").toString());
    }

    private static byte[] deb(String path, String content) throws IOException {
        ByteArrayOutputStream data = new ByteArrayOutputStream();
        try (TarArchiveOutputStream tar = new TarArchiveOutputStream(new XZOutputStream(data, new LZMA2Options(0)))) {
            tar.putArchiveEntry(new TarArchiveEntry("./boot/"));
            tar.closeArchiveEntry();
            put(tar, "./boot/config", "y");
            put(tar, path, content);
        }
        ByteArrayOutputStream deb = new ByteArrayOutputStream();
        try (ArArchiveOutputStream ar = new ArArchiveOutputStream(deb)) {
            part(ar, "debian-binary", "2.0\n".getBytes(StandardCharsets.US_ASCII));
            part(ar, "control.tar.xz", new byte[10]);
            part(ar, "data.tar.xz", data.toByteArray());
        }
        return deb.toByteArray();
    }

    private static void put(TarArchiveOutputStream tar, String path, String content) throws IOException {
        TarArchiveEntry entry = new TarArchiveEntry(path);
        entry.setSize(content.length());
        tar.putArchiveEntry(entry);
        write(tar, content.getBytes(StandardCharsets.US_ASCII));
        tar.closeArchiveEntry();
    }

    private static void part(ArArchiveOutputStream ar, String name, byte[] content) throws IOException {
        ar.putArchiveEntry(new ArArchiveEntry(name, content.length));
        write(ar, content);
        ar.closeArchiveEntry();
    }

    private static void write(OutputStream out, byte[] bytes) throws IOException {
        out.write(bytes);
    }

    private List<String> inCache() throws IOException {
        try (Stream<Path> files = Files.list(cache)) {
            return files.map(f -> f.getFileName().toString()).sorted().toList();
        }
    }

    @Test
    void fetchesWhatThePackageDependsOnAndKeepsIt() throws IOException {
        Path file = packages().file(WANTED);

        assertThat(file).hasContent("the kernel").isEqualTo(cache.resolve("image-6.1_1%3a2_amd64/vmlinuz"));
        assertThat(inCache()).containsExactly("image-6.1_1%3a2_amd64");
        assertThat(folder.resolve("log")).hasContent("-q download image-6.1");
        assertThat(progress).containsExactly("fetching image-6.1 with apt-get");

        Files.delete(folder.resolve("apt-get"));
        assertThat(packages().file(WANTED)).isEqualTo(file);
    }

    @Test
    void asksForListsWhereThereAreNone() throws IOException {
        command("apt-cache", "test -e " + folder + "/lists && echo 'Depends: image-6.1'");
        command("apt-get", "test $2 = update && touch " + folder + "/lists || cp " + folder + "/image-6.1_*.deb .");

        assertThat(packages().file(WANTED)).hasContent("the kernel");
        assertThat(progress).containsExactly("fetching apt's lists of packages", "fetching image-6.1 with apt-get");
    }

    @Test
    void refusesInOneLineAndLeavesNothing() throws IOException {
        command("apt-get", "echo 'E: first'; echo 'E: no network'; exit 100");
        refused("Debian's some-kernel cannot be fetched: " + folder
                + "/apt-get -q download image-6.1: E: no network; give --kernel FILE");

        command("apt-cache", "exit 1");
        command("apt-get", "exit 0");
        refused("Debian's some-kernel is not known to apt here; give --kernel FILE");

        Files.delete(folder.resolve("apt-cache"));
        refused("Debian's some-kernel cannot be fetched: no " + folder + "/apt-cache here; give --kernel FILE");
    }

    @Test
    void refusesAPackageWithoutTheFileAndOneCutOff() throws IOException {
        Path deb = folder.resolve("image-6.1_1%3a2_amd64.deb");
        byte[] whole = Files.readAllBytes(deb);
        Files.write(deb, deb("./usr/share/doc", "no kernel"));
        refused("Debian's some-kernel has no boot/vmlinuz- in it; give --kernel FILE");

        Files.write(deb, Arrays.copyOf(whole, whole.length - 60));
        assertThatThrownBy(() -> packages().file(WANTED))
                .isInstanceOf(InputException.class)
                .hasMessageStartingWith("Debian's some-kernel ")
                .hasMessageEndingWith("; give --kernel FILE")
                .hasMessageNotContaining("\n");
        assertThat(inCache()).isEmpty();
    }

    private void refused(String message) throws IOException {
        assertThatThrownBy(() -> packages().file(WANTED))
                .isInstanceOf(InputException.class)
                .hasMessage(message);
        assertThat(inCache()).isEmpty();
    }

    @Test
    void keepsItsFilesWhereTheUserKeepsCaches() {
        assertThat(BootFiles.cacheFolder(Map.of("XDG_CACHE_HOME", "/var/cache/me"), "/home/me"))
                .isEqualTo(Path.of("/var/cache/me/xenolith"));
        assertThat(BootFiles.cacheFolder(Map.of("XDG_CACHE_HOME", "relative"), "/home/me"))
                .isEqualTo(Path.of("/home/me/.cache/xenolith"));
    }
}

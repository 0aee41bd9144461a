package org.xenolith.toolstack;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.commons.compress.archivers.cpio.CpioArchiveEntry;
import org.apache.commons.compress.archivers.cpio.CpioArchiveInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class InitramfsTest {
    @TempDir
    Path folder;

    private Path busybox() throws IOException {
        return Files.write(folder.resolve("busybox"), Kernels.linux());
    }

    @Test
    void anotherReaderFindsWhatWasWritten() throws IOException {
        byte[] archive = Initramfs.build(busybox(), Map.of("hello", new byte[] {1, 2, 3}));

        Map<String, String> entries = new LinkedHashMap<>();
        try (CpioArchiveInputStream in = new CpioArchiveInputStream(new ByteArrayInputStream(archive))) {
            for (CpioArchiveEntry e = in.getNextEntry(); e != null; e = in.getNextEntry()) {
                byte[] content = in.readAllBytes();
                assertThat(content).hasSize((int) e.getSize());
                assertThat(e.getTime()).isZero();
                entries.put(e.getName(), Long.toOctalString(e.getMode()) + " " + content.length);
                switch (e.getName()) {
                    case "bin/busybox" -> assertThat(content).isEqualTo(Kernels.linux());
                    case "bin/sh" -> assertThat(content).isEqualTo("busybox".getBytes(StandardCharsets.UTF_8));
                    case "root/hello" -> assertThat(content).containsExactly(1, 2, 3);
                    case "dev/console" -> assertThat(e.getRemoteDeviceMaj()).isEqualTo(5);
                    case "init" ->
                        assertThat(new String(content, StandardCharsets.UTF_8)).startsWith("#!/bin/sh\n");
                    default -> {}
                }
            }
        }
        assertThat(entries)
                .containsEntry("bin", "40755 0")
                .containsEntry("dev/console", "20600 0")
                .containsEntry("bin/sh", "120777 7")
                .containsEntry("root/hello", "100755 3")
                .containsKeys("bin/busybox", "init", "proc", "sys");
    }

    @Test
    void sameContentIsSameBytes() throws IOException {
        assertThat(Initramfs.build(busybox())).isEqualTo(Initramfs.build(busybox()));
    }

    @Test
    void refusesWhatIsNoStaticExecutable() throws IOException {
        assertThatThrownBy(() -> Initramfs.build(folder.resolve("none")))
                .hasMessageEndingWith("none: no such file; give a static busybox for x86-64");
        assertThatThrownBy(() -> Initramfs.build(folder)).hasMessageContaining("is no busybox");
        byte[] dynamic = Kernels.linux();
        dynamic[64 + 56] = 3; // its note segment becomes the name of an interpreter
        Path file = Files.write(folder.resolve("dynamic"), dynamic);
        assertThatThrownBy(() -> Initramfs.build(file)).hasMessageContaining("wants shared libraries");
    }
}

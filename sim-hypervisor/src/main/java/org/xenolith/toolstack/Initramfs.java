package org.xenolith.toolstack;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import org.xenolith.engine.InputException;

/**
 * The root file system of a guest that boots to a busybox: an archive for Linux's initramfs. Its {@code /init} obeys two words of the
 * kernel's command line: {@code work=exit} halts as soon as it runs, as the guest of the recorded boots does, and
 * {@code run="COMMANDS"} has a shell execute them and powers off. Without either there is a shell on the console, and powering off
 * after it.
 */
public final class Initramfs {
    private static final int MOST_BYTES = 64 << 20;
    private static final String INIT = "/initramfs-init.sh";

    private Initramfs() {}

    /**
     * An archive with this busybox; the same busybox gives the same bytes.
     *
     * @param busybox a static executable for x86-64
     * @throws InputException if it is none
     */
    public static byte[] build(Path busybox) {
        return build(busybox, Map.of());
    }

    /**
     * An archive with this busybox and some more files.
     *
     * @param files what to put into {@code /root}, by name; executable
     * @throws InputException as {@link #build(Path)}
     */
    public static byte[] build(Path busybox, Map<String, byte[]> files) {
        Cpio cpio = new Cpio();
        for (String folder : new String[] {
            "bin", "dev", "etc", "proc", "root", "run", "sbin", "sys", "tmp", "usr", "usr/bin", "usr/sbin"
        }) {
            cpio.folder(folder);
        }
        // The kernel opens it for init before anything is mounted.
        cpio.device("dev/console", 5, 1)
                .device("dev/null", 1, 3)
                .file("bin/busybox", 0755, executable(busybox))
                .link("bin/sh", "busybox")
                .file("init", 0755, script());
        new TreeMap<>(files).forEach((name, content) -> cpio.file("root/" + name, 0755, content));
        return cpio.end();
    }

    private static byte[] executable(Path busybox) {
        byte[] bytes;
        try {
            if (Files.isDirectory(busybox) || Files.size(busybox) > MOST_BYTES) {
                throw new InputException(busybox + ": is no busybox; give a static one for x86-64");
            }
            bytes = Files.readAllBytes(busybox);
        } catch (NoSuchFileException e) {
            throw new InputException(busybox + ": no such file; give a static busybox for x86-64", e);
        } catch (IOException e) {
            throw new InputException(busybox + ": cannot be read: " + e.getMessage(), e);
        }
        if (ElfFile.parse(bytes, busybox.toString()).interpreted()) {
            throw new InputException(
                    busybox + ": wants shared libraries, which the guest does not have; give a static busybox");
        }
        return bytes;
    }

    private static byte[] script() {
        try (InputStream in = Initramfs.class.getResourceAsStream(INIT)) {
            return in.readAllBytes();
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }
}

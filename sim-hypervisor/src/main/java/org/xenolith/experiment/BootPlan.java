package org.xenolith.experiment;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.xenolith.engine.InputException;
import org.xenolith.guest.Timing;
import org.xenolith.toolstack.BootFiles;
import org.xenolith.toolstack.BootSpec;
import org.xenolith.toolstack.Initramfs;
import org.xenolith.toolstack.KernelImage;

/**
 * What a domain of a scenario boots.
 *
 * @param kernel the kernel's file, or null for the one that ships with Debian
 * @param ramdisk the initial ramdisk's file, or null for one made of busybox
 * @param commandLine the kernel's command line
 * @param memoryMib memory in MiB
 * @param script lines typed at the console, each at a prompt
 * @param timing how its instructions take time
 */
public record BootPlan(
        Path kernel, Path ramdisk, String commandLine, int memoryMib, List<String> script, Timing.Kind timing) {
    /** Memory of a guest that names none. */
    public static final int DEFAULT_MEMORY_MIB = 192;

    /** Least and most memory, MiB. */
    static final int MIN_MEMORY_MIB = 16;

    static final int MAX_MEMORY_MIB = 2000;

    /** Command line of a guest that names none. */
    public static final String DEFAULT_COMMAND_LINE = "console=hvc0";

    private static final Set<String> KEYS = Set.of("kernel", "ramdisk", "extra", "memory", "script", "timing");

    /** Copies the script. */
    public BootPlan {
        script = List.copyOf(script);
    }

    /** Reads {@code boot: {...}}; files are relative to {@code folder}. */
    static BootPlan read(YamlNode node, Path folder) {
        node.allow(KEYS);
        return new BootPlan(
                file(node, "kernel", folder),
                file(node, "ramdisk", folder),
                node.text("extra", DEFAULT_COMMAND_LINE),
                (int) node.number("memory", MIN_MEMORY_MIB, MAX_MEMORY_MIB, DEFAULT_MEMORY_MIB),
                node.has("script")
                        ? node.get("script").list().stream().map(YamlNode::text).toList()
                        : List.of(),
                timing(node));
    }

    /** Reads what is to be booted, and fetches what no file was named for. */
    BootSpec load() {
        Path cache = BootFiles.cacheFolder(System.getenv(), System.getProperty("user.home"));
        return new BootSpec(
                KernelImage.load(kernel == null ? BootFiles.kernel(cache, line -> {}) : kernel),
                ramdisk == null ? Initramfs.build(BootFiles.busybox(cache, line -> {})) : bytes(ramdisk),
                commandLine,
                memoryMib);
    }

    /** What is in a ramdisk's file. */
    public static byte[] bytes(Path file) {
        try {
            return Files.readAllBytes(file);
        } catch (NoSuchFileException e) {
            throw new InputException(file + ": no such file", e);
        } catch (IOException e) {
            throw new InputException(file + ": cannot be read: " + e.getMessage(), e);
        }
    }

    private static Timing.Kind timing(YamlNode node) {
        if (!node.has("timing")) {
            return Timing.Kind.FUNCTIONAL;
        }
        YamlNode named = node.get("timing");
        for (Timing.Kind kind : Timing.Kind.values()) {
            if (kind.key().equals(named.text())) {
                return kind;
            }
        }
        throw named.refuse("'" + named.text() + "' is no timing; take functional or approximate");
    }

    private static Path file(YamlNode node, String key, Path folder) {
        return node.has(key) ? folder.resolve(node.get(key).text()).normalize() : null;
    }
}

package org.xenolith.toolstack;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.xenolith.engine.InputException;

/**
 * A kernel and a busybox to boot without being given any: Debian's, fetched by the system's package manager, once, into a
 * folder outside the tree.
 *
 * @param kernel a bzImage
 * @param busybox a static executable
 */
public record BootFiles(Path kernel, Path busybox) {
    private static final DebPackages.Wanted KERNEL = new DebPackages.Wanted(
            "linux-image-amd64", "linux-image-", List.of("boot/vmlinuz-"), "vmlinuz", "--kernel");
    private static final DebPackages.Wanted BUSYBOX = new DebPackages.Wanted(
            "busybox-static", "busybox-static", List.of("bin/busybox", "usr/bin/busybox"), "busybox", "--ramdisk");

    /**
     * Those fetched before, or else fetched now.
     *
     * @param cache where they are kept
     * @param progress hears a line when something that takes long begins
     * @throws InputException if they cannot be fetched; it says what to give instead
     */
    public static BootFiles find(Path cache, Consumer<String> progress) {
        return new BootFiles(kernel(cache, progress), busybox(cache, progress));
    }

    /** The kernel alone, as {@link #find}. */
    public static Path kernel(Path cache, Consumer<String> progress) {
        return new DebPackages(cache, progress).file(KERNEL);
    }

    /** The busybox alone, as {@link #find}. */
    public static Path busybox(Path cache, Consumer<String> progress) {
        return new DebPackages(cache, progress).file(BUSYBOX);
    }

    /** {@code $XDG_CACHE_HOME/xenolith} or {@code ~/.cache/xenolith}. */
    public static Path cacheFolder(Map<String, String> environment, String home) {
        String cache = environment.getOrDefault("XDG_CACHE_HOME", "");
        Path base = cache.startsWith("/") ? Path.of(cache) : Path.of(home, ".cache");
        return base.resolve("xenolith");
    }
}

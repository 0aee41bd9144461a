package org.xenolith.tests;

import static org.junit.jupiter.api.Assumptions.abort;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.xenolith.engine.InputException;
import org.xenolith.toolstack.BootFiles;

/** What tests that boot a real kernel share. */
final class Boots {
    /** Keeps a boot short: the kernel tests its ciphers for half of it otherwise. */
    static final String QUICK = "console=hvc0 cryptomgr.notests";

    /**
     * Keeps a boot to a shell shortest: without mitigations, the check of the kernel's own page tables, and tables of symbols, events and
     * types that only tracers want.
     */
    static final String QUICKEST = QUICK
            + " quiet mitigations=off rodata=off initcall_blacklist=init_kprobes,trace_eval_init,btf_vmlinux_init";

    /** The scenario in which a kernel boots. */
    static final String SCENARIO = "linux-among-noisy-neighbours";

    private Boots() {}

    /** Debian's kernel and busybox; a test is skipped where they cannot be fetched. */
    static BootFiles files() {
        try {
            Path cache = BootFiles.cacheFolder(System.getenv(), System.getProperty("user.home"));
            return BootFiles.find(cache, line -> {});
        } catch (InputException e) {
            return abort("no kernel to boot: " + e.getMessage());
        }
    }

    /** Boots with {@code script} typed at the console. */
    static Command boot(Path folder, List<String> script, String... more) throws Exception {
        files();
        Path file = Files.write(folder.resolve("script"), script);
        String[] args = new String[more.length + 3];
        args[0] = "boot";
        args[1] = "--script";
        args[2] = file.toString();
        System.arraycopy(more, 0, args, 3, more.length);
        return Command.run(args);
    }
}

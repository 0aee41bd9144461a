package org.xenolith.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.xenolith.toolstack.BootFiles;
import org.xenolith.toolstack.Initramfs;
import org.xenolith.toolstack.KernelImage;

/**
 * The same kernel and first root file system booted by QEMU, which has a PC where we have Xen: a shell's results are the same, the
 * kernel says the same but of hardware, hypervisor and time. Without QEMU skipped, but for the count of instructions.
 */
class QemuBootTest {
    /** What a shell computes: integers, floating point, digests, processes, pipes, a sleep, and a status. */
    private static final String SCRIPT = "echo product=$((6*7));"
            + " i=0; while [ $i -lt 500 ]; do i=$((i+1)); done; echo counted=$i;"
            + " (sleep 1; echo slept) & wait; seq 1 5000 | md5sum; seq 1 5000 | sha256sum; seq 1 200 | sort -rn | head -n 3;"
            + " awk 'BEGIN { print 355 / 113, exp(1), sqrt(2) }'; uname -srm; ls /; echo done | tr a-z A-Z; false";

    private static final String WORDS = "cryptomgr.notests run=\"" + SCRIPT + "\"";

    /**
     * Our CPU has none of these. With SSSE3 the kernel has a shorter hash for its random numbers, with RDRAND it stirs them less; QEMU
     * counts each byte of a fast string move as an instruction, as our core would.
     */
    private static final String CPU =
            "max,-xsave,-rdrand,-rdseed,-umip,-erms,-fsrm,-ssse3,-sse4.1,-sse4.2,-popcnt,-movbe"
                    + ",-avx,-avx2,-fma,-f16c,-aes,-pclmulqdq,-sha-ni,-sse4a,-3dnow,-3dnowext";

    /**
     * Two waits of a fixed number of timer ticks, in which a PC's kernel spins to learn how fast its local APIC's timer runs (54 million
     * instructions at 2 ns each) and whether ticks come (6 million): a domain has no such timer.
     */
    private static final String NO_WAITS = " nolapic_timer no_timer_check";

    /** What QEMU executes before the kernel's first instruction; counted with a debugger. */
    private static final long FIRMWARE = 5_720_000;

    /** Lines about the machine, the hypervisor, the time, and where things lie in memory. */
    private static final Pattern MACHINE = Pattern.compile(String.join(
            "|",
            ".*[Cc]ommand line.*",
            ".*([Xx]en|[Hh]ypervisor|paravirtualized).*",
            ".*(ACPI|acpi|PCI|pci|pnp|PnP|APIC|x2apic|hpet|rtc_cmos|i8042|serio|input:|ttyS0|hvc0|TIMER|MP-table).*",
            ".*(DMI|SMBIOS).*",
            ".*(tsc:|clocksource:|[Cc]alibrati|BogoMIPS|sched_clock:|audit: type=2000).*",
            ".*(\\[mem |node |zone|last_pfn|Memory:|NODE_DATA|NR_IRQS|initrd memory).*",
            ".*(Grant table|smpboot: CPU0: |TLB entries).*"));

    private static final Pattern KERNEL_LINE = Pattern.compile("\\[ *\\d+\\.\\d+\\] (.*)");
    private static final Pattern COUNT = Pattern.compile("instruction count = (\\d+)");
    private static final Pattern OUR_COUNT = Pattern.compile("([\\d,]+) instructions");

    @TempDir
    Path folder;

    @Test
    void saysAndComputesWhatItDoesUnderQemu() throws Exception {
        String[] path = System.getenv().getOrDefault("PATH", "").split(File.pathSeparator, -1);
        assumeTrue(
                Arrays.stream(path).anyMatch(entry -> new File(entry, "qemu-system-x86_64").canExecute()),
                "QEMU is not installed (Debian: qemu-system-x86), so there is nothing to hold against");
        BootFiles files = Boots.files();
        Path kernel = Files.write(
                folder.resolve("vmlinux"), KernelImage.load(files.kernel()).vmlinux());
        Path ramdisk = Files.write(folder.resolve("initramfs"), Initramfs.build(files.busybox()));
        Path console = folder.resolve("console");
        long theirCount = qemu(kernel, ramdisk, console) - FIRMWARE;
        Command boot = Boots.boot(folder, List.of(), "--memory", "192", "--extra", "console=hvc0 " + WORDS);
        assertThat(boot.code()).as(boot.err()).isZero();

        String theirs = Files.readString(console, StandardCharsets.ISO_8859_1);
        List<String> results = results(boot.out());
        assertThat(results)
                .containsExactlyElementsOf(results(theirs))
                .contains("product=42", "counted=500", "slept", "DONE", "exit status 1");
        List<String> lines = kernelLines(boot.out());
        assertThat(lines).containsExactlyElementsOf(kernelLines(theirs)).hasSizeGreaterThan(130);
        long ourCount = ourCount(boot);
        System.out.printf(
                "QEMU: %d lines of results and %d of the kernel compared; %,d instructions there, %,d here%n",
                results.size(), lines.size(), theirCount, ourCount);
        // 3.4 % fewer when this was written. By function, of the 21 million: interpreting a PC's ACPI tables is 8, the
        // memory and locks for it about 6, the serial port 2, delays and the HPET's calibration 3; then devices in
        // sysfs. QEMU also counts one repetition more than there are of each of 0.6 million repeated string
        // instructions.
        assertThat(ourCount).isCloseTo(theirCount, within(theirCount * 5 / 100));
    }

    /**
     * Measured under QEMU by the same PVH entry with the same words on its largest CPU: 630 million to the shell. To be compared, without
     * what was then measured by function: the firmware's 6 million; 60 million of waiting for ticks ({@link #NO_WAITS}); 53 million bytes
     * that fast string instructions moved; and with the 27 million that hashing takes more without SSSE3 and RDRAND. Ours are 3.4 % more.
     */
    @Test
    void takesTheInstructionsThatWereMeasured() throws Exception {
        long measured = 630_000_000L - FIRMWARE - 60_000_000 - 53_000_000 + 27_000_000;
        Command boot = Boots.boot(
                folder,
                List.of(),
                "--extra",
                "console=hvc0 quiet cryptomgr.notests mitigations=off",
                "--until",
                "WORKER up");
        assertThat(boot.code()).as(boot.err()).isZero();
        assertThat(ourCount(boot)).isCloseTo(measured, within(measured * 5 / 100));
    }

    /** Boots under QEMU until the guest powers off; how many instructions that took. */
    private long qemu(Path kernel, Path ramdisk, Path console) throws IOException, InterruptedException {
        Path monitor = folder.resolve("monitor");
        String record = "shift=1,sleep=off,rr=record,rrfile=" + folder.resolve("record");
        Process qemu = new ProcessBuilder(List.of(
                        "qemu-system-x86_64",
                        "-nodefaults",
                        "-machine",
                        "pc",
                        "-accel",
                        "tcg",
                        "-cpu",
                        CPU,
                        "-m",
                        "192",
                        "-icount",
                        record,
                        "-display",
                        "none",
                        "-serial",
                        "file:" + console,
                        "-monitor",
                        "stdio",
                        "-no-reboot",
                        "-no-shutdown",
                        "-kernel",
                        kernel.toString(),
                        "-initrd",
                        ramdisk.toString(),
                        "-append",
                        "console=ttyS0 " + WORDS + NO_WAITS))
                .redirectErrorStream(true)
                .redirectOutput(monitor.toFile())
                .start();
        try {
            // Two thousand looks at what it said so far; on an idle machine it takes some seconds.
            for (int look = 0; look < 2000 && !said(console, "reboot: Power down"); look++) {
                assertThat(qemu.waitFor(200, TimeUnit.MILLISECONDS))
                        .as("QEMU ended: " + Files.readString(monitor))
                        .isFalse();
            }
            assertThat(qemu.waitFor(1, TimeUnit.SECONDS)).isFalse();
            qemu.outputWriter().append("info replay\nquit\n").flush();
            assertThat(qemu.waitFor(60, TimeUnit.SECONDS)).as("QEMU quits").isTrue();
        } finally {
            qemu.destroyForcibly();
        }
        String told = Files.readString(monitor, StandardCharsets.ISO_8859_1);
        Matcher count = COUNT.matcher(told);
        assertThat(count.find()).as(told).isTrue();
        return Long.parseLong(count.group(1));
    }

    private static boolean said(Path console, String words) throws IOException {
        return Files.exists(console)
                && Files.readString(console, StandardCharsets.ISO_8859_1).contains(words);
    }

    private static long ourCount(Command boot) {
        Matcher count = OUR_COUNT.matcher(boot.err());
        assertThat(count.find()).as(boot.err()).isTrue();
        return Long.parseLong(count.group(1).replace(",", ""));
    }

    /** What the shell printed, after the first process said that it is up. */
    private static List<String> results(String console) {
        return console.lines()
                .map(String::stripTrailing)
                .filter(line -> !KERNEL_LINE.matcher(line).matches())
                .dropWhile(line -> !line.startsWith("WORKER up"))
                .skip(1)
                .toList();
    }

    /** What the kernel said until its first process, without the times, the machine and the hypervisor. */
    private static List<String> kernelLines(String console) {
        return console.lines()
                .map(line -> KERNEL_LINE.matcher(line.stripTrailing()))
                .filter(Matcher::matches)
                .map(line -> line.group(1))
                .takeWhile(line -> !line.startsWith("Run /init"))
                .filter(line -> !MACHINE.matcher(line).matches())
                .toList();
    }
}

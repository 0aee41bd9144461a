package org.xenolith.tests;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongPredicate;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.xenolith.toolstack.BootFiles;
import org.xenolith.toolstack.Cpio;
import org.xenolith.toolstack.KernelImage;

/**
 * The same kernel, command line and memory as the two boots that were recorded on real Xen: the guest asks the same of the hypervisor,
 * as often to 5 % and in the same order of first use, and says the same on its console. What differs is named here with its reason.
 */
class RealXenBootTest {
    private static final String COMMAND_LINE = "console=hvc0 rdinit=/init cryptomgr.notests work=exit";

    /** A process that halts the machine at once: one start of a static program, as in the recorded guests. */
    private static final String INIT = "#!/bin/halt -f\n";

    /** Counts that may differ, by kind, and why. */
    private static final Map<String, String> COUNTS = new LinkedHashMap<>();

    /** How far apart, in percent, such counts may be where both guests ask for the same and only the time differs. */
    private static final Map<String, Integer> BOUNDS =
            Map.of("hypercall event_channel_op", 10, "hypercall (iret|xen_version)", 20, "hypercall vcpu_op( 8)?", 50);

    /** Lines of the console that may differ, and why. */
    private static final Map<String, String> LINES = new LinkedHashMap<>();

    static {
        String time =
                "as often as the time that the boot takes has it: dom0 had its share of the recorded pCPU, and emulation cost time";
        COUNTS.put("hypercall vcpu_op( 8)?", "timers are set: " + time);
        COUNTS.put("inj_virq|msr_write 80b", "interrupts, most of them timers': " + time);
        COUNTS.put("hypercall sched_op 1|hlt", "idles: " + time);
        COUNTS.put(
                "hypercall event_channel_op",
                "most are sent for the console, a piece at a time: as dom0 empties its ring");
        COUNTS.put("hypercall xen_version", "op 0 has events delivered that came while they were masked: " + time);
        COUNTS.put("hypercall iret", "returns from faults and interrupts, many of them timers': " + time);
        COUNTS.put("hypercall sched_op( 0)?", "yields while the console's ring is full: dom0 shared the recorded pCPU");
        COUNTS.put("math_state_restore", "takes the FPU back after dom0 ran, which had no pCPU of its own");
        COUNTS.put("rdtsc", "the recorded host had the TSC emulated");
        COUNTS.put("page_fault|ptwr.*", "of the one process, whose program is another");
        COUNTS.put("cpuid d|xcr_write", "XSAVE is masked");
        COUNTS.put(
                "cr_read|cr_write|dr_write|msr_(read|write) (c0000080|17[456])",
                "the core keeps these itself, the recorded Xen intercepts them");
        COUNTS.put("npf", "the record beside each mmio_read");

        LINES.put("random: crng init done", "RDRAND is masked");
        LINES.put("x86/fpu: .*|signal: max sigframe size: .*", "XSAVE is masked");
        LINES.put("x86/cpu: User Mode Instruction Prevention .*", "UMIP is masked");
        LINES.put("acpi LNXCPU:.*: Still not present|ACPI:.* DSDT .*", "the DSDT has the processors that there are");
        LINES.put("RAMDISK: .*|Memory: .* available .*|Freeing initrd memory: .*", "the ramdisk is another");
        LINES.put("audit: type=2000 .*|sched_clock: Marking stable .*", "the time");
        LINES.put("WORKER up .*|", "the recorded guest's own program says so");
    }

    @TempDir
    Path folder;

    @ParameterizedTest
    @CsvSource({"pvh, 3, 330, 250", "pv, 1, 40, 205"})
    void asksAndSaysWhatItDidOnRealXen(String type, int recordedDomain, int leastKinds, int leastLines)
            throws Exception {
        BootFiles files = Boots.files();
        Path recorded = Path.of("../traces/xen-4.17/boot");
        Path trace = folder.resolve("ours.trc");
        Command boot = Boots.boot(
                folder,
                List.of(),
                "--type",
                type,
                "--memory",
                "192",
                "--extra",
                COMMAND_LINE,
                "--ramdisk",
                ramdisk(files).toString(),
                "--trace",
                trace.toString());
        assertThat(boot.code()).as(boot.err()).isZero();

        LongPredicate readsTsc =
                HypervisorUses.readsTsc(KernelImage.load(files.kernel()).vmlinux());
        Map<String, Integer> theirs = HypervisorUses.of(recorded.resolve(type + "1.trc.xz"), recordedDomain, readsTsc);
        Map<String, Integer> ours = HypervisorUses.of(trace, 1, readsTsc);
        assertThat(theirs).hasSizeGreaterThanOrEqualTo(leastKinds);
        List<String> wrong = compareCounts(type, theirs, ours);
        List<String> theirLines = lines(Files.readString(recorded.resolve("guest-" + type + "1.log")));
        List<String> ourLines = lines(boot.out());
        System.out.println("  " + ourLines.size() + " lines of the console compared");
        assertThat(ourLines).containsExactlyElementsOf(theirLines).hasSizeGreaterThanOrEqualTo(leastLines);
        assertThat(wrong).isEmpty();
        assertThat(unexplained(ours)).containsExactlyElementsOf(unexplained(theirs));
    }

    /** Prints what was compared; returns what differs without a reason. */
    private static List<String> compareCounts(String type, Map<String, Integer> theirs, Map<String, Integer> ours) {
        List<String> wrong = new ArrayList<>();
        Map<String, Integer> all = new LinkedHashMap<>(theirs);
        ours.forEach((kind, count) -> all.putIfAbsent(kind, 0));
        int same = 0;
        System.out.printf("%n%-40s %9s %9s%n", type + ": what the guest asks for", "real Xen", "here");
        for (String kind : all.keySet()) {
            int their = theirs.getOrDefault(kind, 0);
            int our = ours.getOrDefault(kind, 0);
            boolean close = 20L * Math.abs(their - our) <= their;
            String reason = close ? "" : reason(COUNTS, kind);
            if (reason == null || isOutOfBounds(kind, their, our)) {
                wrong.add(kind + ": " + their + " on real Xen, " + our + " here");
            }
            if (their == our && !kind.contains("call")) {
                same++;
            } else {
                System.out.printf("%-40s %,9d %,9d  %s%n", kind, their, our, reason == null ? "NOT EXPLAINED" : reason);
            }
        }
        System.out.println("  and " + same + " kinds of instruction and port with equal counts");
        return wrong;
    }

    private static boolean isOutOfBounds(String kind, int their, int our) {
        return BOUNDS.entrySet().stream()
                .anyMatch(bound ->
                        kind.matches(bound.getKey()) && 100L * Math.abs(their - our) > (long) bound.getValue() * their);
    }

    private static List<String> unexplained(Map<String, Integer> uses) {
        return uses.keySet().stream()
                .filter(kind -> reason(COUNTS, kind) == null)
                .toList();
    }

    private static String reason(Map<String, String> reasons, String what) {
        for (Map.Entry<String, String> reason : reasons.entrySet()) {
            if (what.matches(reason.getKey())) {
                return reason.getValue();
            }
        }
        return null;
    }

    /** The lines of a console without their times, but for those that may differ. */
    private static List<String> lines(String console) {
        return console.lines()
                .map(line -> line.replaceFirst("^\\[ *\\d+\\.\\d+\\] ", "").stripTrailing())
                .filter(line -> reason(LINES, line) == null)
                .toList();
    }

    private Path ramdisk(BootFiles files) throws IOException {
        byte[] archive = new Cpio()
                .folder("bin")
                .folder("dev")
                .device("dev/console", 5, 1)
                .file("bin/halt", 0755, Files.readAllBytes(files.busybox()))
                .file("init", 0755, INIT.getBytes(StandardCharsets.US_ASCII))
                .end();
        return Files.write(folder.resolve("ramdisk"), archive);
    }
}

package org.xenolith.tests;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BiPredicate;
import java.util.function.LongPredicate;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.xenolith.toolstack.BootFiles;
import org.xenolith.toolstack.Cpio;
import org.xenolith.toolstack.KernelImage;

/**
 * The same kernel, command line and memory as the two boots that were recorded on real Xen: the guest asks the same of the hypervisor,
 * as often to 5 % and in the same order of first use, and says the same on its console. What differs is named here with its reason, which
 * says how many there must then be, or that it is time's doing and how far apart the two may be.
 */
class RealXenBootTest {
    private static final String COMMAND_LINE = "console=hvc0 rdinit=/init cryptomgr.notests work=exit";

    /** A process that halts the machine at once: one start of a static program, as in the recorded guests. */
    private static final String INIT = "#!/bin/halt -f\n";

    /** What one of the two did, and said on its console. */
    private record Boot(HypervisorUses uses, String console) {
        long count(String kinds) {
            return uses.count(kinds);
        }

        /**
         * How often it sent for what it said: the kernel puts a line, with its return, into the ring 16 bytes at a time, and notifies
         * dom0 of each.
         */
        int sends() {
            return console.lines()
                    .mapToInt(line -> (line.stripTrailing().length() + 2 + 15) / 16)
                    .sum();
        }
    }

    /** Whether a kind's counts differ for the reason given. */
    private interface Check {
        boolean holds(String kind, Boot theirs, Boot ours);
    }

    /** Why a count may differ, and what that reason says of it in numbers. */
    private record Reason(String words, Check check) {}

    private static final String IDLE = "hypercall sched_op 1|hlt";

    /** Kinds whose counts may differ. */
    private static final Map<String, Reason> COUNTS = new LinkedHashMap<>();

    /** Lines of the console that may differ, and why. */
    private static final Map<String, String> LINES = new LinkedHashMap<>();

    static {
        allow(
                HypervisorUses.TIMER,
                "once in each 4 ms in which it ran, and for some sleeps: within 6 % in either boot",
                inEither((kind, boot) -> near(boot.uses.ticks() + 1, boot.uses.timers(), 6)));
        allow(
                "inj_virq|msr_write 80b",
                "interrupts: one for each timer, and to end each idling: within 5 % in either boot",
                inEither((kind, boot) -> near(boot.uses.timers() + boot.count(IDLE), boot.count(kind), 5)));
        allow(
                "hypercall iret",
                "one from each timer's interrupt; the others within 5 %",
                (kind, theirs, ours) ->
                        near(theirs.count(kind) - theirs.uses.timers(), ours.count(kind) - ours.uses.timers(), 5));
        allow(
                "hypercall xen_version",
                "op 0 has events delivered that came while they were masked, mostly timers': as often for each within 5 %",
                (kind, theirs, ours) ->
                        near(theirs.count(kind) * ours.uses.timers(), ours.count(kind) * theirs.uses.timers(), 5));
        allow(
                "hypercall event_channel_op",
                "one for each 16 bytes or less of a line of its console, which differ; the others within 10 %",
                (kind, theirs, ours) -> near(theirs.count(kind) - theirs.sends(), ours.count(kind) - ours.sends(), 10));
        allow(
                IDLE,
                "time-driven: idles for answers of dom0, which took its time for them from the same pCPU: at most 10 apart",
                (kind, theirs, ours) -> Math.abs(theirs.count(kind) - ours.count(kind)) <= 10);
        allow(
                "hypercall sched_op( 0)?",
                "time-driven: yields while the console's ring is full, until dom0 had a turn: at most 5, here never",
                (kind, theirs, ours) -> theirs.count(kind) <= 5 && ours.count(kind) == 0);
        allow(
                "math_state_restore",
                "takes the FPU back after dom0 ran, which has no pCPU here: at most as often as it was given the pCPU",
                inEither((kind, boot) -> boot.count(kind) <= boot.uses.timesRun()));
        allow("rdtsc", "the recorded host had the TSC emulated: here none", RealXenBootTest::noneHere);
        allow(
                "cr_read|cr_write|dr_write|msr_(read|write) (c0000080|17[456])",
                "the core keeps these itself, the recorded Xen intercepts them: here none",
                RealXenBootTest::noneHere);
        allow(
                "npf",
                "there one beside each mmio_read, here none",
                (kind, theirs, ours) -> theirs.count(kind) == theirs.count("mmio_read") && ours.count(kind) == 0);
        allow(
                "page_fault of a process|ptwr.*",
                "of the one process, whose program is another: at most 10 apart",
                (kind, theirs, ours) -> Math.abs(theirs.count(kind) - ours.count(kind)) <= 10);
        allow(
                "cpuid d|xcr_write",
                "XSAVE is masked: fewer here",
                (kind, theirs, ours) -> ours.count(kind) < theirs.count(kind));

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
        Boot theirs = new Boot(
                HypervisorUses.of(recorded.resolve(type + "1.trc.xz"), recordedDomain, readsTsc),
                Files.readString(recorded.resolve("guest-" + type + "1.log")));
        Boot ours = new Boot(HypervisorUses.of(trace, 1, readsTsc), boot.out());
        assertThat(theirs.uses.counts()).hasSizeGreaterThanOrEqualTo(leastKinds);
        List<String> wrong = compareCounts(type, theirs, ours);
        List<String> ourLines = lines(ours.console);
        System.out.println("  " + ourLines.size() + " lines of the console compared");
        assertThat(ourLines).containsExactlyElementsOf(lines(theirs.console)).hasSizeGreaterThanOrEqualTo(leastLines);
        assertThat(wrong).isEmpty();
        assertThat(unexplained(ours)).containsExactlyElementsOf(unexplained(theirs));
    }

    /** Prints what was compared; returns what differs without a reason that holds. */
    private static List<String> compareCounts(String type, Boot theirs, Boot ours) {
        List<String> wrong = new ArrayList<>();
        Set<String> all = new LinkedHashSet<>(theirs.uses.counts().keySet());
        all.addAll(ours.uses.counts().keySet());
        int same = 0;
        System.out.printf("%n%-40s %9s %9s%n", type + ": what the guest asks for", "real Xen", "here");
        for (String kind : all) {
            int their = theirs.uses.counts().getOrDefault(kind, 0);
            int our = ours.uses.counts().getOrDefault(kind, 0);
            Reason reason = reason(COUNTS, kind);
            boolean holds = near(their, our, 5) || reason != null && reason.check.holds(kind, theirs, ours);
            if (!holds) {
                wrong.add(kind + ": " + their + " on real Xen, " + our + " here");
            }
            if (their == our && !kind.contains("call")) {
                same++;
            } else {
                String words = near(their, our, 5) ? "" : holds ? reason.words : "NOT EXPLAINED";
                System.out.printf("%-40s %,9d %,9d  %s%n", kind, their, our, words);
            }
        }
        System.out.println("  and " + same + " kinds of instruction and port with equal counts");
        return wrong;
    }

    private static void allow(String kinds, String words, Check check) {
        COUNTS.put(kinds, new Reason(words, check));
    }

    private static Check inEither(BiPredicate<String, Boot> holds) {
        return (kind, theirs, ours) -> holds.test(kind, theirs) && holds.test(kind, ours);
    }

    private static boolean noneHere(String kind, Boot theirs, Boot ours) {
        return ours.count(kind) == 0;
    }

    private static boolean near(long their, long our, int percent) {
        return 100 * Math.abs(their - our) <= percent * their;
    }

    private static List<String> unexplained(Boot boot) {
        return boot.uses.counts().keySet().stream()
                .filter(kind -> reason(COUNTS, kind) == null)
                .toList();
    }

    /** Null if none of {@code reasons} is for {@code what}. */
    private static <T> T reason(Map<String, T> reasons, String what) {
        for (Map.Entry<String, T> reason : reasons.entrySet()) {
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

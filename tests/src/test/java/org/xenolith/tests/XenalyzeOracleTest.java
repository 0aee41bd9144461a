package org.xenolith.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;
import org.xenolith.guest.DomainLoad;
import org.xenolith.guest.Workloads;
import org.xenolith.hypervisor.CpuSet;
import org.xenolith.hypervisor.Domain;
import org.xenolith.hypervisor.DomainConfig;
import org.xenolith.hypervisor.Hypervisor;
import org.xenolith.hypervisor.MachineConfig;
import org.xenolith.hypervisor.Policy;
import org.xenolith.hypervisor.PoolConfig;
import org.xenolith.hypervisor.Scheduler;
import org.xenolith.machine.CostProfile;
import org.xenolith.machine.Topology;
import org.xenolith.trace.DumpText;
import org.xenolith.trace.MergedReader;
import org.xenolith.trace.TraceDescription;
import org.xenolith.trace.TraceEvent;
import org.xenolith.trace.TraceReader;
import org.xenolith.trace.TraceRecord;
import org.xenolith.trace.TraceSink;
import org.xenolith.trace.XentraceReader;
import org.xenolith.trace.XentraceWriter;

/**
 * Holds our dump of every recorded trace against that of Xen's own {@code xenalyze --cpu-hz 1G --dump-all}: the same
 * records in the same order on the same pCPU, at the same nanosecond, with the same values of every field that
 * xenalyze prints. Skipped where xenalyze (Debian: {@code xen-utils-4.17}) is not installed.
 *
 * <p>The PVH guest was recorded on an AMD-like CPU, so xenalyze is told {@code --svm-mode} there.
 */
class XenalyzeOracleTest {
    /** A line that stands for a record: flag, time (blank for 0), pCPUs with x at the one concerned, vCPU, text. */
    private static final Pattern RECORD = Pattern.compile(
            "[\\] !>](?: {14}|[ 0-9]*\\d\\.(\\d{9})) ([-|.l ]*)x[-|.l ]*? (?:d\\S+v\\S+ )?([a-z].*|  ?[a-z8].*)");

    /** Our own line: time, pCPUs, vCPU, text. */
    private static final Pattern OURS = Pattern.compile(" *(\\d+)\\.(\\d{9}) ([-| ]*)x[-| ]* d\\S+v\\S+ (.*)");

    private static final String UNTIMED = "Unknown hvm event: ";

    @TempDir
    Path folder;

    /** One record as one side tells it; a time below 0 is unknown. */
    private record Line(long nanos, int cpu, String text) {}

    @TestFactory
    Stream<DynamicTest> ourDumpSaysWhatXenalyzeSays() {
        assumeXenalyze();
        return traces().stream()
                .map(trace -> DynamicTest.dynamicTest(name(trace), () -> {
                    Path plain = folder.resolve("plain.trc");
                    copy(XentraceReader.open(trace), plain);
                    List<Line> theirs = xenalyze(plain, name(trace).startsWith("boot/pvh"));
                    List<Line> ours = dump(trace);
                    assertThat(ours.size())
                            .as("records")
                            .isEqualTo(theirs.size())
                            .isGreaterThan(4000);
                    compare(theirs, ours);
                    System.out.printf("xenalyze: %d records of %s compared%n", ours.size(), name(trace));
                }));
    }

    @TestFactory
    Stream<DynamicTest> xenalyzeReadsWindowsOfOurOwnMaking() {
        assumeXenalyze();
        // As the simulator writes: sorted by time, windows as the writer sees fit.
        return Stream.of("credit2/s4-all", "rtds/s4-all", "credit2-2pcpu/m1-a256-b512-c256")
                .map(run -> DynamicTest.dynamicTest(run, () -> {
                    Path trace = root().resolve(run + ".trc.xz");
                    Path repacked = folder.resolve("repacked.trc");
                    copy(MergedReader.open(trace), repacked);
                    compare(xenalyze(repacked, false), dump(trace));
                }));
    }

    @TestFactory
    Stream<DynamicTest> xenalyzeReadsTheSimulatorsOwnRuns() {
        assumeXenalyze();
        return Stream.of("credit2/1", "credit2/4", "credit2/20", "credit/1", "credit/4", "rr/2")
                .map(run -> DynamicTest.dynamicTest(run, () -> {
                    String[] parts = run.split("/", 2);
                    Path trace = folder.resolve("simulated.trc");
                    try (XentraceWriter writer = XentraceWriter.create(trace)) {
                        simulate(parts[0], Integer.parseInt(parts[1]), writer);
                    }
                    List<Line> ours = dump(trace);
                    assertThat(ours.size()).isGreaterThan(1000);
                    // Xenalyze takes a stamp of 0, where a simulation begins, for none, and counts from the next.
                    long second = ours.stream()
                            .mapToLong(Line::nanos)
                            .filter(nanos -> nanos > 0)
                            .findFirst()
                            .orElseThrow();
                    List<Line> shifted = ours.stream()
                            .map(line -> new Line(Math.max(0, line.nanos - second), line.cpu, line.text))
                            .toList();
                    // What happens at one instant on several pCPUs has no order in the file; we list it by pCPU.
                    List<Line> theirs = xenalyze(trace, false).stream()
                            .sorted(Comparator.comparingLong(Line::nanos).thenComparingInt(Line::cpu))
                            .toList();
                    compare(theirs, shifted);
                }));
    }

    /** Half a second of guests that spin, sleep, and are capped, with every record that there is. */
    private static void simulate(String scheduler, int pcpus, TraceSink sink) {
        CostProfile costs = CostProfile.load("qemu-icount");
        Hypervisor hypervisor = new Hypervisor(
                new MachineConfig(Topology.flat(pcpus), costs, 1000, TraceEvent.ALL_CLASSES, 1, "oracle"),
                List.of(new PoolConfig("Pool-0", CpuSet.firstOf(pcpus), scheduler(scheduler))),
                sink,
                null);
        Map<Integer, DomainLoad> loads = new HashMap<>();
        for (int id = 1; id <= 2 + pcpus; id++) {
            DomainLoad load = id % 2 == 0
                    ? Workloads.create("spin", Map.of(), 1)
                    : Workloads.create("periodic", Map.of("workMicros", 400 + id, "sleepMicros", 1500 + 7 * id), 1);
            loads.put(id, load);
            int cap = id == 2 && scheduler.startsWith("credit") ? 30 : 0;
            hypervisor.createDomain(new DomainConfig(
                    id,
                    "d" + id,
                    Domain.Type.PV,
                    load.memory(),
                    "Pool-0",
                    256 * (1 + id % 2),
                    cap,
                    load.guests(),
                    null,
                    null));
        }
        Workloads.connect(hypervisor, loads);
        hypervisor.domains().forEach(hypervisor::unpause);
        hypervisor.run(costs.tscHertz() / 2);
    }

    private static Scheduler scheduler(String name) {
        return ServiceLoader.load(Scheduler.class).stream()
                .filter(provider ->
                        provider.type().getAnnotation(Policy.class).name().equals(name))
                .findFirst()
                .orElseThrow()
                .get();
    }

    @Test
    void theWordingIsUnderstood() {
        XenalyzeWording wording = new XenalyzeWording();
        assertThat(wording.read("csched2:burn_credits d1v0, credit = -5, delta = 7"))
                .isEqualTo(new XenalyzeWording.Saying(
                        "csched2:burn_credits",
                        Map.of("vcpu", "d1v0", "credit", "-5", "budget", "-2147483648", "delta", "7")));
        assertThat(wording.read("sched_switch next d1v0, was runnable for 1821.98us, next slice 1000.0us"))
                .isEqualTo(new XenalyzeWording.Saying(
                        "sched_switch next", Map.of("vcpu", "d1v0", "waited", "1821098", "slice", "1000000")));
        assertThat(wording.read("rtds:repl_budget d0v0, deadline = 17588874315393138688, budget = 17179869184000007"))
                .isEqualTo(new XenalyzeWording.Saying(
                        "rtds:repl_budget", Map.of("vcpu", "d0v0", "deadline", "34160000000", "budget", "4000000")));
        assertThat(wording.read("something else")).isNull();
        assertThat(fields("csched2:burn_credits", "csched2:burn_credits d1v0, credit = -5, budget = 3, delta = 7"))
                .isEqualTo(Map.of("vcpu", "d1v0", "credit", "-5", "budget", "3", "delta", "7"));
    }

    private static void compare(List<Line> theirs, List<Line> ours) {
        XenalyzeWording wording = new XenalyzeWording();
        TreeSet<String> unknown = new TreeSet<>();
        List<String> wrong = new ArrayList<>();
        for (int i = 0; i < Math.min(theirs.size(), ours.size()) && wrong.size() < 10; i++) {
            Line their = theirs.get(i);
            Line our = ours.get(i);
            boolean timed = their.nanos >= 0;
            String difference = timed && (their.nanos != our.nanos || their.cpu != our.cpu) ? "when or where" : null;
            if (difference == null && !their.text.equals(our.text)) {
                XenalyzeWording.Saying saying = wording.read(their.text);
                if (saying == null) {
                    unknown.add(their.text.replaceAll("\\d+", "N"));
                    continue;
                }
                difference = differs(saying, our.text);
            }
            if (difference != null) {
                wrong.add("record " + i + ": " + difference + "\n  xenalyze: " + their + "\n  ours:     " + our);
            }
        }
        assertThat(wrong).isEmpty();
        assertThat(unknown).as("texts of xenalyze that no rule knows").isEmpty();
        assertThat(ours.size()).as("records").isEqualTo(theirs.size());
    }

    private static String differs(XenalyzeWording.Saying saying, String text) {
        Map<String, String> fields = fields(saying.event(), text);
        if (fields == null) {
            return "another event than " + saying.event();
        }
        for (Map.Entry<String, String> field : saying.fields().entrySet()) {
            if (!field.getValue().equals(fields.get(field.getKey()))) {
                return field.getKey() + " should be " + field.getValue();
            }
        }
        return null;
    }

    /** The fields in a line of ours as plain numbers, or null if it is about another event. */
    private static Map<String, String> fields(String event, String text) {
        if (!text.startsWith(event) || (text.length() > event.length() && text.charAt(event.length()) != ' ')) {
            return null;
        }
        Map<String, String> fields = new HashMap<>();
        for (String part : text.substring(event.length()).strip().split(", ", -1)) {
            int equals = part.indexOf(" = ");
            String name = equals < 0 ? "vcpu" : part.substring(0, equals);
            String value = equals < 0 ? part : part.substring(equals + 3);
            fields.put(name, plain(value));
        }
        return fields;
    }

    private static String plain(String value) {
        if (value.endsWith("us")) {
            return String.valueOf(
                    Long.parseLong(value.substring(0, value.length() - 2).replace(".", "")));
        }
        if (value.equals("unlimited")) {
            return "-1";
        }
        if (value.contains("% (")) {
            return value.substring(value.indexOf('(') + 1, value.length() - 1);
        }
        if (value.startsWith("0x")) {
            return String.valueOf(Long.parseUnsignedLong(value.substring(2).split(" ", 2)[0], 16));
        }
        return value;
    }

    private List<Line> xenalyze(Path trace, boolean svm) throws IOException, InterruptedException {
        Path text = folder.resolve("xenalyze.txt");
        Path complaints = folder.resolve("xenalyze.err");
        List<String> command = new ArrayList<>(List.of("xenalyze", "--cpu-hz", "1G", "--dump-all", trace.toString()));
        if (svm) {
            command.add(1, "--svm-mode");
        }
        int exit = new ProcessBuilder(command)
                .redirectOutput(text.toFile())
                .redirectError(complaints.toFile())
                .start()
                .waitFor();
        assertThat(exit).as("exit code of xenalyze").isZero();
        assertThat(Files.readAllLines(complaints, StandardCharsets.ISO_8859_1))
                .containsExactly("Using " + (svm ? "SVM" : "VMX") + " hardware-assisted virtualization.");
        List<Line> lines = new ArrayList<>();
        try (BufferedReader in = Files.newBufferedReader(text, StandardCharsets.ISO_8859_1)) {
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                Matcher record = RECORD.matcher(line);
                if (record.matches()) {
                    long nanos =
                            record.group(1) == null ? 0 : nanos(line.substring(1, line.indexOf('.')), record.group(1));
                    lines.add(new Line(nanos, record.group(2).length(), record.group(3)));
                } else if (line.startsWith(UNTIMED)) {
                    lines.add(new Line(-1, 0, line));
                }
            }
        }
        return lines;
    }

    private List<Line> dump(Path trace) throws IOException {
        Path text = folder.resolve("ours.txt");
        try (OutputStream out = Files.newOutputStream(text);
                MergedReader reader = MergedReader.open(trace);
                DumpText dump = new DumpText(out, "ours", TraceDescription.load(trace))) {
            TraceRecord record = new TraceRecord();
            while (reader.next(record)) {
                dump.accept(record);
            }
        }
        List<Line> lines = new ArrayList<>();
        try (BufferedReader in = Files.newBufferedReader(text)) {
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                Matcher record = OURS.matcher(line);
                assertThat(record.matches()).as(line).isTrue();
                lines.add(new Line(
                        nanos(record.group(1), record.group(2)), record.group(3).length(), record.group(4)));
            }
        }
        return lines;
    }

    private static long nanos(String seconds, String fraction) {
        return Long.parseLong(seconds.strip()) * 1_000_000_000 + Long.parseLong(fraction);
    }

    private static void copy(TraceReader from, Path to) {
        try (from;
                XentraceWriter writer = XentraceWriter.create(to)) {
            TraceRecord record = new TraceRecord();
            while (from.next(record)) {
                writer.accept(record);
            }
        }
    }

    private static void assumeXenalyze() {
        boolean installed = Arrays.stream(
                        System.getenv().getOrDefault("PATH", "").split(File.pathSeparator, -1))
                .anyMatch(directory -> new File(directory, "xenalyze").canExecute());
        assumeTrue(
                installed, "xenalyze is not installed (Debian: xen-utils-4.17), so there is nothing to hold against");
    }

    private static Path root() {
        for (Path at = Path.of("").toAbsolutePath(); at != null; at = at.getParent()) {
            Path traces = at.resolve("traces/xen-4.17");
            if (Files.isDirectory(traces)) {
                return traces;
            }
        }
        throw new AssertionError("no traces folder");
    }

    private static List<Path> traces() {
        try (Stream<Path> files = Files.walk(root())) {
            List<Path> traces = files.filter(file -> file.toString().endsWith(".trc.xz"))
                    .sorted()
                    .toList();
            assertThat(traces).hasSizeGreaterThanOrEqualTo(15);
            return traces;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String name(Path trace) {
        return trace.getParent().getFileName() + "/" + trace.getFileName();
    }
}

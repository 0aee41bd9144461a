package org.xenolith.trace;

import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonSetter;
import com.fasterxml.jackson.annotation.Nulls;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.exc.UnrecognizedPropertyException;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.fasterxml.jackson.dataformat.yaml.YAMLParser;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.xenolith.engine.InputException;

/**
 * What is known of a trace beside its records: read from {@code NAME.yaml} beside {@code NAME.trc}, {@code NAME.trc.xz}
 * and so on, or worked out from the trace and assumed, where there is no such file.
 *
 * @param title one line that names the recording
 * @param provenance where the recording comes from and how it was made; empty if unknown
 * @param hypervisor name and version of the hypervisor that was traced; empty if unknown
 * @param scheduler the scheduler that made the recorded decisions
 * @param costs the profile that says what that hypervisor's work cost on that machine; empty if none is known
 * @param tscHz rate of the time stamps in Hz, 1 MHz to 9 GHz
 * @param uptimeNanos system time at the first record, in ns, for a scheduler whose timers stand at fixed times since the
 *     boot; 0 if that does not matter or is not known
 * @param pcpus how many pCPUs the machine had
 * @param steady when every guest of the recording runs and nothing else happens; null if that is not known
 * @param domains the domains, in ascending order of their numbers, the idle domain left out
 * @param assumptions one line for each thing that no description says and that is assumed instead; empty for a trace
 *     with a description
 */
public record TraceDescription(
        String title,
        String provenance,
        String hypervisor,
        SchedulerDescription scheduler,
        String costs,
        long tscHz,
        long uptimeNanos,
        int pcpus,
        SteadyWindow steady,
        List<DomainDescription> domains,
        @JsonIgnore List<String> assumptions) {

    private static final long MAX_UPTIME = 1_000_000_000_000_000L;

    /** Weight of a domain that nothing is known of: Xen's default. */
    public static final int DEFAULT_WEIGHT = 256;

    /**
     * A scheduler and how it was set.
     *
     * @param name as Xen's command line spells it: {@code credit2}, {@code credit}, {@code rtds}, ...; empty if unknown
     * @param parameters name and value of each parameter known, sorted by name
     */
    public record SchedulerDescription(String name, Map<String, String> parameters) {
        /** Fills in what is missing. */
        public SchedulerDescription {
            name = name == null ? "" : name;
            parameters = parameters == null ? Map.of() : Collections.unmodifiableMap(new TreeMap<>(parameters));
        }
    }

    /**
     * A stretch of the recording.
     *
     * @param from seconds from the first record to its beginning
     * @param to seconds from the first record to its end
     */
    public record SteadyWindow(double from, double to) {
        /** The beginning in nanoseconds from the first record. */
        public long fromNanos() {
            return Math.round(from * 1e9);
        }

        /** The end in nanoseconds from the first record. */
        public long toNanos() {
            return Math.round(to * 1e9);
        }
    }

    /**
     * One domain.
     *
     * @param id its number
     * @param name its name
     * @param vcpus how many vCPUs it has
     * @param weight its weight, 1 to 65535
     * @param cap its cap in percent of one pCPU, 0 for none
     * @param rtds its reservation per vCPU, or null under a scheduler that has none
     * @param workload what its guest does, in words
     * @param measuredPercent CPU time in the steady window by the hypervisor's own account, in percent of one pCPU; null if
     *     it was not read
     * @param credit under credit: the credits of each of its vCPUs at the first record, which no record tells; null if unknown
     */
    public record DomainDescription(
            @JsonProperty(required = true) int id,
            String name,
            int vcpus,
            int weight,
            int cap,
            Reservation rtds,
            String workload,
            Double measuredPercent,
            Integer credit) {
        /** Fills in what is missing. */
        public DomainDescription {
            name = name == null ? "dom" + id : name;
            vcpus = vcpus == 0 ? 1 : vcpus;
            weight = weight == 0 ? DEFAULT_WEIGHT : weight;
            workload = workload == null ? "" : workload.strip();
        }
    }

    /**
     * What the real-time deferrable server grants a vCPU.
     *
     * @param periodMicros its period, at least 10
     * @param budgetMicros its budget in each period, at least 10 and at most the period
     * @param extratime whether it may run beyond its budget when a pCPU is free
     */
    public record Reservation(long periodMicros, long budgetMicros, boolean extratime) {}

    /** Fills in what is missing and sorts the domains. */
    public TraceDescription {
        title = title == null ? "" : title.strip();
        provenance = provenance == null ? "" : provenance.strip();
        hypervisor = hypervisor == null ? "" : hypervisor.strip();
        scheduler = scheduler == null ? new SchedulerDescription("", Map.of()) : scheduler;
        costs = costs == null ? "" : costs.strip();
        domains = domains == null
                ? List.of()
                : domains.stream()
                        .sorted(Comparator.comparingInt(DomainDescription::id))
                        .toList();
        assumptions = assumptions == null ? List.of() : List.copyOf(assumptions);
    }

    /**
     * The description of {@code trace}: that beside it, or else what the trace itself shows and what has to be assumed,
     * with {@link #assumptions} naming each.
     *
     * @throws InputException if the description or the trace cannot be used
     */
    public static TraceDescription load(Path trace) {
        Path file = fileBeside(trace);
        return Files.exists(file) ? read(file) : TraceSurvey.describe(trace);
    }

    /** Where the description of {@code trace} stands, whether there is one or not. */
    public static Path fileBeside(Path trace) {
        String name = trace.getFileName().toString().replaceFirst("(\\.trc)?(\\.(xz|gz|zst))?$", "");
        return trace.resolveSibling(name + ".yaml");
    }

    /**
     * Reads a description.
     *
     * @throws InputException naming the file and the line, if it cannot be read or says what makes no sense
     */
    public static TraceDescription read(Path file) {
        try {
            return parse(Files.readString(file), file);
        } catch (CharacterCodingException e) {
            throw new InputException(file + ": is not UTF-8 text; a trace's description was expected", e);
        } catch (IOException e) {
            throw TraceFiles.refusal(file, e);
        }
    }

    /** Reads a description from {@code text}; {@code file} is for messages. */
    static TraceDescription parse(String text, Path file) {
        ObjectMapper mapper = new ObjectMapper(YAMLFactory.builder()
                        .enable(YAMLParser.Feature.EMPTY_STRING_AS_NULL)
                        .build())
                .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
                .disable(DeserializationFeature.ACCEPT_FLOAT_AS_INT);
        mapper.enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION);
        mapper.setDefaultSetterInfo(JsonSetter.Value.forContentNulls(Nulls.FAIL)); // an entry that says nothing
        TraceDescription description;
        try {
            description = mapper.readValue(text, TraceDescription.class);
        } catch (UnrecognizedPropertyException e) {
            String known = e.getKnownPropertyIds().stream()
                    .map(String::valueOf)
                    .filter(key -> !key.equals("assumptions"))
                    .sorted()
                    .collect(Collectors.joining(", "));
            String what = "unknown key '" + e.getPropertyName() + "'; known: " + known;
            throw new InputException(file + ":" + lineOf(mapper, text, e) + ": " + oneLine(what), e);
        } catch (JsonMappingException e) {
            throw new InputException(file + ":" + lineOf(mapper, text, e) + ": " + oneLine(e.getOriginalMessage()), e);
        } catch (JsonProcessingException e) {
            int line = e.getLocation() == null ? 1 : e.getLocation().getLineNr();
            throw new InputException(file + ":" + line + ": " + oneLine(e.getOriginalMessage()), e);
        }
        if (description == null) {
            throw new InputException(file + ": is empty; a trace's description was expected");
        }
        description.check(file);
        return description;
    }

    /** The first line of {@code message}, without what a terminal might take for a command. */
    private static String oneLine(String message) {
        String first = message.lines().findFirst().orElse("not YAML");
        return first.replaceAll("\\p{Cntrl}", "?");
    }

    /**
     * The line of the key that {@code e} is about, or of the nearest thing around it that stands there: Jackson itself
     * may only know where it was when it noticed.
     */
    private static int lineOf(ObjectMapper mapper, String text, JsonMappingException e) {
        String wanted = e.getPath().stream()
                .map(step -> "/" + (step.getFieldName() == null ? step.getIndex() : step.getFieldName()))
                .collect(Collectors.joining());
        int line = e.getLocation() == null ? 1 : e.getLocation().getLineNr();
        int found = 0;
        try (JsonParser parser = mapper.createParser(text)) {
            while (parser.nextToken() != null) {
                String at = parser.getParsingContext().pathAsPointer().toString();
                if (at.length() > found && (wanted + "/").startsWith(at + "/")) {
                    found = at.length();
                    line = parser.currentTokenLocation().getLineNr();
                }
            }
        } catch (IOException unreadable) {
            e.addSuppressed(unreadable);
        }
        return line;
    }

    private void check(Path file) {
        List<String> wrong = new ArrayList<>();
        demand(wrong, tscHz >= 1_000_000 && tscHz <= 9_000_000_000L, "tscHz must be 1 MHz to 9 GHz, in Hz");
        demand(wrong, uptimeNanos >= 0 && uptimeNanos < MAX_UPTIME, "uptimeNanos must be 0 to 10^15");
        demand(wrong, pcpus >= 1 && pcpus <= XentraceReader.MAX_CPUS, "pcpus must be 1 to " + XentraceReader.MAX_CPUS);
        if (steady != null) {
            demand(
                    wrong,
                    steady.from >= 0 && steady.from < steady.to && steady.to < 1e9,
                    "steady: from must be before to");
        }
        Set<Integer> ids = new HashSet<>();
        for (DomainDescription domain : domains) {
            String who = "domain " + domain.id + ": ";
            demand(wrong, domain.id >= 0 && domain.id < TraceEvent.IDLE_DOMAIN, who + "id must be 0 to 32766");
            demand(wrong, ids.add(domain.id), who + "stands there twice");
            demand(wrong, domain.vcpus >= 1, who + "vcpus must be at least 1");
            demand(wrong, domain.weight >= 1 && domain.weight <= 65535, who + "weight must be 1 to 65535");
            demand(wrong, domain.cap >= 0, who + "cap must be 0 (none) or a percentage");
            Integer credit = domain.credit;
            demand(
                    wrong,
                    credit == null || Math.abs((long) credit) <= 1_000_000,
                    who + "credit must be at most 1000000");
            Reservation rtds = domain.rtds;
            if (rtds != null) {
                demand(
                        wrong,
                        rtds.budgetMicros >= 10 && rtds.periodMicros >= rtds.budgetMicros,
                        who + "rtds: budgetMicros must be 10 to periodMicros");
            }
        }
        if (!wrong.isEmpty()) {
            throw new InputException(file + ": " + wrong.get(0));
        }
    }

    private static void demand(List<String> wrong, boolean holds, String message) {
        if (!holds) {
            wrong.add(message);
        }
    }

    /** The domain with number {@code id}, or null. */
    public DomainDescription domain(int id) {
        return domains.stream().filter(domain -> domain.id == id).findFirst().orElse(null);
    }
}

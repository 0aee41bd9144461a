package org.xenolith.trace;

import java.io.BufferedReader;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.xenolith.engine.InputException;

/**
 * Reads a Linux scheduling trace as text, one event at a time: {@code sched_switch}, {@code sched_waking}, {@code sched_wakeup} and
 * {@code sched_wakeup_new} as ftrace's {@code trace} and {@code trace_pipe}, {@code trace-cmd report} and {@code perf script} print them.
 *
 * <p>Each line is "task [cpu] flags time: event: fields", with or without flags and thread group, CPU and flags in one word or two,
 * micro- or nanoseconds, the event's name after its system's or alone, and the fields as the kernel prints them or as the tools'
 * plugins do. Events of other kinds, comments and call chains are passed over. A line of one of the four that is damaged is
 * refused, with its number, unless the file ends within it. Lines may stand in any order but on one CPU, where time must not go back.
 */
public final class LinuxSchedReader implements Closeable {
    /** Most CPUs. */
    public static final int MAX_CPUS = 4096;

    private static final int BUFFER_CHARS = 1 << 16;
    private static final int LONGEST_LINE = 1000;
    private static final int LONGEST_QUOTE = 60;
    private static final long MOST_SECONDS = 9_000_000_000L;
    private static final long NANOS = 1_000_000_000L;

    private static final String TIME = "(?<seconds>\\d{1,10})\\.(?<fraction>\\d{1,9}):\\s+(?:\\d+\\s+)?";

    /** CPU and flags, each by itself or, in the latency format, in one word. */
    private static final String PLACE = "(?:\\[(?<cpu>\\d{1,5})\\]\\s+(?:(?<flags>[^\\s:]{3,8})\\s+)?"
            + "|(?<latencyCpu>\\d{1,5})(?<latencyFlags>[^\\s:\\d][^\\s:]{2,7})\\s+)";

    private static final Pattern LINE = Pattern.compile("\\s*(?<task>\\S.*?)\\s+" + PLACE + TIME
            + "(?:\\w+:)?(?<event>sched_(?:switch|waking|wakeup|wakeup_new)):\\s*(?<fields>.*)");

    private static final Pattern OTHER_EVENT = Pattern.compile("\\s*\\S.*\\s\\[?\\d{1,5}.*\\s" + TIME
            + "(?!sched:|sched_(?:switch|waking|wakeup|wakeup_new):)[\\w:-]+:.*");

    private static final Pattern ONE_OF_OURS =
            Pattern.compile("(?:^|.*[\\s:])sched_(?:switch|waking|wakeup|wakeup_new):.*");

    /** What the tools print around events. */
    private static final Pattern BETWEEN =
            Pattern.compile("\\s*|#.*|cpus=\\d+|CPU \\d+ is empty|version = .*|\\s+[0-9a-f]{5,16} .*");

    private static final Pattern PERF_TASK = Pattern.compile("(?:.*\\s)?(?:-?\\d{1,10}/)?(?<pid>-?\\d{1,10})");
    private static final Pattern FTRACE_TASK = Pattern.compile(".*-(?<pid>\\d{1,10})(?:\\s+\\(\\s*[-\\d]+\\))?");

    private static final Pattern SWITCH = Pattern.compile(
            "prev_comm=(?<from>.*) prev_pid=(?<fromPid>\\d{1,10}) prev_prio=-?\\d+ prev_state=(?<state>\\S+) ==> "
                    + "next_comm=(?<to>.*) next_pid=(?<toPid>\\d{1,10}) next_prio=-?\\d+.*");

    private static final Pattern PLUGIN_SWITCH =
            Pattern.compile("(?<from>.*):(?<fromPid>\\d{1,10}) \\[-?\\d+\\] (?<state>\\S+) ==> "
                    + "(?<to>.*):(?<toPid>\\d{1,10}) \\[-?\\d+\\].*");

    private static final Pattern WAKE = Pattern.compile("comm=(?<to>.*) pid=(?<toPid>\\d{1,10}) prio=-?\\d+.*");
    private static final Pattern PLUGIN_WAKE = Pattern.compile("(?<to>.*):(?<toPid>\\d{1,10}) \\[-?\\d+\\].*");

    private static final Pattern LOST =
            Pattern.compile("\\s*CPU:(?<cpu>\\d{1,5}) \\[(?:LOST )?(?:(?<count>\\d{1,18}) )?EVENTS(?: DROPPED)?\\].*"
                    + "|.*\\[(?<perfCpu>\\d{1,5})\\].*PERF_RECORD_LOST lost (?<perfCount>\\d{1,18}).*");

    private final String name;
    private final BufferedReader in;
    private final StringBuilder text = new StringBuilder();
    private final long[] cpuNanos = new long[MAX_CPUS];
    private long line;

    /** Whether the line that was read last ended with the file rather than with an end of line. */
    private boolean cut;

    private boolean started;
    private long lostPlaces;
    private long lostEvents;
    private long otherLines;
    private long firstOtherLine;
    private boolean cutShort;

    /**
     * Reads {@code file}, which may be compressed.
     *
     * @throws InputException if it cannot be read
     */
    public static LinuxSchedReader open(Path file) {
        return new LinuxSchedReader(TraceFiles.open(file), file.toString());
    }

    /** Reads a stream, which {@link #close} closes; {@code name} stands for it in messages. */
    public LinuxSchedReader(InputStream in, String name) {
        this.name = name;
        this.in = new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8), BUFFER_CHARS);
        Arrays.fill(cpuNanos, Long.MIN_VALUE);
    }

    /** Whether {@code file} is text with such an event early on; false too if it cannot be read. */
    public static boolean recognises(Path file) {
        try (InputStream in = TraceFiles.open(file)) {
            byte[] begin = in.readNBytes(BUFFER_CHARS);
            return recognises(begin, begin.length);
        } catch (IOException | InputException e) {
            return false;
        }
    }

    /** Whether the first {@code length} bytes of {@code begin} are text with such an event. */
    static boolean recognises(byte[] begin, int length) {
        return new String(begin, 0, Math.min(length, BUFFER_CHARS), StandardCharsets.UTF_8)
                .lines()
                .anyMatch(l -> l.length() <= LONGEST_LINE && LINE.matcher(l).matches());
    }

    /**
     * Fills {@code into} with the next event.
     *
     * @return false at the end of the trace, with {@code into} unspecified
     * @throws InputException where a line is damaged or time goes back on a CPU, and at the end of a file without any event
     */
    public boolean next(LinuxSchedEvent into) {
        while (readLine()) {
            if (text.indexOf("sched_") < 0 && text.indexOf("LOST") < 0 && text.indexOf("EVENTS") < 0) {
                passOver();
                continue;
            }
            Matcher matcher = LINE.matcher(text);
            if (matcher.matches()) {
                if (take(matcher, into)) {
                    started = true;
                    return true;
                }
                continue;
            }
            Matcher lost = LOST.matcher(text);
            if (lost.matches()) {
                takeLost(lost, into);
                return true;
            }
            if (!OTHER_EVENT.matcher(text).matches()
                    && ONE_OF_OURS.matcher(text).matches()) {
                damaged("is no line of ftrace, trace-cmd or perf script");
            } else {
                passOver();
            }
        }
        if (!started) {
            throw new InputException(
                    name + ": no sched_switch, sched_waking or sched_wakeup in it as ftrace, trace-cmd report"
                            + " or perf script print them");
        }
        return false;
    }

    /** What a user should know of the part read so far, one line each; empty if all is well. */
    public List<String> remarks() {
        List<String> remarks = new ArrayList<>();
        if (lostPlaces > 0) {
            remarks.add(
                    lostEvents == 0
                            ? "events were lost in " + places()
                            : lostEvents + " events were lost, in " + places());
        }
        if (otherLines > 0) {
            remarks.add(otherLines + " lines are no events, the first is line " + firstOtherLine);
        }
        if (cutShort) {
            remarks.add("the file ends within line " + line + ", which is left out");
        }
        return remarks;
    }

    private String places() {
        return lostPlaces == 1 ? "one place" : lostPlaces + " places";
    }

    @Override
    public void close() {
        try {
            in.close();
        } catch (IOException e) {
            throw new InputException(name + ": cannot be closed: " + e.getMessage(), e);
        }
    }

    /** Reads a line into {@link #text}, of a long one the beginning; false at the end. */
    private boolean readLine() {
        text.setLength(0);
        cut = false;
        try {
            int c = in.read();
            if (c < 0) {
                return false;
            }
            line++;
            for (; c >= 0 && c != '\n'; c = in.read()) {
                if (text.length() < LONGEST_LINE && c != '\r') {
                    text.append((char) c);
                }
            }
            cut = c < 0;
            return true;
        } catch (IOException e) {
            throw new InputException(name + ":" + (line + 1) + ": cannot be read: " + e.getMessage(), e);
        }
    }

    private void passOver() {
        if (!BETWEEN.matcher(text).matches() && !OTHER_EVENT.matcher(text).matches() && otherLines++ == 0) {
            firstOtherLine = line;
        }
    }

    /** Fills in the event of a line; false if it tells nothing. */
    private boolean take(Matcher matcher, LinuxSchedEvent into) {
        Matcher fields = fields(matcher.group("event"), matcher.group("fields"), into);
        String seconds = matcher.group("seconds");
        if (fields == null || Long.parseLong(seconds) > MOST_SECONDS) {
            damaged(fields == null ? "a " + matcher.group("event") + " without its fields" : "a time out of range");
            return false;
        }
        boolean apart = matcher.group("cpu") != null;
        into.cpu = cpu(matcher.group(apart ? "cpu" : "latencyCpu"));
        into.nanos = Long.parseLong(seconds) * NANOS + nanos(matcher.group("fraction"));
        into.context = context(matcher.group("task"));
        String flags = matcher.group(apart ? "flags" : "latencyFlags");
        into.inInterrupt = flags != null && flags.charAt(2) != '.';
        into.name = fields.group("to");
        into.task = pid(fields.group("toPid"));
        if (into.kind == LinuxSchedEvent.Kind.SWITCH) {
            into.previousName = fields.group("from");
            into.previous = pid(fields.group("fromPid"));
            into.state = fields.group("state");
        } else if (into.task == 0 || matcher.group("fields").contains(" success=0")) {
            return false; // nobody was woken
        }
        if (into.nanos < cpuNanos[into.cpu]) {
            throw refusal("time goes back on CPU " + into.cpu + "; there must be one recording in a file");
        }
        cpuNanos[into.cpu] = into.nanos;
        return true;
    }

    private static Matcher fields(String event, String fields, LinuxSchedEvent into) {
        into.kind = switch (event) {
            case "sched_switch" -> LinuxSchedEvent.Kind.SWITCH;
            case "sched_waking" -> LinuxSchedEvent.Kind.WAKING;
            case "sched_wakeup" -> LinuxSchedEvent.Kind.WAKEUP;
            default -> LinuxSchedEvent.Kind.WAKEUP_NEW;
        };
        boolean isSwitch = into.kind == LinuxSchedEvent.Kind.SWITCH;
        Matcher kernel = (isSwitch ? SWITCH : WAKE).matcher(fields);
        if (kernel.matches()) {
            return kernel;
        }
        Matcher plugin = (isSwitch ? PLUGIN_SWITCH : PLUGIN_WAKE).matcher(fields);
        return plugin.matches() ? plugin : null;
    }

    private void takeLost(Matcher lost, LinuxSchedEvent into) {
        boolean perf = lost.group("perfCpu") != null;
        String count = lost.group(perf ? "perfCount" : "count");
        lostPlaces++;
        lostEvents += count == null ? 0 : Long.parseLong(count) % NANOS;
        into.kind = LinuxSchedEvent.Kind.LOST;
        into.cpu = cpu(lost.group(perf ? "perfCpu" : "cpu"));
        into.nanos = Math.max(0, cpuNanos[into.cpu]);
    }

    private int cpu(String text) {
        int cpu = Integer.parseInt(text);
        if (cpu >= MAX_CPUS) {
            throw refusal("CPU " + cpu + " is beyond " + (MAX_CPUS - 1));
        }
        return cpu;
    }

    private int pid(String text) {
        long pid = Long.parseLong(text);
        if (pid > Integer.MAX_VALUE) {
            throw refusal("process id " + pid + " is out of range");
        }
        return (int) pid;
    }

    /** The process id in what a line begins with, or -1. */
    private int context(String task) {
        Matcher perf = PERF_TASK.matcher(task);
        Matcher matcher = perf.matches() ? perf : FTRACE_TASK.matcher(task);
        return matcher.matches() && !matcher.group("pid").startsWith("-") ? pid(matcher.group("pid")) : -1;
    }

    private static long nanos(String fraction) {
        long nanos = Long.parseLong(fraction);
        for (int digits = fraction.length(); digits < 9; digits++) {
            nanos *= 10;
        }
        return nanos;
    }

    private void damaged(String what) {
        if (!cut) {
            throw refusal(what);
        }
        cutShort = true;
    }

    private InputException refusal(String what) {
        String quote = text.toString().strip().replaceAll("\\p{Cntrl}", "?");
        return new InputException(name + ":" + line + ": " + what + ": '"
                + (quote.length() > LONGEST_QUOTE ? quote.substring(0, LONGEST_QUOTE) + "..." : quote) + "'");
    }
}

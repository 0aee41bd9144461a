package org.xenolith.experiment;

import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.stream.Collectors;
import org.xenolith.engine.InputException;
import org.xenolith.hypervisor.Hypervisor;
import org.xenolith.hypervisor.Pcpu;
import org.xenolith.hypervisor.SchedulerException;

/** Says in one line why a cell failed: scheduler, time, what runs where, and the line of the policy's source. */
final class Failures {
    private Failures() {}

    /**
     * Describes what was thrown.
     *
     * @param hypervisor the simulation as it was left, or null if it was not even built
     */
    static String describe(Throwable thrown, Cell cell, Hypervisor hypervisor) {
        if (thrown instanceof InputException || thrown instanceof UncheckedIOException) {
            return oneLine(thrown.getMessage());
        }
        String line = policyLine(thrown.getStackTrace(), cell);
        if (thrown instanceof SchedulerException) {
            // The message says scheduler, time and vCPU; what remains is who asked for it.
            String cause = thrown.getCause() == null
                    ? line
                    : policyLine(thrown.getCause().getStackTrace(), cell);
            return oneLine(thrown.getMessage()) + cause;
        }
        String what = thrown.getClass().getSimpleName()
                + (thrown.getMessage() == null ? "" : ": " + oneLine(thrown.getMessage()));
        if (line.isEmpty()) {
            return "the simulator failed" + when(hypervisor) + ": " + what + origin(thrown.getStackTrace());
        }
        return cell.name() + when(hypervisor) + " throws " + what + line + running(hypervisor);
    }

    /** Describes a simulation that handles no event any more, by a look at where its thread is. */
    static String describeHang(StackTraceElement[] stack, long cpuSeconds, Cell cell, Hypervisor hypervisor) {
        String line = policyLine(stack, cell);
        String who = line.isEmpty() ? "the simulation" : cell.name();
        String where = line.isEmpty() ? origin(stack) : line;
        return who + when(hypervisor) + " does not return: no event in " + cpuSeconds + " s of CPU time" + where
                + running(hypervisor);
    }

    /** The line of the policy's source that is innermost in {@code stack}, or nothing if there is none. */
    private static String policyLine(StackTraceElement[] stack, Cell cell) {
        if (cell.isRecorded()) {
            return "";
        }
        String policy = cell.scheduler().type().getName();
        return Arrays.stream(stack)
                .filter(e -> e.getClassName().equals(policy) || e.getClassName().startsWith(policy + "$"))
                .findFirst()
                .map(e -> ", in " + e.getMethodName() + " (" + e.getFileName() + ":" + e.getLineNumber() + ")")
                .orElse("");
    }

    private static String origin(StackTraceElement[] stack) {
        return stack.length == 0
                ? ""
                : ", in " + stack[0].getMethodName() + " (" + stack[0].getFileName() + ":" + stack[0].getLineNumber()
                        + ")";
    }

    private static String when(Hypervisor hypervisor) {
        return hypervisor == null ? "" : ": at " + hypervisor.clock().toNanos(hypervisor.time()) + " ns:";
    }

    private static String running(Hypervisor hypervisor) {
        if (hypervisor == null) {
            return "";
        }
        return hypervisor.pcpus().stream()
                .map(Failures::running)
                .collect(Collectors.joining(", ", ", while ", hypervisor.pcpus().size() > 4 ? " ..." : ""));
    }

    private static String running(Pcpu pcpu) {
        return pcpu + (pcpu.current() == null ? " is idle" : " runs " + pcpu.current());
    }

    private static String oneLine(String message) {
        return message == null ? "no message" : message.strip().replaceAll("\\s*\\R\\s*", " ");
    }
}

package org.xenolith.guest;

import java.util.Arrays;
import java.util.Locale;

/**
 * What one vCPU wanted in the window of a trace: steps in order, immutable. Times are ns.
 *
 * <p>The steps stand in <em>lanes</em>, one behind the other: what the vCPU does independently of each other, as threads of its
 * kernel would, each lane in its own order. Most have one. See {@link DemandSteps} for when there are more.
 *
 * <p>A vCPU that never blocked is {@linkplain #backlogged backlogged}: it would have used more, nobody can say how much.
 */
public final class VcpuDemand {
    private static final DemandStep[] KINDS = DemandStep.values();

    private final int domain;
    private final int vcpu;
    private final boolean backlogged;
    private final StepList steps;
    private final int[] laneBegins;
    private final int[][] waits;
    private final long tickPhaseNanos;
    private final long tickPeriodNanos;

    VcpuDemand(
            int domain,
            int vcpu,
            boolean backlogged,
            StepList steps,
            int[] laneBegins,
            int[][] waits,
            long tickPhaseNanos,
            long tickPeriodNanos) {
        this.domain = domain;
        this.vcpu = vcpu;
        this.backlogged = backlogged;
        this.steps = steps;
        this.laneBegins = laneBegins;
        this.waits = waits;
        this.tickPhaseNanos = tickPhaseNanos;
        this.tickPeriodNanos = tickPeriodNanos;
        steps.trim();
    }

    /** Domain id. */
    public int domain() {
        return domain;
    }

    /** Number of the vCPU in its domain. */
    public int vcpu() {
        return vcpu;
    }

    /** Whether it never blocked: its demand is censored and taken as unbounded. */
    public boolean backlogged() {
        return backlogged;
    }

    /** How many steps there are. */
    public int size() {
        return steps.size();
    }

    /** How many lanes there are, at least 1. */
    int lanes() {
        return laneBegins.length;
    }

    /** First step of {@code lane}; of the number of lanes, {@link #size}. */
    int laneBegin(int lane) {
        return lane == laneBegins.length ? size() : laneBegins[lane];
    }

    /** Kind of step {@code i}. */
    public DemandStep kind(int i) {
        return KINDS[steps.kind(i)];
    }

    /** Value of step {@code i}, as its kind says. */
    public long value(int i) {
        return steps.value(i);
    }

    /** Peer of step {@code i}, as its kind says. */
    public int peer(int i) {
        return steps.peer(i);
    }

    /** Work in the window, ns. */
    public long workNanos() {
        long sum = 0;
        for (int i = 0; i < size(); i++) {
            sum += kind(i) == DemandStep.WORK ? value(i) : 0;
        }
        return sum;
    }

    /** How many steps of {@code kind} there are. */
    public int count(DemandStep kind) {
        int n = 0;
        for (int i = 0; i < size(); i++) {
            n += kind(i) == kind ? 1 : 0;
        }
        return n;
    }

    /** Median value of the steps of {@code kind}, 0 if there are none. */
    public long medianNanos(DemandStep kind) {
        long[] values = new long[count(kind)];
        int n = 0;
        for (int i = 0; i < size(); i++) {
            if (kind(i) == kind) {
                values[n++] = value(i);
            }
        }
        Arrays.sort(values);
        return n == 0 ? 0 : values[n / 2];
    }

    /** A tick of its kernel, ns since the demand's begin (or before); others are multiples of the period away. */
    public long tickPhaseNanos() {
        return tickPhaseNanos;
    }

    /** Distance of its kernel's ticks, ns; 0 if they are not known. */
    public long tickPeriodNanos() {
        return tickPeriodNanos;
    }

    /** How many waits of {@code kind} rest on {@code evidence}. */
    public int waits(DemandStep kind, WakeEvidence evidence) {
        return waits[kind.ordinal()][evidence.ordinal()];
    }

    /** Whether anything in it comes from the world outside, at times of its own. */
    public boolean followsTheOutside() {
        return count(DemandStep.AWAIT_OUTSIDE) > 0;
    }

    /** Such as {@code d4v0}. */
    public String name() {
        return "d" + domain + "v" + vcpu;
    }

    /** In a line: how much work, how many waits of which kind, and why they are taken for it. */
    public String describe() {
        if (backlogged) {
            return name() + ": never blocked, so its demand is unbounded";
        }
        StringBuilder line = new StringBuilder(name()).append(": ");
        line.append(String.format(Locale.ROOT, "%.3f s of work", workNanos() / 1e9));
        String separator = "; waits: ";
        for (DemandStep kind : KINDS) {
            for (WakeEvidence evidence : WakeEvidence.values()) {
                int n = waits(kind, evidence);
                if (n > 0) {
                    line.append(separator).append(n).append(' ').append(noun(kind));
                    line.append(" (").append(evidence.text()).append(')');
                    separator = ", ";
                }
            }
        }
        return line.toString();
    }

    private static String noun(DemandStep kind) {
        return switch (kind) {
            case SLEEP, SLEEP_TO_TICK -> "by a timer";
            case SLEEP_UNTIL -> "until a time";
            case AWAIT_EVENT -> "for another vCPU";
            case AWAIT_OUTSIDE -> "for the outside";
            default -> kind.name();
        };
    }
}

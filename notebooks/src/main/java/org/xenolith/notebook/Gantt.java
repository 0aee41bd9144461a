package org.xenolith.notebook;

import java.util.List;
import java.util.Locale;
import java.util.TreeSet;
import org.xenolith.engine.InputException;
import org.xenolith.experiment.report.Timeline;
import org.xenolith.trace.TraceEvent;

/**
 * Draws who ran when, run under run, on one axis of time: a row for each pCPU with the vCPU it ran, and a row for each vCPU,
 * full where it ran, thin where it waited for a pCPU, hatched where its cap or a pause kept it from running.
 */
final class Gantt {
    private static final int LEFT = 130;
    private static final int WIDTH = 960;
    private static final int ROW = 18;
    private static final int TITLE = 26;
    private static final int AXIS = 48;
    private static final int TICKS = 8;

    /** More bars than this make a picture that no notebook wants to hold. */
    private static final int MOST_BARS = 5_000;

    /** Okabe and Ito's colours, which most people with a colour vision deficiency tell apart. */
    private static final String[] COLOURS = {"#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#b2a818"
    };

    private static final String DOM0_COLOUR = "#888e99";

    private final List<Lane> lanes;
    private final long fromNanos;
    private final long lengthNanos;
    private final List<Integer> domainIds;
    private final StringBuilder out = new StringBuilder();
    private int y;
    private int bars;

    private Gantt(List<Lane> lanes, long fromNanos, long lengthNanos) {
        this.lanes = lanes;
        this.fromNanos = fromNanos;
        this.lengthNanos = lengthNanos;
        TreeSet<Integer> ids = new TreeSet<>();
        lanes.forEach(lane -> lane.timeline().vcpus().forEach(v -> ids.add(v.domain())));
        ids.remove(0);
        this.domainIds = List.copyOf(ids);
    }

    /**
     * The picture.
     *
     * @param fromMillis where it begins, ms from each run's time 0
     * @param lengthMillis how much it shows, ms
     * @throws InputException if that is nothing, or too much to draw
     */
    static Figure draw(List<Lane> lanes, double fromMillis, double lengthMillis) {
        if (!(lengthMillis > 0 && lengthMillis < 1e9 && fromMillis >= 0 && fromMillis < 1e9)) {
            throw new InputException("gantt(" + fromMillis + ", " + lengthMillis
                    + "): give the beginning, 0 ms or more, and the length, more than 0 ms");
        }
        return Figure.svg(
                new Gantt(lanes, Math.round(fromMillis * 1e6), Math.max(1, Math.round(lengthMillis * 1e6))).svg());
    }

    private String svg() {
        for (Lane lane : lanes) {
            text(4, y + TITLE - 8, "start", "font-weight=\"bold\"", lane.name());
            y += TITLE;
            for (int pcpu = 0; pcpu < lane.timeline().pcpus(); pcpu++) {
                pcpuRow(lane, pcpu);
            }
            for (Timeline.Vcpu vcpu : lane.timeline().vcpus()) {
                vcpuRow(lane, vcpu);
            }
        }
        axis();
        return String.format(
                        Locale.ROOT,
                        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\""
                                + " role=\"img\" aria-label=\"Gantt chart of %s\""
                                + " font-family=\"sans-serif\" font-size=\"12\" style=\"max-width:100%%;height:auto\">",
                        WIDTH,
                        y,
                        WIDTH,
                        y,
                        Html.escape(
                                String.join(", ", lanes.stream().map(Lane::name).toList())))
                + "<defs><pattern id=\"held\" width=\"5\" height=\"5\" patternUnits=\"userSpaceOnUse\">"
                + "<path d=\"M0 5L5 0\" stroke=\"#999\"/></pattern></defs>"
                + "<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>" + out + "</svg>";
    }

    private void pcpuRow(Lane lane, int pcpu) {
        rowName("pCPU " + pcpu);
        for (Timeline.Vcpu vcpu : lane.timeline().vcpus()) {
            for (int i = first(lane, vcpu); isShown(lane, vcpu, i); i++) {
                if (vcpu.state(i) == TraceEvent.RUNSTATE_RUNNING && vcpu.pcpu(i) == pcpu) {
                    bar(lane, vcpu, i, 2, ROW - 4, "fill=\"" + colour(vcpu.domain()) + "\"");
                }
            }
        }
        y += ROW;
    }

    private void vcpuRow(Lane lane, Timeline.Vcpu vcpu) {
        rowName(lane.nameOf(vcpu));
        for (int i = first(lane, vcpu); isShown(lane, vcpu, i); i++) {
            switch (vcpu.state(i)) {
                case TraceEvent.RUNSTATE_RUNNING ->
                    bar(lane, vcpu, i, 2, ROW - 4, "fill=\"" + colour(vcpu.domain()) + "\"");
                case TraceEvent.RUNSTATE_RUNNABLE ->
                    bar(lane, vcpu, i, ROW / 2 - 2, 4, "fill=\"" + colour(vcpu.domain()) + "\" fill-opacity=\".45\"");
                case TraceEvent.RUNSTATE_BLOCKED -> {} // It wants nothing.
                default -> bar(lane, vcpu, i, 4, ROW - 8, "fill=\"url(#held)\"");
            }
        }
        y += ROW;
    }

    private void rowName(String name) {
        text(LEFT - 8, y + ROW - 5, "end", "", name);
        line(LEFT, WIDTH, y + ROW, y + ROW, "#e4e4e4");
    }

    /** The interval that holds the beginning of the picture, or the first after it. */
    private int first(Lane lane, Timeline.Vcpu vcpu) {
        int low = 0;
        int high = vcpu.size();
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (nanos(lane, vcpu.end(middle)) <= fromNanos) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low;
    }

    private boolean isShown(Lane lane, Timeline.Vcpu vcpu, int i) {
        return i < vcpu.size() && nanos(lane, vcpu.start(i)) < fromNanos + lengthNanos;
    }

    private static long nanos(Lane lane, long tsc) {
        long cycles = tsc - lane.originTsc();
        return cycles < 0 ? -1 : lane.clock().toNanos(cycles);
    }

    private void bar(Lane lane, Timeline.Vcpu vcpu, int i, int top, int height, String style) {
        if (++bars > MOST_BARS) {
            throw new InputException(String.format(
                    Locale.ROOT, "gantt: more than %,d bars in %.0f ms; show less", MOST_BARS, lengthNanos / 1e6));
        }
        long start = Math.max(fromNanos, nanos(lane, vcpu.start(i)));
        long end = Math.min(fromNanos + lengthNanos, nanos(lane, vcpu.end(i)));
        out.append(String.format(
                Locale.ROOT,
                "<rect x=\"%.2f\" y=\"%d\" width=\"%.2f\" height=\"%d\" %s><title>%s %s %.3f ms</title></rect>",
                x(start),
                y + top,
                Math.max(0.3, x(end) - x(start)),
                height,
                style,
                Html.escape(lane.nameOf(vcpu)),
                stateName(vcpu.state(i)),
                (nanos(lane, vcpu.end(i)) - Math.max(0, nanos(lane, vcpu.start(i)))) / 1e6));
    }

    private static String stateName(int state) {
        return switch (state) {
            case TraceEvent.RUNSTATE_RUNNING -> "RUNNING";
            case TraceEvent.RUNSTATE_RUNNABLE -> "RUNNABLE";
            case TraceEvent.RUNSTATE_BLOCKED -> "BLOCKED";
            case TraceEvent.RUNSTATE_OFFLINE -> "OFFLINE";
            default -> "unknown";
        };
    }

    private void axis() {
        double step = niceStep(lengthNanos / 1e6 / TICKS);
        for (double t = Math.ceil(fromNanos / 1e6 / step) * step; t * 1e6 <= fromNanos + lengthNanos; t += step) {
            double x = x(Math.round(t * 1e6));
            line(x, x, 0, y + 4, "#00000018");
            text(x, y + 18, "middle", "fill=\"#555\"", String.format(Locale.ROOT, step < 1 ? "%.2f" : "%.0f", t));
        }
        text(LEFT - 40, y + 18, "end", "fill=\"#555\"", "ms");
        text(
                LEFT,
                y + 38,
                "start",
                "fill=\"#555\"",
                "full: it runs; thin: it waits for a pCPU; hatched: its cap or a pause holds it");
        y += AXIS;
    }

    /** The first of 1, 2, 5, 10, 20, 50, ... that is not less than {@code step}, of tenths and hundredths as well. */
    private static double niceStep(double step) {
        double power = Math.pow(10, Math.floor(Math.log10(step)));
        return power * (step <= power ? 1 : step <= 2 * power ? 2 : step <= 5 * power ? 5 : 10);
    }

    private double x(long nanos) {
        return LEFT + (double) (nanos - fromNanos) / lengthNanos * (WIDTH - LEFT - 20);
    }

    private String colour(int domain) {
        return domain == 0 ? DOM0_COLOUR : COLOURS[domainIds.indexOf(domain) % COLOURS.length];
    }

    private void text(double x, int baseline, String anchor, String style, String text) {
        out.append(String.format(
                Locale.ROOT,
                "<text x=\"%.2f\" y=\"%d\" text-anchor=\"%s\" %s>%s</text>",
                x,
                baseline,
                anchor,
                style,
                Html.escape(text)));
    }

    private void line(double x1, double x2, int y1, int y2, String colour) {
        out.append(String.format(
                Locale.ROOT,
                "<line x1=\"%.2f\" x2=\"%.2f\" y1=\"%d\" y2=\"%d\" stroke=\"%s\"/>",
                x1,
                x2,
                y1,
                y2,
                colour));
    }
}

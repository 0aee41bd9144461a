package org.xenolith.experiment.report;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeSet;
import org.xenolith.trace.TraceDescription;
import org.xenolith.trace.TraceDescription.DomainDescription;
import org.xenolith.trace.TraceEvent;

/**
 * A small picture of a trace, as SVG that stands alone: who was in which runstate in a stretch of it, a row for each vCPU, and
 * a bar of how the pCPUs' time was shared out.
 *
 * <p>What is nearer than a third of a pixel is drawn as one, so that a picture of any length is of bounded size.
 */
final class TracePicture {
    private static final int WIDTH = 640;
    private static final int LEFT = 84;
    private static final int RIGHT = 56;
    private static final int ROW = 16;
    private static final int TOP = 6;
    private static final int TICKS = 5;
    private static final double NEAR = 0.34;

    /** Okabe and Ito's colours, which most people with a colour vision deficiency tell apart. */
    private static final List<String> COLOURS =
            List.of("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#b2a818");

    private static final String DOM0_COLOUR = "#888e99";
    private static final String HELD_COLOUR = "#c9c9c9";

    private final TraceDescription description;
    private final Timeline timeline;
    private final Map<Integer, Double> percentByDomain;
    private final long from;
    private final long length;
    private final List<Integer> domainIds;
    private final StringBuilder out = new StringBuilder();
    private int y = TOP;

    /**
     * @param percentByDomain share of each domain, in percent of one pCPU
     * @param from TSC at the left edge
     * @param length cycles from edge to edge, at least 1
     */
    TracePicture(
            TraceDescription description,
            Timeline timeline,
            Map<Integer, Double> percentByDomain,
            long from,
            long length) {
        this.description = description;
        this.timeline = timeline;
        this.percentByDomain = percentByDomain;
        this.from = from;
        this.length = length;
        TreeSet<Integer> ids = new TreeSet<>();
        description.domains().forEach(domain -> ids.add(domain.id()));
        timeline.vcpus().forEach(vcpu -> ids.add(vcpu.domain()));
        ids.remove(0);
        this.domainIds = List.copyOf(ids);
    }

    /** The picture. */
    String svg() {
        for (Timeline.Vcpu vcpu : timeline.vcpus()) {
            row(vcpu);
        }
        axis();
        shares();
        return String.format(
                Locale.ROOT,
                """
                <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img"\
                 aria-label="%s" font-family="sans-serif" font-size="11">
                <rect width="100%%" height="100%%" fill="#fff"/>
                %s</svg>
                """,
                WIDTH,
                y,
                WIDTH,
                y,
                Html.escape("Who ran when: " + description.title()),
                out);
    }

    private void row(Timeline.Vcpu vcpu) {
        Map<Integer, StringBuilder> paths = new LinkedHashMap<>();
        for (int state :
                new int[] {TraceEvent.RUNSTATE_OFFLINE, TraceEvent.RUNSTATE_RUNNABLE, TraceEvent.RUNSTATE_RUNNING}) {
            bars(vcpu, state, paths.computeIfAbsent(state, s -> new StringBuilder()));
        }
        boolean drawn = paths.values().stream().anyMatch(path -> path.length() > 0);
        if (!drawn && vcpu.domain() != 0) {
            return; // not there in this stretch
        }
        text(LEFT - 6, y + ROW - 4, "end", nameOf(vcpu));
        if (vcpu.id() == 0) {
            Double percent = percentByDomain.get(vcpu.domain());
            text(WIDTH - RIGHT + 6, y + ROW - 4, "start", percent == null ? "" : percent(percent));
        }
        out.append(String.format(
                Locale.ROOT, "<path d=\"M%d %dh%d\" stroke=\"#e8e8e8\"/>%n", LEFT, y + ROW, WIDTH - LEFT - RIGHT));
        paths.forEach((state, path) -> {
            if (path.length() > 0) {
                String colour = state == TraceEvent.RUNSTATE_OFFLINE ? HELD_COLOUR : colour(vcpu.domain());
                String opacity = state == TraceEvent.RUNSTATE_RUNNABLE ? " opacity=\".4\"" : "";
                out.append("<path fill=\"" + colour + "\"" + opacity + " d=\"" + path + "\"/>\n");
            }
        });
        y += ROW;
    }

    /** Appends a rectangle for each stretch in which {@code vcpu} is in {@code state}, near ones as one. */
    private void bars(Timeline.Vcpu vcpu, int state, StringBuilder path) {
        double start = Double.NaN;
        double end = 0;
        for (int i = 0; i < vcpu.size() && vcpu.start(i) < from + length; i++) {
            if (vcpu.state(i) != state || vcpu.end(i) <= from) {
                continue;
            }
            double left = x(Math.max(vcpu.start(i), from));
            double right = x(Math.min(vcpu.end(i), from + length));
            if (left - end > NEAR || Double.isNaN(start)) {
                bar(path, state, start, end);
                start = left;
            }
            end = right;
        }
        bar(path, state, start, end);
    }

    private void bar(StringBuilder path, int state, double start, double end) {
        if (Double.isNaN(start)) {
            return;
        }
        int height = state == TraceEvent.RUNSTATE_RUNNING ? ROW - 4 : state == TraceEvent.RUNSTATE_RUNNABLE ? 3 : 6;
        double width = Math.max(NEAR, end - start);
        path.append(String.format(
                Locale.ROOT, "M%.1f %dh%.1fv%dh-%.1fz", start, y + (ROW - height) / 2, width, height, width));
    }

    private void axis() {
        double millis = length * 1e3 / description.tscHz();
        double step = niceStep(millis / TICKS);
        for (double t = 0; t <= millis * 1.0001; t += step) {
            double x = LEFT + t / millis * (WIDTH - LEFT - RIGHT);
            out.append(String.format(Locale.ROOT, "<path d=\"M%.1f %dV%d\" stroke=\"#00000020\"/>%n", x, TOP, y + 4));
            text(x, y + 15, "middle", String.format(Locale.ROOT, step < 1 ? "%.1f" : "%.0f", t));
        }
        text(WIDTH - RIGHT + 16, y + 15, "start", "ms");
        y += 24;
    }

    /** One bar of all pCPUs' time, cut among the domains; what is left is idle, or the hypervisor's. */
    private void shares() {
        text(LEFT - 6, y + ROW - 4, "end", "shares");
        double x = LEFT;
        int all = WIDTH - LEFT - RIGHT;
        out.append(String.format(
                Locale.ROOT, "<path fill=\"#f0f0f0\" d=\"M%d %dh%dv%dh-%dz\"/>%n", LEFT, y + 1, all, ROW - 2, all));
        for (Map.Entry<Integer, Double> share : percentByDomain.entrySet()) {
            double width = share.getValue() / 100 / description.pcpus() * all;
            if (share.getKey() == TraceEvent.IDLE_DOMAIN || width < NEAR) {
                continue;
            }
            out.append(String.format(
                    Locale.ROOT,
                    "<path fill=\"%s\" d=\"M%.1f %dh%.1fv%dh-%.1fz\"/>%n",
                    colour(share.getKey()),
                    x,
                    y + 1,
                    width,
                    ROW - 2,
                    width));
            String name = nameOf(share.getKey());
            if (width > 8 * name.length()) {
                text(x + width / 2, y + ROW - 4, "middle", name);
            }
            x += width;
        }
        y += ROW + TOP;
    }

    private String nameOf(Timeline.Vcpu vcpu) {
        boolean alone = timeline.vcpus().stream()
                .noneMatch(other -> other.domain() == vcpu.domain() && other.id() != vcpu.id());
        return alone ? nameOf(vcpu.domain()) : nameOf(vcpu.domain()) + " v" + vcpu.id();
    }

    private String nameOf(int id) {
        DomainDescription domain = description.domain(id);
        return domain == null ? "dom" + id : domain.name();
    }

    private String colour(int domain) {
        return domain == 0 ? DOM0_COLOUR : COLOURS.get(domainIds.indexOf(domain) % COLOURS.size());
    }

    private double x(long tsc) {
        return LEFT + (double) (tsc - from) / length * (WIDTH - LEFT - RIGHT);
    }

    private void text(double x, int baseline, String anchor, String text) {
        out.append(String.format(
                Locale.ROOT,
                "<text x=\"%.1f\" y=\"%d\" text-anchor=\"%s\" fill=\"#222\">%s</text>%n",
                x,
                baseline,
                anchor,
                Html.escape(text)));
    }

    private static String percent(double value) {
        return String.format(Locale.ROOT, "%.1f %%", value);
    }

    /** The first of 1, 2, 5, 10, 20, 50, ... that is not less than {@code step}, of tenths and hundredths as well. */
    private static double niceStep(double step) {
        double power = Math.pow(10, Math.floor(Math.log10(step)));
        return power * (step <= power ? 1 : step <= 2 * power ? 2 : step <= 5 * power ? 5 : 10);
    }
}

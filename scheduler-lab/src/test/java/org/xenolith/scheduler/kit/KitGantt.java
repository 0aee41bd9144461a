package org.xenolith.scheduler.kit;

import java.util.Locale;
import org.xenolith.scheduler.kit.KitRun.Span;
import org.xenolith.scheduler.kit.KitRun.Watched;

/**
 * Draws who ran when around a violation: a row for each vCPU, full where it ran with the pCPU's number, thin where it waited,
 * hatched where it was held; what the toolstack did as dotted lines, and the instant of the violation as a red one.
 */
final class KitGantt {
    private static final int LEFT = 60;
    private static final int RIGHT = 30;
    private static final int WIDTH = 980;
    private static final int ROW = 24;
    private static final int TOP = 70;
    private static final int LABEL_ROWS = 3;
    private static final int LABEL_HEIGHT = 12;
    private static final int LETTER = 6;
    private static final int TICKS = 8;
    private static final String[] COLOURS = {"#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#b2a818"};

    private final KitRun run;
    private final long from;
    private final long to;
    private final StringBuilder out = new StringBuilder();

    private KitGantt(KitRun run, Violation violation) {
        this.run = run;
        long length = Math.max(violation.atNanos() - violation.fromNanos(), 5_000_000);
        from = Math.max(0, violation.fromNanos() - length / 4);
        to = Math.max(Math.min(run.end, violation.atNanos() + length / 4), from + 1);
    }

    /** The picture, SVG. */
    static String draw(KitRun run, Violation violation) {
        return new KitGantt(run, violation).svg(violation);
    }

    private String svg(Violation violation) {
        int bottom = TOP + ROW * run.vcpus.size();
        int y = TOP;
        for (Watched w : run.vcpus) {
            text(LEFT - 8, y + 16, "end", "#000", w.toString());
            for (Span s : w.spans) {
                if (s.to() > from && s.from() < to && s.length() > 0) {
                    bar(s, y, COLOURS[w.domain % COLOURS.length]);
                }
            }
            y += ROW;
        }
        double[] free = new double[LABEL_ROWS]; // where the last label of each row ends
        for (String action : Orders.actions(run.scenario)) {
            long at = Long.parseLong(action.replaceAll("\\{at: (\\d+) ms.*", "$1")) * 1_000_000;
            if (at >= from && at <= to) {
                String words = action.replaceAll(".*do: (.*)}", "$1");
                int row = 0;
                while (row < LABEL_ROWS - 1 && free[row] > x(at)) {
                    row++;
                }
                free[row] = x(at) + LETTER * words.length();
                int label = TOP - 6 - row * LABEL_HEIGHT;
                line(at, label - 8, bottom, "#888", "stroke-dasharray=\"2 3\"");
                text(x(at) + 2, label, "start", "#666", words);
            }
        }
        line(violation.atNanos(), TOP - 44, bottom + 4, "#d00", "stroke-width=\"2\"");
        text(LEFT, 18, "start", "#d00", violation.toString());
        for (int i = 0; i <= TICKS; i++) {
            long at = from + (to - from) * i / TICKS;
            line(at, bottom, bottom + 5, "#000", "");
            text(x(at), bottom + 18, "middle", "#000", String.format(Locale.ROOT, "%.3f", at / 1e6));
        }
        text(4, bottom + 18, "start", "#666", "ms");
        return "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 " + WIDTH + " " + (bottom + 30)
                + "\" font-family=\"sans-serif\" font-size=\"11\" role=\"img\"><defs><pattern id=\"held\" width=\"5\" height=\"5\""
                + " patternUnits=\"userSpaceOnUse\"><path d=\"M0 5L5 0\" stroke=\"#999\"/></pattern></defs>"
                + "<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>" + out + "</svg>\n";
    }

    private double x(long time) {
        double part = (double) (Math.max(from, Math.min(to, time)) - from) / (to - from);
        return LEFT + part * (WIDTH - LEFT - RIGHT);
    }

    private void bar(Span s, int y, String colour) {
        double left = x(s.from());
        double width = Math.max(0.5, x(s.to()) - left);
        switch (s.state()) {
            case KitRun.RUNNING -> {
                rect(left, y + 3, width, ROW - 6, colour, 1);
                if (width > 12) {
                    text(left + width / 2, y + 16, "middle", "#fff", String.valueOf(s.pcpu()));
                }
            }
            case KitRun.RUNNABLE -> rect(left, y + ROW / 2 - 2, width, 4, colour, 0.5);
            case KitRun.OFFLINE -> rect(left, y + 5, width, ROW - 10, "url(#held)", 1);
            default -> {} // Blocked: it wants nothing.
        }
    }

    private void rect(double x, int y, double width, int height, String fill, double opacity) {
        out.append(String.format(
                Locale.ROOT,
                "<rect x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"%d\" fill=\"%s\" fill-opacity=\"%.1f\"/>",
                x,
                y,
                width,
                height,
                fill,
                opacity));
    }

    private void line(long at, int y1, int y2, String colour, String style) {
        out.append(String.format(
                Locale.ROOT,
                "<line x1=\"%.1f\" x2=\"%.1f\" y1=\"%d\" y2=\"%d\" stroke=\"%s\" %s/>",
                x(at),
                x(at),
                y1,
                y2,
                colour,
                style));
    }

    private void text(double x, int y, String anchor, String colour, String words) {
        out.append(String.format(
                Locale.ROOT,
                "<text x=\"%.1f\" y=\"%d\" text-anchor=\"%s\" fill=\"%s\">%s</text>",
                x,
                y,
                anchor,
                colour,
                words.replace("&", "&amp;").replace("<", "&lt;")));
    }
}

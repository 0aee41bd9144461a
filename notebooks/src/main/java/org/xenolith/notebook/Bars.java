package org.xenolith.notebook;

import java.awt.Color;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.Function;
import org.knowm.xchart.CategoryChart;
import org.knowm.xchart.CategoryChartBuilder;
import org.knowm.xchart.ChartEncoder;
import org.knowm.xchart.style.Styler.LegendPosition;
import org.xenolith.experiment.CellSummary;
import org.xenolith.experiment.CellSummary.DomainSummary;

/** Draws one figure of every domain as bars, cell beside cell. */
final class Bars {
    private static final int WIDTH = 760;
    private static final int HEIGHT = 340;

    /** Paul Tol's high-contrast colours, as the report's. */
    private static final Color[] COLOURS = {
        new Color(0x004488), new Color(0xbb5566), new Color(0xa07800), new Color(0x2a7f62), new Color(0x7a4b9d)
    };

    private Bars() {}

    /**
     * The picture.
     *
     * @param value the figure of a domain, or null if it has none
     */
    static Figure draw(String title, String axis, List<CellSummary> cells, Function<DomainSummary, Double> value) {
        List<String> names = cells.stream()
                .flatMap(cell -> cell.domains().stream())
                .filter(domain -> value.apply(domain) != null)
                .map(DomainSummary::name)
                .distinct()
                .toList();
        if (names.isEmpty()) {
            return Figure.text(title + ": no domain has this figure.");
        }
        CategoryChart chart = new CategoryChartBuilder()
                .width(WIDTH)
                .height(HEIGHT)
                .title(title)
                .yAxisTitle(axis)
                .build();
        chart.getStyler()
                .setLegendPosition(LegendPosition.OutsideE)
                .setChartBackgroundColor(Color.WHITE)
                .setSeriesColors(COLOURS);
        for (CellSummary cell : cells) {
            List<Double> values = new ArrayList<>();
            for (String name : names) {
                values.add(cell.domains().stream()
                        .filter(domain -> domain.name().equals(name))
                        .map(value)
                        .filter(Objects::nonNull)
                        .findFirst()
                        .orElse(null));
            }
            if (values.stream().anyMatch(Objects::nonNull)) {
                chart.addSeries(cell.name(), names, values);
            }
        }
        try {
            return Figure.png(ChartEncoder.getBytes(chart, "png"), WIDTH, title);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}

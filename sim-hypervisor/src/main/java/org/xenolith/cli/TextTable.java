package org.xenolith.cli;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Columns of text, each as wide as its widest entry; the first ones flush left, the rest flush right. */
final class TextTable {
    private static final String GAP = "  ";

    private final int leftColumns;
    private final List<List<String>> rows = new ArrayList<>();
    private List<Group> groups = List.of();

    /**
     * A heading above several columns.
     *
     * @param text what stands there; empty for none
     * @param columns how many columns it covers
     */
    record Group(String text, int columns) {}

    /** A table whose first {@code leftColumns} columns are flush left. */
    TextTable(int leftColumns) {
        this.leftColumns = leftColumns;
    }

    /** Adds a row; all rows have equally many cells, or fewer. */
    void row(String... cells) {
        rows.add(Arrays.asList(cells));
    }

    /** Adds an empty line, but none right below the first row. */
    void gap() {
        if (rows.size() > 1) {
            rows.add(List.of());
        }
    }

    /** Sets headings above the first row, which together cover all columns. */
    void groups(Group... above) {
        groups = List.of(above);
    }

    /** The lines, without blanks at their ends. */
    List<String> lines() {
        int[] width = new int[rows.stream().mapToInt(List::size).max().orElse(0)];
        for (List<String> row : rows) {
            for (int c = 0; c < row.size(); c++) {
                width[c] = Math.max(width[c], row.get(c).length());
            }
        }
        List<String> lines = new ArrayList<>();
        if (!groups.isEmpty()) {
            lines.add(groupLine(width));
        }
        for (List<String> row : rows) {
            StringBuilder line = new StringBuilder();
            for (int c = 0; c < row.size(); c++) {
                String blanks = " ".repeat(width[c] - row.get(c).length());
                line.append(c == 0 ? "" : GAP).append(c < leftColumns ? row.get(c) + blanks : blanks + row.get(c));
            }
            lines.add(line.toString().stripTrailing());
        }
        return lines;
    }

    /** Headings in the middle of what they cover, between dashes; columns grow where a heading is wider. */
    private String groupLine(int[] width) {
        StringBuilder line = new StringBuilder();
        int c = 0;
        for (Group group : groups) {
            int room = -GAP.length();
            for (int i = 0; i < group.columns(); i++) {
                room += width[c + i] + GAP.length();
            }
            int missing = group.text().isEmpty() ? 0 : Math.max(0, group.text().length() + 2 - room);
            width[c] += missing;
            room += missing;
            int before = (room - group.text().length() - 2) / 2;
            line.append(c == 0 ? "" : GAP)
                    .append(
                            group.text().isEmpty()
                                    ? " ".repeat(room)
                                    : "-".repeat(before) + " " + group.text() + " "
                                            + "-"
                                                    .repeat(room
                                                            - before
                                                            - group.text().length()
                                                            - 2));
            c += group.columns();
        }
        return line.toString().stripTrailing();
    }
}

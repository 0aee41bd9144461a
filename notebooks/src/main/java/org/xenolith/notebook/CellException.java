package org.xenolith.notebook;

import java.util.List;

/** A cell that did not run to its end, told in lines that are meant to be shown as they are. */
public final class CellException extends Exception {
    private static final long serialVersionUID = 1L;

    private final transient List<String> lines;

    CellException(List<String> lines) {
        super(lines.get(0));
        this.lines = List.copyOf(lines);
    }

    /** What to show: the first line says what went wrong, the others where. */
    public List<String> lines() {
        return lines;
    }
}

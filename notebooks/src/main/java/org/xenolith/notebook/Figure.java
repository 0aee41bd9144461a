package org.xenolith.notebook;

import java.util.Base64;

/**
 * Something to look at: text of a kind that a notebook can show. In a cell, {@code display(figure.content(),
 * figure.mimeType())} shows it, on this kernel, IJava and JJava alike.
 *
 * @param mimeType {@code text/html}, {@code image/svg+xml} or {@code text/plain}
 * @param content the text
 */
public record Figure(String mimeType, String content) {
    static Figure html(String content) {
        return new Figure("text/html", content);
    }

    static Figure svg(String content) {
        return new Figure("image/svg+xml", content);
    }

    static Figure text(String content) {
        return new Figure("text/plain", content);
    }

    /** A PNG, in a page, so that it is text as well; {@code alt} says what it shows, {@code width} is in CSS pixels. */
    static Figure png(byte[] png, int width, String alt) {
        return html("<img src=\"data:image/png;base64,"
                + Base64.getEncoder().encodeToString(png) + "\" width=\"" + width + "\" alt=\"" + Html.escape(alt)
                + "\" style=\"max-width:100%\">");
    }

    /** Short, because a notebook may show it as the value of a cell. */
    @Override
    public String toString() {
        return mimeType + ", " + content.length() + " characters";
    }
}

package org.xenolith.notebook;

import java.util.List;

/** A little HTML. */
final class Html {
    private Html() {}

    /** {@code text} as the content of an element or of a quoted attribute, of HTML and of SVG. */
    static String escape(String text) {
        return text.replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace(">", "&gt;")
                .replace("\"", "&quot;")
                .replaceAll("\\p{Cc}", " ");
    }

    /**
     * A table of text.
     *
     * @param head the columns; one whose name begins with {@code #} holds numbers and is aligned to the right
     */
    static String table(List<String> head, List<List<String>> rows) {
        StringBuilder out = new StringBuilder("<table><thead><tr>");
        head.forEach(column -> cell(out, "th", column, column.replaceFirst("^#", "")));
        out.append("</tr></thead><tbody>");
        for (List<String> row : rows) {
            out.append("<tr>");
            for (int i = 0; i < row.size(); i++) {
                cell(out, "td", head.get(i), row.get(i));
            }
            out.append("</tr>");
        }
        return out.append("</tbody></table>").toString();
    }

    private static void cell(StringBuilder out, String element, String column, String text) {
        out.append('<')
                .append(element)
                .append(" style=\"text-align:")
                .append(column.startsWith("#") ? "right;white-space:nowrap" : "left")
                .append("\">")
                .append(escape(text))
                .append("</")
                .append(element)
                .append('>');
    }
}

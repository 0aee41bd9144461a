package org.xenolith.toolstack;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.xenolith.engine.InputException;

/**
 * Parses {@code xl.cfg}: assignments {@code key = value}, one a line or separated by semicolons; a value is a string in single
 * or double quotes, a number (decimal, or hexadecimal with {@code 0x}), or a list of values in brackets, which may span lines.
 * {@code #} starts a comment. A key that is assigned twice has its last value, as in xl.
 */
final class XlConfigParser {
    private static final int DEEPEST = 20;

    private final String text;
    private final String file;
    private int at;
    private int line = 1;
    private int lineStart;

    XlConfigParser(String text, String file) {
        this.text = text;
        this.file = file;
    }

    /** A value that knows where it stands; {@code content} is a String, a Long or a list of values. */
    record Value(String where, Object content) {
        InputException refuse(String what) {
            return new InputException(where + ": " + what);
        }

        String text() {
            if (content instanceof List) {
                throw refuse("expected one value, found a list");
            }
            return content.toString();
        }

        long number(String key, long min, long max) {
            if (!text().matches("-?[0-9]{1,18}") || Long.parseLong(text()) < min || Long.parseLong(text()) > max) {
                throw refuse(key + " must be a whole number from " + min + " to " + max + ", not '" + text() + "'");
            }
            return Long.parseLong(text());
        }

        /** The elements of a list; of anything else, itself. */
        @SuppressWarnings("unchecked")
        List<Value> list() {
            return content instanceof List ? (List<Value>) content : List.of(this);
        }
    }

    /** All assignments, in order. */
    Map<String, Value> parse() {
        Map<String, Value> values = new LinkedHashMap<>();
        skip(true);
        while (at < text.length()) {
            String key = key();
            skip(false);
            if (peek() != '=') {
                throw refuse("expected '=' after '" + key + "'");
            }
            at++;
            skip(false);
            values.remove(key);
            values.put(key, value(0));
            skip(false);
            if (at < text.length() && peek() != '\n' && peek() != ';') {
                throw refuse("expected the end of the line, found '" + peek() + "'");
            }
            skip(true);
        }
        return values;
    }

    private String key() {
        int start = at;
        while (at < text.length() && isWord(peek())) {
            at++;
        }
        if (at == start) {
            throw refuse("expected a key, found '" + peek() + "'");
        }
        return text.substring(start, at);
    }

    private static boolean isWord(char c) {
        return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    }

    private Value value(int depth) {
        String where = where();
        if (depth > DEEPEST) {
            throw refuse("lists nested deeper than " + DEEPEST);
        }
        char c = peek();
        if (c == '"' || c == '\'') {
            return new Value(where, string(c));
        }
        if (c == '[') {
            return new Value(where, elements(depth));
        }
        int start = at;
        while (at < text.length() && (isWord(peek()) || peek() == '-')) {
            at++;
        }
        String word = text.substring(start, at);
        if (word.matches("-?[0-9]{1,18}")) {
            return new Value(where, Long.parseLong(word));
        }
        if (word.matches("0[xX][0-9a-fA-F]{1,15}")) {
            return new Value(where, Long.parseLong(word.substring(2), 16));
        }
        at = start;
        throw refuse(
                at < text.length() && peek() != '\n'
                        ? "expected a number, a list or a text in quotes"
                        : "a value is missing");
    }

    private String string(char quote) {
        StringBuilder content = new StringBuilder();
        String where = where();
        at++;
        while (peek() != quote) {
            if (at >= text.length() || peek() == '\n') {
                throw new InputException(where + ": the text's closing " + quote + " is missing");
            }
            if (peek() == '\\' && at + 1 < text.length() && text.charAt(at + 1) != '\n') {
                at++;
            }
            content.append(peek());
            at++;
        }
        at++;
        return content.toString();
    }

    private List<Value> elements(int depth) {
        String where = where();
        List<Value> elements = new ArrayList<>();
        at++;
        skip(true);
        while (peek() != ']') {
            if (at >= text.length()) {
                throw new InputException(where + ": the list's closing ] is missing");
            }
            elements.add(value(depth + 1));
            skip(true);
            if (peek() == ',') {
                at++;
                skip(true);
            } else if (peek() != ']') {
                throw refuse("expected ',' or ']' in the list that begins at " + where);
            }
        }
        at++;
        return elements;
    }

    /** The character ahead; 0 at the end. */
    private char peek() {
        return at < text.length() ? text.charAt(at) : 0;
    }

    /** Skips blanks and comments, and line ends and semicolons if {@code lines}. */
    private void skip(boolean lines) {
        while (at < text.length()) {
            char c = peek();
            if (c == '#') {
                while (at < text.length() && peek() != '\n') {
                    at++;
                }
            } else if (c == '\n' && lines) {
                at++;
                line++;
                lineStart = at;
            } else if (c == ' ' || c == '\t' || c == '\r' || (c == ';' && lines)) {
                at++;
            } else {
                return;
            }
        }
    }

    private String where() {
        return file + ":" + line + ":" + (at - lineStart + 1);
    }

    private InputException refuse(String what) {
        return new InputException(where() + ": " + what);
    }
}

package org.xenolith.experiment;

import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.fasterxml.jackson.dataformat.yaml.YAMLParser;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.xenolith.engine.InputException;

/**
 * A piece of a YAML file that knows where it stands, so that every refusal names file, line and column.
 */
final class YamlNode {
    private static final int DEEPEST = 50;

    private final String file;
    private final int line;
    private final int column;
    private final Object value;

    /** {@code value} is a String, a {@code List<YamlNode>}, a {@code Map<String, YamlNode>}, or null for an empty value. */
    private YamlNode(String file, JsonLocation at, Object value) {
        this.file = file;
        this.line = at.getLineNr();
        this.column = at.getColumnNr();
        this.value = value;
    }

    /**
     * Parses one document.
     *
     * @param file its name in refusals
     * @throws InputException if it is not YAML
     */
    static YamlNode parse(String text, String file) {
        YAMLFactory factory = YAMLFactory.builder()
                .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                .build();
        try (YAMLParser parser = factory.createParser(text)) {
            if (parser.nextToken() == null) {
                throw new InputException(file + ": is empty");
            }
            YamlNode root = read(parser, file, 0);
            if (parser.nextToken() != null) {
                throw new InputException(at(file, parser.currentTokenLocation()) + "a second document; one is enough");
            }
            return root;
        } catch (JsonProcessingException e) {
            String what = e.getOriginalMessage().lines().findFirst().orElse("damaged");
            String where = e.getLocation() == null ? file + ": " : at(file, e.getLocation());
            throw new InputException(where + "not YAML: " + what, e);
        } catch (IOException e) {
            throw new InputException(file + ": cannot be read: " + e.getMessage(), e);
        }
    }

    private static YamlNode read(YAMLParser parser, String file, int depth) throws IOException {
        JsonLocation at = parser.currentTokenLocation();
        if (depth > DEEPEST) {
            throw new InputException(at(file, at) + "nested deeper than " + DEEPEST);
        }
        if (parser.isCurrentAlias()) {
            throw new InputException(at(file, at) + "aliases (*name) are not understood; write the value out");
        }
        switch (parser.currentToken()) {
            case START_OBJECT -> {
                Map<String, YamlNode> map = new LinkedHashMap<>();
                while (parser.nextToken() != JsonToken.END_OBJECT) {
                    String key = parser.currentName();
                    JsonLocation keyAt = parser.currentTokenLocation();
                    parser.nextToken();
                    YamlNode node = read(parser, file, depth + 1);
                    map.put(key, new YamlNode(file, keyAt, node.value));
                }
                return new YamlNode(file, at, map);
            }
            case START_ARRAY -> {
                List<YamlNode> list = new ArrayList<>();
                while (parser.nextToken() != JsonToken.END_ARRAY) {
                    list.add(read(parser, file, depth + 1));
                }
                return new YamlNode(file, at, list);
            }
            case VALUE_NULL -> {
                // The word null is a word here: a scheduler is called that.
                return new YamlNode(file, at, "null".equals(parser.getText()) ? "null" : null);
            }
            default -> {
                return new YamlNode(file, at, parser.getText());
            }
        }
    }

    private static String at(String file, JsonLocation at) {
        return file + ":" + at.getLineNr() + ":" + at.getColumnNr() + ": ";
    }

    /** A refusal that says where. */
    InputException refuse(String what) {
        return new InputException(file + ":" + line + ":" + column + ": " + what);
    }

    /** What {@code reading} returns; adds where this stands to a refusal by someone who does not know. */
    <T> T located(Supplier<T> reading) {
        try {
            return reading.get();
        } catch (InputException e) {
            throw refuse(e.getMessage());
        }
    }

    /** This node as a mapping. */
    @SuppressWarnings("unchecked")
    Map<String, YamlNode> map() {
        if (!(value instanceof Map)) {
            throw refuse("expected a mapping (key: value), found " + describe());
        }
        return (Map<String, YamlNode>) value;
    }

    boolean isMap() {
        return value instanceof Map;
    }

    /** This node as a list; a single value counts as a list of one. */
    @SuppressWarnings("unchecked")
    List<YamlNode> list() {
        return value instanceof List ? (List<YamlNode>) value : value == null ? List.of() : List.of(this);
    }

    /** This node as a text. */
    String text() {
        if (!(value instanceof String text) || text.isBlank()) {
            throw refuse("expected a value, found " + describe());
        }
        return text;
    }

    private String describe() {
        return value instanceof Map ? "a mapping" : value instanceof List ? "a list" : "nothing";
    }

    /** This node as a whole number from {@code min} to {@code max}; {@code what} names it in a refusal. */
    long number(String what, long min, long max) {
        String text = text().strip();
        if (!text.matches("[+-]?[0-9]{1,18}") || Long.parseLong(text) < min || Long.parseLong(text) > max) {
            throw refuse(what + " must be a whole number from " + min + " to " + max + ", not '" + text + "'");
        }
        return Long.parseLong(text);
    }

    /** This node as a duration in ns, at least {@code min}; {@code what} names it in a refusal. */
    long nanos(String what, long min) {
        long nanos;
        try {
            nanos = Durations.parseNanos(text());
        } catch (IllegalArgumentException e) {
            throw refuse(what + ": " + e.getMessage());
        }
        if (nanos < min) {
            throw refuse(what + " must be at least " + Durations.format(min) + ", not '" + text() + "'");
        }
        return nanos;
    }

    /** The value of {@code key} in this mapping, or null if it is not there. */
    YamlNode get(String key) {
        return map().get(key);
    }

    /** The value of {@code key}, which must be there. */
    YamlNode required(String key) {
        YamlNode node = get(key);
        if (node == null) {
            throw refuse("'" + key + "' is missing");
        }
        return node;
    }

    String text(String key, String otherwise) {
        YamlNode node = get(key);
        return node == null ? otherwise : node.text();
    }

    long number(String key, long min, long max, long otherwise) {
        YamlNode node = get(key);
        return node == null ? otherwise : node.number(key, min, max);
    }

    long nanos(String key, long min, long otherwise) {
        YamlNode node = get(key);
        return node == null ? otherwise : node.nanos(key, min);
    }

    /** Whether this mapping has {@code key}. */
    boolean has(String key) {
        return get(key) != null;
    }

    /** Refuses every key of this mapping that is not {@code known}, naming the nearest that is. */
    void allow(Collection<String> known) {
        map().forEach((key, node) -> {
            if (!known.contains(key)) {
                throw node.refuse("unknown key '" + key + "'" + hint(key, known));
            }
        });
    }

    private static String hint(String key, Collection<String> known) {
        String nearest = null;
        int best = Integer.MAX_VALUE;
        for (String candidate : known) {
            int distance = distance(key, candidate);
            if (distance < best) {
                best = distance;
                nearest = candidate;
            }
        }
        return nearest != null && best <= Math.max(2, key.length() / 2)
                ? "; did you mean '" + nearest + "'?"
                : "; known are " + String.join(", ", known);
    }

    /** Levenshtein's distance. */
    private static int distance(String a, String b) {
        int[] row = new int[b.length() + 1];
        for (int j = 0; j <= b.length(); j++) {
            row[j] = j;
        }
        for (int i = 1; i <= a.length(); i++) {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.length(); j++) {
                int substituted = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.min(substituted, Math.min(row[j], row[j - 1]) + 1);
            }
        }
        return row[b.length()];
    }
}

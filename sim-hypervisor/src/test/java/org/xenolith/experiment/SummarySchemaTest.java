package org.xenolith.experiment;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.xenolith.experiment.CellSummary.Status;

/** {@code summary.json} is what its schema says. */
class SummarySchemaTest {
    private final ObjectMapper mapper = new ObjectMapper();

    private JsonNode schema() throws IOException {
        try (InputStream in = Summary.class.getResourceAsStream("/summary.schema.json")) {
            return mapper.readTree(in);
        }
    }

    private static CellSummary recorded() {
        Path trace = Path.of("../traces/xen-4.17/credit2/s4-all.trc.xz");
        return Recording.open(trace, -1, -1, null).measure(new Cell(0, Cell.RECORDED, Cell.RECORDED, null, 0), null);
    }

    private static CellSummary failed() {
        return new CellSummary(
                "x", "x", Map.of("slice_us", 5L), 1, Status.FAILED, "why", 0, 5, List.of(), List.of(), null);
    }

    @Test
    void everySummaryFollowsTheSchema() throws IOException {
        String json = new Summary(Summary.FORMAT, "s", "zero", List.of(recorded(), failed())).toJson();

        assertThat(violations(mapper.readTree(json), schema(), "$")).isEmpty();
    }

    @Test
    void theSchemaRefusesWhatItDoesNotKnow() throws IOException {
        String json = new Summary(Summary.FORMAT, "s", "zero", List.of(recorded())).toJson();

        assertThat(violations(mapper.readTree(json.replace("\"cpuPercent\"", "\"cpu\"")), schema(), "$"))
                .contains("$.cells[0].domains[0].cpu: unknown", "$.cells[0].domains[0].cpuPercent: missing");
        assertThat(violations(mapper.readTree(json.replace("\"recorded\"", "\"lost\"")), schema(), "$"))
                .contains("$.cells[0].status: not among its values");
    }

    @Test
    void aCellIsReadBackAsItWasWritten() throws IOException {
        String json = Json.write(recorded());

        assertThat(Json.write(mapper.readValue(json, CellSummary.class))).isEqualTo(json);
    }

    /** Checks the part of JSON Schema that ours uses. */
    private static List<String> violations(JsonNode value, JsonNode schema, String at) {
        List<String> found = new ArrayList<>();
        if (schema.has("enum") && !contains(schema.get("enum"), value)) {
            found.add(at + ": not among its values");
        }
        if (schema.has("const") && !schema.get("const").equals(value)) {
            found.add(at + ": not " + schema.get("const"));
        }
        if (schema.has("type") && !hasType(value, schema.get("type"))) {
            found.add(at + ": not of type " + schema.get("type"));
            return found;
        }
        JsonNode properties = schema.path("properties");
        schema.path("required").forEach(key -> {
            if (value.isObject() && !value.has(key.asText())) {
                found.add(at + "." + key.asText() + ": missing");
            }
        });
        if (value.isObject()) {
            value.properties().forEach(entry -> {
                String key = entry.getKey();
                JsonNode other = schema.get("additionalProperties");
                if (properties.has(key)) {
                    found.addAll(violations(entry.getValue(), properties.get(key), at + "." + key));
                } else if (other != null && other.isObject()) {
                    found.addAll(violations(entry.getValue(), other, at + "." + key));
                } else if (other != null && !other.asBoolean()) {
                    found.add(at + "." + key + ": unknown");
                }
            });
        }
        for (int i = 0; value.isArray() && i < value.size(); i++) {
            found.addAll(violations(value.get(i), schema.get("items"), at + "[" + i + "]"));
        }
        return found;
    }

    private static boolean contains(JsonNode values, JsonNode value) {
        for (JsonNode v : values) {
            if (v.equals(value)) {
                return true;
            }
        }
        return false;
    }

    private static boolean hasType(JsonNode value, JsonNode types) {
        if (types.isArray()) {
            for (JsonNode type : types) {
                if (hasType(value, type)) {
                    return true;
                }
            }
            return false;
        }
        return switch (types.asText()) {
            case "object" -> value.isObject();
            case "array" -> value.isArray();
            case "string" -> value.isTextual();
            case "integer" -> value.isIntegralNumber();
            case "number" -> value.isNumber();
            case "boolean" -> value.isBoolean();
            case "null" -> value.isNull();
            default -> false;
        };
    }
}

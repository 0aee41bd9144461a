package org.xenolith.experiment;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** JSON as result files hold it: indented by two blanks, the same bytes on every system. */
final class Json {
    private Json() {}

    private static ObjectMapper mapper() {
        return JsonMapper.builder().build();
    }

    /** {@code value} as JSON, with a line end behind it. */
    static String write(Object value) {
        DefaultIndenter indenter = new DefaultIndenter("  ", "\n");
        DefaultPrettyPrinter printer =
                new DefaultPrettyPrinter().withObjectIndenter(indenter).withArrayIndenter(indenter);
        try {
            return mapper().writer(printer).writeValueAsString(value) + "\n";
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Reads what {@link #write} wrote. */
    static <T> T read(Path file, Class<T> type) throws IOException {
        return mapper().readValue(Files.readString(file), type);
    }
}

package org.xenolith.tests;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.util.List;
import org.xenolith.cli.Xenolith;

/**
 * One run of the command line in this JVM.
 *
 * @param code its exit code
 * @param out what it printed
 * @param err what it said on standard error
 */
record Command(int code, String out, String err) {
    /** Runs a command. */
    static Command run(String... args) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        int code = Xenolith.execute(new PrintWriter(out), new PrintWriter(err), args);
        return new Command(code, out.toString(), err.toString());
    }

    /** Checks that it ended well. */
    Command ok() {
        assertThat(code).as(err).isZero();
        return this;
    }

    /** Checks that it failed with {@code expected} and one line that contains each of {@code parts}. */
    void says(int expected, String... parts) {
        assertThat(err.lines().toList()).as(err).hasSize(1);
        assertThat(err).startsWith("xenolith: ").contains(parts);
        assertThat(code).isEqualTo(expected);
    }

    /** What it printed, as JSON. */
    JsonNode json() {
        try {
            return new ObjectMapper().readTree(out);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The lines it printed. */
    List<String> lines() {
        return out.lines().toList();
    }
}

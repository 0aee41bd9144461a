package org.xenolith.experiment;

import com.fasterxml.jackson.annotation.JsonValue;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * What a run's figures were made of and how it ended: the whole of {@code manifest.json}.
 *
 * @param xenolith version of the simulator
 * @param java the Java that ran it
 * @param command the command line, by which the run can be resumed
 * @param folder the folder in which the command was given
 * @param scenario the scenario's name
 * @param about what it shows
 * @param machine the machine's shape
 * @param costs the cost profile's name
 * @param fromNanos start of the measured window
 * @param toNanos end of the run
 * @param started when it was started
 * @param finished when it ended; null while it goes on
 * @param status how it ended
 * @param inputs the files that it was made of
 * @param warnings what those files say and the model does not know
 * @param cells its cells
 */
public record Manifest(
        String xenolith,
        String java,
        List<String> command,
        String folder,
        String scenario,
        String about,
        String machine,
        String costs,
        long fromNanos,
        long toNanos,
        String started,
        String finished,
        Status status,
        List<Input> inputs,
        List<String> warnings,
        List<CellEntry> cells) {

    /** How a run ended; in JSON in lower case. */
    public enum Status {
        /** It goes on, or was killed. */
        RUNNING,
        /** Every cell ran to its end. */
        COMPLETE,
        /** Every cell was run, and some failed. */
        FAILED,
        /** It was interrupted; {@code --resume} runs the rest. */
        INTERRUPTED;

        @JsonValue
        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /**
     * A file that figures depend on.
     *
     * @param path as it was named
     * @param sha256 its SHA-256, in hexadecimal
     */
    public record Input(String path, String sha256) {}

    /**
     * A cell.
     *
     * @param name its name
     * @param scheduler its scheduler, with the parameters that were set
     * @param parameters all parameters
     * @param seed its seed
     * @param status {@code pending}, or as in {@link CellSummary.Status}
     * @param error why it failed, or null
     * @param files its trace and its own summary, relative to the run's folder
     */
    public record CellEntry(
            String name,
            String scheduler,
            Map<String, Object> parameters,
            long seed,
            String status,
            String error,
            List<String> files) {}
}

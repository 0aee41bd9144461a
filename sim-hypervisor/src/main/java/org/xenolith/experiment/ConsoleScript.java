package org.xenolith.experiment;

import java.nio.charset.StandardCharsets;
import java.util.function.Supplier;
import java.util.regex.Pattern;

/**
 * Types lines at a guest's console: each when the guest has prompted for it. A prompt is a line begun with no more than a prompt sign
 * at its end; a guest that has done nothing for a while is taken to wait too. Decided by what the guest printed and by virtual time, so
 * that the same script comes to the same.
 */
public final class ConsoleScript {
    /** What is typed when there are no more lines: end of input. */
    static final String END_OF_INPUT = "\u0004";

    private static final Pattern PROMPT = Pattern.compile("(^|[^#$>%])[#$>%] $");
    private static final Pattern ESCAPES = Pattern.compile("\u001b\\[[0-9;?]*[A-Za-z]");
    private static final int LONGEST_PROMPT = 200;

    private final Supplier<String> lines;
    private final StringBuilder line = new StringBuilder();
    private boolean ended;

    /** {@code lines} gives the next line without its end, or null when there are no more. */
    public ConsoleScript(Supplier<String> lines) {
        this.lines = lines;
    }

    /** The guest printed {@code length} of {@code bytes}. */
    public void printed(byte[] bytes, int length) {
        for (int i = 0; i < length; i++) {
            if (bytes[i] == '\n' || bytes[i] == '\r') {
                line.setLength(0);
            } else if (line.length() < LONGEST_PROMPT) {
                line.append((char) (bytes[i] & 0xff));
            }
        }
    }

    /** What to type now, or null: the next line if the guest prompts for one. */
    public byte[] next() {
        if (ended || !PROMPT.matcher(ESCAPES.matcher(line).replaceAll("")).find()) {
            return null;
        }
        line.setLength(0);
        String next = lines.get();
        ended = next == null;
        return (ended ? END_OF_INPUT : next + "\n").getBytes(StandardCharsets.UTF_8);
    }
}

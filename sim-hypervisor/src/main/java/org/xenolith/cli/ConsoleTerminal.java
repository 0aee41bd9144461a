package org.xenolith.cli;

import java.io.IOException;
import java.io.OutputStream;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jline.terminal.Attributes;
import org.jline.terminal.Terminal;
import org.jline.terminal.TerminalBuilder;
import org.jline.utils.NonBlockingReader;

/** The user's terminal as a guest's console: keys go to the guest as they are pressed, until Ctrl-]. */
final class ConsoleTerminal implements AutoCloseable {
    /** Ctrl-], which leaves. */
    private static final int LEAVE = 0x1d;

    private static final int MOST_KEYS = 4096;

    private final Terminal terminal;
    private final Attributes before;
    private final BlockingQueue<Integer> keys = new ArrayBlockingQueue<>(MOST_KEYS);
    private volatile boolean left;

    ConsoleTerminal() throws IOException {
        terminal = TerminalBuilder.builder().system(true).name("xenolith").build();
        before = terminal.enterRawMode();
        // The guest's terminal driver ends its lines itself.
        Attributes raw = terminal.getAttributes();
        raw.setOutputFlag(Attributes.OutputFlag.OPOST, false);
        raw.setLocalFlag(Attributes.LocalFlag.ISIG, false);
        terminal.setAttributes(raw);
        Thread reader = new Thread(this::readKeys, "keys");
        reader.setDaemon(true);
        reader.start();
    }

    private void readKeys() {
        NonBlockingReader reader = terminal.reader();
        try {
            for (int key = reader.read(); key >= 0 && key != LEAVE; key = reader.read()) {
                keys.put(key);
            }
        } catch (IOException | InterruptedException e) {
            // The terminal is gone, so is its user.
        }
        left = true;
    }

    /** Whether the user has pressed Ctrl-], or is gone. */
    boolean left() {
        return left;
    }

    /** The next key pressed, waiting for up to {@code millis}; -1 if there is none. */
    int key(long millis) {
        try {
            Integer key = millis <= 0 ? keys.poll() : keys.poll(millis, TimeUnit.MILLISECONDS);
            return key == null ? -1 : key;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            left = true;
            return -1;
        }
    }

    /** Where the guest's output goes. */
    OutputStream output() {
        return terminal.output();
    }

    @Override
    public void close() throws IOException {
        terminal.setAttributes(before);
        terminal.close();
    }
}

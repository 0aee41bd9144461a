package org.xenolith.engine;

/**
 * Input that is refused. The message is one line that says what is wrong, where, and what to do; the command line prints
 * it alone and exits with 2.
 */
public final class InputException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** Refuses input with one line for its author. */
    public InputException(String message) {
        super(message);
    }

    /** Refuses input with one line for its author, and what found it. */
    public InputException(String message, Throwable cause) {
        super(message, cause);
    }
}

package org.xenolith.device;

/** The XenStore refuses a request. */
public final class StoreRefusal extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final StoreError error;

    /** For {@code error}, asked of {@code what}. */
    StoreRefusal(StoreError error, String what) {
        super(error + ": " + what, null, false, false); // no trace: a guest may provoke these as often as it likes
        this.error = error;
    }

    /** Why. */
    public StoreError error() {
        return error;
    }
}

package org.xenolith.guest;

/** Where work for a {@link BackendLoop} comes from: a ring, or a device. */
interface BackendSource {
    /** Begins a piece of work if there is any; whether there was. */
    boolean begin();

    /** Before sleeping: whether there is work after all; if not, there will be an event when there is. */
    boolean finalCheck();
}

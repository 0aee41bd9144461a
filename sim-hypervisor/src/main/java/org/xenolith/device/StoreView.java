package org.xenolith.device;

/** The nodes of the XenStore as a request sees them: as they are, or as they are in a transaction. */
interface StoreView {
    /** The node at absolute {@code path}, or null. */
    StoreNode get(String path);

    /** Puts {@code node} at {@code path}, or takes away what is there if {@code node} is null. */
    void put(String path, StoreNode node);

    /** How many nodes {@code domain} owns. */
    int owned(int domain);

    /** The node at {@code path} has changed: who watches it, or unless {@code exactly} what it is in, is told when the change holds. */
    void changed(String path, boolean exactly);
}

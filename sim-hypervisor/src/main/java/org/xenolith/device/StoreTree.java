package org.xenolith.device;

import java.util.HashMap;
import java.util.Map;
import java.util.function.ObjIntConsumer;

/** The nodes of the XenStore, by path. */
final class StoreTree implements StoreView {
    /** Version of a node that is not there. */
    static final long ABSENT = -1;

    private record Versioned(StoreNode node, long version) {}

    // Looked up only, never walked: no order of these maps is seen.
    private final Map<String, Versioned> nodes = new HashMap<>();
    private final Map<Integer, Integer> owned = new HashMap<>();
    private final ObjIntConsumer<String> listener;
    private long versions;

    /** Changes are told to {@code listener}: the path, and 1 if what is above is not concerned. */
    StoreTree(ObjIntConsumer<String> listener) {
        this.listener = listener;
    }

    @Override
    public StoreNode get(String path) {
        Versioned found = nodes.get(path);
        return found == null ? null : found.node;
    }

    /** A number that changes whenever the node at {@code path} does; {@link #ABSENT} if there is none. */
    long version(String path) {
        Versioned found = nodes.get(path);
        return found == null ? ABSENT : found.version;
    }

    @Override
    public void put(String path, StoreNode node) {
        Versioned old = node == null ? nodes.remove(path) : nodes.put(path, new Versioned(node, ++versions));
        if (old != null) {
            owned.merge(old.node.permissions().owner(), -1, Integer::sum);
        }
        if (node != null) {
            owned.merge(node.permissions().owner(), 1, Integer::sum);
        }
    }

    @Override
    public int owned(int domain) {
        return owned.getOrDefault(domain, 0);
    }

    @Override
    public void changed(String path, boolean exactly) {
        listener.accept(path, exactly ? 1 : 0);
    }
}

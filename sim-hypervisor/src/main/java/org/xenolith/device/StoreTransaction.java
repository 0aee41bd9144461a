package org.xenolith.device;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Changes to the XenStore that come to hold all at once or not at all. It conflicts if a node that it looked at, be it only for not being
 * there, has been changed by anybody else since.
 */
final class StoreTransaction implements StoreView {
    private record Change(String path, boolean exactly) {}

    private final StoreTree tree;

    /** Version of each node when it was looked at first. */
    private final Map<String, Long> seen = new LinkedHashMap<>();

    /** Nodes changed, null for those taken away. */
    private final Map<String, StoreNode> overlay = new LinkedHashMap<>();

    private final Map<Integer, Integer> ownedMore = new TreeMap<>();
    private final List<Change> changes = new ArrayList<>();

    StoreTransaction(StoreTree tree) {
        this.tree = tree;
    }

    @Override
    public StoreNode get(String path) {
        if (overlay.containsKey(path)) {
            return overlay.get(path);
        }
        seen.putIfAbsent(path, tree.version(path));
        return tree.get(path);
    }

    @Override
    public void put(String path, StoreNode node) {
        StoreNode old = get(path);
        if (old != null) {
            ownedMore.merge(old.permissions().owner(), -1, Integer::sum);
        }
        if (node != null) {
            ownedMore.merge(node.permissions().owner(), 1, Integer::sum);
        }
        overlay.put(path, node);
    }

    @Override
    public int owned(int domain) {
        return tree.owned(domain) + ownedMore.getOrDefault(domain, 0);
    }

    /** How many nodes it has looked at or changed. */
    int size() {
        return seen.size() + overlay.size();
    }

    @Override
    public void changed(String path, boolean exactly) {
        changes.add(new Change(path, exactly));
    }

    /** Has it hold, if it conflicts with nothing; else nothing changes and the answer is false. */
    boolean commit() {
        for (Map.Entry<String, Long> entry : seen.entrySet()) {
            if (tree.version(entry.getKey()) != entry.getValue()) {
                return false;
            }
        }
        overlay.forEach(tree::put);
        for (Change change : changes) {
            tree.changed(change.path, change.exactly);
        }
        return true;
    }
}

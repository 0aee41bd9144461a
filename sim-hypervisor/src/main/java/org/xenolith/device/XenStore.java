package org.xenolith.device;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * The XenStore: a tree of small values by which dom0 and the domains tell each other things. Nodes have owners and permissions, changes can
 * be watched and made in transactions. In the manner of the {@code xenstored} of Xen 4.17; its quotas hold for every domain but dom0.
 *
 * <p>The public methods are dom0's own: it may do everything, and what it does holds at once. A domain speaks through its
 * {@link XenStoreConnection}.
 */
public final class XenStore {
    /** The domain that may do everything. */
    static final int DOM0 = 0;

    /** Most nodes of one domain. */
    static final int MOST_NODES = 1000;

    /** Most bytes of a node: value, permissions and names of children. */
    static final int LARGEST_NODE = 2048;

    private static final int BYTES_OF_PERMISSION = 8;

    private final StoreWatches watches = new StoreWatches(this::mayHear);
    private final StoreTree tree = new StoreTree((path, exactly) -> watches.fire(path, exactly != 0));
    private final Set<Integer> introduced = new TreeSet<>();

    /** A store with a root that everybody may read. */
    public XenStore() {
        tree.put("/", new StoreNode(StorePermissions.parse(List.of("r0"))));
    }

    // --------------------------------------------------------------------------------------------- for dom0

    /** The value at absolute {@code path}, or null if there is none. */
    public String read(String path) {
        StoreNode node = tree.get(path);
        return node == null ? null : new String(node.value(), StandardCharsets.UTF_8);
    }

    /** Writes {@code value} at absolute {@code path}; what is missing above it is made too, with the permissions of what is there. */
    public void write(String path, String value) {
        write(tree, DOM0, StorePath.absolute(path, DOM0), value.getBytes(StandardCharsets.UTF_8));
    }

    /** The same, and gives the node these permissions, such as {@code n0}, {@code r5}: the owner and the others, then other domains. */
    public void write(String path, String value, String... permissions) {
        write(path, value);
        setPermissions(tree, DOM0, path, StorePermissions.parse(List.of(permissions)));
    }

    /** Removes the node at absolute {@code path} and all below it; nothing if there is none. */
    public void remove(String path) {
        if (tree.get(path) != null) {
            remove(tree, DOM0, path);
        }
    }

    /** Names of the children of absolute {@code path}, in order of creation; none if there is no such node. */
    public List<String> list(String path) {
        StoreNode node = tree.get(path);
        return node == null ? List.of() : node.children();
    }

    /** Has {@code onChange} run whenever the node at absolute {@code path}, or one below it, changes; and at once. */
    public void watch(String path, Runnable onChange) {
        watches.add(new StoreWatches.Watch(onChange, DOM0, path, "", 0, (name, token) -> onChange.run()));
        onChange.run();
    }

    /** Domain {@code id} exists from now on, as far as the store's clients are concerned. */
    public void introduce(int id) {
        introduced.add(id);
        tree.changed("@introduceDomain", false);
    }

    /** Domain {@code id} is gone: it watches nothing any more, and the store's clients hear of it. */
    public void release(int id) {
        introduced.remove(id);
        watches.removeAllOf(id);
        tree.changed("@releaseDomain", false);
    }

    boolean isIntroduced(int id) {
        return introduced.contains(id);
    }

    StoreTree tree() {
        return tree;
    }

    StoreWatches watches() {
        return watches;
    }

    // ------------------------------------------------------------------------------------------- for anybody

    /**
     * The node at {@code path}, of which {@code domain} wants {@code access}.
     *
     * @throws StoreRefusal ENOENT if there is none, EACCES if it may not have that, nor know whether there is one
     */
    StoreNode node(StoreView view, int domain, String path, int access) {
        StoreNode node = view.get(path);
        if (node == null) {
            throw new StoreRefusal(mayAbove(view, domain, path, access) ? StoreError.ENOENT : StoreError.EACCES, path);
        }
        if (!node.permissions().allow(domain, access)) {
            throw new StoreRefusal(StoreError.EACCES, path);
        }
        return node;
    }

    /** Whether {@code domain} has {@code access} to the nearest node above {@code path} that there is. */
    private static boolean mayAbove(StoreView view, int domain, String path, int access) {
        if (!path.startsWith("/")) {
            return domain == DOM0;
        }
        String above = path;
        StoreNode node;
        do {
            above = StorePath.parent(above);
            node = view.get(above);
        } while (node == null);
        return node.permissions().allow(domain, access);
    }

    /** Whether {@code domain} may hear that {@code path} changed: it may read it, or, now that it is gone, what it was in. */
    private boolean mayHear(int domain, String path) {
        StoreNode node = tree.get(path);
        return node == null
                ? mayAbove(tree, domain, path, StorePermissions.READ)
                : node.permissions().allow(domain, StorePermissions.READ);
    }

    /** Writes {@code value}, as {@code domain}. */
    void write(StoreView view, int domain, String path, byte[] value) {
        put(view, domain, path, make(view, domain, path).withValue(value));
        view.changed(path, false);
    }

    /** Makes the node if it is not there, as {@code domain}. */
    void makeDirectory(StoreView view, int domain, String path) {
        if (view.get(path) == null) {
            put(view, domain, path, make(view, domain, path));
            view.changed(path, false);
        } else {
            node(view, domain, path, StorePermissions.WRITE);
        }
    }

    /** The node at {@code path}, to be written by {@code domain}; made, and all that is missing above it, if it is not there. */
    private StoreNode make(StoreView view, int domain, String path) {
        StoreNode node = view.get(path);
        if (node != null) {
            return node(view, domain, path, StorePermissions.WRITE);
        }
        if (!path.startsWith("/")) {
            throw new StoreRefusal(StoreError.EINVAL, path);
        }
        if (!mayAbove(view, domain, path, StorePermissions.WRITE)) {
            throw new StoreRefusal(StoreError.EACCES, path);
        }
        List<String> missing = new ArrayList<>();
        String above = path;
        for (; view.get(above) == null; above = StorePath.parent(above)) {
            missing.add(above);
        }
        StorePermissions inherited = view.get(above).permissions();
        StorePermissions permissions = domain == DOM0 ? inherited : inherited.ownedBy(domain);
        checkQuota(view, domain, missing.size());
        for (int i = missing.size() - 1; i >= 0; i--) {
            String child = missing.get(i);
            StoreNode parent = view.get(above);
            put(
                    view,
                    DOM0,
                    above,
                    parent.withChild(StorePath.name(child))); // its owner answers for no more than the name
            view.put(child, new StoreNode(permissions));
            above = child;
        }
        return view.get(path);
    }

    private static void checkQuota(StoreView view, int domain, int more) {
        if (domain != DOM0 && view.owned(domain) + more > MOST_NODES) {
            throw new StoreRefusal(StoreError.ENOSPC, "nodes of domain " + domain);
        }
    }

    private static void put(StoreView view, int domain, String path, StoreNode node) {
        int size = node.value().length
                + BYTES_OF_PERMISSION * node.permissions().entries().size();
        for (String child : node.children()) {
            size += child.length() + 1;
        }
        if (domain != DOM0 && size > LARGEST_NODE) {
            throw new StoreRefusal(StoreError.ENOSPC, path);
        }
        view.put(path, node);
    }

    /** Removes the node and all below it, as {@code domain}. Nothing to remove is no error if there could be something. */
    void remove(StoreView view, int domain, String path) {
        if (path.equals("/")) {
            throw new StoreRefusal(StoreError.EINVAL, path);
        }
        if (view.get(path) == null) {
            node(view, domain, StorePath.parent(path), StorePermissions.WRITE);
            return;
        }
        node(view, domain, path, StorePermissions.WRITE);
        String parent = StorePath.parent(path);
        view.put(parent, view.get(parent).withoutChild(StorePath.name(path)));
        List<String> gone = new ArrayList<>();
        removeAll(view, path, gone);
        view.changed(path, false);
        for (String child : gone.subList(0, gone.size() - 1)) {
            view.changed(child, true);
        }
    }

    /** Removes {@code path} and what is below it, and notes all that: the deepest first. */
    private static void removeAll(StoreView view, String path, List<String> gone) {
        for (String child : view.get(path).children()) {
            removeAll(view, StorePath.child(path, child), gone);
        }
        view.put(path, null);
        gone.add(path);
    }

    /** Sets permissions, as {@code domain}, which must own the node and cannot give it away. */
    void setPermissions(StoreView view, int domain, String path, StorePermissions permissions) {
        StoreNode node = node(view, domain, path, StorePermissions.WRITE);
        int owner = node.permissions().owner();
        if (domain != DOM0 && owner != domain) {
            throw new StoreRefusal(StoreError.EACCES, path);
        }
        if (domain != DOM0 && permissions.owner() != owner) {
            throw new StoreRefusal(StoreError.EPERM, path);
        }
        put(view, domain, path, node.withPermissions(permissions));
        view.changed(path, false);
    }
}

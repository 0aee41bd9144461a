package org.xenolith.device;

import java.util.ArrayList;
import java.util.List;

/** Who wants to hear of changes to the XenStore. */
final class StoreWatches {
    /** Hears of a change. */
    @FunctionalInterface
    interface Listener {
        /** The node that the watcher calls {@code path} changed; {@code token} is what it said when it began to watch. */
        void changed(String path, String token);
    }

    /** Whether a domain may know of a change. */
    @FunctionalInterface
    interface Permission {
        /** Whether {@code domain} may hear that {@code path} changed. */
        boolean mayHear(int domain, String path);
    }

    /**
     * A watch.
     *
     * @param owner by whom it is removed
     * @param domain the domain that watches
     * @param path absolute path of what is watched
     * @param token told with each change
     * @param prefix how many characters of an absolute path the watcher leaves out
     * @param listener who hears
     */
    record Watch(Object owner, int domain, String path, String token, int prefix, Listener listener) {
        private void tell(String changed) {
            listener.changed(changed.substring(prefix), token);
        }
    }

    private final List<Watch> watches = new ArrayList<>();
    private final Permission permission;

    StoreWatches(Permission permission) {
        this.permission = permission;
    }

    void add(Watch watch) {
        watches.add(watch);
    }

    /** The watch of {@code owner} on {@code path} with {@code token}, or null. */
    Watch find(Object owner, String path, String token) {
        for (Watch watch : watches) {
            if (watch.owner == owner && watch.path.equals(path) && watch.token.equals(token)) {
                return watch;
            }
        }
        return null;
    }

    void remove(Watch watch) {
        watches.remove(watch);
    }

    void removeAll(Object owner) {
        watches.removeIf(each -> each.owner == owner);
    }

    void removeAllOf(int domain) {
        watches.removeIf(each -> each.domain == domain);
    }

    /** How many {@code owner} has. */
    int count(Object owner) {
        int count = 0;
        for (Watch watch : watches) {
            count += watch.owner == owner ? 1 : 0;
        }
        return count;
    }

    /** {@code path} changed: tells those who watch it, and unless {@code exactly} those who watch what it is in. */
    void fire(String path, boolean exactly) {
        for (Watch watch : List.copyOf(watches)) {
            boolean concerned = exactly ? path.equals(watch.path) : StorePath.isWithin(path, watch.path);
            if (concerned && permission.mayHear(watch.domain, path)) {
                watch.tell(path);
            }
        }
    }
}

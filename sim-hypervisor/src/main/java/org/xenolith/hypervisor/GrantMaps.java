package org.xenolith.hypervisor;

import java.util.Arrays;

/** Grants of others that a domain has mapped, by handle: Xen's maptrack. */
final class GrantMaps {
    /** Most mappings of a domain: 1024 frames of 16-byte entries. */
    private static final int MOST = 1 << 18;

    private static final int NOTHING = 0;

    private Domain[] granter = new Domain[16];
    private int[] ref = new int[16];
    private int[] flags = new int[16];
    private int[] nextFree = new int[16];
    private int firstFree = -1;
    private int used;

    /** A new mapping of entry {@code entry} of {@code owner}, with flags {@code GNTMAP_*}; its handle, or -1 if there are too many. */
    int add(Domain owner, int entry, int mapFlags) {
        int handle = firstFree;
        if (handle >= 0) {
            firstFree = nextFree[handle];
        } else if (used == MOST) {
            return -1;
        } else {
            handle = used++;
            if (handle == ref.length) {
                granter = Arrays.copyOf(granter, 2 * handle);
                ref = Arrays.copyOf(ref, 2 * handle);
                flags = Arrays.copyOf(flags, 2 * handle);
                nextFree = Arrays.copyOf(nextFree, 2 * handle);
            }
        }
        granter[handle] = owner;
        ref[handle] = entry;
        flags[handle] = mapFlags;
        return handle;
    }

    /** Whether {@code handle} is a mapping. */
    boolean has(int handle) {
        return handle >= 0 && handle < used && flags[handle] != NOTHING;
    }

    /** One more than the highest handle that ever was. */
    int end() {
        return used;
    }

    Domain granter(int handle) {
        return granter[handle];
    }

    int ref(int handle) {
        return ref[handle];
    }

    int flags(int handle) {
        return flags[handle];
    }

    void setFlags(int handle, int mapFlags) {
        flags[handle] = mapFlags;
    }

    /** The mapping is no more. */
    void remove(int handle) {
        granter[handle] = null;
        flags[handle] = NOTHING;
        nextFree[handle] = firstFree;
        firstFree = handle;
    }
}

package org.xenolith.device;

import java.util.ArrayList;
import java.util.List;

/**
 * A node of the XenStore, as it is at one moment.
 *
 * @param value its value; nobody changes the array
 * @param children names of its children, in order of creation
 * @param permissions who may do what with it
 */
@SuppressWarnings("ArrayRecordComponent") // compared by nobody
record StoreNode(byte[] value, List<String> children, StorePermissions permissions) {
    private static final byte[] EMPTY = {};

    StoreNode(StorePermissions permissions) {
        this(EMPTY, List.of(), permissions);
    }

    StoreNode withValue(byte[] newValue) {
        return new StoreNode(newValue, children, permissions);
    }

    StoreNode withPermissions(StorePermissions newPermissions) {
        return new StoreNode(value, children, newPermissions);
    }

    StoreNode withChild(String name) {
        List<String> next = new ArrayList<>(children);
        next.add(name);
        return new StoreNode(value, next, permissions);
    }

    StoreNode withoutChild(String name) {
        List<String> next = new ArrayList<>(children);
        next.remove(name);
        return new StoreNode(value, next, permissions);
    }
}

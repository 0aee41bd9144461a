package org.xenolith.device;

import java.util.ArrayList;
import java.util.List;

/**
 * Who may do what with a node of the XenStore: its first entry names the owner, who may do everything, and what those may whom no other entry
 * names. Dom0 may do everything.
 *
 * @param entries at least one, such as {@code n0} or {@code r5}
 */
record StorePermissions(List<Entry> entries) {
    static final int READ = 1;
    static final int WRITE = 2;

    private static final int MOST_ENTRIES = 6;
    private static final int LARGEST_DOMAIN = 0x7fff;

    /** What domain {@code id} may do: {@link #READ}, {@link #WRITE}, both or neither. */
    record Entry(int id, int access) {
        /** Reads {@code n5}, {@code r5}, {@code w5} or {@code b5}. */
        static Entry parse(String text) {
            int access = text.isEmpty() ? -1 : "nrwb".indexOf(text.charAt(0));
            if (access < 0 || text.length() < 2 || text.length() > 6) {
                throw new StoreRefusal(StoreError.EINVAL, "permission " + text);
            }
            int id = 0;
            for (int i = 1; i < text.length(); i++) {
                int digit = text.charAt(i) - '0';
                if (digit < 0 || digit > 9) {
                    throw new StoreRefusal(StoreError.EINVAL, "permission " + text);
                }
                id = 10 * id + digit;
            }
            if (id > LARGEST_DOMAIN) {
                throw new StoreRefusal(StoreError.EINVAL, "permission " + text);
            }
            return new Entry(id, access);
        }

        @Override
        public String toString() {
            return "nrwb".charAt(access) + String.valueOf(id);
        }
    }

    /** Copies the entries. */
    StorePermissions {
        entries = List.copyOf(entries);
    }

    /** Reads such texts as {@code n0}, {@code r5}. */
    static StorePermissions parse(List<String> texts) {
        if (texts.isEmpty()) {
            throw new StoreRefusal(StoreError.EINVAL, "no permissions");
        }
        if (texts.size() > MOST_ENTRIES) {
            throw new StoreRefusal(StoreError.ENOSPC, texts.size() + " permissions");
        }
        List<Entry> entries = new ArrayList<>();
        for (String text : texts) {
            entries.add(Entry.parse(text));
        }
        return new StorePermissions(entries);
    }

    int owner() {
        return entries.get(0).id;
    }

    /** The same with another owner. */
    StorePermissions ownedBy(int id) {
        List<Entry> next = new ArrayList<>(entries);
        next.set(0, new Entry(id, entries.get(0).access));
        return new StorePermissions(next);
    }

    /** Whether {@code domain} may do all of {@code access}. */
    boolean allow(int domain, int access) {
        if (domain == XenStore.DOM0 || domain == owner()) {
            return true;
        }
        for (int i = 1; i < entries.size(); i++) {
            if (entries.get(i).id == domain) {
                return (entries.get(i).access & access) == access;
            }
        }
        return (entries.get(0).access & access) == access;
    }
}

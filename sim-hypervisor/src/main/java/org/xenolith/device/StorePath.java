package org.xenolith.device;

/** Paths of the XenStore: names of letters, digits and {@code -_@}, behind slashes. */
final class StorePath {
    private static final int LONGEST_ABSOLUTE = 3072;
    private static final int LONGEST_RELATIVE = 2048;

    private StorePath() {}

    /** Where the relative paths of {@code domain} begin. */
    static String home(int domain) {
        return "/local/domain/" + domain;
    }

    /** The absolute path that {@code domain} means by {@code path}. */
    static String absolute(String path, int domain) {
        boolean isAbsolute = path.startsWith("/") || path.startsWith("@");
        if (path.isEmpty()
                || path.length() > (isAbsolute ? LONGEST_ABSOLUTE : LONGEST_RELATIVE)
                || path.length() > 1 && path.endsWith("/")
                || path.contains("//")) {
            throw new StoreRefusal(StoreError.EINVAL, "path");
        }
        for (int i = 0; i < path.length(); i++) {
            if (!isAllowed(path.charAt(i))) {
                throw new StoreRefusal(StoreError.EINVAL, "path");
            }
        }
        return isAbsolute ? path : home(domain) + "/" + path;
    }

    private static boolean isAllowed(char c) {
        return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || "-/_@".indexOf(c) >= 0;
    }

    /** The path above {@code path}, which is not the root. */
    static String parent(String path) {
        int slash = path.lastIndexOf('/');
        return slash <= 0 ? "/" : path.substring(0, slash);
    }

    /** The last name of {@code path}. */
    static String name(String path) {
        return path.substring(path.lastIndexOf('/') + 1);
    }

    static String child(String path, String name) {
        return path.equals("/") ? "/" + name : path + "/" + name;
    }

    /** Whether {@code path} is {@code above} or below it. */
    static boolean isWithin(String path, String above) {
        return path.startsWith(above)
                && (path.length() == above.length() || above.equals("/") || path.charAt(above.length()) == '/');
    }
}

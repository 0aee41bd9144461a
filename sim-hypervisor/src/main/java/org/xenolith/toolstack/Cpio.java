package org.xenolith.toolstack;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;

/**
 * Writes a cpio archive in the form that Linux unpacks as its first root file system ({@code newc}; Linux's
 * {@code Documentation/driver-api/early-userspace/buffer-format.rst}). All belongs to root and is of the year 1970, so the same
 * content is the same bytes.
 */
public final class Cpio {
    private static final int FOLDER = 0040755;
    private static final int FILE = 0100000;
    private static final int CHARACTER_DEVICE = 0020600;
    private static final int LINK = 0120777;

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private int inode;

    /** A folder, which must come before what is in it. */
    public Cpio folder(String path) {
        return entry(path, FOLDER, 0, 0, new byte[0]);
    }

    /** A file with these permissions. */
    public Cpio file(String path, int permissions, byte[] content) {
        return entry(path, FILE | permissions, 0, 0, content);
    }

    /** A character device, root's only. */
    public Cpio device(String path, int major, int minor) {
        return entry(path, CHARACTER_DEVICE, major, minor, new byte[0]);
    }

    /** A symbolic link. */
    public Cpio link(String path, String target) {
        return entry(path, LINK, 0, 0, target.getBytes(StandardCharsets.UTF_8));
    }

    /** The archive, with its end; nothing can be added to it. */
    public byte[] end() {
        inode = -1;
        return entry("TRAILER!!!", 0, 0, 0, new byte[0]).out.toByteArray();
    }

    private Cpio entry(String path, int mode, int major, int minor, byte[] content) {
        inode++;
        byte[] name = path.getBytes(StandardCharsets.UTF_8);
        int links = mode == FOLDER ? 2 : 1;
        int[] fields = {
            inode, mode, 0, 0, links, 0, content.length, 0, 0, major, minor, name.length + 1, 0,
        };
        StringBuilder header = new StringBuilder("070701");
        for (int field : fields) {
            header.append(String.format("%08X", field));
        }
        out.writeBytes(header.toString().getBytes(StandardCharsets.US_ASCII));
        out.writeBytes(name);
        out.write(0);
        pad();
        out.writeBytes(content);
        pad();
        return this;
    }

    private void pad() {
        while (out.size() % 4 != 0) {
            out.write(0);
        }
    }
}

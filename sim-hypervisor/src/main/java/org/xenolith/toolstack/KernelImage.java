package org.xenolith.toolstack;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import org.xenolith.engine.InputException;
import org.xenolith.machine.LittleEndian;

/**
 * A kernel that can be started as a guest: an ELF executable with Xen's notes. A bzImage is unpacked here, as Xen's
 * toolstack does, not by the code in it, which would cost the guest billions of instructions. Layout of the bzImage: Linux's
 * {@code Documentation/x86/boot.rst}.
 */
public final class KernelImage {
    /** Largest kernel, unpacked. */
    private static final int MOST_BYTES = 512 << 20;

    private static final int SECTOR = 512;
    private static final int SETUP_SECTS = 0x1f1;
    private static final int DEFAULT_SETUP_SECTS = 4;
    private static final int MAGIC = 0x202;
    private static final int MAGIC_HDRS = 0x53726448;
    private static final int VERSION = 0x206;

    /** First version of the boot protocol that says where the payload is. */
    private static final int VERSION_PAYLOAD = 0x208;

    private static final int PAYLOAD_OFFSET = 0x248;
    private static final int PAYLOAD_LENGTH = 0x24c;
    private static final int HEADER_END = 0x250;

    private final String name;
    private final ElfFile elf;
    private final XenNotes notes;

    private KernelImage(String name, ElfFile elf) {
        this.name = name;
        this.elf = elf;
        this.notes = new XenNotes(elf, name);
    }

    /**
     * Reads a kernel: a vmlinux, packed or not, or a bzImage (a vmlinuz).
     *
     * @throws InputException if it is not there, or is no kernel, or none for Xen
     */
    public static KernelImage load(Path file) {
        try {
            if (Files.isDirectory(file)) {
                throw new InputException(file + ": is a folder; give a kernel, a vmlinux or a bzImage");
            }
            if (Files.size(file) > MOST_BYTES) {
                throw new InputException(file + ": is larger than " + (MOST_BYTES >> 20)
                        + " MiB; give a kernel, a vmlinux or a bzImage");
            }
            return of(Files.readAllBytes(file), file.toString());
        } catch (NoSuchFileException e) {
            throw new InputException(file + ": no such file; give a kernel, a vmlinux or a bzImage", e);
        } catch (IOException e) {
            throw new InputException(file + ": cannot be read: " + e.getMessage(), e);
        }
    }

    /**
     * A kernel of these bytes, which are kept.
     *
     * @param name its name in refusals
     * @throws InputException as {@link #load}
     */
    public static KernelImage of(byte[] bytes, String name) {
        return new KernelImage(name, ElfFile.parse(unpacked(bytes, name), name));
    }

    private static byte[] unpacked(byte[] bytes, String name) {
        if (ElfFile.isElf(bytes)) {
            return bytes;
        }
        if (bytes.length >= HEADER_END && LittleEndian.get32(bytes, MAGIC) == MAGIC_HDRS) {
            return payload(bytes, name);
        }
        Compression compression = Compression.of(bytes, 0);
        if (compression == null) {
            throw new InputException(name + ": is no kernel; give a vmlinux or a bzImage");
        }
        try {
            return compression.unpackAll(bytes, MOST_BYTES);
        } catch (IOException e) {
            throw damaged(name, "", compression, e);
        }
    }

    private static byte[] payload(byte[] bytes, String name) {
        int version = LittleEndian.get16(bytes, VERSION);
        if (version < VERSION_PAYLOAD) {
            throw new InputException(name + ": is a bzImage of boot protocol " + (version >> 8) + "." + (version & 0xff)
                    + ", which does not say where the kernel in it is; give its vmlinux");
        }
        int setup = bytes[SETUP_SECTS] & 0xff;
        long code = SECTOR * (1L + (setup == 0 ? DEFAULT_SETUP_SECTS : setup));
        long from = code + (LittleEndian.get32(bytes, PAYLOAD_OFFSET) & 0xffffffffL);
        long length = LittleEndian.get32(bytes, PAYLOAD_LENGTH) & 0xffffffffL;
        if (length < 8 || from + length > bytes.length) {
            throw new InputException(name + ": is cut off: the kernel in it is " + length + " bytes from byte " + from
                    + " on, the file has " + bytes.length + "; get the file again");
        }
        int start = (int) from;
        if (ElfFile.isElf(Arrays.copyOfRange(bytes, start, start + 4))) {
            return Arrays.copyOfRange(bytes, start, start + (int) length);
        }
        Compression compression = Compression.of(bytes, start);
        if (compression == null) {
            throw new InputException(String.format(
                    "%s: the kernel in it is compressed in an unknown way (it begins %08x); give its vmlinux, as Linux's"
                            + " extract-vmlinux makes it",
                    name, Integer.reverseBytes(LittleEndian.get32(bytes, start))));
        }
        // Whatever packs it, the last word is the size of what was packed.
        long size = LittleEndian.get32(bytes, start + (int) length - 4) & 0xffffffffL;
        if (size > MOST_BYTES) {
            throw new InputException(name + ": the kernel in it says to be " + size + " bytes, more than "
                    + (MOST_BYTES >> 20) + " MiB; get the file again");
        }
        try {
            return compression.unpack(bytes, start, (int) length, (int) size);
        } catch (IOException e) {
            throw damaged(name, "the kernel in it, ", compression, e);
        }
    }

    private static InputException damaged(String name, String what, Compression compression, IOException e) {
        String why = e.getMessage() == null ? "is damaged" : e.getMessage().replace('\n', ' ');
        return new InputException(
                name + ": " + what + "packed with " + compression.name().toLowerCase(Locale.ROOT)
                        + ", cannot be unpacked: " + why + "; get the file again",
                e);
    }

    /** The executable, unpacked; not to be changed. */
    public byte[] vmlinux() {
        return elf.bytes();
    }

    /** Its name, for refusals. */
    String name() {
        return name;
    }

    /** The executable. */
    ElfFile elf() {
        return elf;
    }

    /** What it says to a domain builder. */
    XenNotes notes() {
        return notes;
    }

    /** Whether it can start as a PV guest. */
    public boolean startsPv() {
        return notes.entry().isPresent();
    }

    /** Whether it can start as a PVH guest. */
    public boolean startsPvh() {
        return notes.phys32Entry().isPresent();
    }
}

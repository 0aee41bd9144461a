package org.xenolith.toolstack;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.xenolith.engine.InputException;

/**
 * A 64-bit x86 executable in the Executable and Linking Format, as far as a domain builder looks into it: what is loaded
 * where, and the notes. Format: System V ABI, chapters 4 and 5, with the AMD64 supplement. No offset in it is trusted.
 */
final class ElfFile {
    private static final int HEADER = 64;
    private static final int PROGRAM_HEADER = 56;
    private static final int CLASS_64 = 2;
    private static final int LITTLE_ENDIAN = 1;
    private static final int EXECUTABLE = 2;
    private static final int MOVABLE_EXECUTABLE = 3;
    private static final int X86_64 = 62;
    private static final int PT_LOAD = 1;
    private static final int PT_INTERPRETER = 3;
    private static final int PT_NOTE = 4;
    private static final int NOTE_HEADER = 12;
    private static final int MOST_NOTES = 1000;

    private final String name;
    private final byte[] bytes;
    private final ByteBuffer view;
    private final long entry;
    private final List<Segment> segments = new ArrayList<>();
    private final List<Segment> noteSegments = new ArrayList<>();
    private boolean interpreted;

    /**
     * What is loaded together.
     *
     * @param offset where its bytes are in the file
     * @param fileSize how many there are; they lie in the file
     * @param virtual where the program expects it, a linear address
     * @param physical where it is loaded, a physical address
     * @param memorySize its size in memory, not less than {@code fileSize}; the rest is zeroes
     */
    record Segment(int offset, int fileSize, long virtual, long physical, long memorySize) {}

    /** A note: its owner, its type by that owner's count, and where in the file its description is. */
    record Note(String owner, int type, int offset, int size) {}

    private ElfFile(byte[] bytes, String name) {
        this.name = name;
        this.bytes = bytes;
        this.view = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        if (!isElf(bytes)) {
            throw refuse("is no ELF file; give an unpacked vmlinux or a bzImage");
        }
        if (bytes.length < HEADER) {
            throw refuse("is cut off inside the ELF header; get the file again");
        }
        if (bytes[4] != CLASS_64
                || bytes[5] != LITTLE_ENDIAN
                || (view.getShort(16) != EXECUTABLE && view.getShort(16) != MOVABLE_EXECUTABLE)
                || view.getShort(18) != X86_64) {
            throw refuse("is no executable for x86-64; give one built for it");
        }
        entry = view.getLong(24);
        readProgramHeaders();
        if (segments.isEmpty()) {
            throw refuse("has nothing to load; give an executable that has");
        }
    }

    /**
     * Reads an executable; {@code bytes} are kept, not copied.
     *
     * @param name its name in refusals
     * @throws InputException if it is none, or an offset in it leads out of it
     */
    static ElfFile parse(byte[] bytes, String name) {
        return new ElfFile(bytes, name);
    }

    /** Whether {@code bytes} begin as an ELF file does. */
    static boolean isElf(byte[] bytes) {
        return bytes.length >= 4 && bytes[0] == 0x7f && bytes[1] == 'E' && bytes[2] == 'L' && bytes[3] == 'F';
    }

    /** The entry point of the header, a linear address. */
    long entry() {
        return entry;
    }

    /** What is loaded, in the order of the file. */
    List<Segment> segments() {
        return List.copyOf(segments);
    }

    /** Whether it needs a program of the system's to be loaded, as one that uses shared libraries does. */
    boolean interpreted() {
        return interpreted;
    }

    /**
     * The notes, in the order of the file.
     *
     * @throws InputException if one leads out of its segment
     */
    List<Note> notes() {
        List<Note> notes = new ArrayList<>();
        for (Segment segment : noteSegments) {
            readNotes(segment.offset, segment.offset + segment.fileSize, notes);
        }
        return notes;
    }

    /** The file. */
    byte[] bytes() {
        return bytes;
    }

    private void readProgramHeaders() {
        long table = view.getLong(32);
        int size = view.getShort(54) & 0xffff;
        int count = view.getShort(56) & 0xffff;
        if (count > 0 && size < PROGRAM_HEADER) {
            throw refuse("has program headers of " + size + " bytes, 56 are needed; get the file again");
        }
        for (int i = 0; i < count; i++) {
            int at = (int) checked(table + (long) i * size, PROGRAM_HEADER, "program header", i);
            int type = view.getInt(at);
            long offset = view.getLong(at + 8);
            long fileSize = view.getLong(at + 32);
            long memorySize = view.getLong(at + 40);
            if (type == PT_LOAD || type == PT_NOTE) {
                checked(offset, fileSize, "segment", i);
                if (Long.compareUnsigned(memorySize, fileSize) < 0) {
                    throw refuse("segment " + i + " has more bytes in the file than in memory; get the file again");
                }
                (type == PT_LOAD ? segments : noteSegments)
                        .add(new Segment(
                                (int) offset,
                                (int) fileSize,
                                view.getLong(at + 16),
                                view.getLong(at + 24),
                                memorySize));
            } else if (type == PT_INTERPRETER) {
                interpreted = true;
            }
        }
    }

    /** Notes stand one behind the other, name and description each padded to 4 bytes. */
    private void readNotes(int from, int to, List<Note> notes) {
        long at = from;
        while (at + NOTE_HEADER <= to) {
            long nameSize = view.getInt((int) at) & 0xffffffffL;
            long size = view.getInt((int) at + 4) & 0xffffffffL;
            int type = view.getInt((int) at + 8);
            long description = at + NOTE_HEADER + padded(nameSize);
            if (description + size > to) {
                throw refuse("a note at byte " + at + " leads out of its segment; get the file again");
            }
            if (notes.size() == MOST_NOTES) {
                throw refuse("has more than " + MOST_NOTES + " notes; give a kernel");
            }
            notes.add(new Note(text((int) at + NOTE_HEADER, (int) nameSize), type, (int) description, (int) size));
            at = description + padded(size);
        }
    }

    private static long padded(long size) {
        return size + 3 & ~3L;
    }

    /** The text in {@code size} bytes at {@code offset}, up to a byte of zero if there is one. */
    String text(int offset, int size) {
        int length = 0;
        while (length < size && bytes[offset + length] != 0) {
            length++;
        }
        return new String(Arrays.copyOfRange(bytes, offset, offset + length), StandardCharsets.ISO_8859_1);
    }

    private long checked(long offset, long size, String what, int number) {
        if (offset < 0 || size < 0 || offset > bytes.length || size > bytes.length - offset) {
            throw refuse("is cut off: " + what + " " + number + " has " + Long.toUnsignedString(size)
                    + " bytes from byte " + Long.toUnsignedString(offset) + " on, the file has " + bytes.length
                    + "; get the file again");
        }
        return offset;
    }

    private InputException refuse(String what) {
        return new InputException(name + ": " + what);
    }
}

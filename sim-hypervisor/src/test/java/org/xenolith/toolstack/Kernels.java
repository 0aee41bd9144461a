package org.xenolith.toolstack;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** Small kernels for tests: ELF files with what a domain builder looks at, and bzImages around them. */
final class Kernels {
    static final long VIRT_BASE = 0xffffffff80000000L;
    static final int LOADED_AT = 0x1000000;
    static final int ENTRY = LOADED_AT + 0x20;
    static final int CODE = 0x1234;

    private final List<byte[]> notes = new ArrayList<>();
    private long memorySize = 0x3000;

    /** A kernel with the notes of a stock Linux. */
    static byte[] linux() {
        return new Kernels()
                .note(1, number(8, VIRT_BASE + ENTRY))
                .note(3, number(8, VIRT_BASE))
                .note(6, "linux\0".getBytes(StandardCharsets.US_ASCII))
                .note(15, number(8, 0x8000000000L))
                .note(16, number(4, 1))
                .note(18, number(8, ENTRY))
                .bytes();
    }

    static byte[] number(int size, long value) {
        byte[] bytes = new byte[size];
        for (int i = 0; i < size; i++) {
            bytes[i] = (byte) (value >> 8 * i);
        }
        return bytes;
    }

    Kernels note(int type, byte[] description) {
        return note("Xen", type, description);
    }

    Kernels note(String owner, int type, byte[] description) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.writeBytes(number(4, owner.length() + 1));
        out.writeBytes(number(4, description.length));
        out.writeBytes(number(4, type));
        pad(out, (owner + "\0").getBytes(StandardCharsets.US_ASCII));
        pad(out, description);
        notes.add(out.toByteArray());
        return this;
    }

    Kernels memorySize(long size) {
        memorySize = size;
        return this;
    }

    private static void pad(ByteArrayOutputStream out, byte[] bytes) {
        out.writeBytes(bytes);
        out.writeBytes(new byte[-bytes.length & 3]);
    }

    /** One segment of {@link #CODE} bytes, each the low byte of its offset, and the notes. */
    byte[] bytes() {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        notes.forEach(all::writeBytes);
        int noteOffset = 0x1000 + CODE;
        ByteBuffer elf = ByteBuffer.allocate(noteOffset + all.size()).order(ByteOrder.LITTLE_ENDIAN);
        elf.put(new byte[] {0x7f, 'E', 'L', 'F', 2, 1, 1}).position(16);
        elf.putShort((short) 2).putShort((short) 62).putInt(1).putLong(ENTRY).putLong(64);
        elf.putLong(0).putInt(0).putShort((short) 64).putShort((short) 56).putShort((short) 2);
        elf.position(64);
        elf.putInt(1).putInt(7).putLong(0x1000).putLong(VIRT_BASE + LOADED_AT).putLong(LOADED_AT);
        elf.putLong(CODE).putLong(memorySize).putLong(0x1000);
        elf.putInt(4).putInt(0).putLong(noteOffset).putLong(0).putLong(0);
        elf.putLong(all.size()).putLong(all.size()).putLong(4);
        for (int i = 0; i < CODE; i++) {
            elf.put(0x1000 + i, (byte) i);
        }
        elf.position(noteOffset);
        elf.put(all.toByteArray());
        return elf.array();
    }

    /** A bzImage of boot protocol 2.15 with this payload. */
    static byte[] bzImage(byte[] payload) {
        int code = 512 * 3;
        ByteBuffer image =
                ByteBuffer.allocate(code + 0x100 + payload.length + 64).order(ByteOrder.LITTLE_ENDIAN);
        image.put(0x1f1, (byte) 2);
        image.putInt(0x202, 0x53726448).putShort(0x206, (short) 0x20f);
        image.putInt(0x248, 0x100).putInt(0x24c, payload.length);
        image.position(code + 0x100);
        image.put(payload);
        return image.array();
    }

    /** A payload as Linux's build makes it: packed, with the unpacked size behind it. */
    static byte[] withSize(byte[] packed, int size) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.writeBytes(packed);
        out.writeBytes(number(4, size));
        return out.toByteArray();
    }
}

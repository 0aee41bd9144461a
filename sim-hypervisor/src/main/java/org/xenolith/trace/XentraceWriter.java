package org.xenolith.trace;

import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Arrays;

/**
 * Writes records in the binary form of {@code xentrace}.
 *
 * <p>Records gather in one buffer per pCPU. When one is full, all are written out as windows in ascending order of pCPU,
 * as {@code xentrace} does in one pass over Xen's buffers, so that a reader can merge them by time with little memory.
 * The memory used is some 64 KiB per pCPU.
 *
 * <p>A pCPU-change record handed in, as {@link XentraceReader} yields it, is written as it stands, and so is what
 * follows until its window is full: reading a file and writing it back gives the same bytes.
 */
public final class XentraceWriter implements TraceWriter {
    private static final VarHandle INT = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
    private static final int BUFFER_BYTES = 1 << 16;
    private static final int LONGEST_RECORD = 12 + 4 * TraceRecord.MAX_WORDS;

    private final OutputStream out;
    private final String name;
    private final byte[] scratch = new byte[LONGEST_RECORD];
    private byte[][] buffers = new byte[4][];
    private int[] used = new int[4];
    /** Bytes still to come of a window that a pCPU-change record has announced. */
    private long announced;

    private XentraceWriter(OutputStream out, String name) {
        this.out = out;
        this.name = name;
    }

    /** Creates or replaces {@code file}, compressed if its name ends in {@code .xz}, {@code .gz} or {@code .zst}. */
    public static XentraceWriter create(Path file) {
        try {
            return new XentraceWriter(TraceFiles.create(file), file.toString());
        } catch (IOException e) {
            throw TraceFiles.failure(file.toString(), e);
        }
    }

    /** Writes to a stream of the caller's, which {@link #close} closes; {@code name} stands for it in messages. */
    public static XentraceWriter to(OutputStream out, String name) {
        return new XentraceWriter(out, name);
    }

    /**
     * Takes one record.
     *
     * @throws UncheckedIOException if it cannot be written
     * @throws IllegalArgumentException if it does not fit the window announced by the last pCPU-change record
     */
    @Override
    public void accept(TraceRecord record) {
        if (record.event == TraceEvent.Gen.CPU_CHANGE) {
            if (announced > 0) {
                throw new IllegalArgumentException(announced + " bytes of the last window are missing");
            }
            writePass();
            announced = Integer.toUnsignedLong(record.word[1]);
            write(scratch, encode(record, scratch, 0));
        } else if (announced > 0) {
            int size = encode(record, scratch, 0);
            if (size > announced) {
                throw new IllegalArgumentException("a record of " + size + " bytes with " + announced + " bytes left");
            }
            announced -= size;
            write(scratch, size);
        } else {
            gather(record);
        }
    }

    private void gather(TraceRecord record) {
        int cpu = record.cpu;
        if (cpu < 0 || cpu >= XentraceReader.MAX_CPUS) {
            throw new IllegalArgumentException("pCPU " + cpu);
        }
        if (cpu >= buffers.length) {
            buffers = Arrays.copyOf(buffers, Math.max(cpu + 1, 2 * buffers.length));
            used = Arrays.copyOf(used, buffers.length);
        }
        if (buffers[cpu] == null) {
            buffers[cpu] = new byte[BUFFER_BYTES];
        }
        used[cpu] += encode(record, buffers[cpu], used[cpu]);
        if (used[cpu] > BUFFER_BYTES - LONGEST_RECORD) {
            writePass();
        }
    }

    /** Writes what has gathered, one window per pCPU in ascending order. */
    private void writePass() {
        for (int cpu = 0; cpu < buffers.length; cpu++) {
            if (used[cpu] > 0) {
                INT.set(scratch, 0, XentraceReader.CPU_CHANGE_HEADER);
                INT.set(scratch, 4, cpu);
                INT.set(scratch, 8, used[cpu]);
                write(scratch, XentraceReader.CPU_CHANGE_BYTES);
                write(buffers[cpu], used[cpu]);
                used[cpu] = 0;
            }
        }
    }

    /** Encodes {@code record} at {@code at} and returns its length in bytes. */
    private static int encode(TraceRecord record, byte[] into, int at) {
        int from = at;
        INT.set(into, at, record.event | (record.words << 28) | (record.hasTsc ? 1 << 31 : 0));
        at += 4;
        if (record.hasTsc) {
            INT.set(into, at, (int) record.tsc);
            INT.set(into, at + 4, (int) (record.tsc >>> 32));
            at += 8;
        }
        for (int i = 0; i < record.words; i++) {
            INT.set(into, at, record.word[i]);
            at += 4;
        }
        return at - from;
    }

    private void write(byte[] bytes, int length) {
        try {
            out.write(bytes, 0, length);
        } catch (IOException e) {
            throw TraceFiles.failure(name, e);
        }
    }

    /** Writes what has gathered and closes the file. */
    @Override
    public void close() {
        try (out) {
            writePass();
        } catch (IOException e) {
            throw TraceFiles.failure(name, e);
        }
    }
}

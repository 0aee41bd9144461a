package org.xenolith.trace;

import com.github.luben.zstd.ZstdIOException;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.xenolith.engine.InputException;

/**
 * Reads the file that {@code xentrace} writes, in the order of the file, every record as it stands: also the pCPU
 * changes and the padding, so that a writer can repeat the file exactly.
 *
 * <p>The file is a row of windows. Each begins with a pCPU-change record that names the pCPU and the bytes of the window
 * that follow. A record is a header word (event in bits 0-27, number of payload words in 28-30, "has a time stamp" in
 * 31), the time stamp where there is one (low word first), and the payload; all little-endian. The order of records
 * holds within a pCPU only; {@link MergedReader} sorts by time.
 *
 * <p>Memory is constant whatever the length of the file. A file that ends within a window is read as far as it goes, with
 * a remark; bytes that cannot be a trace are refused.
 */
public final class XentraceReader implements TraceReader {
    /** pCPU numbers from here on are taken for garbage: Xen itself is built for at most 4095. */
    public static final int MAX_CPUS = 4096;

    /** Header of a pCPU-change record: its event, two words, no time stamp. */
    static final int CPU_CHANGE_HEADER = TraceEvent.Gen.CPU_CHANGE | (2 << 28);

    static final int CPU_CHANGE_BYTES = 12;

    private static final VarHandle INT = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
    private static final int BUFFER_BYTES = 1 << 16;

    private final Path file;
    private final InputStream in;
    private final byte[] buffer = new byte[BUFFER_BYTES];
    private int position;
    private int limit;
    private long bufferOffset;
    private boolean inputEnded;

    private int cpu = -1;
    private long windowLeft;
    private long windowBytes;
    private boolean ended;
    private long[] lastTsc = new long[4];

    private long lostRecords;
    private long lostGaps;
    private long stepsBack;
    private String firstStepBack;
    private String earlyEnd;

    private XentraceReader(Path file, InputStream in) {
        this.file = file;
        this.in = in;
    }

    /**
     * Opens a trace; xz, gzip and zstd are unpacked on the way.
     *
     * @throws InputException if the file cannot be opened
     */
    public static XentraceReader open(Path file) {
        return new XentraceReader(file, TraceFiles.open(file));
    }

    /** Reads a trace from a stream of raw, uncompressed bytes; {@code name} stands for the file in messages. */
    public static XentraceReader of(InputStream in, String name) {
        return new XentraceReader(Path.of(name), in);
    }

    /** Bytes of the uncompressed trace read so far. */
    public long offset() {
        return bufferOffset + position;
    }

    /** The file that is read, for messages. */
    Path file() {
        return file;
    }

    @Override
    public boolean next(TraceRecord into) {
        if (ended) {
            return false;
        }
        if (windowLeft == 0) {
            return nextWindow(into);
        }
        if (!has(4)) {
            return endEarly();
        }
        int header = (int) INT.get(buffer, position);
        boolean stamped = header < 0;
        int words = (header >>> 28) & 7;
        int size = 4 + (stamped ? 8 : 0) + 4 * words;
        checkRecord(header, size);
        if (!has(size)) {
            return endEarly();
        }
        int at = position + 4;
        if (stamped) {
            long tsc = Integer.toUnsignedLong((int) INT.get(buffer, at)) | ((long) (int) INT.get(buffer, at + 4) << 32);
            at += 8;
            stamp(tsc);
        }
        into.cpu = cpu;
        into.event = header & 0x0fffffff;
        into.hasTsc = stamped;
        into.tsc = lastTsc[cpu];
        into.words = words;
        for (int i = 0; i < words; i++) {
            into.word[i] = (int) INT.get(buffer, at);
            at += 4;
        }
        Arrays.fill(into.word, words, TraceRecord.MAX_WORDS, 0);
        position += size;
        windowLeft -= size;
        if (into.event == TraceEvent.Gen.LOST_RECORDS && words > 0) {
            lostGaps++;
            lostRecords += Integer.toUnsignedLong(into.word[0]);
        }
        return true;
    }

    private boolean nextWindow(TraceRecord into) {
        if (!has(4)) {
            if (offset() == 0 && limit == position) {
                throw new InputException(file + ": is empty; a Xen trace was expected");
            }
            return limit == position ? endWell() : endEarly();
        }
        int header = (int) INT.get(buffer, position);
        if (header != CPU_CHANGE_HEADER) {
            String found =
                    String.format("found 0x%08x where a pCPU change (0x%08x) must stand", header, CPU_CHANGE_HEADER);
            if (offset() == 0 && LinuxSchedReader.recognises(buffer, limit)) {
                throw new InputException(
                        file + ": is no Xen trace but a Linux scheduling trace; its tasks run in a domain with"
                                + " guest: {workload: linux-trace, file: ...}");
            }
            throw refusal(
                    offset() == 0
                            ? "not a Xen trace: " + found + "; record one with xentrace -D -e all FILE"
                            : "damaged: " + found);
        }
        if (!has(CPU_CHANGE_BYTES)) {
            return endEarly();
        }
        int newCpu = (int) INT.get(buffer, position + 4);
        long bytes = Integer.toUnsignedLong((int) INT.get(buffer, position + 8));
        if (newCpu < 0 || newCpu >= MAX_CPUS) {
            throw refusal("pCPU " + newCpu + " is not within 0 to " + (MAX_CPUS - 1));
        }
        if ((bytes & 3) != 0) {
            throw refusal("a window of " + bytes + " bytes, which is no multiple of 4");
        }
        cpu = newCpu;
        windowBytes = bytes;
        windowLeft = bytes;
        if (cpu >= lastTsc.length) {
            lastTsc = Arrays.copyOf(lastTsc, Math.min(MAX_CPUS, Math.max(cpu + 1, 2 * lastTsc.length)));
        }
        into.cpu = cpu;
        into.event = TraceEvent.Gen.CPU_CHANGE;
        into.hasTsc = false;
        into.tsc = lastTsc[cpu];
        into.words = 2;
        Arrays.fill(into.word, 2, TraceRecord.MAX_WORDS, 0);
        into.word[0] = newCpu;
        into.word[1] = (int) bytes;
        position += CPU_CHANGE_BYTES;
        return true;
    }

    /** Xen records an event only if its class and its subclass were asked for, so neither can be nought. */
    private void checkRecord(int header, int size) {
        int eventClass = (header >>> 16) & 0xfff;
        if (Integer.bitCount(eventClass) != 1 || (header & 0xf000) == 0) {
            throw refusal(String.format("damaged: 0x%08x is no record header", header));
        }
        if ((header & 0x0fffffff) == TraceEvent.Gen.CPU_CHANGE) {
            throw refusal("damaged: a pCPU change inside the window of pCPU " + cpu);
        }
        if (size > windowLeft) {
            throw refusal(String.format(
                    "damaged: record 0x%08x of %d bytes goes past the end of its window, %d bytes on",
                    header, size, windowLeft));
        }
    }

    private void stamp(long tsc) {
        if (tsc < 0) {
            throw refusal(String.format("damaged: time stamp 0x%016x is out of range", tsc));
        }
        if (tsc < lastTsc[cpu]) {
            if (stepsBack++ == 0) {
                firstStepBack = "pCPU " + cpu + ", byte " + offset() + ", by " + (lastTsc[cpu] - tsc) + " cycles";
            }
        }
        lastTsc[cpu] = tsc;
    }

    private boolean endWell() {
        ended = true;
        return false;
    }

    private boolean endEarly() {
        if (cpu < 0) {
            throw refusal("ends within its first record; a Xen trace was expected");
        }
        ended = true;
        int rest = limit - position;
        earlyEnd = windowLeft > 0
                ? String.format(
                        "ends early at byte %d: the last window, of pCPU %d, lacks %d of its %d bytes",
                        offset() + rest, cpu, windowLeft - rest, windowBytes)
                : String.format("ends early at byte %d, within a pCPU change", offset() + rest);
        return false;
    }

    /** Whether {@code bytes} more bytes stand in the buffer, reading on where they do not. */
    private boolean has(int bytes) {
        return limit - position >= bytes || fill(bytes);
    }

    private boolean fill(int bytes) {
        System.arraycopy(buffer, position, buffer, 0, limit - position);
        bufferOffset += position;
        limit -= position;
        position = 0;
        while (limit < bytes && !inputEnded) {
            int got = read();
            if (got < 0) {
                inputEnded = true;
            } else {
                limit += got;
            }
        }
        return limit >= bytes;
    }

    private int read() {
        try {
            return in.read(buffer, limit, BUFFER_BYTES - limit);
        } catch (EOFException e) {
            return -1; // The compressed stream is cut off: the trace ends early, too.
        } catch (ZstdIOException e) {
            if (String.valueOf(e.getMessage()).contains("Truncated")) {
                return -1;
            }
            throw unreadable(e);
        } catch (IOException e) {
            throw unreadable(e);
        }
    }

    private InputException unreadable(IOException e) {
        String why = e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
        return new InputException(file + ": byte " + (bufferOffset + limit) + ": cannot be read on: " + why, e);
    }

    private InputException refusal(String what) {
        return new InputException(file + ": byte " + offset() + ": " + what);
    }

    /** Records that Xen says it lost, in the part read so far. */
    public long lostRecords() {
        return lostRecords;
    }

    @Override
    public List<String> remarks() {
        List<String> remarks = new ArrayList<>();
        if (lostGaps > 0) {
            remarks.add("Xen lost " + lostRecords + " records in " + lostGaps + " places; record with larger buffers");
        }
        if (stepsBack > 0) {
            remarks.add("time goes back within a pCPU " + stepsBack + " times, first at " + firstStepBack);
        }
        if (earlyEnd != null) {
            remarks.add(earlyEnd);
        }
        return remarks;
    }

    @Override
    public void close() {
        try {
            in.close();
        } catch (IOException e) {
            // Nothing was written, so nothing can be lost.
        }
    }
}

package org.xenolith.trace;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Reads a trace in the order of time across pCPUs, ties by pCPU number, without the pCPU changes and the padding.
 *
 * <p>{@code xentrace} writes in passes: it visits the pCPUs in ascending order and writes what each has recorded since
 * the pass before. So once a whole pass has been read, whatever is still to come was recorded after the pass before it
 * ended, and everything up to the latest time stamp of that earlier pass can be handed out. A pass ends where the pCPU
 * number does not rise. Memory is bounded by two passes, that is by the size of Xen's own buffers; where a file's
 * passes are larger than {@value #MOST_WORDS} words, records are handed out early and the order across pCPUs may suffer,
 * with a remark.
 *
 * <p>Time on a pCPU never goes back in what is handed out: a stamp before its predecessor is raised to it.
 */
public final class MergedReader implements TraceReader {
    private static final int MOST_WORDS = 1 << 25;

    private final XentraceReader reader;
    private final TraceRecord read = new TraceRecord();

    private RecordQueue[] queues = new RecordQueue[4];
    private int lastCpu = -1;
    private boolean ended;
    private long queuedWords;

    /** Latest stamp in the passes before the one that is being read, and in that one. */
    private long latestBefore = Long.MIN_VALUE;

    private long latest = Long.MIN_VALUE;
    /** Nothing still to be read is earlier than this. */
    private long horizon = Long.MIN_VALUE;

    /** The queue that served last, and the first instant at which another is due. */
    private RecordQueue current;

    private long othersDue = Long.MIN_VALUE;
    private int otherCpu;

    private long handedOut = Long.MIN_VALUE;
    private long disorders;

    private MergedReader(XentraceReader reader) {
        this.reader = reader;
    }

    /**
     * Opens a trace; xz, gzip and zstd are unpacked on the way.
     *
     * @throws org.xenolith.engine.InputException if the file cannot be opened
     */
    public static MergedReader open(Path file) {
        return new MergedReader(XentraceReader.open(file));
    }

    /** Sorts what {@code reader} has still to yield; closing this closes it. */
    public static MergedReader of(XentraceReader reader) {
        return new MergedReader(reader);
    }

    @Override
    public boolean next(TraceRecord into) {
        while (true) {
            if (current != null && !current.isEmpty() && isNext(current)) {
                return handOut(into);
            }
            choose();
            if (current != null && (ended || current.headTsc() <= horizon || queuedWords > MOST_WORDS)) {
                return handOut(into);
            }
            if (ended) {
                return false;
            }
            readOn();
        }
    }

    private boolean isNext(RecordQueue queue) {
        long tsc = queue.headTsc();
        return (tsc < othersDue || (tsc == othersDue && queue.cpu() < otherCpu))
                && (ended || tsc <= horizon || queuedWords > MOST_WORDS);
    }

    private boolean handOut(TraceRecord into) {
        queuedWords -= current.poll(into);
        if (into.tsc < handedOut) {
            disorders++;
        } else {
            handedOut = into.tsc;
        }
        return true;
    }

    /** Finds the queue with the earliest head, and when the next best is due. */
    private void choose() {
        current = null;
        long best = Long.MAX_VALUE;
        othersDue = Long.MAX_VALUE;
        otherCpu = Integer.MAX_VALUE;
        for (RecordQueue queue : queues) {
            if (queue == null || queue.isEmpty()) {
                continue;
            }
            long tsc = queue.headTsc();
            if (current == null || tsc < best) {
                if (current != null) {
                    othersDue = best;
                    otherCpu = current.cpu();
                }
                current = queue;
                best = tsc;
            } else if (tsc < othersDue) {
                othersDue = tsc;
                otherCpu = queue.cpu();
            }
        }
    }

    /** Reads up to the next window's beginning. */
    private void readOn() {
        current = null; // What comes may be earlier than the choice made before.
        while (reader.next(read)) {
            if (read.event == TraceEvent.Gen.CPU_CHANGE) {
                startWindow(read.cpu);
                return;
            }
            if (read.event != TraceEvent.Gen.WRAP_PADDING) {
                RecordQueue queue = queues[read.cpu];
                queuedWords += queue.add(read);
                latest = Math.max(latest, queue.lastTsc());
                if (queuedWords > MOST_WORDS) {
                    return;
                }
            }
        }
        ended = true;
    }

    private void startWindow(int cpu) {
        if (cpu <= lastCpu) {
            horizon = latestBefore;
            latestBefore = latest;
        }
        lastCpu = cpu;
        if (cpu >= queues.length) {
            queues = Arrays.copyOf(queues, Math.max(cpu + 1, 2 * queues.length));
        }
        if (queues[cpu] == null) {
            queues[cpu] = new RecordQueue(cpu);
        }
    }

    /** Records that Xen says it lost, in the part read so far. */
    public long lostRecords() {
        return reader.lostRecords();
    }

    @Override
    public List<String> remarks() {
        List<String> remarks = new ArrayList<>(reader.remarks());
        if (disorders > 0) {
            remarks.add(disorders + " records stand after later ones of another pCPU: the pCPUs' clocks differ");
        }
        return remarks;
    }

    @Override
    public void close() {
        reader.close();
    }
}

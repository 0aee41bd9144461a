package org.xenolith.engine;

import java.util.PriorityQueue;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** The hold model: take the earliest event, arm its owner's next one, with a fixed number of events pending. */
@State(Scope.Thread)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 3, time = 1)
@Fork(1)
public class EventQueueBench {
    private record Event(long time, long sequence, int owner) implements Comparable<Event> {
        @Override
        public int compareTo(Event other) {
            return time != other.time ? Long.compare(time, other.time) : Long.compare(sequence, other.sequence);
        }
    }

    @Param({"16", "64", "1024", "16384"})
    public int pending;

    private final EventQueue queue = new EventQueue();
    private final PriorityQueue<Event> records = new PriorityQueue<>();
    private long sequence;
    private long random = 88172645463325252L;

    private long delay() {
        random ^= random << 13;
        random ^= random >>> 7;
        random ^= random << 17;
        return random & 0xfffff;
    }

    @Setup
    public void fill() {
        for (int i = 0; i < pending; i++) {
            queue.arm(queue.allocate(), delay());
            records.add(new Event(delay(), ++sequence, i));
        }
    }

    @Benchmark
    public int tournament() {
        long now = queue.nextTime();
        int slot = queue.nextSlot();
        queue.arm(slot, now + delay());
        return slot;
    }

    @Benchmark
    public int tournamentPopThenArm() {
        long now = queue.nextTime();
        int slot = queue.pop();
        queue.arm(slot, now + delay());
        return slot;
    }

    @Benchmark
    public int priorityQueueOfRecords() {
        Event event = records.poll();
        records.add(new Event(event.time + delay(), ++sequence, event.owner));
        return event.owner;
    }
}

package org.xenolith.engine;

import java.util.HashMap;
import java.util.Map;
import java.util.PriorityQueue;

/** The slow twin of {@link EventQueue}, obviously right: a {@link PriorityQueue} of records. */
public final class SlowEventQueue {
    private record Event(long time, long sequence, int slot) implements Comparable<Event> {
        @Override
        public int compareTo(Event other) {
            return time != other.time ? Long.compare(time, other.time) : Long.compare(sequence, other.sequence);
        }
    }

    private final PriorityQueue<Event> pending = new PriorityQueue<>();
    private final Map<Integer, Event> bySlot = new HashMap<>();
    private long armings;

    /** As {@link EventQueue#arm}. */
    public void arm(int slot, long time) {
        cancel(slot);
        Event event = new Event(time, ++armings, slot);
        bySlot.put(slot, event);
        pending.add(event);
    }

    /** As {@link EventQueue#cancel}. */
    public void cancel(int slot) {
        Event event = bySlot.remove(slot);
        if (event != null) {
            pending.remove(event);
        }
    }

    /** As {@link EventQueue#timeOf}. */
    public long timeOf(int slot) {
        Event event = bySlot.get(slot);
        return event == null ? EventQueue.NEVER : event.time;
    }

    /** As {@link EventQueue#nextTime}. */
    public long nextTime() {
        return pending.isEmpty() ? EventQueue.NEVER : pending.peek().time;
    }

    /** As {@link EventQueue#pop}. */
    public int pop() {
        if (pending.isEmpty()) {
            return -1;
        }
        Event event = pending.poll();
        bySlot.remove(event.slot);
        return event.slot;
    }
}

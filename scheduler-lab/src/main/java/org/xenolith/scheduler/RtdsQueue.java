package org.xenolith.scheduler;

/**
 * Units of {@link Rtds} in the order of their priority, first in first out among equals. Priority counts when a unit is
 * inserted: one whose level changes on the queue keeps its place, as in Xen. Linked through the units, so nothing is allocated.
 */
final class RtdsQueue {
    /** Where a unit stands in a queue. */
    static final class Place {
        final RtdsUnit unit;

        /** The queue it is in, or null. */
        RtdsQueue queue;

        Place next;
        private Place previous;

        Place(RtdsUnit unit) {
            this.unit = unit;
        }
    }

    private final boolean byDeadlineAlone;
    private Place first;
    private Place last;

    /** A queue in order of priority, or only of deadlines. */
    RtdsQueue(boolean byDeadlineAlone) {
        this.byDeadlineAlone = byDeadlineAlone;
    }

    /** The first place, or null. */
    Place first() {
        return first;
    }

    boolean isEmpty() {
        return first == null;
    }

    /** Inserts a unit before the first one that is to come after it. */
    void insert(Place place) {
        Place at = first;
        while (at != null && !isBefore(place.unit, at.unit)) {
            at = at.next;
        }
        insertBefore(place, at);
    }

    private boolean isBefore(RtdsUnit a, RtdsUnit b) {
        return byDeadlineAlone ? a.deadline < b.deadline : a.isAheadOf(b);
    }

    /** Inserts a unit at the front, whatever its priority. */
    void push(Place place) {
        insertBefore(place, first);
    }

    private void insertBefore(Place place, Place at) {
        place.queue = this;
        place.next = at;
        place.previous = at == null ? last : at.previous;
        if (place.previous == null) {
            first = place;
        } else {
            place.previous.next = place;
        }
        if (at == null) {
            last = place;
        } else {
            at.previous = place;
        }
    }

    /** Takes a unit off the queue that it is in. */
    static void remove(Place place) {
        RtdsQueue queue = place.queue;
        if (place.previous == null) {
            queue.first = place.next;
        } else {
            place.previous.next = place.next;
        }
        if (place.next == null) {
            queue.last = place.previous;
        } else {
            place.next.previous = place.previous;
        }
        place.queue = null;
        place.next = null;
        place.previous = null;
    }
}

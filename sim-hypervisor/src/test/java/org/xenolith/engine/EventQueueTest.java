package org.xenolith.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tuple;

class EventQueueTest {
    private enum Kind {
        ALLOCATE,
        FREE,
        ARM,
        CANCEL,
        POP
    }

    private record Operation(Kind kind, int which, long time) {}

    @Property(tries = 500)
    void doesWhatItsSlowTwinDoes(@ForAll("operations") List<Operation> operations) {
        EventQueue fast = new EventQueue();
        SlowEventQueue slow = new SlowEventQueue();
        List<Integer> slots = new ArrayList<>();
        for (Operation operation : operations) {
            if (slots.isEmpty() || operation.kind == Kind.ALLOCATE) {
                int slot = fast.allocate();
                assertThat(slots).doesNotContain(slot);
                assertThat(fast.timeOf(slot)).isEqualTo(EventQueue.NEVER);
                slots.add(slot);
            }
            int index = operation.which % slots.size();
            int slot = slots.get(index);
            switch (operation.kind) {
                case ALLOCATE -> {}
                case FREE -> {
                    fast.free(slot);
                    slow.cancel(slot);
                    slots.remove(index);
                }
                case ARM -> {
                    fast.arm(slot, operation.time);
                    slow.arm(slot, operation.time);
                }
                case CANCEL -> {
                    fast.cancel(slot);
                    slow.cancel(slot);
                }
                case POP -> assertThat(fast.pop()).isEqualTo(slow.pop());
            }
            assertThat(fast.nextTime()).isEqualTo(slow.nextTime());
            for (int s : slots) {
                assertThat(fast.timeOf(s)).isEqualTo(slow.timeOf(s));
            }
        }
        while (slow.nextTime() != EventQueue.NEVER) {
            assertThat(fast.pop()).isEqualTo(slow.pop());
        }
        assertThat(fast.pop()).isEqualTo(-1);
    }

    @Provide
    Arbitrary<List<Operation>> operations() {
        // Few different times, so that ties are common; many slots, so that the tournament grows.
        Arbitrary<Kind> kinds = Arbitraries.frequency(
                Tuple.of(3, Kind.ALLOCATE),
                Tuple.of(1, Kind.FREE),
                Tuple.of(8, Kind.ARM),
                Tuple.of(2, Kind.CANCEL),
                Tuple.of(4, Kind.POP));
        Arbitrary<Long> times = Arbitraries.oneOf(
                Arbitraries.longs().between(0, 5), Arbitraries.longs().between(0, EventQueue.NEVER - 1));
        return Combinators.combine(kinds, Arbitraries.integers().between(0, 1000), times)
                .as(Operation::new)
                .list()
                .ofMaxSize(150);
    }

    @Example
    void eventsOfOneInstantComeInTheOrderInWhichTheyWereArmed() {
        EventQueue queue = new EventQueue();
        int a = queue.allocate();
        int b = queue.allocate();
        int c = queue.allocate();
        queue.arm(c, 7);
        queue.arm(a, 7);
        queue.arm(b, 7);
        queue.arm(c, 7); // armed again, so last
        assertThat(List.of(queue.pop(), queue.pop(), queue.pop())).containsExactly(a, b, c);
    }

    @Example
    void refusesTimesThatAreNone() {
        EventQueue queue = new EventQueue();
        int slot = queue.allocate();
        assertThatThrownBy(() -> queue.arm(slot, -1)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> queue.arm(slot, EventQueue.NEVER)).isInstanceOf(IllegalArgumentException.class);
    }
}

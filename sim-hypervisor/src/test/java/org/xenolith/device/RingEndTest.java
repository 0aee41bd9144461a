package org.xenolith.device;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayDeque;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.xenolith.hypervisor.FlatMemory;

class RingEndTest {
    private static final int ENTRY = 112;

    private final FlatMemory memory = new FlatMemory(FlatMemory.FRAME);
    private final RingEnd front = RingEnd.front(memory, 0, ENTRY);
    private final RingEnd back = RingEnd.back(memory, 0, ENTRY);

    @Test
    void hasTheSizesOfXensRings() {
        assertThat(front.size()).isEqualTo(32);
        assertThat(RingEnd.front(memory, 0, NetRing.SEND_ENTRY).size()).isEqualTo(256);
        assertThat(RingEnd.front(memory, 0, NetRing.RECEIVE_ENTRY).size()).isEqualTo(256);
    }

    @Test
    void liesInMemoryAsTheAbiHasIt() {
        for (int i = 0; i < 3; i++) {
            memory.put32(front.add(), 100 + i);
        }
        front.publish();
        back.take();
        back.wish();
        memory.put32(back.add(), 7);
        back.publish();
        assertThat(memory.get32(0)).as("req_prod").isEqualTo(3);
        assertThat(memory.get32(4)).as("req_event").isEqualTo(2);
        assertThat(memory.get32(8)).as("rsp_prod").isEqualTo(1);
        assertThat(memory.get32(12)).as("rsp_event").isEqualTo(1);
        assertThat(memory.get32(64))
                .as("the response is in the request's place")
                .isEqualTo(7);
        assertThat(memory.get32(64 + 2 * ENTRY)).as("third request").isEqualTo(102);
    }

    @Test
    void refusesToOverflow() {
        for (int i = 0; i < 32; i++) {
            front.add();
        }
        assertThatThrownBy(front::add).isInstanceOf(IllegalStateException.class).hasMessageContaining("overflows");
        assertThatThrownBy(back::add).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(back::take).isInstanceOf(IllegalStateException.class);
    }

    /** Requests and responses in any order come through, each once and in order, also where indices wrap round. */
    @Property(tries = 300)
    void nothingIsLostOrTwice(@ForAll @Size(max = 400) @IntRange(max = 3) int[] steps) {
        FlatMemory page = new FlatMemory(FlatMemory.FRAME);
        RingEnd one = RingEnd.front(page, 0, ENTRY);
        RingEnd other = RingEnd.back(page, 0, ENTRY);
        ArrayDeque<Integer> asked = new ArrayDeque<>();
        ArrayDeque<Integer> taken = new ArrayDeque<>();
        int next = 0;
        int answers = 0;
        for (int step : steps) {
            if (step == 0 && one.room() > 0) {
                page.put32(one.add(), next);
                one.publish();
                asked.add(next++);
            } else if (step == 1 && other.waiting() > 0) {
                int request = page.get32(other.take());
                assertThat(request).isEqualTo(asked.remove());
                taken.add(request);
            } else if (step == 2 && other.room() > 0) {
                page.put32(other.add(), -taken.remove());
                other.publish();
            } else if (step == 3 && one.waiting() > 0) {
                assertThat(page.get32(one.take())).isEqualTo(-answers++);
            }
            assertThat(one.room()).isEqualTo(32 - (next - answers));
            assertThat(other.room()).isEqualTo(taken.size());
            assertThat(other.waiting()).isEqualTo(asked.size());
        }
    }

    /** How the two ends are written: as they should be, or wrong. */
    enum Variant {
        RIGHT,
        NO_SECOND_LOOK,
        NO_WISH,
        WISH_OF_WHAT_IS_PAST,
        CHECKS_BEFORE_SHOWING
    }

    /** In every order of the steps of the two ends, the consumer ends with all messages; a wrong variant sleeps for ever in some. */
    @ParameterizedTest
    @EnumSource(Variant.class)
    void noWakeUpIsLostInAnyOrder(Variant variant) {
        int[] found = search(variant);
        assertThat(found[0]).as("orders").isGreaterThan(100);
        if (variant == Variant.RIGHT) {
            assertThat(found[1]).as("hangs").isZero();
            assertThat(found[2]).as("events spared").isPositive();
        } else {
            assertThat(found[1]).as("hangs").isPositive();
        }
    }

    /** Runs all orders: how many, in how many the consumer hangs, and in how many an event was spared. */
    private static int[] search(Variant variant) {
        int[] found = new int[3];
        search(variant, new boolean[64], 0, found);
        return found;
    }

    private static void search(Variant variant, boolean[] order, int steps, int[] found) {
        boolean ends = true;
        for (boolean consumer : new boolean[] {false, true}) {
            Race race = new Race(variant);
            for (int i = 0; i < steps; i++) {
                race.step(order[i]);
            }
            if (consumer ? race.consumerCan() : race.producerCan()) {
                ends = false;
                order[steps] = consumer;
                search(variant, order, steps + 1, found);
            } else if (consumer && ends) {
                found[0]++;
                found[1] += race.taken < Race.MESSAGES ? 1 : 0;
                found[2] += race.events < Race.MESSAGES ? 1 : 0;
            }
        }
    }

    /** A producer and a consumer, whose every access of the ring is a step. */
    private static final class Race {
        private static final int MESSAGES = 3;

        private final FlatMemory page = new FlatMemory(FlatMemory.FRAME);
        private final RingEnd front = RingEnd.front(page, 0, ENTRY);
        private final RingEnd back = RingEnd.back(page, 0, ENTRY);
        private final Variant variant;
        private int sent;
        private boolean shown;
        private int before;
        private boolean event;
        private int events;
        private int taken;
        private int consumer;

        Race(Variant variant) {
            this.variant = variant;
        }

        boolean producerCan() {
            return sent < MESSAGES;
        }

        boolean consumerCan() {
            return consumer != 3 || event;
        }

        void step(boolean ofConsumer) {
            if (ofConsumer) {
                consume();
            } else {
                produce();
            }
        }

        private void produce() {
            boolean first = !shown;
            boolean checks = first == (variant == Variant.CHECKS_BEFORE_SHOWING);
            if (first) {
                front.add();
                before = page.get32(0);
            }
            if (checks) {
                boolean wanted = front.isWanted(before);
                event |= wanted;
                events += wanted ? 1 : 0;
            } else {
                front.show();
            }
            shown = first;
            sent += first ? 0 : 1;
        }

        private void consume() {
            switch (consumer) {
                case 0 -> { // look, and take
                    if (back.waiting() > 0) {
                        back.take();
                        taken++;
                    } else {
                        consumer = variant == Variant.NO_WISH ? 3 : 1;
                    }
                }
                case 1 -> {
                    if (variant == Variant.WISH_OF_WHAT_IS_PAST) {
                        page.put32(4, taken);
                    } else {
                        back.wish();
                    }
                    consumer = variant == Variant.NO_SECOND_LOOK ? 3 : 2;
                }
                case 2 -> consumer = back.waiting() > 0 ? 0 : 3;
                default -> { // sleeping, woken
                    event = false;
                    consumer = 0;
                }
            }
        }
    }
}

package org.xenolith.hypervisor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.xenolith.hypervisor.BootedCalls.AT;
import static org.xenolith.hypervisor.BootedCalls.PAGES;

import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.xenolith.engine.RandomStream;
import org.xenolith.machine.MachineMemory;

/** Extents of several frames: what a domain asks for lies one behind the other, whole or not at all. */
class ReservationsTest {
    private static final int INCREASE = 0;
    private static final int DECREASE = 1;
    private static final int POPULATE = 6;
    private static final int EXCHANGE = 11;
    private static final int LIST = 0x3000;
    private static final int NEW_LIST = 0x3800;
    private static final int EXACT_NODE_0 = 1 << 17 | 1 << 8;

    private final BootedCalls pv = new BootedCalls(Domain.Type.PV);
    private final BootedCalls pvh = new BootedCalls(Domain.Type.PVH);
    private final FrameTable frames = pv.hypervisor.frames();

    private static long op(BootedCalls calls, int op) {
        return calls.call(Abi.HYPERVISOR_MEMORY_OP, op, AT);
    }

    private static void reservation(BootedCalls calls, int at, int list, int order, long... extents) {
        for (int i = 0; i < extents.length; i++) {
            calls.put64(calls.domain, list + 8L * i, extents[i]);
        }
        calls.put64(calls.domain, at, list);
        calls.put64(calls.domain, at + 8, extents.length);
        calls.put32(calls.domain, at + 16, order);
        calls.put32(calls.domain, at + 20, 0);
        calls.put16(calls.domain, at + 24, Abi.DOMID_SELF);
    }

    private long exchange(long done) {
        pv.put64(pv.domain, AT + 64, done);
        return op(pv, EXCHANGE);
    }

    private long exchanged() {
        return pv.get64(pv.domain, AT + 64);
    }

    private int mfn(int gfn) {
        return pv.domain.physmap().mfn(gfn);
    }

    private void assertOwn(long first, int count) {
        assertThat(first % count).isZero();
        for (long mfn = first; mfn < first + count; mfn++) {
            assertThat(frames.owner(mfn)).isEqualTo(1);
        }
    }

    @Example
    void aPvGuestIsToldWhereItsExtentsBegin() {
        reservation(pv, AT, LIST, 2, 0, 0);
        assertThat(op(pv, INCREASE)).isEqualTo(2);
        assertThat(pv.domain.physmap().pages()).isEqualTo(PAGES + 8);
        assertOwn(pv.get64(pv.domain, LIST), 4);
        assertOwn(pv.get64(pv.domain, LIST + 8), 4);
        reservation(pv, AT, LIST, 3, 100);
        assertThat(op(pv, POPULATE)).isEqualTo(1);
        long first = pv.get64(pv.domain, LIST);
        assertOwn(first, 8);
        for (int i = 0; i < 8; i++) {
            assertThat(mfn(100 + i)).isEqualTo((int) first + i);
            assertThat(frames.gfn(first + i)).isEqualTo(100 + i);
        }
        assertThat(pv.domain.physmap().pages()).isEqualTo(PAGES + 16);
        reservation(pv, AT, LIST, 3, first);
        assertThat(op(pv, DECREASE)).isEqualTo(1);
        assertThat(mfn(100)).isEqualTo(Physmap.NONE);
        assertThat(frames.owner(first + 7)).isEqualTo(FrameTable.NOBODY);
    }

    @Example
    void anExtentIsGivenWholeOrNotAtAll() {
        pv.domain.setMaxPages(PAGES + 5);
        reservation(pv, AT, LIST, 2, 100, 104);
        assertThat(op(pv, POPULATE)).isEqualTo(1);
        assertThat(pv.domain.physmap().pages()).isEqualTo(PAGES + 4);
        assertThat(mfn(104)).isEqualTo(Physmap.NONE);
        assertThat(op(pv, INCREASE)).isZero();
        pvh.domain.setMaxPages(PAGES + 5);
        reservation(pvh, AT, LIST, 2, 100, 104);
        assertThat(op(pvh, POPULATE)).isEqualTo(1);
        assertThat(pvh.domain.physmap().mfn(103)).isEqualTo(pvh.domain.physmap().mfn(100) + 3);
        assertThat(pvh.domain.physmap().mfn(104)).isEqualTo(Physmap.NONE);
        assertThat(pvh.domain.physmap().pages()).isEqualTo(PAGES + 4);
        reservation(pvh, AT, LIST, 2, 100, 102);
        assertThat(op(pvh, DECREASE)).as("the second has holes").isEqualTo(1);
        assertThat(pvh.domain.physmap().pages()).isEqualTo(PAGES);
    }

    @Example
    void noneIsLargerThanAnUnprivilegedDomainMayHave() {
        for (int op : new int[] {INCREASE, DECREASE, POPULATE}) {
            reservation(pv, AT, LIST, 10, 100);
            assertThat(op(pv, op)).isZero();
            reservation(pv, AT, LIST, -1, 100);
            assertThat(op(pv, op)).isZero();
        }
        assertThat(pv.domain.physmap().pages()).isEqualTo(PAGES);
    }

    @Example
    void theyLieBelowTheAddressAskedForAndOnAnyNode() {
        reservation(pv, AT, LIST, 0, 0);
        pv.put32(pv.domain, AT + 20, 20);
        assertThat(op(pv, INCREASE)).isEqualTo(1);
        assertThat(pv.get64(pv.domain, LIST)).isLessThan(256);
        pv.put32(pv.domain, AT + 20, 13);
        assertThat(op(pv, INCREASE)).as("all of the first two are taken").isZero();
        pv.put32(pv.domain, AT + 20, 12);
        assertThat(op(pv, INCREASE)).isZero();
        pv.put32(pv.domain, AT + 20, EXACT_NODE_0);
        assertThat(op(pv, INCREASE)).isZero();
        pv.put32(pv.domain, AT + 20, 1 << 8);
        assertThat(op(pv, INCREASE)).as("a wish only").isEqualTo(1);
        pv.put32(pv.domain, AT + 20, 1 << 16);
        assertThat(op(pv, POPULATE)).as("on demand").isZero();
    }

    @Example
    void singleFramesBecomeOneExtentAndBack() {
        long[] old = {mfn(8), mfn(9), mfn(10), mfn(11)};
        reservation(pv, AT, LIST, 0, old);
        reservation(pv, AT + 32, NEW_LIST, 2, 8);
        int free = frames.memory().freeFrames();
        assertThat(exchange(0)).isZero();
        assertThat(exchanged()).isEqualTo(4);
        long first = pv.get64(pv.domain, NEW_LIST);
        assertOwn(first, 4);
        for (int i = 0; i < 4; i++) {
            assertThat(mfn(8 + i)).isEqualTo((int) first + i);
            assertThat(frames.owner(old[i])).isEqualTo(FrameTable.NOBODY);
        }
        assertThat(frames.memory().freeFrames()).isEqualTo(free);
        assertThat(pv.domain.physmap().pages()).isEqualTo(PAGES);
        reservation(pv, AT, LIST, 2, first);
        reservation(pv, AT + 32, NEW_LIST, 0, 8, 9, 10, 11);
        assertThat(exchange(0)).isZero();
        assertThat(exchanged()).isEqualTo(1);
        for (int i = 0; i < 4; i++) {
            assertThat(pv.get64(pv.domain, NEW_LIST + 8L * i)).isEqualTo(mfn(8 + i));
        }
        assertThat(exchange(1)).as("done already").isZero();
    }

    @Example
    void whatCannotBeExchangedStaysAsItIs() {
        reservation(pv, AT, LIST, 0, mfn(8), mfn(9), mfn(9), mfn(10));
        reservation(pv, AT + 32, NEW_LIST, 2, 8);
        assertThat(exchange(0)).as("named twice").isEqualTo(Abi.EINVAL);
        reservation(pv, AT, LIST, 0, mfn(8), mfn(9), mfn(10), pv.other.physmap().mfn(3));
        assertThat(exchange(0)).as("another's").isEqualTo(Abi.EINVAL);
        reservation(pv, AT, LIST, 0, mfn(8), mfn(9), mfn(10), mfn(11));
        frames.types().get(pv.domain, mfn(9));
        assertThat(exchange(0)).as("one is mapped").isEqualTo(Abi.EINVAL);
        frames.types().put(mfn(9));
        assertThat(exchange(5)).isEqualTo(Abi.EINVAL);
        assertThat(exchange(-1)).isEqualTo(Abi.EINVAL);
        reservation(pv, AT + 32, NEW_LIST, 1, 8);
        assertThat(exchange(0)).as("sizes differ").isEqualTo(Abi.EINVAL);
        reservation(pv, AT + 32, NEW_LIST, 10, 8);
        assertThat(exchange(0)).isEqualTo(Abi.EPERM);
        reservation(pv, AT + 32, NEW_LIST, 2, 8);
        pv.put32(pv.domain, AT + 52, EXACT_NODE_0);
        assertThat(exchange(0)).isEqualTo(Abi.EINVAL);
        pv.put32(pv.domain, AT + 52, 13);
        assertThat(exchange(0)).as("none so low").isEqualTo(Abi.ENOMEM);
        assertThat(pv.call(Abi.HYPERVISOR_MEMORY_OP, EXCHANGE | 1 << 6, AT)).isEqualTo(Abi.EINVAL);
        assertThat(exchanged()).isZero();
        for (int gfn = 0; gfn < PAGES; gfn++) {
            assertOwn(mfn(gfn), 1);
        }
        assertThat(pv.domain.physmap().pages()).isEqualTo(PAGES);
    }

    @Example
    void whatWasExchangedBeforeAnErrorIsTold() {
        reservation(pv, AT, LIST, 0, mfn(8), mfn(9), mfn(10), pv.other.physmap().mfn(3));
        reservation(pv, AT + 32, NEW_LIST, 1, 8, 10);
        assertThat(exchange(0)).isEqualTo(Abi.EINVAL);
        assertThat(exchanged()).isEqualTo(2);
        assertThat(pv.get64(pv.domain, NEW_LIST)).isEqualTo(mfn(8));
        assertThat(pv.get64(pv.domain, NEW_LIST + 8)).isEqualTo(10);
    }

    /** Whatever a PV guest asks for: its frames are as many as it is said to have, and those that are free are nobody's. */
    @Property(tries = 150)
    void noFrameIsLostOrHadTwice(@ForAll long seed) {
        new ReservationsTest().adjust(new RandomStream(seed, "reservations", "test"));
    }

    private void adjust(RandomStream random) {
        int all = frames.memory().freeFrames() + pv.domain.physmap().pages();
        pv.domain.setMaxPages(200);
        for (int step = 0; step < 40; step++) {
            int order = random.nextInt(5);
            int newOrder = random.nextInt(5);
            int count = 1 << random.nextInt(3) + Math.max(0, newOrder - order);
            reservation(pv, AT, LIST, order, some(random, count, order));
            reservation(
                    pv, AT + 32, NEW_LIST, newOrder, some(random, Math.max(1, (count << order) >> newOrder), newOrder));
            switch (random.nextInt(4)) {
                case 0 -> assertThat(op(pv, INCREASE)).isBetween(0L, (long) count);
                case 1 -> assertThat(op(pv, DECREASE)).isBetween(0L, (long) count);
                case 2 -> assertThat(op(pv, POPULATE)).isBetween(0L, (long) count);
                default -> assertThat(exchange(0)).isIn(0L, Abi.EINVAL, Abi.ENOMEM, Abi.EFAULT);
            }
            int own = 0;
            for (int mfn = 0; mfn < frames.memory().frames(); mfn++) {
                own += frames.owner(mfn) == 1 ? 1 : 0;
            }
            assertThat(pv.domain.physmap().pages()).isEqualTo(own).isLessThanOrEqualTo(200);
            assertThat(frames.memory().freeFrames() + own).isEqualTo(all);
            for (int gfn = 0; gfn < 64; gfn++) {
                if (mfn(gfn) != Physmap.NONE) {
                    assertOwn(mfn(gfn), 1);
                }
            }
        }
    }

    /** Frames that are mostly its own, but none that it needs to say so. */
    private long[] some(RandomStream random, int count, int order) {
        long[] extents = new long[count];
        for (int i = 0; i < count; i++) {
            int gfn = 8 + random.nextInt(24);
            extents[i] = random.nextInt(4) == 0 || mfn(gfn) == Physmap.NONE ? gfn : mfn(gfn);
            boolean needed = false;
            for (int page = 0; page < 4; page++) {
                needed |= mfn(page) >= extents[i] && mfn(page) < extents[i] + (1 << order);
            }
            extents[i] = needed ? MachineMemory.MOST_FRAMES : extents[i];
        }
        return extents;
    }
}

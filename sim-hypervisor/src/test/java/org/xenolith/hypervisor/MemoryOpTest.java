package org.xenolith.hypervisor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.xenolith.hypervisor.BootedCalls.AT;
import static org.xenolith.hypervisor.BootedCalls.PAGES;

import net.jqwik.api.Example;

class MemoryOpTest {
    private static final int LIST = 0x3000;
    private final BootedCalls pvh = new BootedCalls(Domain.Type.PVH);
    private final BootedCalls pv = new BootedCalls(Domain.Type.PV);

    private static long op(BootedCalls calls, int op) {
        return calls.call(Abi.HYPERVISOR_MEMORY_OP, op, AT);
    }

    private static void reservation(BootedCalls calls, int at, long[] extents, int order, int domain, long list) {
        for (int i = 0; i < extents.length; i++) {
            calls.put64(calls.domain, list + 8L * i, extents[i]);
        }
        calls.put64(calls.domain, at, list);
        calls.put64(calls.domain, at + 8, extents.length);
        calls.put32(calls.domain, at + 16, order);
        calls.put32(calls.domain, at + 20, 0);
        calls.put16(calls.domain, at + 24, domain);
    }

    private static void physmap(BootedCalls calls, int domain, int space, long index, long gfn) {
        calls.put16(calls.domain, AT, domain);
        calls.put16(calls.domain, AT + 2, 0);
        calls.put32(calls.domain, AT + 4, space);
        calls.put64(calls.domain, AT + 8, index);
        calls.put64(calls.domain, AT + 16, gfn);
    }

    @Example
    void tellsTheMemoryMapThatTheToolstackSet() {
        assertThat(op(pvh, 9)).isEqualTo(Abi.ENOSYS);
        pvh.domain.memoryMap().add(0, 0xa0000, MemoryMap.RAM);
        pvh.domain.memoryMap().add(0x100000, 0x5000, MemoryMap.RESERVED);
        pvh.put32(pvh.domain, AT, 128);
        pvh.put64(pvh.domain, AT + 8, LIST);
        assertThat(op(pvh, 9)).isZero();
        assertThat(pvh.get32(pvh.domain, AT)).isEqualTo(2);
        assertThat(pvh.get64(pvh.domain, LIST + 20)).isEqualTo(0x100000);
        assertThat(pvh.get32(pvh.domain, LIST + 36)).isEqualTo(MemoryMap.RESERVED);
        pvh.put32(pvh.domain, AT, 1);
        assertThat(op(pvh, 9)).isZero();
        assertThat(pvh.get32(pvh.domain, AT)).isEqualTo(1);
        pvh.put64(pvh.domain, AT + 8, -4L);
        assertThat(op(pvh, 9)).isEqualTo(Abi.EFAULT);
        assertThat(op(pvh, 10)).isEqualTo(Abi.EPERM);
        assertThat(op(pvh, 9 | 1 << 6)).isEqualTo(Abi.EINVAL);
    }

    @Example
    void onlyAPvGuestSetsItsMemoryMap() {
        for (BootedCalls calls : new BootedCalls[] {pvh, pv}) {
            calls.put16(calls.domain, AT, Abi.DOMID_SELF);
            calls.put32(calls.domain, AT + 8, 1);
            calls.put64(calls.domain, AT + 16, LIST);
        }
        assertThat(op(pvh, 13)).isEqualTo(Abi.EPERM);
        assertThat(op(pv, 13)).isZero();
        assertThat(pv.domain.memoryMap().count()).isEqualTo(1);
        pv.put32(pv.domain, AT + 8, 129);
        assertThat(op(pv, 13)).isEqualTo(Abi.EINVAL);
        pv.put16(pv.domain, AT, 2);
        pv.put32(pv.domain, AT + 8, 1);
        assertThat(op(pv, 13)).isEqualTo(Abi.EPERM);
        pv.put16(pv.domain, AT, 9);
        assertThat(op(pv, 13)).isEqualTo(Abi.ESRCH);
    }

    @Example
    void countsItsFramesAndTheMachines() {
        pvh.put16(pvh.domain, AT, Abi.DOMID_SELF);
        pvh.domain.setMaxPages(40);
        assertThat(op(pvh, 2)).isEqualTo(512);
        assertThat(op(pvh, 3)).isEqualTo(PAGES);
        assertThat(op(pvh, 4)).isEqualTo(40);
        assertThat(op(pvh, 14)).isEqualTo(PAGES - 1);
        pvh.put16(pvh.domain, AT, 2);
        assertThat(op(pvh, 3)).isEqualTo(Abi.EPERM);
        pvh.put16(pvh.domain, AT, 77);
        assertThat(op(pvh, 3)).isEqualTo(Abi.ESRCH);
        assertThat(op(pvh, 50)).isEqualTo(Abi.ENOSYS);
    }

    @Example
    void putsTheSharedInfoWhereTheGuestWantsIt() {
        Physmap map = pvh.domain.physmap();
        int freed = map.mfn(5);
        physmap(pvh, Abi.DOMID_SELF, 0, 0, 5);
        assertThat(op(pvh, 7)).isZero();
        assertThat(map.mfn(5)).isEqualTo(pvh.domain.sharedInfo().frame());
        assertThat(map.pages()).isEqualTo(PAGES - 1);
        assertThat(pvh.hypervisor.frames().owner(freed)).isEqualTo(FrameTable.NOBODY);
        physmap(pvh, Abi.DOMID_SELF, 0, 0, 100_000);
        assertThat(op(pvh, 7)).isZero();
        assertThat(map.mfn(5)).isEqualTo(Physmap.NONE);
        assertThat(map.mfn(100_000)).isEqualTo(pvh.domain.sharedInfo().frame());
        physmap(pvh, Abi.DOMID_SELF, 0, 1, 6);
        assertThat(op(pvh, 7)).isEqualTo(Abi.EINVAL);
        physmap(pvh, Abi.DOMID_SELF, 9, 0, 6);
        assertThat(op(pvh, 7)).isEqualTo(Abi.ENOSYS);
        physmap(pvh, Abi.DOMID_SELF, 4, 0, 6);
        assertThat(op(pvh, 7)).isEqualTo(Abi.ENOSYS);
        physmap(pvh, Abi.DOMID_SELF, 0, 0, 1L << 40);
        assertThat(op(pvh, 7)).isEqualTo(Abi.EINVAL);
        physmap(pvh, 2, 0, 0, 6);
        assertThat(op(pvh, 7)).isEqualTo(Abi.EPERM);
        physmap(pv, Abi.DOMID_SELF, 0, 0, 6);
        assertThat(op(pv, 7)).isEqualTo(Abi.EACCES);
    }

    @Example
    void movesFramesAndGrowsTheGrantTable() {
        Physmap map = pvh.domain.physmap();
        int moved = map.mfn(6);
        physmap(pvh, Abi.DOMID_SELF, 2, 6, 200);
        assertThat(op(pvh, 7)).isZero();
        assertThat(map.mfn(6)).isEqualTo(Physmap.NONE);
        assertThat(map.mfn(200)).isEqualTo(moved);
        physmap(pvh, Abi.DOMID_SELF, 1, 3, 201);
        assertThat(op(pvh, 7)).isZero();
        assertThat(pvh.domain.grants().frameCount()).isEqualTo(4);
        assertThat(map.mfn(201)).isEqualTo(pvh.domain.grants().frame(3));
        physmap(pvh, Abi.DOMID_SELF, 1, GrantTable.MOST_FRAMES, 202);
        assertThat(op(pvh, 7)).isEqualTo(Abi.EINVAL);
        physmap(pvh, Abi.DOMID_SELF, 1, 0x80000000L, 202);
        assertThat(op(pvh, 7)).isEqualTo(Abi.EINVAL);
        pvh.put64(pvh.domain, AT + 8, 201);
        assertThat(op(pvh, 15)).isZero();
        assertThat(map.mfn(201)).isEqualTo(Physmap.NONE);
        assertThat(op(pvh, 15)).isEqualTo(Abi.ENOENT);
    }

    @Example
    void aBatchAnswersForEachFrame() {
        pvh.put16(pvh.domain, AT, Abi.DOMID_SELF);
        pvh.put16(pvh.domain, AT + 2, 2);
        pvh.put16(pvh.domain, AT + 4, 2);
        pvh.put16(pvh.domain, AT + 6, 0);
        pvh.put64(pvh.domain, AT + 8, LIST);
        pvh.put64(pvh.domain, AT + 16, LIST + 16);
        pvh.put64(pvh.domain, AT + 24, LIST + 32);
        pvh.put64(pvh.domain, LIST, 7);
        pvh.put64(pvh.domain, LIST + 8, 9999);
        pvh.put64(pvh.domain, LIST + 16, 300);
        pvh.put64(pvh.domain, LIST + 24, 301);
        assertThat(op(pvh, 23)).isZero();
        assertThat(pvh.get32(pvh.domain, LIST + 32)).isZero();
        assertThat(pvh.get32(pvh.domain, LIST + 36)).isEqualTo((int) Abi.EINVAL);
    }

    @Example
    void balloonsOutAndIn() {
        reservation(pvh, AT, new long[] {8, 9, 8}, 0, Abi.DOMID_SELF, LIST);
        assertThat(op(pvh, 1)).isEqualTo(2); // the third is gone already
        assertThat(pvh.domain.physmap().pages()).isEqualTo(PAGES - 2);
        assertThat(pvh.domain.physmap().mfn(8)).isEqualTo(Physmap.NONE);
        pvh.domain.setMaxPages(PAGES - 1);
        reservation(pvh, AT, new long[] {8, 9}, 0, Abi.DOMID_SELF, LIST);
        assertThat(op(pvh, 6)).isEqualTo(1); // there is room for one
        assertThat(pvh.domain.physmap().mfn(8)).isNotEqualTo(Physmap.NONE);
        assertThat(pvh.get64(pvh.domain, LIST)).isEqualTo(8);
        reservation(pvh, AT, new long[] {10}, 10, Abi.DOMID_SELF, LIST);
        assertThat(op(pvh, 1)).isZero();
        reservation(pvh, AT, new long[] {10}, 0, 2, LIST);
        assertThat(op(pvh, 1)).isEqualTo(Abi.EPERM);
        assertThat(op(pvh, 1 | 5 << 6)).isEqualTo(5);
    }

    @Example
    void aPvGuestIsToldItsMachineFrames() {
        int old = pv.domain.physmap().mfn(8);
        reservation(pv, AT, new long[] {old}, 0, Abi.DOMID_SELF, LIST);
        assertThat(op(pv, 1)).isEqualTo(1);
        assertThat(pv.domain.physmap().mfn(8)).isEqualTo(Physmap.NONE);
        reservation(pv, AT, new long[] {8}, 0, Abi.DOMID_SELF, LIST);
        assertThat(op(pv, 6)).isEqualTo(1);
        long mfn = pv.get64(pv.domain, LIST);
        assertThat(pv.domain.physmap().mfn(8)).isEqualTo((int) mfn);
        assertThat(pv.hypervisor.frames().gfn(mfn)).isEqualTo(8);
        int foreign = pv.other.physmap().mfn(3);
        reservation(pv, AT, new long[] {foreign}, 0, Abi.DOMID_SELF, LIST);
        assertThat(op(pv, 1)).isZero();
        assertThat(pv.other.physmap().mfn(3)).isEqualTo(foreign);
    }

    @Example
    void exchangesSingleFrames() {
        int old = pv.domain.physmap().mfn(8);
        reservation(pv, AT, new long[] {old}, 0, Abi.DOMID_SELF, LIST);
        reservation(pv, AT + 32, new long[] {8}, 0, Abi.DOMID_SELF, LIST + 64);
        pv.put64(pv.domain, AT + 64, 0);
        assertThat(op(pv, 11)).isZero();
        assertThat(pv.get64(pv.domain, AT + 64)).isEqualTo(1);
        assertThat(pv.get64(pv.domain, LIST + 64)).isEqualTo(pv.domain.physmap().mfn(8));
        reservation(pv, AT + 32, new long[] {8, 9}, 0, Abi.DOMID_SELF, LIST + 64);
        pv.put64(pv.domain, AT + 64, 0);
        assertThat(op(pv, 11)).isEqualTo(Abi.EINVAL);
        reservation(pvh, AT, new long[] {8}, 0, Abi.DOMID_SELF, LIST);
        reservation(pvh, AT + 32, new long[] {8}, 0, Abi.DOMID_SELF, LIST + 64);
        pvh.put64(pvh.domain, AT + 64, 0);
        assertThat(op(pvh, 11)).isEqualTo(Abi.EOPNOTSUPP);
    }

    @Example
    void saysWhereTheMachineToPhysTableIs() {
        assertThat(op(pv, 12)).isZero();
        assertThat(pv.get64(pv.domain, AT)).isEqualTo(0xffff800000000000L);
        assertThat(pv.get64(pv.domain, AT + 8)).isEqualTo(0xffff804000000000L);
        assertThat(pv.get64(pv.domain, AT + 16)).isEqualTo((1L << 35) - 1);
    }
}

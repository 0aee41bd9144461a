package org.xenolith.hypervisor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.xenolith.hypervisor.BootedCalls.AT;

import java.util.ArrayList;
import java.util.List;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.xenolith.engine.RandomStream;

class GrantTableTest {
    private static final int LIST = 0x3000;
    private static final int HOST = 2;
    private static final int READ_ONLY = 4;
    private static final int REF = 20;

    /** Where the mapper puts what it maps. */
    private static final int WINDOW = 0x1000;

    private final BootedCalls calls = new BootedCalls(Domain.Type.PVH);
    private final Domain granter = calls.other;
    private final Domain mapper = calls.domain;

    private long op(int op, int count) {
        return calls.call(Abi.HYPERVISOR_GRANT_TABLE_OP, op, AT, count);
    }

    private int map(int dom, int ref, int flags, long gfn) {
        calls.put64(mapper, AT, gfn << 12);
        calls.put32(mapper, AT + 8, flags);
        calls.put32(mapper, AT + 12, ref);
        calls.put16(mapper, AT + 16, dom);
        calls.put16(mapper, AT + 18, 1);
        assertThat(op(0, 1)).isZero();
        return (short) calls.get16(mapper, AT + 18);
    }

    private int unmap(int handle, long gfn) {
        calls.put64(mapper, AT, gfn << 12);
        calls.put64(mapper, AT + 8, 0);
        calls.put32(mapper, AT + 16, handle);
        assertThat(op(1, 1)).isZero();
        return (short) calls.get16(mapper, AT + 20);
    }

    private void copy(
            long source, int sourceDomain, int from, long target, int targetDomain, int to, int length, int flags) {
        calls.put64(mapper, AT, source);
        calls.put16(mapper, AT + 8, sourceDomain);
        calls.put16(mapper, AT + 10, from);
        calls.put64(mapper, AT + 16, target);
        calls.put16(mapper, AT + 24, targetDomain);
        calls.put16(mapper, AT + 26, to);
        calls.put16(mapper, AT + 32, length);
        calls.put16(mapper, AT + 34, flags);
        assertThat(op(5, 1)).isZero();
    }

    private int copyStatus() {
        return (short) calls.get16(mapper, AT + 36);
    }

    private void entryFlags(Domain whose, int ref, int flags) {
        calls.hypervisor.frames().memory().put16((whose.grants().frame(0) << 12) + 8 * ref, flags);
    }

    private static int status(short value) {
        return value;
    }

    @Example
    void theTableHasItsSizeAndLayout() {
        calls.put16(mapper, AT, Abi.DOMID_SELF);
        assertThat(op(6, 1)).isZero();
        assertThat(calls.get32(mapper, AT + 4)).isEqualTo(1);
        assertThat(calls.get32(mapper, AT + 8)).isEqualTo(64);
        assertThat(op(6, 2)).isEqualTo(Abi.EINVAL);
        calls.put16(mapper, AT, 2);
        assertThat(op(6, 1)).isZero();
        assertThat((short) calls.get16(mapper, AT + 12)).isEqualTo((short) GrantStatus.PERMISSION_DENIED);
        calls.put16(mapper, AT, 88);
        assertThat(op(6, 1)).isZero();
        assertThat((short) calls.get16(mapper, AT + 12)).isEqualTo((short) GrantStatus.BAD_DOMAIN);
        calls.put16(mapper, AT, Abi.DOMID_SELF);
        assertThat(op(10, 1)).isZero();
        assertThat(calls.get32(mapper, AT + 4)).isEqualTo(1);
        calls.put32(mapper, AT, 3);
        assertThat(op(8, 1)).isEqualTo(Abi.EINVAL);
        assertThat(op(77, 1)).isEqualTo(Abi.ENOSYS);
        assertThat(op(6, -1)).isEqualTo(Abi.EINVAL);
    }

    @Example
    void aPvGuestIsToldTheFramesOfItsTable() {
        BootedCalls pv = new BootedCalls(Domain.Type.PV);
        pv.put16(pv.domain, AT, Abi.DOMID_SELF);
        pv.put32(pv.domain, AT + 4, 3);
        pv.put64(pv.domain, AT + 16, LIST);
        assertThat(pv.call(Abi.HYPERVISOR_GRANT_TABLE_OP, 2, AT, 1)).isZero();
        assertThat(pv.get16(pv.domain, AT + 8)).isZero();
        for (int i = 0; i < 3; i++) {
            assertThat(pv.get64(pv.domain, LIST + 8L * i))
                    .isEqualTo(pv.domain.grants().frame(i));
        }
        pv.put32(pv.domain, AT + 4, 65);
        assertThat(pv.call(Abi.HYPERVISOR_GRANT_TABLE_OP, 2, AT, 1)).isZero();
        assertThat(status((short) pv.get16(pv.domain, AT + 8))).isEqualTo(GrantStatus.GENERAL_ERROR);
    }

    @Example
    void reservedEntriesOutliveAChangeOfLayout() {
        mapper.grants().permit(GrantTable.CONSOLE, 0, 7);
        calls.put32(mapper, AT, 2);
        assertThat(op(8, 1)).isZero();
        assertThat(mapper.grants().version()).isEqualTo(2);
        assertThat(mapper.grants().entryCount()).isEqualTo(256);
        assertThat(mapper.grants().flags(0)).isEqualTo(GrantTable.PERMIT_ACCESS);
        assertThat(mapper.grants().frameOf(0)).isEqualTo(7);
        calls.put32(mapper, AT, 1);
        calls.put16(mapper, AT + 4, Abi.DOMID_SELF);
        calls.put64(mapper, AT + 8, LIST);
        assertThat(op(9, 1)).isZero();
        assertThat(calls.get16(mapper, AT + 6)).isZero();
        calls.put32(mapper, AT, 1);
        assertThat(op(8, 1)).isZero();
        assertThat(mapper.grants().flags(0)).isEqualTo(GrantTable.PERMIT_ACCESS);
        assertThat(mapper.grants().frameOf(0)).isEqualTo(7);
    }

    @Example
    void aGrantIsMappedAndUnmapped() {
        granter.grants().permit(REF, 1, 5);
        int mfn = granter.physmap().mfn(5);
        assertThat(map(2, REF, HOST, WINDOW)).isEqualTo(GrantStatus.OKAY);
        int handle = calls.get32(mapper, AT + 20);
        assertThat(mapper.physmap().mfn(WINDOW)).isEqualTo(mfn);
        assertThat(mapper.physmap().mfnForWriting(WINDOW)).isEqualTo(mfn);
        assertThat(granter.grants().flags(REF))
                .isEqualTo(GrantTable.PERMIT_ACCESS | GrantTable.READING | GrantTable.WRITING);
        calls.put32(granter, AT, 2); // the granter may not change its layout now
        assertThat(calls.call(granter.vcpus().get(0), Abi.HYPERVISOR_GRANT_TABLE_OP, 8, AT, 1))
                .isEqualTo(Abi.EBUSY);
        assertThat(unmap(handle, WINDOW + 1)).isEqualTo(GrantStatus.GENERAL_ERROR);
        assertThat(unmap(handle, WINDOW)).isEqualTo(GrantStatus.OKAY);
        assertThat(unmap(handle, WINDOW)).isEqualTo(GrantStatus.BAD_HANDLE);
        assertThat(mapper.physmap().mfn(WINDOW)).isEqualTo(Physmap.NONE);
        assertThat(granter.grants().flags(REF)).isEqualTo(GrantTable.PERMIT_ACCESS);
    }

    @Example
    void aReadOnlyGrantIsNotWritten() {
        granter.grants().permit(REF, 1, 5);
        entryFlags(granter, REF, GrantTable.PERMIT_ACCESS | GrantTable.READ_ONLY);
        assertThat(map(2, REF, HOST, WINDOW)).isEqualTo(GrantStatus.GENERAL_ERROR);
        assertThat(map(2, REF, HOST | READ_ONLY, WINDOW)).isEqualTo(GrantStatus.OKAY);
        assertThat(mapper.physmap().mfn(WINDOW)).isNotEqualTo(Physmap.NONE);
        assertThat(mapper.physmap().mfnForWriting(WINDOW)).isEqualTo(Physmap.NONE);
        assertThat(granter.grants().flags(REF) & GrantTable.WRITING).isZero();
    }

    @Example
    void whatIsNotGrantedIsNotMapped() {
        assertThat(map(2, REF, HOST, WINDOW)).isEqualTo(GrantStatus.GENERAL_ERROR);
        granter.grants().permit(REF, 3, 5);
        assertThat(map(2, REF, HOST, WINDOW)).isEqualTo(GrantStatus.GENERAL_ERROR);
        assertThat(map(2, 512, HOST, WINDOW)).isEqualTo(GrantStatus.BAD_GNTREF);
        assertThat(map(2, -1, HOST, WINDOW)).isEqualTo(GrantStatus.BAD_GNTREF);
        assertThat(map(9, REF, HOST, WINDOW)).isEqualTo(GrantStatus.BAD_DOMAIN);
        assertThat(map(2, REF, 0, WINDOW)).isEqualTo(GrantStatus.BAD_GNTREF);
        granter.grants().permit(REF, 1, 9999);
        assertThat(map(2, REF, HOST, WINDOW)).isEqualTo(GrantStatus.BAD_PAGE);
        granter.grants().permit(REF, 1, 5);
        assertThat(map(2, REF, HOST, 1L << 40)).isEqualTo(GrantStatus.GENERAL_ERROR);
    }

    @Example
    void aMappedFrameIsNotGivenToAnybodyElse() {
        granter.grants().permit(REF, 1, 5);
        int mfn = granter.physmap().mfn(5);
        map(2, REF, HOST, WINDOW);
        int handle = calls.get32(mapper, AT + 20);
        assertThat(granter.physmap().depopulate(5)).isTrue();
        int free = calls.hypervisor.frames().memory().freeFrames();
        assertThat(mapper.physmap().mfn(WINDOW)).isEqualTo(mfn);
        assertThat(unmap(handle, WINDOW)).isEqualTo(GrantStatus.OKAY);
        assertThat(calls.hypervisor.frames().memory().freeFrames()).isEqualTo(free + 1);
    }

    @Example
    void copiesBetweenAGrantAndItsOwnMemory() {
        granter.grants().permit(REF, 1, 5);
        calls.put64(granter, 0x5010, 0x1122334455667788L);
        copy(REF, 2, 0x10, 9, Abi.DOMID_SELF, 0x20, 8, 1);
        assertThat(copyStatus()).isEqualTo(GrantStatus.OKAY);
        assertThat(calls.get64(mapper, 0x9020)).isEqualTo(0x1122334455667788L);
        copy(9, Abi.DOMID_SELF, 0x20, REF, 2, 0x30, 4, 2);
        assertThat(copyStatus()).isEqualTo(GrantStatus.OKAY);
        assertThat(calls.get64(granter, 0x5030)).isEqualTo(0x55667788L);
        assertThat(granter.grants().flags(REF)).isEqualTo(GrantTable.PERMIT_ACCESS);
        copy(9, Abi.DOMID_SELF, 0xffc, REF, 2, 0, 8, 2);
        assertThat(copyStatus()).isEqualTo(GrantStatus.BAD_COPY_ARG);
        copy(5, 2, 0, 9, Abi.DOMID_SELF, 0, 8, 0);
        assertThat(copyStatus()).isEqualTo(GrantStatus.PERMISSION_DENIED);
        copy(9999, Abi.DOMID_SELF, 0, 9, Abi.DOMID_SELF, 0, 8, 0);
        assertThat(copyStatus()).isEqualTo(GrantStatus.BAD_PAGE);
        entryFlags(granter, REF, GrantTable.PERMIT_ACCESS | GrantTable.READ_ONLY);
        copy(9, Abi.DOMID_SELF, 0, REF, 2, 0, 8, 2);
        assertThat(copyStatus()).isEqualTo(GrantStatus.GENERAL_ERROR);
    }

    /** The second layout: a part of a page, and a grant passed on. */
    @Example
    void copiesPartsAndGrantsPassedOn() {
        calls.put32(granter, AT, 2);
        assertThat(calls.call(granter.vcpus().get(0), Abi.HYPERVISOR_GRANT_TABLE_OP, 8, AT, 1))
                .isZero();
        int table = granter.grants().frame(0) << 12;
        var memory = calls.hypervisor.frames().memory();
        memory.put16(table + 16 * REF + 2, 1);
        memory.put16(table + 16 * REF + 4, 0x100);
        memory.put16(table + 16 * REF + 6, 0x80);
        memory.put64(table + 16 * REF + 8, 5);
        memory.put16(table + 16 * REF, GrantTable.PERMIT_ACCESS | GrantTable.SUB_PAGE);
        copy(REF, 2, 0x100, 9, Abi.DOMID_SELF, 0, 0x80, 1);
        assertThat(copyStatus()).isEqualTo(GrantStatus.OKAY);
        copy(REF, 2, 0x101, 9, Abi.DOMID_SELF, 0, 0x80, 1);
        assertThat(copyStatus()).isEqualTo(GrantStatus.GENERAL_ERROR);
        assertThat(map(2, REF, HOST, WINDOW)).isEqualTo(GrantStatus.GENERAL_ERROR);
        // The mapper lets domain 2 have its frame 7; domain 2 passes that on to the mapper.
        mapper.grants().permit(30, 2, 7);
        calls.put64(mapper, 0x7000, 42);
        memory.put16(table + 16 * 21 + 2, 1);
        memory.put16(table + 16 * 21 + 4, 1);
        memory.put32(table + 16 * 21 + 8, 30);
        memory.put16(table + 16 * 21, GrantTable.TRANSITIVE);
        copy(21, 2, 0, 9, Abi.DOMID_SELF, 0x40, 8, 1);
        assertThat(copyStatus()).isEqualTo(GrantStatus.OKAY);
        assertThat(calls.get64(mapper, 0x9040)).isEqualTo(42);
    }

    @Example
    void entriesAreSwappedUnlessInUse() {
        mapper.grants().permit(10, 0, 3);
        mapper.grants().permit(11, 2, 4);
        calls.put32(mapper, AT, 10);
        calls.put32(mapper, AT + 4, 11);
        assertThat(op(11, 1)).isZero();
        assertThat(mapper.grants().frameOf(10)).isEqualTo(4);
        assertThat(mapper.grants().grantee(11)).isZero();
        calls.put32(mapper, AT + 4, 99999);
        assertThat(op(11, 1)).isZero();
        assertThat(calls.get16(mapper, AT + 8) << 16 >> 16).isEqualTo(GrantStatus.BAD_GNTREF);
    }

    private record Mapping(int handle, int ref, long gfn, boolean writable) {}

    /** Whatever is mapped and unmapped, flags, places and free frames are those of a plain list of mappings. */
    @Property(tries = 60)
    void agreesWithAListOfMappings(@ForAll long seed) {
        new GrantTableTest().mapAndUnmap(new RandomStream(seed, "grants", "test"));
    }

    private void mapAndUnmap(RandomStream random) {
        List<Mapping> model = new ArrayList<>();
        for (int ref = 0; ref < 4; ref++) {
            granter.grants().permit(REF + ref, 1, 4 + ref);
        }
        entryFlags(granter, REF + 3, GrantTable.PERMIT_ACCESS | GrantTable.READ_ONLY);
        for (int step = 0; step < 60; step++) {
            if (model.isEmpty() || random.nextInt(2) == 0) {
                int ref = random.nextInt(4);
                boolean writable = random.nextInt(2) == 0;
                long gfn = (long) WINDOW + step;
                int status = map(2, REF + ref, HOST | (writable ? 0 : READ_ONLY), gfn);
                assertThat(status).isEqualTo(ref == 3 && writable ? GrantStatus.GENERAL_ERROR : GrantStatus.OKAY);
                if (status == GrantStatus.OKAY) {
                    model.add(new Mapping(calls.get32(mapper, AT + 20), ref, gfn, writable));
                }
            } else {
                Mapping gone = model.remove(random.nextInt(model.size()));
                assertThat(unmap(gone.handle, gone.gfn)).isEqualTo(GrantStatus.OKAY);
                assertThat(mapper.physmap().mfn(gone.gfn)).isEqualTo(Physmap.NONE);
            }
            for (int ref = 0; ref < 4; ref++) {
                int entry = ref;
                boolean reading = model.stream().anyMatch(m -> m.ref == entry);
                boolean writing = model.stream().anyMatch(m -> m.ref == entry && m.writable);
                assertThat(granter.grants().flags(REF + ref) & (GrantTable.READING | GrantTable.WRITING))
                        .isEqualTo((reading ? GrantTable.READING : 0) | (writing ? GrantTable.WRITING : 0));
            }
            for (Mapping m : model) {
                int mfn = granter.physmap().mfn(4 + m.ref);
                assertThat(mapper.physmap().mfn(m.gfn)).isEqualTo(mfn);
                assertThat(mapper.physmap().mfnForWriting(m.gfn)).isEqualTo(m.writable ? mfn : Physmap.NONE);
            }
        }
        assertThat(model.stream().map(Mapping::handle).distinct()).hasSameSizeAs(model);
    }
}

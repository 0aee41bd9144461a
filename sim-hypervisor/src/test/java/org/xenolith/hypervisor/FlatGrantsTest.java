package org.xenolith.hypervisor;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.xenolith.machine.Cost;
import org.xenolith.machine.CostProfile;
import org.xenolith.machine.Topology;
import org.xenolith.trace.TraceEvent;

/** Grants between two domains that execute no instructions, by the structures of {@code grant_table_op}. */
class FlatGrantsTest {
    private static final int MAP = 0;
    private static final int UNMAP = 1;
    private static final int COPY = 5;
    private static final int HOST = 2;
    private static final int HOST_READ_ONLY = 6;
    private static final int TABLE = 4096;

    private final FlatMemory granting = new FlatMemory(4 * FlatMemory.FRAME);
    private final FlatMemory memory = new FlatMemory(4 * FlatMemory.FRAME);
    private final Hypervisor hypervisor = new Hypervisor(
            new MachineConfig(
                    Topology.flat(1),
                    CostProfile.load("zero").with(Cost.GRANT_COPY, 500),
                    1000,
                    TraceEvent.ALL_CLASSES,
                    1,
                    "test"),
            List.of(new PoolConfig("Pool-0", CpuSet.firstOf(1), new Fifo())),
            null,
            null);
    private final Vcpu caller;

    FlatGrantsTest() {
        granting.setGrantTable(TABLE, 8);
        domain(1, granting);
        caller = domain(2, memory).vcpus().get(0);
        grant(0, 1, 2, 2); // to domain 2
        grant(1, 1 | 4, 2, 3); // to domain 2, read-only
        grant(2, 1, 3, 2); // to another
        grant(3, 1, 2, 4); // a frame that is not there
    }

    private Domain domain(int id, FlatMemory its) {
        return hypervisor.createDomain(new DomainConfig(
                id, "d" + id, Domain.Type.PV, its, "Pool-0", 256, 0, List.of(new ScriptedGuest()), null, null));
    }

    private void grant(int ref, int flags, int domain, int frame) {
        granting.put16(TABLE + 8 * ref, flags);
        granting.put16(TABLE + 8 * ref + 2, domain);
        granting.put32(TABLE + 8 * ref + 4, frame);
    }

    private long call(int operation, int count) {
        return hypervisor
                .hypercalls()
                .dispatch(caller, Abi.HYPERVISOR_GRANT_TABLE_OP, new long[] {operation, 0, count, 0, 0});
    }

    private int map(int ref, int flags, int domain) {
        memory.put32(8, flags);
        memory.put32(12, ref);
        memory.put16(16, domain);
        assertThat(call(MAP, 1)).isZero();
        return (short) memory.get16(18);
    }

    private int unmap(int handle) {
        memory.put32(16, handle);
        assertThat(call(UNMAP, 1)).isZero();
        return (short) memory.get16(20);
    }

    private int copyFrom(int ref, int offset, int toFrame, int length) {
        memory.put64(0, ref);
        memory.put16(8, 1);
        memory.put16(10, offset);
        memory.put64(16, toFrame);
        memory.put16(24, Abi.DOMID_SELF);
        memory.put16(26, 0);
        memory.put16(32, length);
        memory.put16(34, 1);
        assertThat(call(COPY, 1)).isZero();
        return (short) memory.get16(36);
    }

    @Test
    void mapsWhatIsGrantedAndShowsItInTheEntry() {
        assertThat(map(0, HOST, 1)).isEqualTo(GrantStatus.OKAY);
        int handle = memory.get32(20);
        assertThat(granting.get16(TABLE)).isEqualTo(1 | 8 | 16);
        assertThat(map(0, HOST, 1)).isEqualTo(GrantStatus.OKAY);
        int second = memory.get32(20);
        assertThat(second).isNotEqualTo(handle);
        assertThat(unmap(handle)).isEqualTo(GrantStatus.OKAY);
        assertThat(granting.get16(TABLE)).as("still mapped once").isEqualTo(1 | 8 | 16);
        assertThat(unmap(second)).isEqualTo(GrantStatus.OKAY);
        assertThat(granting.get16(TABLE)).isEqualTo(1);
        assertThat(unmap(second)).isEqualTo(GrantStatus.BAD_HANDLE);
    }

    @Test
    void refusesWhatIsNotGranted() {
        assertThat(map(1, HOST, 1)).as("writing what may be read").isEqualTo(GrantStatus.GENERAL_ERROR);
        assertThat(map(1, HOST_READ_ONLY, 1)).isEqualTo(GrantStatus.OKAY);
        assertThat(map(2, HOST, 1)).as("another's").isEqualTo(GrantStatus.GENERAL_ERROR);
        assertThat(map(3, HOST, 1)).as("no frame").isEqualTo(GrantStatus.GENERAL_ERROR);
        assertThat(map(4, HOST, 1)).as("an empty entry").isEqualTo(GrantStatus.GENERAL_ERROR);
        assertThat(map(8, HOST, 1)).isEqualTo(GrantStatus.BAD_GNTREF);
        assertThat(map(-1, HOST, 1)).isEqualTo(GrantStatus.BAD_GNTREF);
        assertThat(map(0, 0, 1)).isEqualTo(GrantStatus.BAD_GNTREF);
        assertThat(map(0, HOST, 9)).isEqualTo(GrantStatus.BAD_DOMAIN);
        assertThat(call(2, 1)).as("an operation of booted domains").isEqualTo(Abi.ENOSYS);
        assertThat(call(MAP, -1)).isEqualTo(Abi.EINVAL);
        assertThat(hypervisor
                        .hypercalls()
                        .dispatch(caller, Abi.HYPERVISOR_GRANT_TABLE_OP, new long[] {MAP, 1 << 20, 1, 0, 0}))
                .isEqualTo(Abi.EFAULT);
    }

    @Test
    void copiesBytesWithinFrames() {
        granting.put64(2 * FlatMemory.FRAME + 100, 0x1122334455667788L);
        assertThat(copyFrom(0, 100, 3, 8)).isEqualTo(GrantStatus.OKAY);
        assertThat(memory.get64(3 * FlatMemory.FRAME)).isEqualTo(0x1122334455667788L);
        assertThat(copyFrom(0, 4090, 3, 8)).isEqualTo(GrantStatus.BAD_COPY_ARG);
        assertThat(copyFrom(0, 0, 4, 8)).as("no frame of its own").isEqualTo(GrantStatus.BAD_PAGE);
        assertThat(copyFrom(2, 0, 3, 8)).as("another's").isEqualTo(GrantStatus.GENERAL_ERROR);
    }
}

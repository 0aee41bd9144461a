package org.xenolith.device;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import org.xenolith.hypervisor.Domain;

/** A XenStore ring full of whatever Jazzer comes up with; without {@code JAZZER_FUZZ=1} only the inputs kept are tried. */
class StoreSessionFuzzTest {
    private static final int REQ_PROD = 2052;
    private static final int RSP_CONS = 2056;
    private static final int RSP_PROD = 2060;

    @FuzzTest(maxDuration = "60s", maxExecutions = 100_000)
    void anyRequestsLeaveTheOthersAlone(byte[] bytes) {
        GuestPages machine = new GuestPages();
        Domain domain = machine.domain(1);
        XenStore store = new XenStore();
        store.write("/local/domain/1/name", "one", "n0", "r1");
        store.write("/local/domain/1/data", "", "n1");
        XenStoreConnection connection = new XenStoreConnection(
                store, machine.memory, domain.physmap().mfn(1), machine.hypervisor.events(), domain, 1, 0);
        int ring = machine.at(domain, 1);
        for (int at = 0; at < bytes.length && !connection.isBroken(); at++) {
            int prod = machine.memory.get32(ring + REQ_PROD);
            machine.memory.put8(ring + (prod & 1023), bytes[at]);
            machine.memory.put32(ring + REQ_PROD, prod + 1);
            machine.hypervisor.events().send(domain, 1);
            machine.memory.put32(ring + RSP_CONS, machine.memory.get32(ring + RSP_PROD));
        }
        assertThat(store.read("/local/domain/1/name")).isEqualTo("one");
    }
}

package org.xenolith.hypervisor;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.function.LongSupplier;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.xenolith.engine.RandomStream;

/** Whatever a booted guest passes to whatever hypercall, no other domain's memory changes, nothing is thrown, and at last nothing is lost. */
class HostileHypercallsTest {
    private static LongSupplier random(long seed) {
        return new RandomStream(seed, "hostile", "caller")::nextLong;
    }

    private static void harmsNobody(HostileCaller caller) {
        assertThat(caller.harmAfter(300)).isNull();
        assertThat(caller.leftBehind()).isNull();
    }

    @Property(tries = 150)
    void aPvhGuestHarmsNobody(@ForAll long seed) {
        harmsNobody(new HostileCaller(Domain.Type.PVH, random(seed)));
    }

    @Property(tries = 150)
    void aPvGuestHarmsNobody(@ForAll long seed) {
        harmsNobody(new HostileCaller(Domain.Type.PV, random(seed)));
    }

    /** Has its vcpu_info moved to where it is. */
    @Example
    void aPvGuestThatOnceLeftAReference() {
        aPvGuestHarmsNobody(940106575);
    }

    @Example
    void theCallsAreIssued() {
        for (Domain.Type type : Domain.Type.values()) {
            int issued = 0;
            int mapped = 0;
            for (int seed = 0; seed < 20; seed++) {
                HostileCaller caller = new HostileCaller(type, random(seed));
                assertThat(caller.harmAfter(300)).isNull();
                issued += caller.issued();
                mapped += caller.mapped();
            }
            assertThat(issued).isGreaterThan(1000);
            assertThat(mapped).isGreaterThan(5);
        }
    }
}

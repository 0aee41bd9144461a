package org.xenolith.hypervisor;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.api.FuzzedDataProvider;
import com.code_intelligence.jazzer.junit.FuzzTest;

/** Hypercalls of whatever Jazzer comes up with; without {@code JAZZER_FUZZ=1} only the inputs kept are tried. */
class HypercallFuzzTest {
    @FuzzTest(maxDuration = "60s", maxExecutions = 100_000)
    void hypercallsHarmNobodyElse(FuzzedDataProvider data) {
        Domain.Type type = data.consumeBoolean() ? Domain.Type.PV : Domain.Type.PVH;
        int calls = data.consumeInt(1, 30);
        HostileCaller caller = new HostileCaller(type, data::consumeLong);
        assertThat(caller.harmAfter(calls)).isNull();
        assertThat(caller.leftBehind()).isNull();
    }
}

package org.xenolith.notebook;

import java.util.Map;
import org.xenolith.experiment.report.Timeline;
import org.xenolith.machine.TscClock;

/**
 * What happened in one run, recorded or simulated.
 *
 * @param name what to call it
 * @param timeline who was in which runstate when
 * @param clock its clock
 * @param originTsc time 0 of a picture
 * @param domains names of domains by id
 */
record Lane(String name, Timeline timeline, TscClock clock, long originTsc, Map<Integer, String> domains) {
    /** The name of a vCPU, with its number where its domain has more than one. */
    String nameOf(Timeline.Vcpu vcpu) {
        String domain = domains.getOrDefault(vcpu.domain(), "d" + vcpu.domain());
        boolean alone = timeline.vcpus().stream()
                .noneMatch(other -> other.domain() == vcpu.domain() && other.id() != vcpu.id());
        return alone ? domain : domain + " v" + vcpu.id();
    }
}

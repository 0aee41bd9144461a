package org.xenolith.scheduler;

import java.util.ArrayList;
import java.util.List;
import org.xenolith.hypervisor.Domain;

/** What {@link Credit} keeps of one domain. */
final class CreditDomain {
    final Domain domain;

    /** Its units that earn credits, the one that started last first. */
    final List<CreditUnit> active = new ArrayList<>();

    /** The weight that is counted in the pool's total for each active unit. */
    int weight;

    CreditDomain(Domain domain) {
        this.domain = domain;
        this.weight = domain.weight();
    }

    int activeWeight() {
        return weight * active.size();
    }
}

package org.xenolith.guest;

import java.util.List;

/** One entry of the catalogue of synthetic {@link Workloads}. */
public interface WorkloadKind {
    /** Its name in scenarios. */
    String name();

    /** What it does, in a line. */
    String title();

    /** Its parameters. */
    List<WorkloadParameter> parameters();

    /**
     * The load of a domain.
     *
     * @param vcpus vCPUs of the domain, at least 1
     * @param values a value for each of {@link #parameters}
     * @throws org.xenolith.engine.InputException if a domain with so many vCPUs cannot run it
     */
    DomainLoad create(int vcpus, WorkloadValues values);
}

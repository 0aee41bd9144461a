package org.xenolith.toolstack;

import org.xenolith.engine.InputException;
import org.xenolith.hypervisor.Domain;
import org.xenolith.hypervisor.EventChannels;
import org.xenolith.hypervisor.Hypervisor;

/** Builds domains: puts what they are to boot into their memory and sets their first vCPU to its entry. */
public final class DomainBuilder {
    /** Frames that a domain may have on top of its memory, as libxl allows. */
    private static final int SLACK_PAGES = 256;

    private static final int DOM0 = 0;

    private DomainBuilder() {}

    /**
     * Builds {@code domain}, which was just made and is paused.
     *
     * @throws InputException if the kernel cannot be started that way, or something does not fit
     */
    public static BootedDomain build(Hypervisor hypervisor, Domain domain, BootSpec spec) {
        // In the order of xl, so that the guest finds the ports that it would find there: 1 and 2.
        int storePort = port(hypervisor.events(), domain);
        int consolePort = port(hypervisor.events(), domain);
        BootedDomain booted =
                switch (domain.type()) {
                    case PVH -> new PvhBuilder(domain, spec).build(storePort, consolePort);
                    case PV -> new PvBuilder(domain, spec).build(storePort, consolePort);
                };
        domain.setMaxPages((spec.memoryMebibytes() << 8) + SLACK_PAGES);
        return booted;
    }

    private static int port(EventChannels events, Domain domain) {
        long port = events.allocUnbound(domain, DOM0);
        if (port < 0) {
            throw new IllegalStateException(domain + " has event channels already");
        }
        return (int) port;
    }
}

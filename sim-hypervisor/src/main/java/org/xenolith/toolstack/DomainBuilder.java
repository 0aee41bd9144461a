package org.xenolith.toolstack;

import org.xenolith.engine.InputException;
import org.xenolith.hypervisor.Domain;
import org.xenolith.hypervisor.EventChannels;
import org.xenolith.hypervisor.GrantTable;
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
        grant(hypervisor, booted, GrantTable.CONSOLE, booted.consoleFrame());
        grant(hypervisor, booted, GrantTable.XENSTORE, booted.storeFrame());
        domain.setMaxPages((spec.memoryMebibytes() << 8) + SLACK_PAGES);
        return booted;
    }

    /** Lets dom0 at a ring by a reserved grant, as xl does for back ends that map no foreign frames. */
    private static void grant(Hypervisor hypervisor, BootedDomain booted, int ref, int mfn) {
        boolean pv = booted.domain().type() == Domain.Type.PV;
        booted.domain()
                .grants()
                .permit(ref, DOM0, pv ? mfn : hypervisor.frames().gfn(mfn));
    }

    private static int port(EventChannels events, Domain domain) {
        long port = events.allocUnbound(domain, DOM0);
        if (port < 0) {
            throw new IllegalStateException(domain + " has event channels already");
        }
        return (int) port;
    }
}

package org.xenolith.toolstack;

import org.xenolith.hypervisor.Domain;

/**
 * A domain that has been built and only waits to be unpaused, and where its two rings are.
 *
 * @param domain the domain
 * @param storeFrame machine frame of the xenstore's ring
 * @param storePort its event channel, the guest's end
 * @param consoleFrame machine frame of the console's ring
 * @param consolePort its event channel, the guest's end
 */
public record BootedDomain(Domain domain, int storeFrame, int storePort, int consoleFrame, int consolePort) {}

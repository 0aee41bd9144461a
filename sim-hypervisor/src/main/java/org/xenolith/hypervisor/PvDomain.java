package org.xenolith.hypervisor;

/** What a PV domain has of the hypervisor besides what every domain has. */
final class PvDomain {
    /** Its part of each address space. */
    final XenSlots slots;

    /** What it wrote last to the address port of PCI configuration space. */
    int pciAddress;

    PvDomain(FrameTable frames, Domain domain) {
        slots = new XenSlots(frames);
        frames.machineToPhys();
        frames.types().share(domain, domain.sharedInfo().frame());
        frames.types().add(domain);
    }

    /** The domain is gone, and its page tables are. */
    void end(Domain domain) {
        domain.physmap().frames().types().remove(domain);
        slots.release();
    }

    /** Fills the hypervisor's slots of the top-level table at machine address {@code base}. */
    void installSlots(int base) {
        slots.install(base);
    }
}

package org.xenolith.core.x86;

/** Where a core finds segment descriptors: its GDT and LDT, or what a hypervisor gives a deprivileged guest in their place. */
public interface DescriptorTables {
    /** The descriptor of {@code selector} (bit 2 set: in the LDT), or 0 if it lies beyond its table. May raise a fault. */
    long read(int selector);

    /** Sets the descriptor's accessed bit. May raise a fault. */
    void markAccessed(int selector);

    /** The tables that the registers of {@code c} point at, in its linear memory. */
    static DescriptorTables inMemory(Cpu c) {
        return new DescriptorTables() {
            @Override
            public long read(int selector) {
                boolean local = (selector & 4) != 0;
                int offset = selector & 0xfff8;
                int limit = local ? c.system.ldtLimit : c.system.gdtLimit;
                return Integer.compareUnsigned(offset + 7, limit) > 0
                        ? 0
                        : c.segments.readSystem64((local ? c.system.ldtBase : c.system.gdtBase) + offset);
            }

            @Override
            public void markAccessed(int selector) {
                long base = (selector & 4) != 0 ? c.system.ldtBase : c.system.gdtBase;
                long at = base + (selector & 0xfff8) + 5;
                c.mmu.selectSystem();
                try {
                    c.mmu.write8(at, c.mmu.read8(at) | 1);
                } finally {
                    c.mmu.select();
                }
            }
        };
    }
}

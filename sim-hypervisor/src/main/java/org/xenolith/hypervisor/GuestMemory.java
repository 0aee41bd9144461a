package org.xenolith.hypervisor;

/**
 * Memory of one domain as the hypervisor reaches it through addresses that a guest passes. Every access is checked; an
 * address that is not the guest's to use fails, it never reaches other memory. Little-endian.
 */
public interface GuestMemory {
    /** Copies {@code length} bytes at {@code address} to {@code to}; false, with nothing copied, if any is out of reach. */
    boolean read(long address, byte[] to, int length);

    /** Copies {@code length} bytes of {@code from} to {@code address}; false, with nothing copied, if any is out of reach. */
    boolean write(long address, byte[] from, int length);
}

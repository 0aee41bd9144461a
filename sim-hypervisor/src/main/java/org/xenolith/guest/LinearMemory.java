package org.xenolith.guest;

import org.xenolith.core.x86.Mmu;
import org.xenolith.hypervisor.GuestMemory;
import org.xenolith.machine.MachineMemory;

/**
 * Memory at the linear addresses of a core, at its kernel's rights: what a hypercall's pointers point to. A kernel that is kept out of ring 0 has
 * the rights of a user: what the hypervisor has in its address space is not its to point to.
 */
final class LinearMemory implements GuestMemory {
    private final Mmu mmu;
    private final MachineMemory memory;
    private final boolean user;

    LinearMemory(Mmu mmu, MachineMemory memory, boolean user) {
        this.mmu = mmu;
        this.memory = memory;
        this.user = user;
    }

    @Override
    public boolean read(long address, byte[] to, int length) {
        return length >= 0 && copy(address, to, length, false, false) && copy(address, to, length, false, true);
    }

    @Override
    public boolean write(long address, byte[] from, int length) {
        return length >= 0 && copy(address, from, length, true, false) && copy(address, from, length, true, true);
    }

    /** Goes page by page, first to see that all can be reached ({@code move} false), then to copy. */
    private boolean copy(long address, byte[] bytes, int length, boolean write, boolean move) {
        int done = 0;
        while (done < length) {
            long at = address + done;
            int part = Math.min(length - done, MachineMemory.PAGE_SIZE - ((int) at & MachineMemory.PAGE_SIZE - 1));
            int machine = mmu.probe(at, write, user);
            if (machine < 0) {
                return false;
            }
            if (move && write) {
                memory.write(machine, bytes, done, part);
            } else if (move) {
                memory.read(machine, bytes, done, part);
            }
            done += part;
        }
        return true;
    }
}

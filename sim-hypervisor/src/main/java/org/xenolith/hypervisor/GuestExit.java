package org.xenolith.hypervisor;

/** Why a guest stopped executing; one object per vCPU, filled anew at each stop. */
public final class GuestExit {
    /** The kinds of stop. */
    public enum Reason {
        /** The budget is used up. */
        BUDGET,
        /** A hypercall: {@link #number} and {@link #arg}. */
        HYPERCALL,
        /** The hardware saw a hardware-virtualised vCPU spin in a loop of PAUSE instructions. */
        PAUSE_LOOP,
        /** The vCPU halts until an event: {@code hlt} in a hardware-virtualised guest. */
        HALT,
        /**
         * An exception that the hypervisor must see: {@link #number} is the vector, then error code (-1 for none), address of a page
         * fault, and 1 if it was a software interrupt, behind which rip then is.
         */
        FAULT,
        /** Port I/O: {@link #number} is the port, then size, 1 for a write, and its value. */
        IO,
        /** Access to a physical address that is no memory: likewise. */
        MMIO,
        /** The vCPU asks for a CPUID leaf: eax and ecx. Whoever handles it sets eax to edx. */
        CPUID,
        /** The vCPU reads a model-specific register that it has not itself: {@link #number}; edx:eax is to be set. */
        MSR_READ,
        /** The vCPU writes such a register: number, then the value. */
        MSR_WRITE,
        /** {@code syscall} in a guest that is kept out of ring 0. */
        SYSCALL,
        /** {@code sysenter} in such a guest. */
        SYSENTER,
        /** The vCPU takes interrupts now, as {@link Registers#requestWindow} asked to be told. */
        WINDOW,
        /** An exception while a double fault was delivered: the vCPU shuts down. */
        TRIPLE_FAULT
    }

    /** Why. */
    public Reason reason = Reason.BUDGET;

    /** Hypercall number, exception vector or I/O address. */
    public long number;

    /** Up to five arguments, as the guest's registers hold them. */
    public final long[] arg = new long[5];

    /** The budget was used up. */
    public void budget() {
        reason = Reason.BUDGET;
    }

    /** The guest issues hypercall {@code number} with two arguments. */
    public void hypercall(int number, long arg0, long arg1) {
        hypercall(number, arg0, arg1, 0);
    }

    /** The guest issues hypercall {@code number} with three arguments. */
    public void hypercall(int number, long arg0, long arg1, long arg2) {
        reason = Reason.HYPERCALL;
        this.number = number;
        arg[0] = arg0;
        arg[1] = arg1;
        arg[2] = arg2;
        arg[3] = 0;
        arg[4] = 0;
    }

    /** The vCPU spins. */
    public void pauseLoop() {
        reason = Reason.PAUSE_LOOP;
    }

    /** The vCPU halts. */
    public void halt() {
        reason = Reason.HALT;
    }

    /** The guest raised an exception that is not its own to handle. */
    public void fault(int vector, int errorCode, long address) {
        reason = Reason.FAULT;
        number = vector;
        arg[0] = errorCode;
        arg[1] = address;
        arg[2] = 0;
    }

    /** The guest accesses I/O space. */
    public void io(long address, int size, boolean write, long value) {
        reason = Reason.IO;
        number = address;
        arg[0] = size;
        arg[1] = write ? 1 : 0;
        arg[2] = value;
    }
}

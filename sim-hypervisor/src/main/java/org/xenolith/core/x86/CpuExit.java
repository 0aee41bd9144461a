package org.xenolith.core.x86;

/** Why a core stopped executing; filled anew at each stop. */
public final class CpuExit {
    /** The kinds of stop. Rip is behind the instruction, but for {@code EXCEPTION} and the two of memory-mapped I/O. */
    public enum Reason {
        /** The budget is used up. */
        BUDGET,
        /** {@code vmcall} or {@code vmmcall}. */
        HYPERCALL,
        /** {@code hlt}. */
        HALT,
        /** {@code cpuid}: eax and ecx ask; who handles it sets eax to edx. */
        CPUID,
        /** {@code rdmsr} of a register that is not the core's own: ecx asks; who handles it sets edx:eax. */
        MSR_READ,
        /** {@code wrmsr} to such a register: ecx, edx:eax. */
        MSR_WRITE,
        /** Port input: {@link #number} is the port, {@link #size} the bytes; {@link Cpu#completeInput} goes on. */
        IN,
        /** Port output: port, bytes, {@link #value}. */
        OUT,
        /**
         * Read from a physical address that is no memory: {@link #number} is the address, {@link #size} the bytes;
         * {@link Cpu#completeInput} takes the answer, and the next run executes the instruction, at which rip stands, anew with it.
         */
        MMIO_READ,
        /**
         * Write to such an address: address, bytes, {@link #value}. Rip stands at the instruction; the next run finishes it, without
         * writing again.
         */
        MMIO_WRITE,
        /**
         * An exception or software interrupt of a deprivileged guest ({@link Cpu#deprivileged}): {@link #number} is the vector, then
         * {@link #errorCode} (-1 for none) and {@link #address}. rip is at the instruction, or behind it if {@link #software}.
         */
        EXCEPTION,
        /** {@code syscall} of a deprivileged guest; rcx and r11 are set as the instruction sets them, rip is behind it. */
        SYSCALL,
        /** {@code sysenter} of a deprivileged guest. */
        SYSENTER,
        /** The guest takes interrupts now, which {@link Cpu#requestWindow} asked to be told. */
        WINDOW,
        /** A fault while a double fault was delivered. */
        TRIPLE_FAULT
    }

    /** Why. */
    public Reason reason = Reason.BUDGET;

    /** Port, physical address or vector. */
    public long number;

    /** Bytes. */
    public int size;

    /** Value written. */
    public long value;

    /** Error code of an exception, -1 for none. */
    public int errorCode;

    /** Linear address of a page fault. */
    public long address;

    /** Whether the exception is a software interrupt: {@code int n}, {@code int3} or {@code into}. */
    public boolean software;
}

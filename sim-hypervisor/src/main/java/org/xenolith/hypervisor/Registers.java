package org.xenolith.hypervisor;

/**
 * The architectural state of a vCPU that executes instructions, as the hypervisor sees and sets it while the vCPU does not run. What
 * the hypervisor does here is not checked against the guest's privilege.
 */
public interface Registers {
    /** Value of {@code register}; selectors and 32-bit registers are zero-extended. */
    long get(Register register);

    /** Sets {@code register}. Setting CR3 flushes the TLB as a load of it does; setting CR0, CR4 or EFER changes the mode at once. */
    void set(Register register, long value);

    /** Current privilege level, 0 to 3. */
    int cpl();

    /** Whether it executes 64-bit code. */
    boolean is64Bit();

    /**
     * Loads {@code segment} (DS, ES, FS, GS, SS or CS) with {@code selector} through the descriptor tables, base and limits too; false, with
     * the segment loaded with a null selector, if hardware would refuse.
     */
    boolean loadSegment(Register segment, int selector);

    /** Sets base (linear) and limit (last valid byte) of the GDT. */
    void setGdt(long base, int limit);

    /** Sets base (linear) and number of descriptors of the LDT. */
    void setLdt(long base, int entries);

    /** Forgets all translations, global ones too. */
    void flushTlb();

    /** Forgets the translation of the page of linear {@code address}. */
    void flushTlbPage(long address);

    /** The memory at linear addresses, through the present page tables, at the kernel's rights. */
    GuestMemory memory();

    /**
     * Machine address of linear {@code address} through the present page tables, or -1 if that is not mapped, or not writable where
     * {@code write} asks for it, or not the user's where {@code user} does.
     */
    int translate(long address, boolean write, boolean user);

    /** Bytes of the instruction at rip (at most 15) into {@code to}; returns how many could be read. For an emulator. */
    int fetch(byte[] to);

    /** Whether an external interrupt would be taken before the next instruction. */
    boolean interruptible();

    /** Has the interrupt {@code vector} taken before the next instruction. Only if {@link #interruptible}. */
    void interrupt(int vector);

    /** Asks for an exit {@link GuestExit.Reason#WINDOW} as soon as the vCPU is {@link #interruptible}. */
    void requestWindow();

    /** Has exception {@code vector} taken through the guest's own IDT before the next instruction; -1 for no error code. */
    void exception(int vector, int errorCode, long address);

    /** State after a start-up IPI: real mode, code at {@code page << 12}. */
    void startRealMode(int page);

    /** State at the entry of PVH: 32-bit protected mode, flat segments, no paging; rip and rbx as given. */
    void startProtected32(long rip, long rbx);

    /** State at the entry of a 64-bit PV guest: privilege level 3, page tables at {@code cr3}, flat selectors; all other registers 0. */
    void startPv(long rip, long rsp, long rsi, long cr3);

    /** Sets the registers that hold the first five arguments of a hypercall in 64-bit code. */
    default void setArguments(long[] arg) {
        set(Register.RDI, arg[0]);
        set(Register.RSI, arg[1]);
        set(Register.RDX, arg[2]);
        set(Register.R10, arg[3]);
        set(Register.R8, arg[4]);
    }
}

package org.xenolith.hypervisor;

import org.xenolith.machine.Cost;
import org.xenolith.machine.MachineMemory;
import org.xenolith.trace.TraceEvent;

/**
 * A vCPU whose kernel runs at level 3 as its programs do, in page tables of its own: what Xen does for 64-bit PV guests. Exceptions, system calls
 * and events are <em>bounced</em>: a frame is written to the kernel's stack, and the vCPU goes on at the address the kernel named.
 */
final class PvArch extends VcpuArch {
    private static final long FLAG_TF = 1 << 8;
    private static final long FLAG_IF = 1 << 9;
    private static final long FLAG_DF = 1 << 10;
    private static final int IOPL_SHIFT = 12;
    private static final long FLAG_IOPL = 3 << IOPL_SHIFT;
    private static final long FLAG_NT = 1 << 14;
    private static final long FLAG_RF = 1 << 16;
    private static final long FLAG_VM = 1 << 17;
    private static final long FLAG_AC = 1 << 18;
    private static final long CR0_TS = 1 << 3;

    /** Flag of {@code iret}: the context is that of a system call. */
    private static final long IN_SYSCALL = 1 << 8;

    /** Assist: the guest sees and sets its I/O privilege level as hardware has it. */
    private static final int ASSIST_ARCHITECTURAL_IOPL = 4;

    private static final int VECTOR_BP = 3;
    private static final int VECTOR_OF = 4;
    private static final int VECTOR_UD = 6;
    private static final int VECTOR_NM = 7;
    private static final int VECTOR_GP = 13;
    private static final int VECTOR_PF = 14;
    private static final int NO_ERROR_CODE = -1;

    /** Page fault: at level 3, which a kernel is not to see of its own. */
    private static final int PF_USER = 4;

    /** Selectors and error codes say the local table by this bit, and an entry of the IDT by the one below. */
    private static final int ERROR_IDT = 2;

    final Hypervisor hypervisor;
    final Vcpu vcpu;
    final Registers registers;
    final FrameTable frames;
    final PageTypes types;

    /** The kernel runs, not one of its programs. */
    boolean kernelMode = true;

    /** Frame of the top-level page table of the kernel, and of its programs; -1 for none. */
    int kernelTable = -1;

    int userTable = -1;

    /** Stack of the kernel when it is entered from a program. */
    long kernelStack;

    /** I/O privilege level as the guest set it, 0 to 3. */
    private int ioPrivilege;

    /** Linear address of the guest's bitmap of ports that programs may use, and how many ports it tells of. */
    long portBitmap;

    int portBitmapSize;

    /** The guest's own idea of CR0.TS: the next use of floating point is to be told. */
    boolean taskSwitched;

    /** Address of the last page fault. */
    long cr2;

    /** Value of {@link PageTypes#unmaps} at the last flush of the TLB. */
    long flushedAt;

    final PvCallbacks callbacks = new PvCallbacks();
    final PvDescriptors descriptors;
    private final PvEmulator emulator;
    private final PtwrEmulator tableWrites;
    private final GuestStruct frame = new GuestStruct(9 * 8);

    private boolean nmiPending;
    private boolean nmiMasked;

    PvArch(Hypervisor hypervisor, Vcpu vcpu) {
        this.hypervisor = hypervisor;
        this.vcpu = vcpu;
        registers = vcpu.registers();
        frames = hypervisor.frames();
        types = frames.types();
        if (vcpu.domain().pv == null) {
            vcpu.domain().pv = new PvDomain(frames, vcpu.domain());
        }
        descriptors = new PvDescriptors(this);
        emulator = new PvEmulator(this);
        tableWrites = new PtwrEmulator(this);
    }

    Domain domain() {
        return vcpu.domain();
    }

    // ------------------------------------------------------------------------------------------- events and time

    @Override
    void deliver() {
        if (nmiPending && !nmiMasked && callbacks.nmi != 0) {
            nmiPending = false;
            nmiMasked = true;
            bounce(callbacks.nmi, true, NO_ERROR_CODE);
            return;
        }
        SharedInfo shared = vcpu.sharedInfo();
        if (shared.upcallPending(vcpu.id()) && !shared.upcallMask(vcpu.id())) {
            hypervisor.charge(Cost.EVENT_UPCALL);
            bounce(callbacks.event, true, NO_ERROR_CODE);
        }
    }

    @Override
    boolean hasEvent() {
        SharedInfo shared = vcpu.sharedInfo();
        return nmiPending && !nmiMasked || shared.upcallPending(vcpu.id()) && !shared.upcallMask(vcpu.id());
    }

    @Override
    long initialise(Vcpu caller, long pointer) {
        return PvContext.load(this, caller, pointer);
    }

    /**
     * The builder has set the vCPU's registers and made its page tables, the top one in {@code mfn}: from here on they are the hypervisor's to
     * guard, and pinned, as Xen's toolstack leaves them. 0, or a negative error if they are none that a guest may have.
     */
    long start(int mfn) {
        long rc = types.pin(domain(), mfn, PageTypes.L4);
        if (rc == 0) {
            rc = setKernelTable(mfn);
        }
        descriptors.start();
        registers.loadSegment(Register.CS, XenSlots.FLAT_CODE_64);
        registers.loadSegment(Register.SS, XenSlots.FLAT_DATA);
        return rc;
    }

    @Override
    void nmi() {
        nmiPending = true;
        hypervisor.kick(vcpu);
    }

    @Override
    void switchedIn() {
        // Floating-point state is loaded at its first use, as Xen does for PV vCPUs.
        registers.set(Register.CR0, registers.get(Register.CR0) | CR0_TS);
    }

    // -------------------------------------------------------------------------------------------------- exits

    @Override
    void handle(GuestExit exit) {
        switch (exit.reason) {
            case SYSCALL -> {
                hypervisor.charge(Cost.HYPERCALL_ENTRY);
                vcpu.exitCost = Cost.HYPERCALL_EXIT;
                if (kernelMode) {
                    hypercall(exit.arg);
                } else {
                    bounceSyscall();
                }
            }
            case SYSENTER -> bounceSysenter();
            case FAULT -> {
                hypervisor.charge(Cost.HYPERCALL_ENTRY);
                vcpu.exitCost = Cost.HYPERCALL_EXIT;
                fault((int) exit.number, (int) exit.arg[0], exit.arg[1], exit.arg[2] != 0);
            }
            case CPUID -> emulator.cpuid();
            case WINDOW -> {}
            default -> crash();
        }
    }

    private void hypercall(long[] arg) {
        arg[0] = registers.get(Register.RDI);
        arg[1] = registers.get(Register.RSI);
        arg[2] = registers.get(Register.RDX);
        arg[3] = registers.get(Register.R10);
        arg[4] = registers.get(Register.R8);
        long number = registers.get(Register.RAX) & 0xffff_ffffL;
        long result = hypervisor.hypercalls().dispatch(vcpu, number, arg);
        // What iret gives back is the rax that its frame holds, whatever that is.
        if (result == Hypercalls.AGAIN && number != Abi.HYPERVISOR_IRET) {
            registers.set(Register.RIP, registers.get(Register.RIP) - 2);
            registers.setArguments(arg);
        } else {
            registers.set(Register.RAX, result);
        }
    }

    private void bounceSyscall() {
        boolean compatible = !registers.is64Bit();
        long handler = compatible ? callbacks.syscall32 : callbacks.syscall;
        if (handler == 0) {
            registers.set(Register.RIP, registers.get(Register.RIP) - 2);
            exception(VECTOR_UD, NO_ERROR_CODE);
            return;
        }
        // The instruction left rip and the flags in rcx and r11: that is all that is known of the caller.
        registers.set(Register.RFLAGS, registers.get(Register.RFLAGS) & ~FLAG_DF);
        bounce(handler, compatible ? callbacks.syscall32Masks : callbacks.syscallMasks, NO_ERROR_CODE);
    }

    private void bounceSysenter() {
        if (callbacks.sysenter == 0) {
            exception(VECTOR_GP, 0);
        } else {
            registers.set(Register.RFLAGS, registers.get(Register.RFLAGS) & ~(FLAG_TF | FLAG_NT));
            bounce(callbacks.sysenter, callbacks.sysenterMasks, NO_ERROR_CODE);
        }
    }

    private void fault(int vector, int errorCode, long address, boolean software) {
        if (software) {
            softwareInterrupt(vector);
            return;
        }
        switch (vector) {
            case VECTOR_PF -> pageFault(address, errorCode);
            case VECTOR_GP -> {
                if (errorCode == 0 && emulator.privileged()) {
                    trace(TraceEvent.Pv.EMULATE_PRIVOP);
                } else if (!emulator.injected()) {
                    exception(vector, errorCode);
                }
            }
            case VECTOR_UD -> {
                if (emulator.forced()) {
                    trace(TraceEvent.Pv.FORCED_INVALID_OP);
                } else {
                    exception(vector, NO_ERROR_CODE);
                }
            }
            case VECTOR_NM -> floatingPointUsed();
            default -> exception(vector, errorCode);
        }
    }

    private void softwareInterrupt(int vector) {
        boolean allowed = vector == VECTOR_BP || vector == VECTOR_OF;
        if (allowed || callbacks.trapLevel(vector) >= (kernelMode ? 1 : 3)) {
            exception(vector, NO_ERROR_CODE);
        } else {
            registers.set(Register.RIP, registers.get(Register.RIP) - 2); // int n
            exception(VECTOR_GP, vector << 3 | ERROR_IDT);
        }
    }

    private void floatingPointUsed() {
        registers.set(Register.CR0, registers.get(Register.CR0) & ~CR0_TS);
        if (taskSwitched) {
            taskSwitched = false;
            exception(VECTOR_NM, NO_ERROR_CODE);
        } else {
            hypervisor.trace().emit(TraceEvent.Pv.MATH_STATE_RESTORE, 0, 0, 0, 0, 0, 0, 0, 0);
        }
    }

    /** Sets the guest's CR2, which it reads in its {@code vcpu_info}. */
    void setCr2(long address) {
        cr2 = address;
        vcpu.sharedInfo().setCr2(vcpu.id(), address);
    }

    /** Sets the guest's CR0.TS, as {@code fpu_taskswitch} and a write of CR0 do. */
    void setTaskSwitched(boolean set) {
        taskSwitched = set;
        long cr0 = registers.get(Register.CR0);
        registers.set(Register.CR0, set ? cr0 | CR0_TS : cr0 & ~CR0_TS);
    }

    private void pageFault(long address, int errorCode) {
        if (XenSlots.isDescriptor(address) && (errorCode & PF_USER) == 0) {
            // The processor itself looked for a descriptor, and that page of the table is not there.
            exception(VECTOR_GP, (int) address & 0xfff8);
        } else if (!tableWrites.emulate(address, errorCode)) {
            injectPageFault(address, errorCode);
        }
    }

    // ------------------------------------------------------------------------------------------ into the kernel

    /** Has the kernel take a page fault. */
    void injectPageFault(long address, int errorCode) {
        int code = kernelMode ? errorCode & ~PF_USER : errorCode | PF_USER;
        setCr2(address);
        long rip = registers.get(Register.RIP);
        hypervisor
                .trace()
                .emit(
                        TraceEvent.Pv.PAGE_FAULT | TraceEvent.Pv.ADDRESSES_64,
                        5,
                        (int) rip,
                        (int) (rip >> 32),
                        (int) address,
                        (int) (address >> 32),
                        code,
                        0,
                        0);
        bounce(callbacks.trap(VECTOR_PF), callbacks.trapMasks(VECTOR_PF), code);
    }

    /** Has the kernel take exception {@code vector}; -1 for no error code. */
    void exception(int vector, int errorCode) {
        long rip = registers.get(Register.RIP);
        int error = errorCode == NO_ERROR_CODE ? 0 : 1 << 15 | (errorCode & 0xffff) << 16;
        hypervisor
                .trace()
                .emit(
                        TraceEvent.Pv.TRAP | TraceEvent.Pv.ADDRESSES_64,
                        (int) rip,
                        (int) (rip >> 32),
                        vector & 0x7fff | error);
        bounce(callbacks.trap(vector), callbacks.trapMasks(vector), errorCode);
    }

    /**
     * Enters the kernel at {@code handler}: a frame of rcx, r11, the error code if any, rip, cs, flags, rsp and ss is written to its stack. The
     * flags show the mask of events as IF; cs shows level 0 for the kernel itself, and the mask in its byte 4. A kernel without a handler, or
     * without a stack, is beyond help.
     */
    private void bounce(long handler, boolean maskEvents, int errorCode) {
        long stack;
        long cs = registers.get(Register.CS) & 0xffff;
        if (kernelMode) {
            stack = registers.get(Register.RSP);
            cs &= ~3L;
        } else {
            toggle();
            stack = kernelStack;
        }
        boolean hasError = errorCode != NO_ERROR_CODE;
        SharedInfo shared = vcpu.sharedInfo();
        boolean masked = shared.upcallMask(vcpu.id());
        long flags = registers.get(Register.RFLAGS);
        long shown = flags & ~(FLAG_IF | FLAG_IOPL) | (masked ? 0 : FLAG_IF);
        if (domain().assisted(ASSIST_ARCHITECTURAL_IOPL)) {
            shown |= (long) ioPrivilege << IOPL_SHIFT;
        }
        int length = hasError ? 64 : 56;
        stack = (stack & ~0xfL) - length;
        int at = 0;
        frame.put64(at, registers.get(Register.RCX));
        frame.put64(at += 8, registers.get(Register.R11));
        if (hasError) {
            frame.put64(at += 8, errorCode & 0xffff_ffffL);
        }
        frame.put64(at += 8, registers.get(Register.RIP));
        frame.put64(at += 8, cs | (masked ? 1L << 32 : 0));
        frame.put64(at += 8, shown);
        frame.put64(at += 8, registers.get(Register.RSP));
        frame.put64(at += 8, registers.get(Register.SS));
        if (handler == 0 || XenSlots.contains(stack) || !frame.store(vcpu, stack, length)) {
            crash();
            return;
        }
        if (maskEvents) {
            shared.setUpcallMask(vcpu.id(), true);
        }
        registers.set(Register.RFLAGS, flags & ~(FLAG_AC | FLAG_VM | FLAG_RF | FLAG_NT | FLAG_TF));
        registers.set(Register.RSP, stack);
        registers.set(Register.RIP, handler);
        registers.loadSegment(Register.CS, XenSlots.FLAT_CODE_64);
        registers.loadSegment(Register.SS, XenSlots.FLAT_DATA);
    }

    /** Hypercall {@code iret}: to where the frame on the stack says, into a program if that is at level 3. Returns the new rax. */
    long returnFromInterrupt() {
        if (!frame.fetch(vcpu, registers.get(Register.RSP), 9 * 8)) {
            crash();
            return 0;
        }
        long cs = frame.int64(40);
        long flags = frame.int64(48);
        if (domain().assisted(ASSIST_ARCHITECTURAL_IOPL)) {
            ioPrivilege = (int) (flags >> IOPL_SHIFT) & 3;
        }
        if ((cs & 3) == 3) {
            if (userTable < 0) {
                crash();
                return 0;
            }
            toggle();
        }
        if ((frame.int64(24) & IN_SYSCALL) == 0) {
            registers.set(Register.R11, frame.int64(8));
            registers.set(Register.RCX, frame.int64(16));
        } else {
            cs = XenSlots.FLAT_CODE_64;
        }
        registers.set(Register.RIP, frame.int64(32));
        registers.set(Register.RFLAGS, flags & ~(FLAG_IOPL | FLAG_VM) | FLAG_IF | 2);
        registers.set(Register.RSP, frame.int64(56));
        vcpu.sharedInfo().setUpcallMask(vcpu.id(), (flags & FLAG_IF) == 0);
        nmiMasked = false;
        int ss = (int) frame.int64(64) & 0xffff;
        long rax = frame.int64(0);
        boolean loaded = registers.loadSegment(Register.CS, (int) cs & 0xffff | 3);
        loaded &= registers.loadSegment(Register.SS, (frame.int64(24) & IN_SYSCALL) != 0 ? XenSlots.FLAT_DATA : ss | 3);
        if (!loaded) {
            registers.set(Register.RAX, rax);
            exception(VECTOR_GP, (int) cs & 0xfffc);
        }
        return rax;
    }

    /** From the kernel to its programs, or back: the other page tables, and the other base of gs. */
    void toggle() {
        kernelMode = !kernelMode;
        long gs = registers.get(Register.GS_BASE);
        registers.set(Register.GS_BASE, registers.get(Register.KERNEL_GS_BASE));
        registers.set(Register.KERNEL_GS_BASE, gs);
        loadTables();
    }

    @Override
    void enterKernelMemory() {
        if (!kernelMode) {
            registers.set(Register.CR3, (long) kernelTable << MachineMemory.PAGE_SHIFT);
        }
    }

    @Override
    void leaveKernelMemory() {
        if (!kernelMode) {
            loadTables();
        }
    }

    private void loadTables() {
        registers.set(Register.CR3, (long) (kernelMode ? kernelTable : userTable) << MachineMemory.PAGE_SHIFT);
    }

    // ---------------------------------------------------------------------------------------------------- memory

    /** Forgets all translations. */
    void flush() {
        flushedAt = types.unmaps();
        registers.flushTlb();
    }

    /** The kernel uses the top-level table in {@code mfn} from now on; 0, or a negative error. */
    long setKernelTable(long mfn) {
        long rc = types.get(domain(), mfn, PageTypes.L4);
        if (rc == 0) {
            int old = kernelTable;
            kernelTable = (int) mfn;
            loadTables();
            flush();
            if (old >= 0) {
                types.putTyped(old);
            }
        }
        return rc;
    }

    /** Its programs use the top-level table in {@code mfn}, or none if that is 0; 0, or a negative error. */
    long setUserTable(long mfn) {
        if (mfn == userTable) {
            return 0;
        }
        if (mfn != 0) {
            long rc = types.get(domain(), mfn, PageTypes.L4);
            if (rc != 0) {
                return rc;
            }
        }
        int old = userTable;
        userTable = mfn == 0 ? -1 : (int) mfn;
        if (old >= 0) {
            types.putTyped(old);
        }
        return 0;
    }

    /** Machine address of the last-level entry for linear {@code address} in the present tables, or -1 if there is none. */
    int entryOf(long address) {
        int table = kernelMode ? kernelTable : userTable;
        if (table < 0 || XenSlots.contains(address) || address << 16 >> 16 != address) {
            return -1;
        }
        MachineMemory memory = frames.memory();
        for (int shift = 39; ; shift -= 9) {
            int at = (table << MachineMemory.PAGE_SHIFT) + 8 * (int) (address >>> shift & PageTypes.ENTRIES - 1);
            if (shift == MachineMemory.PAGE_SHIFT) {
                return at;
            }
            long entry = memory.get64(at);
            if (!Pte.present(entry)) {
                return -1;
            }
            table = (int) Pte.frame(entry);
        }
    }

    // ---------------------------------------------------------------------------------------------------- ports

    @Override
    void setIopl(int level) {
        ioPrivilege = level;
    }

    /** Whether what runs now has I/O privilege. A kernel counts as level 1, or as level 0 where the assist says so. */
    boolean hasIoPrivilege() {
        int level = !kernelMode ? 3 : domain().assisted(ASSIST_ARCHITECTURAL_IOPL) ? 0 : 1;
        return level <= ioPrivilege;
    }

    /** Whether what runs now may use {@code bytes} ports from {@code port} on. */
    boolean portAllowed(int port, int bytes) {
        if (hasIoPrivilege()) {
            return true;
        }
        if (port + bytes > portBitmapSize) {
            return false;
        }
        enterKernelMemory();
        int length = (port & 7) + bytes > 8 ? 2 : 1;
        boolean read = frame.fetch(vcpu, portBitmap + (port >> 3), length);
        leaveKernelMemory();
        int bits = frame.int8(0) | (length == 2 ? frame.int8(1) << 8 : 0);
        return read && (bits >> (port & 7) & (1 << bytes) - 1) == 0;
    }

    // ----------------------------------------------------------------------------------------------- the rest

    @Override
    void end() {
        descriptors.clear();
        if (kernelTable >= 0) {
            types.putTyped(kernelTable);
            kernelTable = -1;
        }
        if (userTable >= 0) {
            types.putTyped(userTable);
            userTable = -1;
        }
    }

    /** Ends the domain: it did what no guest may. */
    void crash() {
        hypervisor.shutdown(domain(), Abi.SHUTDOWN_CRASH);
    }

    private void trace(int event) {
        long rip = registers.get(Register.RIP);
        hypervisor.trace().emit(event | TraceEvent.Pv.ADDRESSES_64, (int) rip, (int) (rip >> 32));
    }
}

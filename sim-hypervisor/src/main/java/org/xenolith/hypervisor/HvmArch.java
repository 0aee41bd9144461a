package org.xenolith.hypervisor;

import org.xenolith.machine.Cost;
import org.xenolith.trace.TraceEvent;

/**
 * A hardware-virtualised vCPU that executes instructions, without emulated devices (PVH): it has a local APIC, and what it does that needs the
 * hypervisor ends in an exit. After {@code arch/x86/hvm} of Xen 4.17.
 *
 * <p>Hypercalls are taken in the layout of the 64-bit ABI; from 32-bit code only those whose structures hold no pointers.
 */
final class HvmArch extends VcpuArch {
    /** Hypercalls that a hardware-virtualised guest may issue; for any other there is no such thing. */
    private static final long HYPERCALLS = bits(
            Abi.HYPERVISOR_PLATFORM_OP,
            Abi.HYPERVISOR_MEMORY_OP,
            Abi.HYPERVISOR_MULTICALL,
            Abi.HYPERVISOR_SET_TIMER_OP,
            Abi.HYPERVISOR_XEN_VERSION,
            Abi.HYPERVISOR_CONSOLE_IO,
            Abi.HYPERVISOR_GRANT_TABLE_OP,
            Abi.HYPERVISOR_VM_ASSIST,
            Abi.HYPERVISOR_VCPU_OP,
            Abi.HYPERVISOR_SCHED_OP,
            Abi.HYPERVISOR_EVENT_CHANNEL_OP,
            Abi.HYPERVISOR_PHYSDEV_OP,
            Abi.HYPERVISOR_HVM_OP,
            Abi.HYPERVISOR_XENPMU_OP,
            Abi.HYPERVISOR_SYSCTL,
            Abi.HYPERVISOR_DOMCTL,
            Abi.HYPERVISOR_DM_OP,
            Abi.HYPERVISOR_HYPFS_OP);

    /** Of these, what 32-bit code may issue. */
    private static final long HYPERCALLS_32 = bits(
            Abi.HYPERVISOR_XEN_VERSION,
            Abi.HYPERVISOR_CONSOLE_IO,
            Abi.HYPERVISOR_VM_ASSIST,
            Abi.HYPERVISOR_SCHED_OP,
            Abi.HYPERVISOR_EVENT_CHANNEL_OP,
            Abi.HYPERVISOR_HVM_OP);

    private static final int CALLBACK_VECTOR = 2;
    private static final int LEAST_VECTOR = 16;
    private static final int HYPERCALL_LENGTH = 3;
    private static final int NMI = 2;
    private static final int GENERAL_PROTECTION = 13;
    private static final int DELAY_PORT = 0x80;
    private static final int OTHER_DELAY_PORT = 0xed;
    private static final long INTERRUPTS_ENABLED = 1 << 9;

    // Exit codes of AMD's SVM, for the trace.
    private static final int EXIT_INTR = 0x60;
    private static final int EXIT_WINDOW = 0x64;
    private static final int EXIT_CPUID = 0x72;
    private static final int EXIT_HLT = 0x78;
    private static final int EXIT_IOIO = 0x7b;
    private static final int EXIT_MSR = 0x7c;
    private static final int EXIT_SHUTDOWN = 0x7f;
    private static final int EXIT_VMMCALL = 0x81;
    private static final int EXIT_NESTED_PAGE_FAULT = 0x400;

    private final Hypervisor hypervisor;
    private final Vcpu vcpu;
    private final Registers registers;
    private final Vlapic lapic;
    private final HvmMsrs msrs;
    private final int[] cpuid = new int[4];

    /** Vector by which events come through the local APIC, or 0. */
    private int upcallVector;

    private boolean nmiPending;

    HvmArch(Hypervisor hypervisor, Vcpu vcpu, Registers registers) {
        this.hypervisor = hypervisor;
        this.vcpu = vcpu;
        this.registers = registers;
        this.lapic = new Vlapic(hypervisor, vcpu);
        this.msrs = new HvmMsrs(vcpu, lapic);
    }

    private static long bits(int... numbers) {
        long bits = 0;
        for (int number : numbers) {
            bits |= 1L << number;
        }
        return bits;
    }

    Vlapic lapic() {
        return lapic;
    }

    // ------------------------------------------------------------------------------------------- interrupts

    /** Has events come by interrupt {@code vector} (at least 16) of the local APIC. */
    void setUpcallVector(int vector) {
        upcallVector = vector;
        lapic.accept(vector);
    }

    @Override
    void eventMarked() {
        if (upcallVector != 0) {
            lapic.accept(upcallVector);
        }
    }

    /** The local APIC was switched on by software: an event that came before is not lost. */
    void lapicEnabled() {
        if (upcallVector != 0 && vcpu.sharedInfo().upcallPending(vcpu.id())) {
            lapic.accept(upcallVector);
        }
    }

    /** The vector of the domain's callback if it is pending, or -1. */
    private int callback() {
        long via = vcpu.domain().hvmParams().get(HvmParams.CALLBACK_IRQ);
        int vector = (int) via & 0xff;
        return via >>> 56 == CALLBACK_VECTOR
                        && vector >= LEAST_VECTOR
                        && vcpu.sharedInfo().upcallPending(vcpu.id())
                ? vector
                : -1;
    }

    @Override
    boolean hasEvent() {
        return nmiPending || registers.interruptible() && (callback() >= 0 || lapic.pending() >= 0);
    }

    @Override
    void deliver() {
        if (nmiPending) {
            nmiPending = false;
            registers.exception(NMI, -1, 0);
            return;
        }
        int callback = callback();
        int vector = callback >= 0 ? callback : lapic.pending();
        if (vector < 0) {
            return;
        }
        if (!registers.interruptible()) {
            hypervisor.trace().emit(TraceEvent.Hvm.INTR_WINDOW, vector, callback >= 0 ? 5 : 2, -1);
            registers.requestWindow();
            return;
        }
        if (callback < 0) {
            lapic.acknowledge(vector);
        }
        hypervisor.charge(Cost.EVENT_UPCALL);
        hypervisor.trace().emit(TraceEvent.Hvm.INJ_VIRQ, vector, 0);
        registers.interrupt(vector);
    }

    @Override
    void nmi() {
        nmiPending = true;
        hypervisor.kick(vcpu);
    }

    /** INIT: the vCPU stops until a start-up IPI. */
    void init() {
        if (vcpu.initialised) {
            vcpu.initialised = false;
            nmiPending = false;
            lapic.reset();
            vcpu.clearPause(Vcpu.BLOCKED);
            hypervisor.core().down(vcpu);
        }
    }

    /** A start-up IPI: a vCPU that waits for it executes from {@code page << 12} on, in real mode. */
    void startUp(int page) {
        if (!vcpu.initialised) {
            registers.startRealMode(page);
            vcpu.exitPending = false;
            vcpu.initialised = true;
            hypervisor.core().up(vcpu);
        }
    }

    // ------------------------------------------------------------------------------------------------ exits

    @Override
    void interrupted() {
        exited(EXIT_INTR, 0);
    }

    @Override
    void entering() {
        hypervisor.trace().emit(TraceEvent.Hvm.VMENTRY, 0, 0, 0, 0, 0, 0, 0, 0);
    }

    private void exited(int reason, int length) {
        TraceBuffer trace = hypervisor.trace();
        if (trace.wants(TraceEvent.Hvm.VMEXIT)) {
            long rip = registers.get(Register.RIP) - length;
            trace.emit(TraceEvent.Hvm.VMEXIT_64, reason, (int) rip, (int) (rip >>> 32));
        }
    }

    @Override
    void handle(GuestExit exit) {
        switch (exit.reason) {
            case HYPERCALL -> {
                exited(EXIT_VMMCALL, HYPERCALL_LENGTH);
                hypercall(exit);
            }
            case HALT -> {
                exited(EXIT_HLT, 1);
                halt();
            }
            case IO -> port(exit);
            case MMIO -> {
                exited(EXIT_NESTED_PAGE_FAULT, 0);
                memory(exit);
            }
            case CPUID -> {
                exited(EXIT_CPUID, 2);
                cpuid();
            }
            case MSR_READ -> {
                exited(EXIT_MSR, 2);
                readMsr((int) exit.number);
            }
            case MSR_WRITE -> {
                exited(EXIT_MSR, 2);
                writeMsr((int) exit.number, exit.arg[0]);
            }
            case WINDOW -> exited(EXIT_WINDOW, 0);
            case TRIPLE_FAULT -> {
                exited(EXIT_SHUTDOWN, 0);
                long reason = vcpu.domain().hvmParams().get(HvmParams.TRIPLE_FAULT_REASON);
                hypervisor.shutdown(vcpu.domain(), (int) reason);
            }
            default -> hypervisor.shutdown(vcpu.domain(), Abi.SHUTDOWN_CRASH);
        }
    }

    private void hypercall(GuestExit exit) {
        long number = exit.number;
        hypervisor.trace().emit(TraceEvent.Hvm.VMMCALL, (int) number);
        if (registers.cpl() == 3) {
            vcpu.guest.complete(Abi.EPERM);
            return;
        }
        long known = registers.is64Bit() ? HYPERCALLS : HYPERCALLS_32;
        boolean exists = number >= 0 && number < Long.SIZE && (known >>> number & 1) != 0;
        long result = exists ? hypervisor.hypercalls().dispatchUnrecorded(vcpu, number, exit.arg) : Abi.ENOSYS;
        if (result == Hypercalls.AGAIN) {
            registers.set(Register.RIP, registers.get(Register.RIP) - HYPERCALL_LENGTH);
            registers.setArguments(exit.arg);
        } else {
            vcpu.guest.complete(result);
        }
    }

    private void halt() {
        if ((registers.get(Register.RFLAGS) & INTERRUPTS_ENABLED) == 0 && !nmiPending) {
            goDown();
            return;
        }
        hypervisor.trace().emit(TraceEvent.Hvm.HLT, hasEvent() ? 1 : 0);
        hypervisor.core().block(vcpu);
    }

    /** Nothing but INIT can reach a vCPU that halts with interrupts off. When all have, the domain is off. */
    private void goDown() {
        hypervisor.core().down(vcpu);
        for (Vcpu other : vcpu.domain().vcpus()) {
            if (!other.isPaused(Vcpu.DOWN)) {
                return;
            }
        }
        hypervisor.shutdown(vcpu.domain(), Abi.SHUTDOWN_POWEROFF);
    }

    /** No port has a device: it reads as ones. Those by which kernels wait a little are the guest's own on Xen, and leave no record. */
    private void port(GuestExit exit) {
        boolean write = exit.arg[1] != 0;
        if (exit.number != DELAY_PORT && exit.number != OTHER_DELAY_PORT) {
            exited(EXIT_IOIO, 0);
            int event = write ? TraceEvent.Hvm.IOPORT_WRITE : TraceEvent.Hvm.IOPORT_READ;
            hypervisor.trace().emit(event, (int) exit.number, write ? (int) exit.arg[2] : -1);
        }
        if (!write) {
            vcpu.guest.complete(-1);
        }
    }

    /** No physical address but the local APIC's has a device. */
    private void memory(GuestExit exit) {
        boolean here = lapic.isAt(exit.number);
        int size = (int) exit.arg[0];
        if (exit.arg[1] != 0) {
            hypervisor.trace().emit(TraceEvent.Hvm.MMIO_WRITE, (int) exit.number, (int) exit.arg[2]);
            if (here) {
                lapic.writePage(exit.number, size, exit.arg[2]);
            }
        } else {
            long value = here ? lapic.readPage(exit.number, size) : -1;
            hypervisor.trace().emit(TraceEvent.Hvm.MMIO_READ, (int) exit.number, (int) value);
            vcpu.guest.complete(value);
        }
    }

    private void cpuid() {
        int leaf = (int) registers.get(Register.RAX);
        int subleaf = (int) registers.get(Register.RCX);
        hypervisor.cpuid().fill(vcpu, leaf, subleaf, cpuid);
        hypervisor.trace().emit(TraceEvent.Hvm.CPUID, 6, leaf, subleaf, cpuid[0], cpuid[1], cpuid[2], cpuid[3], 0);
        registers.set(Register.RAX, cpuid[0] & 0xffffffffL);
        registers.set(Register.RBX, cpuid[1] & 0xffffffffL);
        registers.set(Register.RCX, cpuid[2] & 0xffffffffL);
        registers.set(Register.RDX, cpuid[3] & 0xffffffffL);
    }

    private void readMsr(int msr) {
        if (!msrs.read(msr)) {
            refuse();
            return;
        }
        long value = msrs.value();
        hypervisor.trace().emit(TraceEvent.Hvm.MSR_READ, msr, (int) value, (int) (value >>> 32));
        registers.set(Register.RAX, value & 0xffffffffL);
        registers.set(Register.RDX, value >>> 32);
    }

    private void writeMsr(int msr, long value) {
        hypervisor.trace().emit(TraceEvent.Hvm.MSR_WRITE, msr, (int) value, (int) (value >>> 32));
        if (!msrs.write(msr, value)) {
            refuse();
        }
    }

    /** #GP at {@code rdmsr} or {@code wrmsr}, which take two bytes and are behind rip. */
    private void refuse() {
        registers.set(Register.RIP, registers.get(Register.RIP) - 2);
        hypervisor.trace().emit(TraceEvent.Hvm.INJ_EXC, GENERAL_PROTECTION, 0);
        registers.exception(GENERAL_PROTECTION, 0, 0);
    }
}

package org.xenolith.guest;

import org.xenolith.core.x86.Cpu;
import org.xenolith.core.x86.CpuExit;
import org.xenolith.core.x86.PhysicalMap;
import org.xenolith.hypervisor.Domain;
import org.xenolith.hypervisor.Guest;
import org.xenolith.hypervisor.GuestExit;
import org.xenolith.hypervisor.Registers;
import org.xenolith.hypervisor.VcpuPort;
import org.xenolith.machine.CostProfile;
import org.xenolith.machine.MachineMemory;

/**
 * A vCPU that executes a booted image on the reference core. Its {@link Timing} turns cycles into instructions, it turns the core's
 * exits into the guest's.
 */
public final class BootedGuest implements Guest, Timing.Core {
    private final Cpu cpu;
    private final CoreRegisters registers;
    private final Timing timing;
    private VcpuPort port;
    private long instructions;
    private InstructionTracer tracer;

    /**
     * A vCPU of a domain of {@code type}.
     *
     * @param memory the machine's memory
     * @param timing how its instructions take time
     * @param costs what they cost; throws {@link org.xenolith.engine.InputException} if it does not say enough for {@code timing}
     */
    public BootedGuest(Domain.Type type, MachineMemory memory, Timing.Kind timing, CostProfile costs) {
        boolean pv = type == Domain.Type.PV;
        PhysicalMap map = pv
                ? PhysicalMap.identity(memory.frames())
                : (frame, write) -> write
                        ? port.physmap().mfnForWriting(frame)
                        : port.physmap().mfn(frame);
        this.timing = timing.create(costs);
        this.cpu = new Cpu(memory, map, pv, this.timing.observer());
        this.registers = new CoreRegisters(cpu, memory);
        cpu.clock = this.timing;
    }

    @Override
    public void attach(VcpuPort vcpuPort) {
        port = vcpuPort;
    }

    @Override
    public Registers registers() {
        return registers;
    }

    /** The core itself, to look at. */
    public Cpu cpu() {
        return cpu;
    }

    /** Has {@code wanted} told of the instructions executed; null for nobody. */
    public void trace(InstructionTracer wanted) {
        tracer = wanted;
    }

    @Override
    public void gone() {
        cpu.close();
    }

    /** Its registers, stack and code as text, for a domain that has crashed. */
    public String dump() {
        return CoreDump.of(cpu, registers);
    }

    /** Instructions executed so far. */
    public long instructions() {
        return instructions;
    }

    @Override
    public long lookahead() {
        return 0;
    }

    @Override
    public long run(long budget, GuestExit exit) {
        cpu.exit.reason = CpuExit.Reason.BUDGET; // the budget may be too small for any instruction
        long used = timing.run(budget, port.tsc(), this);
        translate(cpu.exit, exit);
        return used;
    }

    @Override
    public long execute(long budgeted) {
        long done = tracer == null || budgeted == 0
                ? cpu.run(budgeted)
                : tracer.run(cpu, registers, instructions, budgeted);
        instructions += done;
        return done;
    }

    @Override
    public boolean stopped() {
        return cpu.exit.reason != CpuExit.Reason.BUDGET;
    }

    private void translate(CpuExit from, GuestExit to) {
        switch (from.reason) {
            case HYPERCALL -> registers.hypercall(to);
            case HALT -> to.halt();
            case CPUID -> to.reason = GuestExit.Reason.CPUID;
            case MSR_READ -> {
                to.reason = GuestExit.Reason.MSR_READ;
                to.number = cpu.r[Cpu.RCX] & 0xffffffffL;
            }
            case MSR_WRITE -> {
                to.reason = GuestExit.Reason.MSR_WRITE;
                to.number = cpu.r[Cpu.RCX] & 0xffffffffL;
                to.arg[0] = cpu.r[Cpu.RDX] << 32 | cpu.r[Cpu.RAX] & 0xffffffffL;
            }
            case IN -> to.io(from.number, from.size, false, 0);
            case OUT -> to.io(from.number, from.size, true, from.value);
            case MMIO_READ, MMIO_WRITE -> {
                to.io(from.number, from.size, from.reason == CpuExit.Reason.MMIO_WRITE, from.value);
                to.reason = GuestExit.Reason.MMIO;
            }
            case EXCEPTION -> {
                to.fault((int) from.number, from.errorCode, from.address);
                to.arg[2] = from.software ? 1 : 0;
            }
            case SYSCALL -> {
                registers.hypercall(to);
                to.reason = GuestExit.Reason.SYSCALL;
            }
            case SYSENTER -> to.reason = GuestExit.Reason.SYSENTER;
            case WINDOW -> to.reason = GuestExit.Reason.WINDOW;
            case TRIPLE_FAULT -> to.reason = GuestExit.Reason.TRIPLE_FAULT;
            case BUDGET -> to.budget();
        }
    }

    @Override
    public void complete(long result) {
        switch (cpu.exit.reason) {
            case IN, MMIO_READ -> cpu.completeInput(result);
            case HYPERCALL, SYSCALL -> cpu.r[Cpu.RAX] = registers.is64Bit() ? result : result & 0xffffffffL;
            default -> {} // Nothing is read.
        }
    }

    @Override
    public void upcall() {
        throw new IllegalStateException("a booted guest takes events as its way of virtualisation has them");
    }

    @Override
    public void fault(int vector, int errorCode, long address) {
        registers.exception(vector, errorCode, address);
    }
}

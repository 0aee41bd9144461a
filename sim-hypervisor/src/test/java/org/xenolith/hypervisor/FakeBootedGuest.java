package org.xenolith.hypervisor;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/** A guest with {@link FakeRegisters} that exits as it is told to, ten cycles apart, then computes for ever. */
final class FakeBootedGuest implements Guest {
    /** Cycles between two exits. */
    static final int STEP = 10;

    final FakeRegisters registers;

    /** Results of hypercalls and reads, in order. */
    final List<Long> results = new ArrayList<>();

    private final ArrayDeque<Consumer<GuestExit>> script = new ArrayDeque<>();
    private long work = STEP;
    Vcpu vcpu;

    /** With its domain's physical memory as linear memory, 1:1. */
    FakeBootedGuest() {
        this(new FakeRegisters(0));
    }

    FakeBootedGuest(FakeRegisters registers) {
        this.registers = registers;
    }

    /** Has it exit in this way next. */
    FakeBootedGuest then(Consumer<GuestExit> exit) {
        script.add(exit);
        return this;
    }

    /** Has it issue a hypercall next. */
    FakeBootedGuest hypercall(int number, long... arguments) {
        return then(exit -> {
            exit.hypercall(number, 0, 0);
            System.arraycopy(arguments, 0, exit.arg, 0, arguments.length);
        });
    }

    @Override
    public void attach(VcpuPort port) {
        vcpu = (Vcpu) port;
        registers.mapOnto(vcpu.domain().physmap());
    }

    @Override
    public long lookahead() {
        return script.isEmpty() ? FOREVER : work;
    }

    @Override
    public long run(long budget, GuestExit exit) {
        if (script.isEmpty() || budget < work) {
            work -= script.isEmpty() ? 0 : budget;
            exit.budget();
            return budget;
        }
        script.remove().accept(exit);
        long used = work;
        work = STEP;
        return used;
    }

    @Override
    public void complete(long result) {
        results.add(result);
    }

    @Override
    public void upcall() {
        throw new IllegalStateException("a booted guest takes no upcall this way");
    }

    @Override
    public void fault(int vector, int errorCode, long address) {
        throw new IllegalStateException("a booted guest takes no fault this way");
    }

    @Override
    public Registers registers() {
        return registers;
    }
}

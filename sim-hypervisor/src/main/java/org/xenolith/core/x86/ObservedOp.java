package org.xenolith.core.x86;

import org.xenolith.machine.InstructionClass;

/** An instruction that tells the core's {@link CoreObserver} its kind. */
final class ObservedOp extends Op {
    private final Op op;
    private final InstructionClass kind;
    private final long next;

    ObservedOp(Op op, Insn insn) {
        this.op = op;
        this.kind = InstructionClasses.of(insn);
        this.next = insn.next();
    }

    @Override
    public void exec(Cpu c) {
        c.observer.executing(kind);
        op.exec(c);
        if (kind == InstructionClass.BRANCH && c.rip != next) {
            c.observer.executing(InstructionClass.TAKEN_BRANCH);
        }
    }

    @Override
    public boolean ends() {
        return op.ends();
    }

    @Override
    public boolean near() {
        return op.near();
    }

    @Override
    public boolean alone() {
        return op.alone();
    }
}

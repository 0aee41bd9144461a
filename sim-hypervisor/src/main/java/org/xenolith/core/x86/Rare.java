package org.xenolith.core.x86;

/** An op that need not be fast, made of a lambda expression. */
final class Rare extends Op {
    /** What it does. */
    @FunctionalInterface
    interface Action {
        /** Carries it out on {@code c}. */
        void on(Cpu c);
    }

    private enum Then {
        MOVE_ON,
        END_BLOCK,
        TRANSFER,
    }

    private final Action action;
    private final Then then;
    private final boolean alone;
    private final long next;

    private Rare(Insn insn, Action action, Then then, boolean alone) {
        this.action = action;
        this.then = then;
        this.alone = alone;
        this.next = next(insn);
    }

    /** Offset in cs behind {@code insn}. */
    static long next(Insn insn) {
        return insn.next() & Address.mask(bits(insn.mode()));
    }

    private static int bits(Insn.Mode mode) {
        return switch (mode) {
            case BITS_16 -> 16;
            case BITS_32 -> 32;
            case BITS_64 -> 64;
        };
    }

    /** An op amidst its block. */
    static Op plain(Insn insn, Action action) {
        return new Rare(insn, action, Then.MOVE_ON, false);
    }

    /** An op that ends its block and is followed by the next instruction. */
    static Op last(Insn insn, Action action) {
        return new Rare(insn, action, Then.END_BLOCK, false);
    }

    /** An op alone in its block, followed by the next instruction. */
    static Op alone(Insn insn, Action action) {
        return new Rare(insn, action, Then.END_BLOCK, true);
    }

    /** An op that ends its block and sets rip itself. */
    static Op transfer(Insn insn, Action action) {
        return new Rare(insn, action, Then.TRANSFER, false);
    }

    @Override
    public void exec(Cpu c) {
        action.on(c);
        if (then == Then.END_BLOCK) {
            c.rip = next;
        }
    }

    @Override
    public boolean ends() {
        return then != Then.MOVE_ON;
    }

    @Override
    public boolean alone() {
        return alone;
    }
}

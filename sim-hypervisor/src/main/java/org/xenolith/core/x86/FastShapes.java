package org.xenolith.core.x86;

import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.xenolith.core.x86.Insn.Kind;
import org.xenolith.core.x86.Insn.Operand;

/**
 * Ops for the most frequent shapes of the most frequent instructions, each with its operands' kinds and width built in. Whatever they do,
 * the ops of {@link Semantics} do too, for all shapes; a test holds them equal. Without them the core is right, and half as fast.
 */
final class FastShapes {
    private final Map<String, Semantics.Factory> factories = new HashMap<>();

    FastShapes() {
        FastArithmetic.define(this);
        FastLogic.define(this);
        FastShifts.define(this);
        FastBranches.define(this);
        FastExtras.define(this);
    }

    /** Binds {@code shape}: semantics, kinds of operands ({@code r} register, {@code i} immediate, {@code m} memory), width. */
    void define(String shape, Semantics.Factory factory) {
        factories.put(shape, factory);
    }

    /** The op for {@code insn}, or null if there is none for its shape. */
    Op op(Insn insn) {
        return switch (insn.semantics()) {
            case "mov", "movzx", "movsx", "movsxd", "lea" -> FastMoves.of(insn);
            default -> {
                String shape = shape(insn);
                Semantics.Factory factory = shape == null ? null : factories.get(shape);
                yield factory == null ? null : factory.make(insn);
            }
        };
    }

    /** The shapes there are ops for, but those of moves. */
    Set<String> shapes() {
        return factories.keySet();
    }

    /** The shape of {@code insn}, as {@link #define} takes it, or null if it has operands of other kinds. */
    String shape(Insn insn) {
        StringBuilder shape = new StringBuilder(insn.semantics());
        for (Operand o : insn.operands()) {
            char letter =
                    switch (o.kind()) {
                        case GPR -> 'r';
                        case IMMEDIATE -> 'i';
                        case MEMORY -> 'm';
                        case TARGET -> 't';
                        default -> 0;
                    };
            if (letter == 0) {
                return null;
            }
            shape.append(' ').append(letter);
        }
        boolean near = insn.operands().isEmpty() || insn.operand(0).kind() == Kind.TARGET;
        return shape.append(' ')
                .append(
                        near || insn.operand(0).kind() == Kind.IMMEDIATE
                                ? insn.operandBits()
                                : insn.operand(0).bits())
                .toString();
    }

    /** Both operands are registers. */
    abstract static class TwoRegisters extends Op {
        final int to;
        final int from;

        TwoRegisters(Insn insn) {
            to = insn.operand(0).register();
            from = insn.operand(1).register();
        }
    }

    /** A register and an immediate. */
    abstract static class RegisterAndConstant extends Op {
        final int to;
        final long constant;

        RegisterAndConstant(Insn insn) {
            to = insn.operand(0).register();
            constant = insn.operand(1).value();
        }
    }

    /** A register and memory. */
    abstract static class RegisterAndMemory extends Op {
        final int to;
        final Address address;

        RegisterAndMemory(Insn insn) {
            to = insn.operand(0).register();
            address = new Address(insn);
        }
    }

    /** Memory and a register. */
    abstract static class MemoryAndRegister extends Op {
        final Address address;
        final int from;

        MemoryAndRegister(Insn insn) {
            address = new Address(insn);
            from = insn.operand(1).register();
        }
    }

    /** Memory and an immediate. */
    abstract static class MemoryAndConstant extends Op {
        final Address address;
        final long constant;

        MemoryAndConstant(Insn insn) {
            address = new Address(insn);
            constant = insn.operand(1).value();
        }
    }
}

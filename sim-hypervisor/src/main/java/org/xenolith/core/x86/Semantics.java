package org.xenolith.core.x86;

import java.util.HashMap;
import java.util.Map;

/** What instructions do, by name: the column {@code semantics} of the table, bound to ops. */
public final class Semantics {
    /** Makes the op of an instruction. */
    @FunctionalInterface
    public interface Factory {
        /** The op that carries out {@code insn}, specialised for its operands. */
        Op make(Insn insn);
    }

    /** What the core has not. */
    private static final Op UNDEFINED = new Op() {
        @Override
        public void exec(Cpu c) {
            throw c.raise(Fault.UD);
        }

        @Override
        public boolean ends() {
            return true;
        }
    };

    private final Map<String, Factory> factories = new HashMap<>();

    /** Null if there are none but the plain ops. */
    private FastShapes fast;

    /** All that the core has. */
    public static Semantics all() {
        Semantics s = plain();
        s.fast = new FastShapes();
        return s;
    }

    /** All that the core has, without the ops that only are faster. */
    static Semantics plain() {
        Semantics s = new Semantics();
        ArithmeticOps.define(s);
        LogicOps.define(s);
        ShiftOps.define(s);
        MultiplyOps.define(s);
        BitOps.define(s);
        DecimalOps.define(s);
        MoveOps.define(s);
        StackOps.define(s);
        BranchOps.define(s);
        StringOps.define(s);
        ExchangeOps.define(s);
        SseOps.define(s);
        SystemOps.define(s);
        SegmentOps.define(s);
        PortOps.define(s);
        return s;
    }

    /** Binds {@code name}. */
    Semantics define(String name, Factory factory) {
        if (factories.put(name, factory) != null) {
            throw new IllegalStateException("semantics '" + name + "' are defined twice");
        }
        return this;
    }

    /** The factory bound to {@code name}, or null. */
    public Factory factory(String name) {
        return factories.get(name);
    }

    /** The op that carries out {@code insn}: one that raises #UD if the core has no such instruction. */
    public Op op(Insn insn) {
        Op op = fast == null ? null : fast.op(insn);
        return op != null ? op : named(insn.semantics(), insn);
    }

    /** The op that carries out {@code insn} as the semantics {@code name} say. */
    Op named(String name, Insn insn) {
        Factory factory = factories.get(name);
        return factory == null ? UNDEFINED : factory.make(insn);
    }
}

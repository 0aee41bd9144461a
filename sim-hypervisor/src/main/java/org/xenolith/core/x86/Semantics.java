package org.xenolith.core.x86;

import java.util.Map;
import java.util.TreeMap;

/** What instructions do, by name: the column {@code semantics} of the table, bound to ops. */
public final class Semantics {
    /** Makes the op of an instruction. */
    @FunctionalInterface
    public interface Factory {
        /** The op that carries out {@code insn}, specialised for its operands. */
        Op make(Insn insn);
    }

    private final Map<String, Factory> factories = new TreeMap<>();

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
}

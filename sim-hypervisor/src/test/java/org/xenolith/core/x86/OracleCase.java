package org.xenolith.core.x86;

import java.util.HexFormat;

/** An instruction to execute and the state it begins with. */
final class OracleCase {
    private final Insn insn;
    private final byte[] code;
    private final OracleState before;

    /**
     * A case.
     *
     * @param insn as the core decodes it
     * @param code its bytes
     * @param before the state
     */
    OracleCase(Insn insn, byte[] code, OracleState before) {
        this.insn = insn;
        this.code = code;
        this.before = before;
    }

    Insn insn() {
        return insn;
    }

    byte[] code() {
        return code;
    }

    OracleState before() {
        return before;
    }

    /** Whether it is fetched in compatibility mode. */
    boolean code32() {
        return insn.mode() == Insn.Mode.BITS_32;
    }

    /** Whether the host single-steps it: all but what shows the trap flag. */
    boolean steps() {
        return !insn.semantics().equals("pushf");
    }

    @Override
    public String toString() {
        String bytes = HexFormat.of().formatHex(code);
        return insn.entry().mnemonic() + " [" + bytes + (code32() ? ", 32-bit" : "") + "] " + insn.operands();
    }
}

package org.xenolith.core.x86;

import java.util.List;

/**
 * One operand of a table line: where it lies and how wide it is. The notation is told at the head of {@code instructions.txt}.
 *
 * @param place where
 * @param width how wide, as written: {@code v}, {@code dq}, ...; empty if only the place matters
 * @param broadcast width of the element that EVEX.b repeats, or empty
 * @param rounding what EVEX.b means for a register form: {@code r} to round as told, {@code s} to suppress exceptions, or empty
 * @param fixed number of a register that the pattern itself names
 */
record OperandPattern(Place place, String width, String broadcast, String rounding, int fixed) {
    /** Where an operand lies. */
    enum Place {
        /** ModRM: general register or memory. */
        E,
        /** ModRM.reg: general register. */
        G,
        /** ModRM.rm: general register. */
        R,
        /** ModRM: memory. */
        M,
        /** General register in the opcode. */
        Z,
        /** Immediate. */
        I,
        /** Immediate whose sign is extended. */
        I_SIGNED,
        /** Memory at an absolute offset. */
        O,
        /** Relative target. */
        J,
        /** Far pointer. */
        A,
        /** Segment register (ModRM.reg). */
        S,
        /** Control register (reg). */
        C,
        /** Debug register (reg). */
        D,
        /** Implied memory at ds:rsi. */
        X,
        /** Implied memory at es:rdi. */
        Y,
        /** Implied memory at ds:rbx + al. */
        BX,
        /** Implied memory at ds:rdi. */
        DI,
        /** SSE register (reg). */
        V,
        /** SSE register or memory. */
        W,
        /** SSE register (rm). */
        U,
        /** MMX register (reg). */
        P,
        /** MMX register or memory. */
        Q,
        /** MMX register (rm). */
        N,
        /** SSE register in VEX.vvvv. */
        H,
        /** General register in VEX.vvvv. */
        B,
        /** SSE register in the high half of an immediate byte. */
        L,
        /** Memory addressed by a vector of indices, 128, 256 or 512 bits of them. */
        VMX,
        VMY,
        VMZ,
        /** Mask register (reg). */
        KG,
        /** Mask register or memory. */
        KE,
        /** Mask register (rm). */
        KR,
        /** Mask register in VEX.vvvv. */
        KH,
        /** x87 register on top. */
        ST,
        /** x87 register (rm). */
        STI,
        /** General register that the pattern names. */
        GPR,
        /** Segment register that the pattern names. */
        SEGMENT,
        /** xmm0. */
        XMM0,
        /** The constant 1. */
        ONE;

        /** Whether the ModRM byte must name a register. */
        boolean registerOnly() {
            return this == R || this == U || this == N || this == KR;
        }

        /** Whether the ModRM byte must name memory. */
        boolean memoryOnly() {
            return this == M || this == VMX || this == VMY || this == VMZ;
        }

        /** Whether it is part of the instruction rather than a register or memory. */
        boolean constant() {
            return this == I || this == I_SIGNED || this == ONE || this == J;
        }

        /** Whether it is memory that no ModRM byte describes. */
        boolean implied() {
            return this == X || this == Y || this == BX || this == DI;
        }
    }

    private static final List<String> SEGMENTS = List.of("ES", "CS", "SS", "DS", "FS", "GS");
    private static final String WIDTHS = "b w d q dq qq t s v z y p n a x h f e";

    /** Parses {@code text}; throws IllegalArgumentException saying what is wrong with it. */
    static OperandPattern parse(String text) {
        int segment = SEGMENTS.indexOf(text);
        if (segment >= 0) {
            return new OperandPattern(Place.SEGMENT, "w", "", "", segment);
        }
        OperandPattern named =
                switch (text) {
                    case "AL" -> new OperandPattern(Place.GPR, "b", "", "", Cpu.RAX);
                    case "CL" -> new OperandPattern(Place.GPR, "b", "", "", Cpu.RCX);
                    case "AX" -> new OperandPattern(Place.GPR, "w", "", "", Cpu.RAX);
                    case "DX" -> new OperandPattern(Place.GPR, "w", "", "", Cpu.RDX);
                    case "eAX" -> new OperandPattern(Place.GPR, "z", "", "", Cpu.RAX);
                    case "rAX" -> new OperandPattern(Place.GPR, "v", "", "", Cpu.RAX);
                    case "ST" -> new OperandPattern(Place.ST, "t", "", "", 0);
                    case "STi" -> new OperandPattern(Place.STI, "t", "", "", 0);
                    case "XMM0" -> new OperandPattern(Place.XMM0, "dq", "", "", 0);
                    case "1" -> new OperandPattern(Place.ONE, "b", "", "", 1);
                    case "Ibs" -> new OperandPattern(Place.I_SIGNED, "b", "", "", 0);
                    default -> null;
                };
        return named != null ? named : parseGeneral(text);
    }

    private static OperandPattern parseGeneral(String text) {
        int slash = text.indexOf('/');
        String evex = slash < 0 ? "" : text.substring(slash + 1);
        if (!evex.matches("[dq]?[rs]?")) {
            throw new IllegalArgumentException("'" + text + "' has an unknown suffix");
        }
        String broadcast = evex.replaceAll("[rs]", "");
        String rounding = evex.substring(broadcast.length());
        String plain = slash < 0 ? text : text.substring(0, slash);
        int letters = 0;
        while (letters < plain.length() && Character.isUpperCase(plain.charAt(letters))) {
            letters++;
        }
        String width = plain.substring(letters);
        Place place;
        try {
            place = Place.valueOf(plain.substring(0, letters));
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("'" + text + "' is no operand", e);
        }
        if (width.isEmpty() ? place != Place.M : !(" " + WIDTHS + " ").contains(" " + width + " ")) {
            throw new IllegalArgumentException("'" + text + "' has no width that is known");
        }
        return new OperandPattern(place, width, broadcast, rounding, 0);
    }

    /** Whether its width follows the operand size. */
    boolean sized() {
        return width.equals("v") || width.equals("z") || width.equals("y") || width.equals("p");
    }
}

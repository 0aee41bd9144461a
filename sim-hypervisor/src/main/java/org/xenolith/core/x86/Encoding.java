package org.xenolith.core.x86;

/**
 * The first column of a table line, understood: which bytes it is about. The notation is told at the head of
 * {@code instructions.txt}.
 */
final class Encoding {
    /** How the opcode is introduced. */
    enum Space {
        LEGACY,
        VEX,
        EVEX
    }

    /** No condition. */
    static final int ANY = -1;

    /** Vector length: 256 or 512 bits. */
    static final int LONG = 12;

    /** Mandatory prefix: none, and not 66 either. */
    static final int PREFIX_NONE = 0;

    /** Mandatory prefix 66. */
    static final int PREFIX_66 = 1;

    /** Mandatory prefix f3. */
    static final int PREFIX_F3 = 2;

    /** Mandatory prefix f2. */
    static final int PREFIX_F2 = 3;

    private static final String[] MAPS = {"", "0F", "0F38", "0F3A", "MAP4", "MAP5", "MAP6"};

    final Space space;

    /** Opcode map: 0 one byte, 1 0F, 2 0F 38, 3 0F 3A. */
    final int map;

    /** First opcode byte, and how many there are in a row: 1, 8 or 16. */
    final int opcode;

    final int opcodes;

    int prefix = ANY;
    boolean modrm;

    /** ModRM byte & mask must be this value. */
    int modrmMask;

    int modrmValue;
    boolean memoryOnly;
    boolean ignoreMod;
    int w = ANY;
    int l = ANY;
    boolean not64;
    boolean only64;
    boolean default64;
    boolean force64;
    boolean lockable;
    boolean noRexB;

    /** Parses {@code text}; throws IllegalArgumentException saying what is wrong with it. */
    Encoding(String text) {
        String[] tokens = text.split(" ", -1);
        int i = 0;
        int encodedMap = 0;
        if (tokens[0].startsWith("VEX") || tokens[0].startsWith("EVEX")) {
            String[] parts = tokens[0].split("\\.", -1);
            space = Space.valueOf(parts[0]);
            prefix = PREFIX_NONE;
            for (int p = 1; p < parts.length; p++) {
                encodedMap = vexPart(parts[p], encodedMap);
            }
            i = 1;
        } else {
            space = Space.LEGACY;
            if (tokens.length > 1 && isByte(tokens[1]) && prefixOf(tokens[0]) != ANY) {
                prefix = prefixOf(tokens[0]);
                i = 1;
            }
            if (tokens[i].equals("0F")) {
                encodedMap = 1;
                i++;
                if (tokens[i].equals("38") || tokens[i].equals("3A")) {
                    encodedMap = tokens[i].equals("38") ? 2 : 3;
                    i++;
                }
            }
        }
        map = encodedMap;
        if (i == tokens.length || !isByte(tokens[i])) {
            throw new IllegalArgumentException("no opcode byte");
        }
        opcode = Integer.parseInt(tokens[i].substring(0, 2), 16);
        String low = tokens[i].substring(2);
        opcodes = switch (low) {
            case "" -> 1;
            case "+r" -> 8;
            case "+cc" -> 16;
            case "+i" -> throw new IllegalArgumentException("+i belongs to the ModRM byte");
            default -> throw new IllegalArgumentException("'" + tokens[i] + "' is no opcode byte");
        };
        if ((opcode & opcodes - 1) != 0) {
            throw new IllegalArgumentException("the low bits of " + tokens[i] + " are not clear");
        }
        for (i++; i < tokens.length; i++) {
            condition(tokens[i]);
        }
    }

    private int vexPart(String part, int mapSoFar) {
        if (prefixOf(part) != ANY) {
            prefix = prefixOf(part);
            return mapSoFar;
        }
        for (int m = 1; m < MAPS.length; m++) {
            if (MAPS[m].equals(part)) {
                return m;
            }
        }
        condition(part);
        return mapSoFar;
    }

    private void condition(String token) {
        switch (token) {
            case "/r" -> modrm = true;
            case "/rm" -> {
                modrm = true;
                memoryOnly = true;
            }
            case "/rr" -> fix(0xc0, 0xc0);
            case "mod3" -> ignoreMod = true;
            case "W0", "W1" -> w = token.charAt(1) - '0';
            case "L0", "L1", "L2" -> l = token.charAt(1) - '0';
            case "L12" -> l = LONG;
            case "i64" -> not64 = true;
            case "o64" -> only64 = true;
            case "d64" -> default64 = true;
            case "f64" -> force64 = true;
            case "lock" -> lockable = true;
            case "b0" -> noRexB = true;
            default -> modrmCondition(token);
        }
    }

    private void modrmCondition(String token) {
        if (token.matches("/[0-7][mr]?")) {
            fix(0x38, (token.charAt(1) - '0') << 3);
            if (token.endsWith("m")) {
                memoryOnly = true;
            } else if (token.endsWith("r")) {
                fix(0xc0, 0xc0);
            }
        } else if (isByte(token) && token.length() == 2) {
            fix(0xff, Integer.parseInt(token, 16));
        } else if (isByte(token) && token.endsWith("+i")) {
            fix(0xf8, Integer.parseInt(token.substring(0, 2), 16));
        } else {
            throw new IllegalArgumentException("'" + token + "' means nothing in an encoding");
        }
    }

    private void fix(int mask, int value) {
        modrm = true;
        modrmMask |= mask;
        modrmValue |= value;
    }

    private static boolean isByte(String token) {
        return token.matches("[0-9A-F]{2}(\\+(r|cc|i))?");
    }

    private static int prefixOf(String token) {
        return switch (token) {
            case "NP" -> PREFIX_NONE;
            case "66" -> PREFIX_66;
            case "F3" -> PREFIX_F3;
            case "F2" -> PREFIX_F2;
            default -> ANY;
        };
    }

    /** Demands a register in the ModRM byte, or memory, as an operand's pattern says. */
    void demandMod(boolean register) {
        if (register && !ignoreMod) {
            fix(0xc0, 0xc0);
        } else if (!register) {
            memoryOnly = true;
        }
    }

    /**
     * Whether an instruction so encoded is meant; {@code modrm} is ignored by lines that have none.
     *
     * @param found mandatory prefix there is: 0 to 3
     * @param modrmByte ModRM byte
     * @param wBit REX.W or VEX.W
     * @param length vector length: 0 to 2
     * @param rexB REX.B
     * @param long64 whether in 64-bit mode
     */
    boolean fits(int found, int modrmByte, int wBit, int length, boolean rexB, boolean long64) {
        return (prefix == ANY || prefix == found)
                && (modrmByte & modrmMask) == modrmValue
                && (!memoryOnly || modrmByte < 0xc0)
                && (w == ANY || w == wBit)
                && (l == ANY || l == length || l == LONG && length >= 1)
                && !(not64 && long64)
                && !(only64 && !long64)
                && !(noRexB && rexB);
    }

    /** How much the line demands: of several that fit, the greatest is meant. */
    int demands() {
        int mod = memoryOnly || (modrmMask & 0xc0) != 0 ? 1 : 0;
        return (prefix == ANY ? 0 : 1000)
                + Integer.bitCount(modrmMask & 0x3f) * 20
                + mod * 10
                + (opcodes == 1 ? 5 : 0)
                + (w == ANY ? 0 : 1)
                + (l == ANY ? 0 : 1)
                + (not64 || only64 ? 1 : 0);
    }
}

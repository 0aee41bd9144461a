package org.xenolith.hypervisor;

import java.util.Arrays;

/**
 * Model-specific registers of a hardware-virtualised vCPU that its core has not itself: what Xen 4.17 has a guest read and write on an AMD
 * processor of family 15. Any other raises #GP.
 */
final class HvmMsrs {
    /** Where Xen puts its hypercall page. */
    static final int HYPERCALL_PAGE = 0x40000000;

    private static final int APIC_BASE = 0x1b;
    private static final int PATCH_LEVEL = 0x8b;
    private static final int MTRR_CAPABILITIES = 0xfe;
    private static final int MCG_CAPABILITIES = 0x179;
    private static final int MCG_STATUS = 0x17a;
    private static final int MTRR_VARIABLE = 0x200;
    private static final int MTRR_DEFAULT = 0x2ff;
    private static final int MISC_ENABLE = 0x1a0;
    private static final int DEBUG_CONTROL = 0x1d9;
    private static final int MCA_BANKS = 0x400;
    private static final int K7_COUNTERS = 0xc0010000;
    private static final int SYSCFG = 0xc0010010;
    private static final int HWCR = 0xc0010015;
    private static final int TOP_MEM = 0xc001001a;
    private static final int TOP_MEM2 = 0xc001001d;
    private static final int NORTHBRIDGE = 0xc001001f;
    private static final int C1E = 0xc0010055;
    private static final int DE_CFG = 0xc0011029;

    private static final int[] MTRR_FIXED = {0x250, 0x258, 0x259, 0x268, 0x269, 0x26a, 0x26b, 0x26c, 0x26d, 0x26e, 0x26f
    };

    private static final int VARIABLE_MTRRS = 8;
    private static final int BANKS = 2;

    private final Vcpu vcpu;
    private final Vlapic lapic;
    private final long[] variableMtrrs = new long[2 * VARIABLE_MTRRS];
    private final long[] fixedMtrrs = new long[MTRR_FIXED.length];
    private final long[] bankControl = new long[BANKS];
    private long mtrrDefault = 0x806; // on, write-back
    private long mcgStatus;

    /** Last value read. */
    private long value;

    HvmMsrs(Vcpu vcpu, Vlapic lapic) {
        this.vcpu = vcpu;
        this.lapic = lapic;
        Arrays.fill(bankControl, -1L);
    }

    /** Value read by the last {@link #read}. */
    long value() {
        return value;
    }

    /** Reads {@code msr}; false for #GP. */
    boolean read(int msr) {
        if (msr >= Vlapic.MSRS && msr < Vlapic.MSRS_END) {
            if (!lapic.isReadable(msr)) {
                return false;
            }
            value = lapic.readMsr(msr);
            return true;
        }
        if (isCounter(msr)) {
            value = 0;
            return true;
        }
        long[] array = arrayOf(msr);
        if (array != null) {
            value = array[indexIn(msr)];
            return true;
        }
        switch (msr) {
            case APIC_BASE -> value = lapic.base();
            case PATCH_LEVEL -> value = 0x01000065;
            case MTRR_CAPABILITIES -> value = 0x508; // eight variable ranges, fixed ones, write-combining
            case MTRR_DEFAULT -> value = mtrrDefault;
            case MCG_CAPABILITIES -> value = BANKS;
            case MCG_STATUS -> value = mcgStatus;
            case DE_CFG -> value = 2; // lfence waits for all before it
            case HYPERCALL_PAGE, MISC_ENABLE, DEBUG_CONTROL, SYSCFG, HWCR, TOP_MEM, TOP_MEM2, NORTHBRIDGE, C1E ->
                value = 0;
            default -> {
                if (msr < MCA_BANKS || msr >= MCA_BANKS + 4 * BANKS) {
                    return false;
                }
                value = 0; // no error ever; no address, nothing else
            }
        }
        return true;
    }

    /** Writes {@code msr}; false for #GP. */
    boolean write(int msr, long newValue) {
        if (msr >= Vlapic.MSRS && msr < Vlapic.MSRS_END) {
            return lapic.writeMsr(msr, newValue);
        }
        if (isCounter(msr)) {
            return true;
        }
        long[] array = arrayOf(msr);
        if (array != null) {
            boolean range = array == variableMtrrs && (msr & 1) != 0;
            if (array == variableMtrrs && !validRange(newValue, range)
                    || array == fixedMtrrs && !validTypes(newValue)) {
                return false;
            }
            array[indexIn(msr)] = newValue;
            return true;
        }
        switch (msr) {
            case APIC_BASE -> {
                return lapic.setBase(newValue);
            }
            case HYPERCALL_PAGE -> {
                return HypercallPage.write(vcpu, newValue);
            }
            case MTRR_DEFAULT -> {
                if ((newValue & ~0xcffL) != 0 || !validType((int) newValue & 0xff)) {
                    return false;
                }
                mtrrDefault = newValue;
                return true;
            }
            case MCG_STATUS -> {
                mcgStatus = newValue;
                return true;
            }
            case PATCH_LEVEL, MISC_ENABLE, NORTHBRIDGE, DE_CFG -> {
                return true; // dropped
            }
            default -> {
                return msr >= MCA_BANKS && msr < MCA_BANKS + 4 * BANKS && newValue == 0;
            }
        }
    }

    /** A performance counter or what selects its event: there are none, so it reads as 0 and takes everything (Xen's vpmu=off). */
    private static boolean isCounter(int msr) {
        return msr >= K7_COUNTERS && msr < K7_COUNTERS + 8;
    }

    private long[] arrayOf(int msr) {
        if (msr >= MTRR_VARIABLE && msr < MTRR_VARIABLE + 2 * VARIABLE_MTRRS) {
            return variableMtrrs;
        }
        if (msr >= MCA_BANKS && msr < MCA_BANKS + 4 * BANKS && (msr & 3) == 0) {
            return bankControl;
        }
        return fixedIndex(msr) >= 0 ? fixedMtrrs : null;
    }

    private static int indexIn(int msr) {
        if (msr >= MTRR_VARIABLE && msr < MTRR_VARIABLE + 2 * VARIABLE_MTRRS) {
            return msr - MTRR_VARIABLE;
        }
        return msr >= MCA_BANKS ? (msr - MCA_BANKS) >> 2 : fixedIndex(msr);
    }

    private static int fixedIndex(int msr) {
        for (int i = 0; i < MTRR_FIXED.length; i++) {
            if (MTRR_FIXED[i] == msr) {
                return i;
            }
        }
        return -1;
    }

    private static boolean validType(int type) {
        return type < 7 && type != 2 && type != 3;
    }

    private static boolean validTypes(long eight) {
        for (int i = 0; i < 8; i++) {
            if (!validType((int) (eight >>> 8 * i) & 0xff)) {
                return false;
            }
        }
        return true;
    }

    /** Base (address and type) or mask (address and valid bit) of a variable range, of 40 bits. */
    private static boolean validRange(long newValue, boolean mask) {
        return (newValue & ~0xff_ffff_ffffL) == 0
                && (mask ? (newValue & 0x7ff) == 0 : (newValue & 0xf00) == 0 && validType((int) newValue & 0xff));
    }
}

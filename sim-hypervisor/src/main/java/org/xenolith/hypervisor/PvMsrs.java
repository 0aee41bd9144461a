package org.xenolith.hypervisor;

import java.util.Arrays;

/** Model-specific registers as a PV kernel reads and writes them, in a domain without devices: as Xen 4.17 answers on an AMD processor. */
final class PvMsrs {
    private static final int TSC = 0x10;
    private static final int APIC_BASE = 0x1b;
    private static final int PATCH_LEVEL = 0x8b;
    private static final int MCG_CAP = 0x179;
    private static final int MCG_STATUS = 0x17a;
    private static final int MISC_ENABLE = 0x1a0;
    private static final int MCA_BANKS = 0x400;
    private static final int PAT = 0x277;
    private static final int EFER = 0xc0000080;
    private static final int FS_BASE = 0xc0000100;
    private static final int GS_BASE = 0xc0000101;
    private static final int KERNEL_GS_BASE = 0xc0000102;
    private static final int HWCR = 0xc0010015;
    private static final int MMIO_CONFIG_BASE = 0xc0010058;
    private static final int K7_EVENTS = 0xc0010000;
    private static final int K7_COUNTERS_END = 0xc0010008;
    private static final int FAMILY_15_EVENTS = 0xc0010200;
    private static final int FAMILY_15_COUNTERS_END = 0xc001020c;
    private static final int DE_CFG = 0xc0011029;

    /** As many banks of machine checks as Xen has every guest see. */
    private static final int BANKS = 2;

    private static final int BANK_MSRS = 4;

    /** Enabled, of the processor that boots, at its usual address. */
    private static final long APIC_ENABLED = 0xfee00000L | 1 << 11;

    private static final long APIC_BOOT_PROCESSOR = 1 << 8;

    /** Xen's own: WB WT UC- UC WC WP UC UC. */
    private static final long XEN_PAT = 0x0000_0501_0007_0406L;

    /** The TSC counts at the frequency of the highest performance state. */
    private static final long HWCR_TSC_FREQUENCY = 1 << 24;

    private final PvArch arch;
    private final long[] bankControl = new long[BANKS];
    private long value;

    PvMsrs(PvArch arch) {
        this.arch = arch;
        Arrays.fill(bankControl, -1L);
    }

    /** What the last successful {@link #read} gave. */
    long value() {
        return value;
    }

    /** Reads {@code msr}; false if that is a fault. */
    boolean read(int msr) {
        if (isCounter(msr)) {
            value = 0;
            return true;
        }
        if (isBank(msr)) {
            // No error ever: only the control register holds anything.
            value = msr % BANK_MSRS == 0 ? bankControl[bank(msr)] : 0;
            return true;
        }
        switch (msr) {
            case TSC -> value = arch.vcpu.tsc();
            case APIC_BASE -> value = APIC_ENABLED | (arch.vcpu.id() == 0 ? APIC_BOOT_PROCESSOR : 0);
            case MCG_CAP -> value = BANKS;
            case DE_CFG -> value = 2; // lfence waits for all before it
            case PATCH_LEVEL, MCG_STATUS, MISC_ENABLE, MMIO_CONFIG_BASE -> value = 0;
            case PAT -> value = XEN_PAT;
            case EFER -> value = arch.registers.get(Register.EFER);
            case FS_BASE -> value = arch.registers.get(Register.FS_BASE);
            case GS_BASE -> value = arch.registers.get(Register.GS_BASE);
            case KERNEL_GS_BASE -> value = arch.registers.get(Register.KERNEL_GS_BASE);
            case HWCR -> value = HWCR_TSC_FREQUENCY;
            default -> {
                return false;
            }
        }
        return true;
    }

    /** Writes {@code msr}; false if that is a fault. */
    boolean write(int msr, long newValue) {
        if (isBank(msr)) {
            if (msr % BANK_MSRS == 0) {
                bankControl[bank(msr)] = newValue;
                return true;
            }
            return newValue == 0;
        }
        switch (msr) {
            case FS_BASE -> {
                return setBase(Register.FS_BASE, newValue);
            }
            case GS_BASE -> {
                return setBase(Register.GS_BASE, newValue);
            }
            case KERNEL_GS_BASE -> {
                return setBase(Register.KERNEL_GS_BASE, newValue);
            }
            case PATCH_LEVEL, MCG_STATUS, HWCR -> {
                return true; // dropped
            }
            default -> {
                return isCounter(msr) || read(msr) && value == newValue;
            }
        }
    }

    private static boolean isBank(int msr) {
        return msr >= MCA_BANKS && msr < MCA_BANKS + BANK_MSRS * BANKS;
    }

    private static int bank(int msr) {
        return (msr - MCA_BANKS) / BANK_MSRS;
    }

    private boolean setBase(Register base, long address) {
        boolean canonical = address << 16 >> 16 == address;
        if (canonical) {
            arch.registers.set(base, address);
        }
        return canonical;
    }

    /** Performance counters: they count nothing. */
    private static boolean isCounter(int msr) {
        return msr >= K7_EVENTS && msr < K7_COUNTERS_END || msr >= FAMILY_15_EVENTS && msr < FAMILY_15_COUNTERS_END;
    }
}

package org.xenolith.hypervisor;

/** Hypercalls {@code set_debugreg} and {@code get_debugreg}, and what a PV guest may have in the debug registers. */
final class DebugRegisters {
    private static final long DR6_ZEROES = ~0xffff_efffL;
    private static final long DR6_ONES = 0xffff_0ff0L;
    private static final long DR7_ZEROES = ~0xffff_27ffL;
    private static final long DR7_ONES = 1 << 10;

    /** Breakpoints at ports, which take a bit of CR4 that no guest has. */
    private static final int IO_BREAKPOINT = 2;

    private DebugRegisters() {}

    /** Sets debug register {@code number} of the vCPU; 0, or a negative error. */
    static long set(PvArch arch, long number, long value) {
        switch ((int) number) {
            case 0, 1, 2, 3 -> {
                if (value << 16 >> 16 != value || XenSlots.contains(value)) {
                    return Abi.EPERM;
                }
                arch.registers.set(address((int) number), value);
            }
            case 4, 6 -> {
                if (value >>> 32 != 0) {
                    return Abi.ENODEV;
                }
                arch.registers.set(Register.DR6, value & ~DR6_ZEROES | DR6_ONES);
            }
            case 5, 7 -> {
                if (value >>> 32 != 0) {
                    return Abi.ENODEV;
                }
                for (int i = 0; i < 4; i++) {
                    if ((value >> 2 * i & 3) != 0 && (value >> 16 + 4 * i & 3) == IO_BREAKPOINT) {
                        return Abi.EPERM;
                    }
                }
                arch.registers.set(Register.DR7, value & ~DR7_ZEROES | DR7_ONES);
            }
            default -> {
                return Abi.ENODEV;
            }
        }
        return 0;
    }

    /** Debug register {@code number} of the vCPU, or an error. */
    static long get(PvArch arch, long number) {
        return switch ((int) number) {
            case 0, 1, 2, 3 -> arch.registers.get(address((int) number));
            case 4, 6 -> arch.registers.get(Register.DR6);
            case 5, 7 -> arch.registers.get(Register.DR7);
            default -> Abi.EINVAL;
        };
    }

    private static Register address(int number) {
        return switch (number) {
            case 0 -> Register.DR0;
            case 1 -> Register.DR1;
            case 2 -> Register.DR2;
            default -> Register.DR3;
        };
    }
}

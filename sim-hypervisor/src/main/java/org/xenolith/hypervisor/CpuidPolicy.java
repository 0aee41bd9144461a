package org.xenolith.hypervisor;

/**
 * What CPUID tells the vCPUs of booted guests: an AMD processor of family 15 that has what the reference core has and no more, and Xen's own
 * leaves at 0x40000000. Family, caches and names are those of the machine on which the recorded boots were made, so that their consoles compare.
 *
 * <p>The vendor decides what a Linux does: on AMD's it issues {@code vmmcall} and takes {@code syscall} everywhere.
 */
final class CpuidPolicy {
    private static final int VENDOR_EBX = 0x68747541; // "Auth"
    private static final int VENDOR_EDX = 0x69746e65; // "enti"
    private static final int VENDOR_ECX = 0x444d4163; // "cAMD"
    private static final int SIGNATURE = 0x60fb1;
    private static final int MAX_BASIC = 0xd;
    private static final int MAX_EXTENDED = 0x80000021;

    /** First of Xen's leaves, and how many there are behind it. */
    static final int XEN_BASE = 0x40000000;

    private static final int XEN_LEAVES = 5;
    private static final int XEN_VERSION = XenVersion.MAJOR << 16 | XenVersion.MINOR;
    private static final int FEAT1_MMU_PT_UPDATE_PRESERVE_AD = 1;

    // HVM: memory of other domains has I/O mappings, vCPU id, domain id, upcall vectors work.
    private static final int HVM_FEATURES = 1 << 2 | 1 << 3 | 1 << 4 | 1 << 6;

    private static final int APIC = 1 << 9;

    /** Leaf 1, edx: fpu de pse tsc msr pae mce cx8 apic sep mtrr pge mca cmov pat pse36 clflush acpi mmx fxsr sse sse2 ss htt. */
    private static final int FEATURES_EDX = 0x1fcbfbfd;

    /** What of that is not for PV guests: pse mtrr pge pse36. */
    private static final int HVM_ONLY_EDX = 1 << 3 | 1 << 12 | 1 << 13 | 1 << 17;

    private static final int X2APIC = 1 << 21;

    /** Leaf 1, ecx: cx16 x2apic movbe popcnt hypervisor. */
    private static final int FEATURES_ECX = 1 << 13 | X2APIC | 1 << 22 | 1 << 23 | 1 << 31;

    /** Leaf 7, ebx: fsgsbase. */
    private static final int FEATURES_7_EBX = 1;

    private static final int PAGE_1GB = 1 << 26;

    /** Leaf 0x80000001, edx: those that leaf 1 has too, syscall nx mmxext page1gb lm. */
    private static final int EXTENDED_EDX = 1 << 11 | 1 << 20 | 1 << 22 | PAGE_1GB | 1 << 29;

    /** Bits of leaf 1's edx that AMD repeats there: fpu to pge but sep, mca cmov pat pse36, mmx fxsr. */
    private static final int REPEATED_EDX = 0x0183f3ff;

    /** Leaf 0x80000001, ecx: lahf abm. */
    private static final int EXTENDED_ECX = 1 | 1 << 5;

    private static final String BRAND = "QEMU TCG CPU version 2.5+";

    private final Hypervisor hypervisor;

    CpuidPolicy(Hypervisor hypervisor) {
        this.hypervisor = hypervisor;
    }

    /**
     * Answers CPUID for {@code vcpu}.
     *
     * @param leaf eax
     * @param subleaf ecx
     * @param out eax, ebx, ecx and edx of the answer
     */
    void fill(Vcpu vcpu, int leaf, int subleaf, int[] out) {
        boolean hvm = vcpu.domain().type() == Domain.Type.PVH;
        set(out, 0, 0, 0, 0);
        if (leaf >= XEN_BASE && leaf <= XEN_BASE + 0xff) {
            xen(vcpu, hvm, leaf - XEN_BASE, subleaf, out);
        } else if (leaf < 0) {
            extended(hvm, leaf, out);
        } else if (leaf <= MAX_BASIC) {
            basic(vcpu, hvm, leaf, subleaf, out);
        }
    }

    private static void basic(Vcpu vcpu, boolean hvm, int leaf, int subleaf, int[] out) {
        switch (leaf) {
            case 0 -> set(out, MAX_BASIC, VENDOR_EBX, VENDOR_ECX, VENDOR_EDX);
            case 1 -> {
                // APIC id, two logical processors by the count of ids, lines of 64 bytes
                set(out, SIGNATURE, apicId(vcpu) << 24 | 2 << 16 | 8 << 8, FEATURES_ECX, FEATURES_EDX);
                if (!hvm) {
                    out[2] &= ~X2APIC;
                    out[3] &= ~HVM_ONLY_EDX;
                } else if (vcpu.arch instanceof HvmArch arch && !arch.lapic().isEnabledByBase()) {
                    out[3] &= ~APIC;
                }
            }
            case 7 -> set(out, 0, subleaf == 0 ? FEATURES_7_EBX : 0, 0, 0);
            case 0xb -> set(out, 0, 0, subleaf & 0xff, apicId(vcpu));
            default -> {}
        }
    }

    /** Number of the vCPU's local APIC. */
    static int apicId(Vcpu vcpu) {
        return 2 * vcpu.id();
    }

    private static void extended(boolean hvm, int leaf, int[] out) {
        switch (leaf) {
            case 0x80000000 -> set(out, MAX_EXTENDED, VENDOR_EBX, VENDOR_ECX, VENDOR_EDX);
            case 0x80000001 -> {
                int edx = FEATURES_EDX & REPEATED_EDX | EXTENDED_EDX;
                set(out, SIGNATURE, 0, EXTENDED_ECX, hvm ? edx : edx & ~HVM_ONLY_EDX & ~PAGE_1GB);
            }
            case 0x80000002, 0x80000003, 0x80000004 -> {
                for (int i = 0; i < 16; i++) {
                    int at = 16 * (leaf - 0x80000002) + i;
                    out[i >> 2] |= at < BRAND.length() ? BRAND.charAt(at) << 8 * (i & 3) : 0;
                }
            }
            case 0x80000005 -> set(out, 0x01ff01ff, 0x01ff01ff, 0x40020140, 0x40020140);
            case 0x80000006 -> set(out, 0, 0x42004200, 0x02008140, 0x00808140);
            case 0x80000008 -> set(out, 0x3028, 0x100000, 1, 0); // 40 bits physical, 48 linear
            case 0x80000021 -> set(out, 1 << 2, 0, 0, 0); // lfence waits for all before it
            default -> {}
        }
    }

    private void xen(Vcpu vcpu, boolean hvm, int leaf, int subleaf, int[] out) {
        switch (leaf) {
            case 0 -> set(out, XEN_BASE + XEN_LEAVES, 0x566e6558, 0x65584d4d, 0x4d4d566e); // "XenVMMXenVMM"
            case 1 -> set(out, XEN_VERSION, 0, 0, 0);
            case 2 -> set(out, 1, HvmMsrs.HYPERCALL_PAGE, hvm ? 0 : FEAT1_MMU_PT_UPDATE_PRESERVE_AD, 0);
            case 3 -> time(subleaf, out);
            case 4 -> {
                if (hvm && subleaf == 0) {
                    set(out, HVM_FEATURES, vcpu.id(), vcpu.domain().id(), 0);
                }
            }
            case 5 -> {
                if (!hvm && subleaf == 0) {
                    set(out, 0, 40, 0, 0); // bits of a machine address
                }
            }
            default -> {}
        }
    }

    private void time(int subleaf, int[] out) {
        int kilohertz = (int) (hypervisor.clock().hertz() / 1000);
        switch (subleaf) {
            case 0 -> set(out, 1 << 1, 0, kilohertz, 0); // the host's TSC is reliable; default mode; never migrated
            case 2 -> set(out, kilohertz, 0, 0, 0);
            default -> {}
        }
    }

    private static void set(int[] out, int eax, int ebx, int ecx, int edx) {
        out[0] = eax;
        out[1] = ebx;
        out[2] = ecx;
        out[3] = edx;
    }
}
